"""Pages that stand open: they hear at once, see no more than they may, and keep nobody signed in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import sqlalchemy as sa

from app.console import pulse
from app.console.entrance import BY_ITSELF
from app.console.open_pages import NothingNew, OpenPages
from app.console.pulse import Pulse
from app.services import case_lists, case_threads, case_work, cases, staff
from app.services.permissions import Standing
from app.services.staff import Wanted
from app.services.staff_sign_in import SignedIn
from models import CaseEntry, EntryKind, Role, StaffGrant
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.test_console_cases import leaves

__all__ = ["admin", "ends"]

LIVE = re.compile(r'data-live="(\d+)"')


def number_of(page: str) -> str:
    found = LIVE.search(page)
    assert found, page
    return found[1]


async def shown(worker: Worker, path: str = "/cases") -> str:
    """The number of what the page shows now."""
    return number_of(await worker.reads(path))


async def answered(ends: Ends, number: str, words: str) -> None:
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        await case_work.answer(session, number, words, "李娜", now, channel="console")


@asynccontextmanager
async def waiting(*asks: tuple[Worker, str, str]) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """Each of these workers has the page at this path open, showing what has this number."""
    tasks = [asyncio.create_task(who.gets(path, **{BY_ITSELF: number})) for who, path, number in asks]
    yield tasks
    await asyncio.gather(*tasks)


async def test_all_who_look_at_the_same_get_what_was_made_once(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await at_work(ends, "李娜", Role.UNION_ADMIN)
    await leaves(ends)
    before = await shown(admin)
    read, made = case_lists.rows, list[int]()

    async def rows(session, found, now):  # type: ignore[no-untyped-def]
        made.append(len(found))
        return await read(session, found, now)

    monkeypatch.setattr(case_lists, "rows", rows)
    async with waiting(*((who, "/cases", before) for who in (admin, admin, other))) as open_lists:
        number = await leaves(ends, "北门的灯坏了")

    pages = {each.result().text for each in open_lists}
    assert len(pages) == 1 and made == [2]
    (page,) = pages
    assert number in page and number_of(page) != before
    assert 'id="head"' in page and 'name="token"' not in page and "<html" not in page
    assert number_of(await admin.reads("/cases")) == number_of(page)
    assert number_of(await admin.reads(f"/cases/{number}")) == number_of(page)


async def test_a_case_that_stands_open_is_renewed_too(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    before = await shown(admin, f"/cases/{number}")
    async with waiting((admin, f"/cases/{number}", before)) as (thread,):
        await answered(ends, number, "明天来修。")
    assert "明天来修。" in thread.result().text


async def test_each_sees_of_an_open_list_what_is_of_his_branches(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    here = await at_work(ends, "王北", Wanted(Role.UNION_ADMIN, north.id))
    there = await at_work(ends, "王南", Wanted(Role.UNION_ADMIN, south.id))
    number = await leaves(ends)
    before = await shown(admin)

    asks = [(who, "/cases", before) for who in (admin, here, there)]
    async with waiting(*asks) as open_lists, ends.house.database.transaction() as session:
        found, now = await case_work.get_case(session, number), ends.house.clock.now()
        found.branch_id = north.id
        await cases.add_entry(session, found, EntryKind.NOTE, [], by="王强", now=now)

    texts = [each.result().text for each in open_lists]
    assert [number in each for each in texts] == [True, True, False]


async def test_lists_of_what_one_has_taken_are_everybodys_own(ends: Ends, admin: Worker) -> None:
    other = await at_work(ends, "李娜", Role.UNION_ADMIN)
    mine, his = await leaves(ends), await leaves(ends)
    path = "/cases?owner=mine"
    await admin.does(f"/cases/{mine}/take")
    before = await shown(admin, path)
    async with waiting((admin, path, before), (other, path, before)) as lists:
        await other.does(f"/cases/{his}/take")
    own, others = (each.result().text for each in lists)
    assert mine in own and his not in own
    assert his in others and mine not in others


async def test_what_is_taken_back_while_a_page_waits_is_gone(ends: Ends, admin: Worker) -> None:
    editor, leaver = await at_work(ends, "王编辑", Role.EDITOR), await at_work(ends, "张走", Role.UNION_ADMIN)
    demoted = await at_work(ends, "赵换", Role.UNION_ADMIN)
    await leaves(ends)
    before = await shown(admin)

    async with waiting(*((who, "/cases", before) for who in (admin, editor, leaver, demoted))) as lists:
        await leaver.sends("/sign-out")
        async with ends.house.database.transaction() as session:
            found = await staff.get_by_login(session, demoted.login)
            await session.execute(sa.delete(StaffGrant).where(StaffGrant.staff_id == found.id))
        await leaves(ends, "北门的灯坏了")

    assert [each.result().status_code for each in lists] == [200, 403, 303, 403]


async def test_a_stranger_does_not_wait(ends: Ends, admin: Worker) -> None:
    await leaves(ends)
    before = await shown(admin)
    async with ends.browser() as stranger:
        headers = {BY_ITSELF: before, "Accept": "text/html"}
        for cookies in ({}, {"gonghui_staff_session": "x" * 43}):
            stranger.cookies = httpx.Cookies(cookies)
            answer = await stranger.get("/console/cases", headers=headers)
            assert answer.status_code == 303, "while one who is signed in would wait"


async def test_who_has_waited_long_enough_asks_again(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leaves(ends)
    before = await shown(admin)
    monkeypatch.setattr(pulse, "PATIENCE", 0.0)
    answer = await admin.gets("/cases", **{BY_ITSELF: before})
    assert (answer.status_code, answer.text) == (204, "")


async def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(ends: Ends, admin: Worker) -> None:
    for _ in range(5):
        await ends.moves_time(seconds=1790)
        answer = await admin.gets("/cases", **{BY_ITSELF: "-1"})
    assert answer.status_code == 303, "two hours after the last thing he did himself"


@pytest.mark.parametrize("wrong", ["x", "-2", "9" * 40, "", "1 or 1"])
async def test_a_number_that_is_none_is_as_none(ends: Ends, admin: Worker, wrong: str) -> None:
    number = await leaves(ends)
    assert number in (await admin.gets("/cases", **{BY_ITSELF: wrong})).text


async def test_what_commits_after_the_next_one_is_news_too(ends: Ends, admin: Worker) -> None:
    await leaves(ends)
    database = ends.house.database
    async with database.transaction() as session:
        first = (await session.scalars(sa.select(CaseEntry))).first()
        assert first is not None
        given = {"kind": first.kind, "blocks": first.blocks, "created_at": first.created_at}
        session.add(CaseEntry(id=first.id + 2, case_id=first.case_id, **given))
    async with database.reading() as session:
        before = await case_threads.newest(session)
    async with database.transaction() as session:
        session.add(CaseEntry(id=first.id + 1, case_id=first.case_id, **given))
    async with database.reading() as session:
        assert await case_threads.newest(session) != before


# --- without a browser -------------------------------------------------------------------------------------


async def _looks() -> int:
    return 7


def _li(mark: str) -> SignedIn:
    return SignedIn(1, mark, Standing(1, "李娜"), has_second_step=False, is_stale=False)


async def test_all_who_wait_are_looked_up_by_one_question() -> None:
    asked: list[set[str]] = []

    async def who(marks):  # type: ignore[no-untyped-def]
        asked.append(set(marks))
        return {mark: _li(mark) for mark in marks if mark != "gone"}

    pages = OpenPages(_looks, who)
    found = await asyncio.gather(*(pages.let_in(mark, -1) for mark in ("a", "b", "b", "gone")))
    assert ["" if each is None else each.login for each in found] == ["a", "b", "b", ""]
    assert asked == [{"a", "b", "gone"}, {"a", "b"}], "before they wait, and after"
    await asyncio.gather(*(pages.let_in(mark, -1) for mark in ("a", "b")))
    assert asked[2:] == [{"a", "b"}], "known ones wait at once"
    pages.stop()


async def test_what_could_not_be_made_is_made_for_the_next_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    async def who(marks):  # type: ignore[no-untyped-def]
        return {mark: _li(mark) for mark in marks}

    async def make() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("the database is away")
        return "page"

    pages = OpenPages(_looks, who)
    await pages.let_in("a", -1)
    with pytest.raises(ConnectionError):
        await pages.made("list", make)
    assert {*await asyncio.gather(pages.made("list", make), pages.made("list", make))} == {"page"}
    assert await pages.made("another", make) == "page" and len(tries) == 3
    monkeypatch.setattr(pulse, "PATIENCE", 0.0)
    with pytest.raises(NothingNew):
        await pages.let_in("a", 7)
    pages.stop()


async def test_a_page_that_is_ahead_of_the_last_look_waits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was read after the look, and has what came meanwhile."""
    looks, real = iter([7, 7, 9]), asyncio.sleep

    async def look() -> int:
        return next(looks, 9)

    async def sleep(seconds: float) -> None:
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    beat = Pulse(look)
    assert await beat.after(8) == 9
    monkeypatch.setattr(pulse, "PATIENCE", 0.0)
    assert await beat.after(10) == 9, "what was deleted since is heard of late, but it is"
    beat.stop()


async def test_one_look_serves_all_and_there_is_none_while_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    real = asyncio.sleep

    async def look() -> int:
        looks.append(1)
        if len(looks) == 3:
            raise ConnectionError("the database is away")
        return 8 if len(looks) > 4 else 7

    async def sleep(seconds: float) -> None:
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    beat = Pulse(look)

    assert await asyncio.gather(*(beat.after(7) for _ in range(20))) == [8] * 20
    assert len(looks) < 12, "not one for each"
    await real(0)
    await real(0)
    quiet = len(looks)
    for _ in range(5):
        await real(0)
    assert len(looks) == quiet

    monkeypatch.setattr(pulse, "PATIENCE", 0.0)
    assert await beat.after(8) == 8, "who has waited long enough asks again"
    beat.stop()
