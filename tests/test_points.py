"""Points: earned by who was checked in, each time; seen by him, and a sheet for the union's office."""

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, OperatorError
from app.jobs import staff_jobs
from app.jobs.after_activities import KINDS
from app.services import activity_files, check_ins, merging, point_sheets, points, sign_ups
from app.services.attendance_figures import Period
from app.services.permissions import Scope
from models import Activity, Role, StaffJob
from tests import making
from tests.both_ends import Ends
from tests.checking_in import DOOR, guest, reads, ticket, today
from tests.conftest import NOON
from tests.console_kit import at_work, ends
from tests.portal_member import member
from tests.test_albums import walked
from tests.test_check_in_codes import PLAN
from tests.test_console_activities import plan, planned, row
from tests.test_sittings import EVENINGS, changed, course

__all__ = ["ends"]
EVER = Period(date(2026, 1, 1), date(2027, 12, 31))


async def test_who_was_checked_in_has_earned_them_and_a_mistake_takes_them_back(
    session: AsyncSession,
) -> None:
    walk = await today(session, points=5)
    talk = await today(session, "讲座")  # earns nothing
    here, li = await guest(session, walk, "李娜", seats=3)  # whom she brings earns nothing
    _, absent = await guest(session, walk)
    entry = await sign_ups.sign_up(session, talk.id, li, now=NOON)
    await reads(session, walk, ticket(here))
    await reads(session, walk, ticket(here))  # twice at the door is once here
    await reads(session, talk, ticket(entry))

    earned = await points.of_person(session, li.person_id)
    assert [(each.title, each.times, each.points) for each in earned] == [("健步走", 1, 5)]
    assert points.by_year(earned) == {2026: 5}
    assert await points.of_person(session, absent.person_id) == []

    how: Any = {"sitting": "", "by": "赵敏", "channel": "console", "reason": "扫错了", "now": DOOR}
    await check_ins.undo(session, walk.id, here.public_id, **how)
    assert await points.of_person(session, li.person_id) == []


async def test_of_several_sittings_each_coming_counts_by_the_year_it_began_in(session: AsyncSession) -> None:
    made = await course(session, points=2)
    entry, who = await guest(session, made)
    for moment in EVENINGS[:2]:
        await reads(session, made, ticket(entry), at=moment)
    old = await today(session, points=10)
    ticket_, _ = await guest(session, old)
    await reads(session, old, ticket(ticket_))
    old.starts_at -= timedelta(days=365)
    await merging.merge(session, who.person_id, ticket_.person_id, NOON)

    earned = await points.of_person(session, who.person_id)

    assert [(each.times, each.points) for each in earned] == [(2, 4), (1, 10)]
    assert list(points.by_year(earned).items()) == [(2026, 4), (2025, 10)]
    assert points.words(made) == "每签到一次得 2 分" and points.words(old) == "签到得 10 分"


async def test_what_somebody_has_earned_is_not_changed_under_him(session: AsyncSession) -> None:
    walk = await today(session, points=5)
    entry, _ = await guest(session, walk)
    await changed(session, walk, NOON, points=8)
    await reads(session, walk, ticket(entry))

    with pytest.raises(DomainError, match="已经有人签到，积分不能再改"):
        await changed(session, walk, DOOR, points=1)
    await changed(session, walk, DOOR, points=8, title="健步走（改）")


async def test_a_sheet_names_who_earned_what_within_a_branch_and_a_period(session: AsyncSession) -> None:
    north = await making.branch(session, "黄陵供电公司工会/北区分工会")
    walk, made = await today(session, points=5), await course(session, points=2, branch_id=north.id)
    here, _ = await guest(session, walk, "李娜")
    entry, _ = await guest(session, made)
    await reads(session, walk, ticket(here))
    for moment in EVENINGS:
        await reads(session, made, ticket(entry), at=moment)

    async def sheet(scope: Scope, period: Period = EVER) -> list[list[str]]:
        return [line[1:2] + line[3:4] + line[5:] async for line in point_sheets.each(session, scope, period)]

    whole = Scope(everything=True)
    assert await sheet(whole) == [["李娜", "健步走", "1", "5"], ["未绑定的关注者", "书法课", "3", "6"]]
    assert await sheet(whole, Period(date(2026, 1, 1), date(2026, 1, 2))) == []
    assert await sheet(Scope(False, frozenset({north.id}))) == [["未绑定的关注者", "书法课", "3", "6"]]
    assert await sheet(Scope(False)) == []


@pytest.mark.parametrize("wrong", ["points: 101", "points: -1", "points: 很多"])
def test_a_file_says_how_many_and_what_is_wrong_is_told(tmp_path: Any, wrong: str) -> None:
    path = tmp_path / "walk.yaml"
    path.write_text(f"{PLAN}points: 5\n", encoding="utf-8")
    (planned_,) = activity_files.load(path)
    assert planned_.values(NOON.date())["points"] == 5

    path.write_text(f"{PLAN}{wrong}\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="第 1 个活动：points"):
        activity_files.load(path)


async def test_they_are_planned_seen_and_taken_away(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    for wrong in ("101", "-1", "五"):
        answer = await zhao.sends("/activities/new", **plan(ends, points=wrong))
        assert (answer.status_code, "积分应是" in answer.text) == (422, True)
        assert f'value="{wrong}"' in answer.text
    path = await planned(zhao, points="5")
    activity = await row(ends, path)
    assert activity.points == 5 and "签到得 5 分" in await zhao.reads(path)
    assert "签到得 5 分" in (await ends.web.get(f"/activities/{activity.public_id}")).text

    li = await member(ends, "=李娜")
    assert "还没有积分" in (await li.phone.says("我的积分")).text
    assert "还没" not in await li.reads("/me/points") and "我的积分" not in await li.reads("/me/sign-ups")
    walk, _ = await walked(ends, li)
    async with ends.house.database.transaction() as session:
        await making.member(session, "=李娜", person_id=await li.person_id())
        (await session.get_one(Activity, walk.id)).points = 8
        (entry,) = await making.entries(session, walk)
        await reads(session, walk, ticket(entry), at=ends.house.clock.now())

    assert "今年 8 分" in await li.reads("/me/sign-ups")
    page = await li.reads("/me/points")
    assert "+8" in page and f"/me/sign-ups/{entry.public_id}" in page
    told = (await li.phone.says("积分")).text
    assert "今年的积分：8 分" in told and "健步走　+8" in told

    assert "导出积分" in await zhao.reads("/activities/figures")
    await zhao.does("/activities/figures/points", since="", until="")
    await staff_jobs.run(ends.house.database, ends.house.clock, ends.house.files, KINDS)
    async with ends.house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob))).one()
    book = openpyxl.load_workbook(io.BytesIO((await zhao.sends(f"/jobs/{job.public_id}/file")).content))
    assert book.active is not None
    rows = [[cell.value for cell in each] for each in book.active.iter_rows()]
    assert rows[0] == list(point_sheets.HEADS)
    assert [(each[1], each[3], each[6]) for each in rows[1:]] == [("=李娜", "健步走", "8")]
    door = await at_work(ends, "门口", Role.CHECKER)
    assert (await door.sends("/activities/figures/points", since="", until="")).status_code == 403
