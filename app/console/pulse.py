"""What tells open pages that something happened: one look every half second serves all who wait in a process.

While nobody waits there is none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

PATIENCE: Final = 25.0  # seconds that a question waits; proxies cut connections that say nothing for longer
EVERY: Final = 0.4

log = structlog.get_logger(__name__)


class Pulse:
    """`look` tells the id of the newest that was said or done in any case."""

    def __init__(self, look: Callable[[], Awaitable[int]]) -> None:
        self._look = look
        self._newest = -1
        self._waiting = 0
        self._moved = asyncio.Event()
        self._watchman: asyncio.Task[None] | None = None

    async def after(self, seen: int, patience: float = PATIENCE) -> int:
        """The newest, as soon as it is another than `seen`, at the latest after `patience` seconds."""
        self._waiting += 1
        if self._watchman is None or self._watchman.done():
            self._newest = await self._look()
            self._watchman = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(patience):
                while self._newest == seen:
                    await self._moved.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return self._newest

    def stop(self) -> None:
        if self._watchman is not None:
            self._watchman.cancel()

    async def _watch(self) -> None:
        while self._waiting:
            await asyncio.sleep(EVERY)
            try:
                newest = await self._look()
            except Exception as error:  # the database is away: pages ask again
                log.warning("pulse_missed", error=type(error).__name__)
                continue
            if newest != self._newest:
                self._newest = newest
                moved, self._moved = self._moved, asyncio.Event()
                moved.set()
