"""Who came, by branch: counted over a period, small groups put together, and taken away as a sheet."""

import io
from datetime import date, timedelta

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs import staff_jobs
from app.jobs.after_activities import KINDS
from app.services import attendance_figures, sign_ups
from app.services.attendance_figures import SMALL, Line, Period, pooled
from app.services.permissions import Scope
from models import Activity, ActivityState, Role, SignUp, SignUpState, StaffJob
from tests import making
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, at_work, ends

__all__ = ["ends"]

NORTH, SOUTH, EAST = [f"黄陵供电公司工会/{name}/一班" for name in ("北区分工会", "=南区分工会", "东区分工会")]
EVER = Period(date(2026, 1, 1), date(2027, 12, 31))


async def over(session: AsyncSession, title: str, **people: tuple[int, int]) -> Activity:
    """An activity that is over; of each branch so many had a seat, and so many of these came."""
    walk = await making.activity(session, title, capacity=None)
    lineages = {"north": NORTH, "south": SOUTH, "east": EAST}
    for branch, (seats, here) in people.items():
        for number in range(seats):
            who = await making.person(session)
            if branch != "nobody":
                staff_number = f"{title}{branch[0]}{number}"
                given = {"lineage": lineages[branch], "staff_number": staff_number}
                await making.member(session, person_id=who.person_id, **given)
            entry = await sign_ups.sign_up(session, walk.id, who, now=NOON)
            state = SignUpState.CHECKED_IN if number < here else SignUpState.NO_SHOW
            await session.execute(sa.update(SignUp).where(SignUp.id == entry.id).values(state=state))
    walk.state = ActivityState.ENDED
    await session.flush()
    return walk


def line(name: str, people: int) -> Line:
    return Line(name, people, people, 1)


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ({"北": 9, "南": 5}, ["北 9", "南 5"]),
        ({"北": 9, "南": 3, "东": 2}, ["北 9", f"{SMALL} 5"]),
        ({"北": 9, "南": 6, "东": 2}, ["北 9", f"{SMALL} 8"]),  # the total would tell of the two
        ({"北": 3}, []),
        ({}, []),
    ],
)
def test_small_groups_are_put_together_until_they_tell_nothing(
    groups: dict[str, int], shown: list[str]
) -> None:
    found = pooled(line(name, people) for name, people in groups.items())

    assert [f"{each.name} {each.people}" for each in found] == shown


async def test_a_period_is_counted_by_branch_and_by_activity(session: AsyncSession) -> None:
    await over(session, "健步走", north=(6, 3), south=(5, 5), east=(1, 0), nobody=(1, 1))
    swim = await over(session, "游泳", north=(3, 3))
    await over(session, "讲座", north=(6, 0))  # nobody stood at the door
    whole = Scope(True)

    found = await attendance_figures.read(session, whole, EVER)

    lines = {each.name.rpartition(" › ")[2]: each for each in found.branches}
    assert set(lines) == {"北区分工会", SMALL}
    north = lines["北区分工会"]
    assert (north.people, north.signed_up, north.came, north.absent) == (9, 9, 6, 3)
    assert (lines[SMALL].people, lines[SMALL].came) == (7, 6)
    assert (found.total.people, found.total.signed_up, found.unchecked) == (16, 16, 1)
    assert [(each.title, line.people) for each, line in found.activities] == [("健步走", 13), ("游泳", 3)]
    one = await attendance_figures.read(session, whole, EVER, swim.public_id)
    assert (list(one.branches), one.total.is_shown) == ([], False)
    earlier = await attendance_figures.read(session, whole, Period(date(2026, 1, 1), date(2026, 1, 2)))
    assert earlier.activities == []
    assert (await attendance_figures.read(session, Scope(False), EVER)).activities == []


def test_a_period_is_what_a_form_says_or_the_last_year() -> None:
    today = date(2026, 11, 23)
    assert Period.of("", "", NOON) == Period(today - timedelta(days=365), today)
    assert Period.of("2026-03-01", "2026-03-31", NOON) == Period(date(2026, 3, 1), date(2026, 3, 31))
    assert Period.of("9999-12-31", "x", NOON) == Period(today - timedelta(days=365), today)


async def test_the_figures_are_a_page_and_a_sheet_without_formulas(ends: Ends) -> None:
    zhao: Worker = await at_work(ends, "赵敏", Role.ORGANISER)
    async with ends.house.database.transaction() as session:
        walk = await over(session, "=健步走", north=(6, 3), south=(5, 5))
        walk.starts_at = ends.house.clock.now() - timedelta(days=1)
        walk.ends_at = walk.starts_at + timedelta(hours=3)

    page = await zhao.reads("/activities/figures")
    assert "北区分工会" in page and "50%" in page and "=健步走" in page
    assert "各活动" not in await zhao.reads(f"/activities/figures?activity={walk.public_id}")
    assert "没有结束的" in await zhao.reads("/activities/figures?since=2020-01-01&until=2020-01-02")
    await zhao.does("/activities/figures/export", since="", until="", activity="")
    await staff_jobs.run(ends.house.database, ends.house.clock, ends.house.files, KINDS)

    async with ends.house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob))).one()
    answer = await zhao.sends(f"/jobs/{job.public_id}/file")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:6] == list(attendance_figures.HEADS)
    assert [row[:6] for row in rows if row[0] == "合计"] == [["合计", "11", "11", "8", "3", "73%"]]
    assert rows[-1][0] == "=健步走"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
