"""What tells open pages that something happened: one look every half second serves all who wait in a process.

While nobody waits there is none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

PATIENCE: Final = 25.0  # seconds that a question waits; proxies cut connections that say nothing for longer
EVERY: Final = 0.4
SLOWEST: Final = 2.0  # while the process is busy with the members themselves
LITTLE: Final = 0.02  # seconds late that mean nothing
BEARING: Final = 40.0  # seconds more between looks for each second late
UNKNOWN: Final = -1

log = structlog.get_logger(__name__)


class Pulse:
    """`look` tells a number that grows whenever something was said or done in any case.

    What was deleted may make it smaller.
    """

    def __init__(self, look: Callable[[], Awaitable[int]]) -> None:
        self._look = look
        self.newest = UNKNOWN  # while somebody waits at most half a second old
        self._waiting, self._stopped = 0, False
        self._moved = asyncio.Event()
        self._watchman: asyncio.Task[None] | None = None

    async def after(self, seen: int) -> int:
        """The newest, as soon as it is more than `seen`; after `PATIENCE` seconds whatever it is."""
        self._waiting += 1
        if self._watchman is None or self._watchman.done():
            self.newest = UNKNOWN
            self._watchman = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(PATIENCE):
                # A page that was read after the look may be ahead of it.
                while self.newest <= seen and not self._stopped:
                    await self._moved.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return seen if self._stopped or self.newest == UNKNOWN else self.newest

    def stop(self) -> None:
        """Nobody waits any longer: a server that stops would wait for those."""
        self._stopped = True
        self._moved.set()
        if self._watchman is not None:
            self._watchman.cancel()

    async def _watch(self) -> None:
        clock, every = asyncio.get_running_loop().time, EVERY
        while self._waiting:
            try:
                newest = await self._look()
            except Exception as error:  # the database is away: whoever waits waits on
                log.warning("pulse_missed", error=type(error).__name__)
            else:
                if newest != self.newest:
                    self.newest = newest
                    moved, self._moved = self._moved, asyncio.Event()
                    moved.set()
            due = clock() + every
            await asyncio.sleep(every)
            every = pause(clock() - due)


def pause(late: float) -> float:
    """How long to wait before the next look, by how late the event loop came round to the last.

    Who answers members comes first: what open pages cost is a part of what is left, and when nothing is, they
    are renewed less often.
    """
    return min(SLOWEST, EVERY + BEARING * max(0.0, late - LITTLE))
