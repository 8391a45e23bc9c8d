"""Hearing that the process is asked to stop, before the server waits for all that is being answered."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_to_stop(hear: Callable[[], None]) -> Iterator[None]:
    """`hear` is called in the running event loop; whoever handled the signal before still does.

    Nothing is heard outside of the main thread, and of a signal that nobody handles.
    """
    handled = {number: signal.getsignal(number) for number in _SIGNALS}
    if threading.current_thread() is not threading.main_thread():
        handled = {}
    loop = asyncio.get_running_loop()

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hear)
        before: Any = handled[signal.Signals(number)]
        before(number, frame)

    handled = {number: before for number, before in handled.items() if callable(before)}
    for number in handled:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, before in handled.items():
            signal.signal(number, before)
