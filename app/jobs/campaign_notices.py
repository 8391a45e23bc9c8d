"""Sending a campaign's notices: many leased at once, twenty on their way, each under its own key."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import structlog

from app.services.campaign_notices import LEASE, NOT_AGREED_ANY_MORE, Due, Notice, Outcome
from app.services.campaign_rows import NO_ANSWER
from app.services.deliveries import Obstacle
from app.wechat import errors
from app.wechat.advice import advice
from app.wechat.client import WeChatClient
from models import DeliveryState

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20  # calls to WeChat
# The rest of a group that goes slowly is left to the next turn: half of the lease is for the last calls.
BUDGET: Final = LEASE / 2
SILENT: Final = 20  # so many without an answer in one group, and more than a tenth: it goes on no further
D = DeliveryState
ANOTHER_ON_ITS_WAY: Final = 43108  # a notice to the same person; he comes again
_DELIVERED: Final = Outcome(D.DELIVERED)


class Group:
    """Notices leased together: `ends` of those that were tried, and the error that concerns all."""

    def __init__(self, client: WeChatClient, notice: Notice, ready: Sequence[Due]) -> None:
        self._client, self._notice, self._ready = client, notice, ready
        self._silent = 0
        self.ends: dict[int, Outcome] = {}
        self.hold: errors.WeChatError | None = None

    async def send(self, budget: timedelta = BUDGET) -> None:
        """Until all are tried, WeChat wants no more, or the time is over."""
        waiting, until = iter(self._ready), time.monotonic() + budget.total_seconds()
        await asyncio.gather(*(self._lane(waiting, until) for _ in range(AT_ONCE)))

    async def _lane(self, waiting: Iterator[Due], until: float) -> None:
        for each in waiting:
            if self.hold is not None or self._is_silent() or time.monotonic() >= until:
                return
            await self._bring(each)

    def _is_silent(self) -> bool:
        return self._silent >= SILENT and self._silent * 10 > len(self.ends)

    async def _bring(self, each: Due) -> None:
        """One notice. What it says is the same for all: so is a refusal of that."""
        to, what = each.openid, self._notice
        try:
            await self._client.notices.send(
                to, what.template_id, what.data, client_msg_id=each.key, page=what.page
            )
        except errors.OutcomeUnknown:
            self._silent += 1
            end = Outcome(D.FAILED_RETRY, NO_ANSWER)
        except errors.NotSubscribed:
            # After an unknown end it says most likely that the yes was used up by that try.
            end = Outcome(D.UNKNOWN if each.is_again else D.SKIPPED, NOT_AGREED_ANY_MORE, is_spent=True)
        except errors.PersonGone:
            end = Outcome(D.SKIPPED, Obstacle.NOT_FOLLOWING)
        except errors.PersonUnreachable as unreachable:
            end = Outcome(D.SKIPPED, advice(unreachable))
        except errors.TryLater as later:
            if later.errcode != ANOTHER_ON_ITS_WAY:
                self.hold = later
            end = Outcome(D.QUEUED)
        except (errors.QuotaUsedUp, errors.NotAllowed, errors.TokenRejected, errors.OurMistake) as for_all:
            log.warning("campaign_notice_refused", delivery=each.delivery_id, error=str(for_all))
            self.hold = for_all
            end = Outcome(D.QUEUED)
        except errors.WeChatError as refused:
            log.warning("campaign_notice_refused", delivery=each.delivery_id, error=str(refused))
            end = Outcome(D.FAILED, advice(refused))
        else:
            end = _DELIVERED
        self.ends[each.delivery_id] = end
