"""Pages kept for seconds: what a crowd reads, and what it never reads too late."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.services import articles
from app.web.kept_pages import MOST, KeptPages
from tests.both_ends import Ends, both_ends, settings_for
from tests.test_portal_pages import HTML, first_link, page, publish, write


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path, portal_keep_seconds=60)
    async with both_ends(settings, monkeypatch) as joined:
        yield joined


async def test_a_crowd_reads_what_one_was_shown_and_nothing_that_was_changed_or_taken_down(
    ends: Ends, tmp_path: Path
) -> None:
    write(tmp_path / "news", "winter")
    await publish(ends, tmp_path / "news")
    address = first_link(await page(ends, "/news"), "/news")

    assert "阅读 1" in await page(ends, address)
    await ends.house.rounds.once()  # readings are written down
    assert "阅读 1" in await page(ends, address)

    write(tmp_path / "news", "winter", title="立冬特巡归来")
    await publish(ends, tmp_path / "news")
    assert "立冬特巡归来" in await page(ends, address)

    async with ends.house.database.transaction() as session:
        row = await articles.get(session, address.rpartition("/")[2])
        articles.withdraw(session, row, by="赵敏", reason="图片要换", now=ends.house.clock.now())
    assert (await ends.web.get(address, headers=HTML)).status_code == 404


class Press:
    """Prints pages, each with its number; the first ones wait for `goes`."""

    def __init__(self) -> None:
        self.count = 0
        self.goes = asyncio.Event()
        self.goes.set()

    async def __call__(self) -> bytes:
        self.count += 1
        number = self.count
        await self.goes.wait()
        return f"print {number}".encode()


async def test_a_page_is_kept_for_its_seconds_and_no_more_than_so_many() -> None:
    now, press = 100.0, Press()
    pages = KeptPages(3, monotonic=lambda: now)
    assert await pages.get("a", press) == b"print 1"
    now = 102.9
    assert await pages.get("a", press) == b"print 1"
    now = 104.5
    assert await pages.get("a", press) == b"print 2"

    for number in range(MOST):
        await pages.get(number, press)
    assert await pages.get(0, press) == b"print 3"
    assert await pages.get("a", press) == f"print {MOST + 3}".encode(), (
        "the one asked for longest ago is gone"
    )


async def test_a_page_is_made_for_one_of_a_crowd_and_again_if_that_one_goes_away() -> None:
    press, pages = Press(), KeptPages(3)
    press.goes.clear()
    first = asyncio.create_task(pages.get("a", press))
    await asyncio.sleep(0)
    crowd = [asyncio.create_task(pages.get("a", press)) for _ in range(50)]
    await asyncio.sleep(0)
    assert press.count == 1
    first.cancel()
    press.goes.set()
    assert set(await asyncio.gather(*crowd)) == {b"print 2"} and press.count == 2


async def test_without_seconds_nothing_is_kept() -> None:
    press, pages = Press(), KeptPages(0)
    assert [await pages.get("a", press) for _ in range(2)] == [b"print 1", b"print 2"]
