"""One customer message of a campaign, and what came of it."""

from collections.abc import Sequence

import structlog

from app.services import campaign_rows
from app.services.campaign_rows import End, Ready
from app.services.deliveries import Obstacle
from app.wechat import errors
from app.wechat.advice import advice
from app.wechat.api import messages as wire
from app.wechat.client import WeChatClient
from models import DeliveryState

log = structlog.get_logger(__name__)

D = DeliveryState


async def bring(client: WeChatClient, each: Ready, words: str) -> tuple[int, End | errors.WeChatError]:
    """One message, and what came of it; an error concerns the whole campaign."""
    try:
        await client.messages.send(wire.CustomerMessage(each.openid, wire.Text(words)))
    except errors.OutcomeUnknown:
        return each.delivery_id, End(D.UNKNOWN, campaign_rows.NO_ANSWER)
    except (errors.WindowClosed, errors.AllowanceUsed):
        return each.delivery_id, End(D.SKIPPED, Obstacle.NO_WINDOW, each.place, is_closed=True)
    except errors.PersonGone:
        return each.delivery_id, End(D.SKIPPED, Obstacle.NOT_FOLLOWING, each.place, has_left=True)
    except errors.PersonUnreachable as unreachable:
        return each.delivery_id, End(D.SKIPPED, advice(unreachable), each.place)
    except (errors.TryLater, errors.QuotaUsedUp, errors.NotAllowed, errors.TokenRejected) as all_of_them:
        return each.delivery_id, all_of_them
    except errors.WeChatError as refused:
        log.warning("campaign_message_refused", delivery=each.delivery_id, error=str(refused))
        return each.delivery_id, End(D.FAILED, advice(refused), each.place)
    return each.delivery_id, End(D.DELIVERED)


def back(ready: Sequence[Ready], delivery_id: int) -> End:
    """Not sent, and to be tried again: its place in the window is given back."""
    place = next(each.place for each in ready if each.delivery_id == delivery_id)
    return End(D.QUEUED, "", place)
