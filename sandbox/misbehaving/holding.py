"""Pushes that were told to wait: for some seconds, or until a row of them can leave last first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress

from sandbox.misbehaving.pending import Misbehaviour, Wish
from sandbox.misbehaving.wishes import CALLBACK


class _Row:
    """Pushes that leave in reverse, each when the one after it has been answered."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def join(self) -> "asyncio.Future[None]":
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        return place

    def next_goes(self) -> None:
        while self._waiting:
            last = self._waiting.pop()
            if not last.done():  # a cancelled one has gone already
                last.set_result(None)
                return


class Holding:
    """Everything that waits before it is pushed."""

    def __init__(self, misbehaviour: Misbehaviour) -> None:
        self._misbehaviour = misbehaviour
        self._rows: dict[Wish, _Row] = {}
        self._freed = asyncio.Event()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around one push: enters when it may leave."""
        wish = self._misbehaviour.take("hold_next", CALLBACK)
        if wish:
            await self._held(wish.seconds)
        wish = self._misbehaviour.take("reverse_next", CALLBACK)
        if wish is None:
            yield
            return
        row = self._row(wish)
        place = row.join()
        if not wish.times:  # it was the last to be waited for
            self._open(wish)
        try:
            await self._counted(place)
            yield
        finally:
            if place.done() and not place.cancelled():
                row.next_goes()

    def free(self) -> None:
        """Let everything go that waits."""
        self._freed.set()
        self._freed = asyncio.Event()
        for wish in list(self._rows):
            self._open(wish)

    async def _held(self, seconds: float) -> None:
        freed = self._freed
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._counted(freed.wait())

    async def _counted(self, wait: Awaitable[object]) -> None:
        self.waiting += 1
        try:
            await wait
        finally:
            self.waiting -= 1

    def _row(self, wish: Wish) -> _Row:
        if wish not in self._rows:
            self._rows[wish] = _Row()
            # Fewer may come than were asked for; nobody should wait for ever.
            asyncio.get_running_loop().call_later(wish.seconds, self._open, wish)
        return self._rows[wish]

    def _open(self, wish: Wish) -> None:
        self._misbehaviour.forget("reverse_next", wish)
        row = self._rows.pop(wish, None)
        if row:
            row.next_goes()
