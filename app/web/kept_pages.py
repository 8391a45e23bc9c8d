"""Pages that are the same for all who are not signed in, kept for seconds: a crowd reads what one was shown.

What a key names must change with what the page must never show too late; the rest (figures, what others wrote
below) may be some seconds old.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final
from weakref import WeakValueDictionary

SPREAD: Final = 1024
MOST: Final = 512  # pages; the one that was asked for longest ago goes first


class KeptPages:
    """Of one process. With no `seconds` nothing is kept; some are kept for half as long again, since what a
    crowd opened in one second would all be made anew in one second.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._monotonic = seconds, monotonic
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """As it is kept, else as `make` makes it: of a crowd that comes at once, for one, and the rest wait
        the moment that it takes.
        """
        if self._seconds <= 0:
            return await make()
        page = self._find(key)
        if page is not None:
            return page
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            page = self._find(key)
            if page is None:
                page = await make()
                self._keep(key, page)
        return page

    def _find(self, key: Hashable) -> bytes | None:
        kept = self._kept.get(key)
        if kept is None or self._monotonic() >= kept[0]:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def _keep(self, key: Hashable, page: bytes) -> None:
        spread = hash((key, page)) % SPREAD / SPREAD / 2
        self._kept[key] = self._monotonic() + self._seconds * (1 + spread), page
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
