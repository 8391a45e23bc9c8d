"""Ends what does not end: a test says then where it stands, instead of keeping the whole run waiting."""

import asyncio
import io
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest


@contextmanager
def ended_after(seconds: float, says: Callable[[], str] = str) -> Iterator[None]:
    """What runs inside fails after so long, with what `says` tells; in the main thread only."""

    def tired(*_: object) -> None:
        pytest.fail(f"still at it after {seconds:g} s\n{says()}")

    handler = signal.signal(signal.SIGALRM, tired)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)


def in_the_end() -> AbstractContextManager[None]:
    """For what goes through a text: were it once for each character, it would take an hour."""
    return ended_after(30)


def tasks_at_work() -> str:
    """Where each task of the loop waits that runs in this thread."""
    told = io.StringIO()
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return "no loop runs"
    for task in tasks:
        task.print_stack(file=told)
    return told.getvalue()
