"""Applying, going back, two at once, and how every process comes to have the newest menus."""

import asyncio
import os
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.clock import SHANGHAI
from app.database import Database
from app.errors import NotFound
from app.menus import LiveMenus, MenuMistakes, revisions
from app.menus.buttons import default_menu
from app.menus.file import read
from app.menus.watch import Watcher
from app.tallies import Tally
from models import MenuHit, MenuRevision
from tests.menus_kit import KNOWN, menus

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
ONE = menus("  - {say: 停电, reply: 请打 95598。}\n")
TWO = menus("  - {say: 停电, do: hotlines.show}\n  - {say: 电表, do: desk.open}\n")
BROKEN = menus("  - {say: 停电, do: nobody.knows}\n")


async def apply(database: Database, text: str, note: str = "") -> MenuRevision:
    async with database.transaction() as session:
        return await revisions.apply(session, text, KNOWN, "王芳", note, NOW)


async def test_the_file_becomes_revision_1_at_the_first_start_only(session: AsyncSession) -> None:
    first = await revisions.first(session, ONE, KNOWN, NOW)
    again = await revisions.first(session, TWO, KNOWN, NOW)

    assert (first.number, first.difference, first.applied_by) == (1, "第一版", "首次启动")
    assert again is first


async def test_applying_keeps_who_when_and_the_difference_in_words(session: AsyncSession) -> None:
    await revisions.apply(session, ONE, KNOWN, "王芳", "", NOW)
    second = await revisions.apply(session, TWO, KNOWN, "李娜", "加上电表", NOW)

    assert (second.number, second.applied_by, second.note, second.created_at) == (2, "李娜", "加上电表", NOW)
    assert second.difference.splitlines() == [
        "关键词「停电」改了：回复「请打 95598。」 → 运行 hotlines.show",
        "关键词「电表」新增：运行 desk.open",
    ]
    assert await revisions.live(session) is second


async def test_the_same_text_again_is_no_new_revision(session: AsyncSession) -> None:
    first = await revisions.apply(session, ONE, KNOWN, "王芳", "", NOW)
    version = await revisions.version(session)

    assert await revisions.apply(session, ONE, KNOWN, "李娜", "", NOW) is first
    assert await revisions.version(session) == version


async def test_a_broken_text_changes_nothing(session: AsyncSession) -> None:
    first = await revisions.apply(session, ONE, KNOWN, "王芳", "", NOW)

    with pytest.raises(MenuMistakes):
        await revisions.apply(session, BROKEN, KNOWN, "王芳", "", NOW)

    assert await revisions.live(session) is first


async def test_going_back_is_a_new_revision_with_the_old_text(session: AsyncSession) -> None:
    await revisions.apply(session, ONE, KNOWN, "王芳", "", NOW)
    await revisions.apply(session, TWO, KNOWN, "王芳", "", NOW)

    back = await revisions.rollback(session, 1, KNOWN, "李娜", NOW)

    assert (back.number, back.text, back.note) == (3, ONE, "恢复第 1 版")
    assert [each.number for each in await revisions.history(session)] == [3, 2, 1]
    with pytest.raises(NotFound, match="没有第 9 版菜单。"):
        await revisions.rollback(session, 9, KNOWN, "李娜", NOW)


async def test_an_old_text_whose_handler_is_gone_cannot_come_back(session: AsyncSession) -> None:
    await revisions.apply(session, TWO, KNOWN, "王芳", "", NOW)
    await revisions.apply(session, ONE, KNOWN, "王芳", "", NOW)
    fewer = {name: known for name, known in KNOWN.items() if name != "desk.open"}

    with pytest.raises(MenuMistakes, match=r"没有「desk\.open」这个功能"):
        await revisions.rollback(session, 1, fewer, "李娜", NOW)


