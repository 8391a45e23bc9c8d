"""Pages kept for seconds: what a crowd reads, and what it never reads too late."""

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


def test_a_page_is_kept_for_its_seconds_and_no_more_than_so_many() -> None:
    now = 100.0
    pages = KeptPages(3, monotonic=lambda: now)
    pages.keep("a", b"first")
    now = 102.9
    assert pages.find("a") == b"first"
    now = 104.5
    assert pages.find("a") is None

    for number in range(MOST + 1):
        pages.keep(number, b"page")
    assert pages.find(0) is None and pages.find(1) == b"page"


def test_without_seconds_nothing_is_kept() -> None:
    pages = KeptPages(0)
    pages.keep("a", b"first")
    assert pages.find("a") is None
