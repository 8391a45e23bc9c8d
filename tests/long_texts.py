"""Texts as long as to show what goes through them once for each of their characters."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_the_end() -> Iterator[None]:
    """What goes through a text once for each of its characters is ended: it would take an hour."""

    def tired(*_: object) -> None:
        raise TimeoutError("still at it")

    before = signal.signal(signal.SIGALRM, tired)
    signal.setitimer(signal.ITIMER_REAL, 30)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