async def test_two_processes_that_apply_at_once_both_get_a_number(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    texts = [menus(f"  - {{say: 词{n}, do: help.show}}\n") for n in range(6)]

    found = await asyncio.gather(
        *(apply(house, text) for text, house in zip(texts, [database, other] * 3, strict=True))
    )
    await other.close()

    assert sorted(revision.number for revision in found) == [1, 2, 3, 4, 5, 6]
    async with database.reading() as session:
        history = list(reversed(await revisions.history(session)))
    assert sorted(revision.text for revision in history) == sorted(texts)
    # Each difference is against the revision really before it.
    for before, after in pairwise(history):
        old, new = (texts.index(each.text) for each in (before, after))
        assert set(after.difference.splitlines()) == {
            f"关键词「词{old}」去掉（原来：运行 help.show）",
            f"关键词「词{new}」新增：运行 help.show",
        }


async def test_two_processes_that_start_at_once_make_one_first_revision(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)

    async def start(house: Database) -> int:
        async with house.transaction() as session:
            return (await revisions.first(session, ONE, KNOWN, NOW)).number

    assert tuple(await asyncio.gather(start(database), start(other))) == (1, 1)
    await other.close()


# --- in memory


async def test_every_process_has_the_newest_menus_at_its_next_look(
    database: Database, database_url: str
) -> None:
    await apply(database, ONE)
    other = Database(database_url)
    mine, theirs = LiveMenus(database.reading, KNOWN), LiveMenus(other.reading, KNOWN)
    assert await mine.refresh() and await theirs.refresh()

    await apply(database, TWO)

    assert await theirs.refresh() and theirs.number == 2
    assert theirs.book.match("电表", NOW)
    assert not await theirs.refresh()
    assert mine.number == 1 and mine.book.match("电表", NOW) is None
    await other.close()


async def test_a_revision_this_program_cannot_read_never_replaces_a_good_one(database: Database) -> None:
    await apply(database, ONE)
    live = LiveMenus(database.reading, KNOWN)
    await live.refresh()
    newer = KNOWN | {"nobody.knows": KNOWN["help.show"]}
    async with database.transaction() as session:  # a newer release knows more handlers
        await revisions.apply(session, BROKEN, newer, "王芳", "", NOW)

    with capture_logs() as logs:
        assert not await live.refresh()
        assert not await live.refresh()

    assert [line["event"] for line in logs] == ["menus.refused"]
    assert live.number == 1 and live.book.match("停电", NOW)

    restarted = LiveMenus(database.reading, KNOWN)
    assert await restarted.refresh() and restarted.number == 1


async def test_a_check_that_came_later_does_not_put_out_of_force_what_worked(database: Database) -> None:
    hidden = menus("  - {say: 停电, reply: 请打 95598。}\n  - {say: 停电, do: help.show}\n")
    with pytest.raises(MenuMistakes):
        read(hidden, KNOWN)
    await apply(database, ONE)
    async with database.transaction() as session:  # as a release applied it that checked less
        await session.execute(sa.update(MenuRevision).values(text=hidden))

    live = LiveMenus(database.reading, KNOWN)

    assert await live.refresh() and live.number == 1
    assert live.book.match("停电", NOW)


async def test_a_reply_button_of_an_older_menu_still_says_its_words(database: Database) -> None:
    """Phones keep old menus; a process that starts later and one that was there know them alike."""
    texts = [
        menus(menu="menu: [{name: 电话, reply: 请打 95598。}]\n"),
        menus(menu="menu: [{name: 电话, reply: 请打 95598，24 小时。}]\n"),
        menus(menu="menu: [{name: 服务电话, reply: 请打 12351。}]\n"),
        menus(menu="menu: [{name: 帮助, do: help.show}]\n"),
    ]
    keys = [default_menu(read(text, KNOWN), "https://gh.cn")[0]["key"] for text in texts]
    there = LiveMenus(database.reading, KNOWN)
    for text in texts:
        await apply(database, text)
        await there.refresh()
    started = LiveMenus(database.reading, KNOWN)
    await started.refresh()

    for live in (there, started):
        said = [live.book.button(key) for key in keys[:3]]
        assert [str(each) for each in said] == [
            "回复「请打 95598，24 小时。」",
            "回复「请打 95598，24 小时。」",
            "回复「请打 12351。」",
        ]
        assert live.book.button("reply:000000000000000000000000") is None


async def test_hits_are_added_up_and_kept_when_they_cannot_be_written(database: Database) -> None:
    hits: Tally[str] = Tally(MenuHit.__table__, "rule")
    day = date(2026, 11, 23)

    class Away(Exception):
        pass

    def nowhere() -> object:
        raise Away

    for _ in range(3):
        hits.hit("keyword:停电")
    with pytest.raises(Away):
        await hits.flush(nowhere, day)  # type: ignore[arg-type]  # the database is away
    hits.hit("fallback")
    assert await hits.flush(database.transaction, day) == 4
    hits.hit("keyword:停电")
    assert await hits.flush(database.transaction, day) == 1
    assert await hits.flush(database.transaction, day) == 0

    async with database.reading() as session:
        rows = await session.execute(
            sa.select(MenuHit.day, MenuHit.rule, MenuHit.count).order_by(MenuHit.rule)
        )
        assert rows.all() == [(day, "fallback", 1), (day, "keyword:停电", 4)]


# --- serve --watch


class Applied(list[str]):
    async def __call__(self, text: str) -> None:
        if "nobody.knows" in text:
            read(text, KNOWN)
        self.append(text)


def save(path: Path, text: str, second: int) -> None:
    """Write the file as an editor would, at a time of its own."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (second, second))


async def test_a_saved_file_is_applied_once_and_a_broken_one_told_once(tmp_path: Path) -> None:
    path, applied = tmp_path / "menus.yaml", Applied()
    watcher = Watcher(path, applied)
    assert not await watcher.poll()  # no file yet

    save(path, ONE, 1)
    assert await watcher.poll() and not await watcher.poll()
    with capture_logs() as logs:
        save(path, BROKEN, 2)
        assert not await watcher.poll()
        save(path, BROKEN, 3)
        assert not await watcher.poll()
    assert [line["event"] for line in logs] == ["menus.file_refused"]
    assert applied == [ONE]

    save(path, ONE, 4)  # mended
    assert await watcher.poll()


async def test_a_restart_after_a_rollback_does_not_bring_the_file_back(tmp_path: Path) -> None:
    path, applied = tmp_path / "menus.yaml", Applied()
    save(path, TWO, 1)
    watcher = Watcher(path, applied, frozenset({revisions.digest_of(TWO)}))

    assert not await watcher.poll()

    save(path, ONE, 2)
    assert await watcher.poll() and applied == [ONE]
    save(path, TWO, 3)  # on purpose this time
    assert await watcher.poll()


async def test_a_file_that_could_not_be_applied_is_tried_again(tmp_path: Path) -> None:
    path, applied, away = tmp_path / "menus.yaml", Applied(), [True]

    async def sometimes(text: str) -> None:
        if away.pop() if away else False:
            raise ConnectionError
        await applied(text)

    save(path, ONE, 1)
    watcher = Watcher(path, sometimes)
    with pytest.raises(ConnectionError):
        await watcher.poll()

    assert await watcher.poll() and applied == [ONE]
