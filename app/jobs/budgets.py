"""How many calls may still be made today: long work leaves a reserve to those who work with people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.clock import Clock, start_of_day
from app.wechat.api.base import BaseApi
from app.wechat.errors import NotAllowed, OurMistake

log = structlog.get_logger(__name__)

RESERVE: Final = 0.1  # of a day's calls of one kind
LOOK_AFTER: Final = 100  # calls; others call too


class NearlyUsedUp(Exception):
    """Only the reserve is left of today's calls of this kind; go on at `until`."""

    def __init__(self, path: str, until: datetime) -> None:
        super().__init__(path, until)
        self.path = path
        self.until = until


@dataclass(slots=True)
class _Left:
    calls: int
    look_after: int = LOOK_AFTER


class Budget:
    """Of one account and one piece of work. WeChat is asked what is left, and the reserve is not touched."""

    def __init__(self, base: BaseApi, clock: Clock) -> None:
        self._base, self._clock = base, clock
        self._left: dict[str, _Left] = {}

    async def spend(self, path: str) -> None:
        """Before a call of `path`.

        Raises:
            NearlyUsedUp: it must wait for another day.
            WeChatError: WeChat could not be asked.
        """
        left = self._left.get(path)
        if left is None or left.look_after <= 0:
            left = self._left[path] = _Left(await self.left(path))
        if left.calls <= 0:
            del self._left[path]
            raise NearlyUsedUp(path, midnight(self._clock))
        left.calls -= 1
        left.look_after -= 1

    async def left(self, path: str) -> int:
        """How many calls of `path` may be made before only the reserve is left."""
        try:
            quota = await self._base.quota(path)
        except (OurMistake, NotAllowed) as error:
            # No account can be asked about every call; a call too many is refused by its own code.
            log.warning("quota_unknown", path=path, error=str(error))
            return LOOK_AFTER
        if quota.daily_limit <= 0:
            return LOOK_AFTER
        return quota.remain - max(1, int(quota.daily_limit * RESERVE))


def midnight(clock: Clock) -> datetime:
    """When today's calls are given anew: the next midnight in China, a minute later to be sure."""
    return start_of_day(clock.now() + timedelta(days=1)) + timedelta(minutes=1)
