"""Pages that are the same for all who are not signed in, kept for seconds: a crowd reads what one was shown.

What a key names must change with what the page must never show too late; the rest (figures, what others wrote
below) may be some seconds old.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

SPREAD: Final = 1024
MOST: Final = 512  # pages; the one that was asked for longest ago goes first


class KeptPages:
    """Of one process. With no `seconds` nothing is kept; some are kept for half as long again, since what a
    crowd opened in one second would all be made anew in one second.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._monotonic = seconds, monotonic
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()

    def find(self, key: Hashable) -> bytes | None:
        kept = self._kept.get(key)
        if kept is None or self._monotonic() >= kept[0]:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def keep(self, key: Hashable, page: bytes) -> None:
        if self._seconds <= 0:
            return
        spread = hash((key, page)) % SPREAD / SPREAD / 2
        self._kept[key] = self._monotonic() + self._seconds * (1 + spread), page
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
