"""A process that is asked to stop: pages that wait are answered, so that it need not wait for them."""

import asyncio
import os
import signal
from types import FrameType

import pytest

from app.console.open_pages import NothingNew, OpenPages
from app.services.permissions import Standing
from app.services.staff_sign_in import SignedIn
from app.stopping import told_to_stop


async def test_both_hear_of_a_signal_and_afterwards_only_who_did_before() -> None:
    heard: list[str] = []
    told = asyncio.Event()

    def server(number: int, frame: FrameType | None) -> None:
        heard.append("server")

    def hear() -> None:
        heard.append("pages")
        told.set()

    before = signal.signal(signal.SIGTERM, server)
    try:
        with told_to_stop(hear):
            os.kill(os.getpid(), signal.SIGTERM)
            await told.wait()
        assert heard == ["server", "pages"]
        assert signal.getsignal(signal.SIGTERM) is server
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_a_signal_that_nobody_handles_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with told_to_stop(lambda: None):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_elsewhere_than_in_the_main_thread_nothing_is_heard() -> None:
    async def life() -> str:
        with told_to_stop(lambda: None):
            return "lived"

    assert await asyncio.to_thread(asyncio.run, life()) == "lived"


async def test_pages_that_wait_are_answered_when_it_stops() -> None:
    looked = asyncio.Event()

    async def look() -> int:
        looked.set()
        return 7

    async def who(marks):  # type: ignore[no-untyped-def]
        return {mark: SignedIn(1, mark, Standing(1, "李娜"), False, False) for mark in marks}

    pages = OpenPages(look, who)
    waiting = [asyncio.create_task(pages.let_in("a", 7)) for _ in range(3)]
    await looked.wait()
    pages.stop()
    assert [type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)] == [NothingNew] * 3
    with pytest.raises(NothingNew):
        await pages.let_in("a", 6)
