"""Several cases at once, and a list as a sheet: each for itself, with a trace of its own."""

import io

import openpyxl
import pytest
import sqlalchemy as sa

from app.jobs import staff_jobs as runner
from app.jobs import staff_work
from app.services import case_sheets, case_work, cases, staff
from models import Case, CaseKind, Person, Role, StaffGrant, StaffJob
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]


async def brings(ends: Ends, *words: str, anonymous: bool = False) -> list[str]:
    """Numbers of new 留言, one for each."""
    now, numbers = ends.house.clock.now(), []
    for each in words:
        async with ends.house.database.transaction() as session:
            person = Person(created_at=now)
            session.add(person)
            await session.flush()
            blocks = [{"type": "text", "text": each}]
            opened = await cases.open_case(
                session,
                CaseKind.FEEDBACK,
                person.id,
                None,
                topic="safety",
                blocks=blocks,
                anonymous=anonymous,
                now=now,
            )
            numbers.append(opened.number)
    return numbers


async def case_of(ends: Ends, number: str) -> Case:
    async with ends.house.database.reading() as session:
        return await case_work.get_case(session, number)


async def staff_of(ends: Ends, worker: Worker) -> tuple[int, str]:
    async with ends.house.database.reading() as session:
        row = await staff.get_by_login(session, worker.login)
        return row.id, row.public_id


async def test_ticked_ones_are_taken_and_what_another_has_is_told(ends: Ends, admin: Worker) -> None:
    one, two, three = await brings(ends, "灯坏了", "门坏了", "水管漏了")
    li = await at_work(ends, "李哥", Role.UNION_ADMIN)
    await li.does(f"/cases/{three}/take")
    assert (await admin.reads("/cases")).count('data-test="tick"') == 3

    page = await admin.does("/cases/bulk?topic=safety", how="take", number=[one, two, three, one])

    assert "接手 2 件。1 件没有办成：" in page and f"{three} 已由李哥接手" in page
    assert "话题：安全生产" in page  # back on the list as it was narrowed down
    mine, _ = await staff_of(ends, admin)
    assert [(await case_of(ends, each)).owner_id == mine for each in (one, two, three)] == [True, True, False]
    assert [each.subject for each in await acts_of(ends, "case.take")] == [three, one, two]

    assert "退回待接 1 件。" in await admin.does("/cases/bulk", how="return", number=[one])
    _, to = await staff_of(ends, li)
    assert "转出 2 件。" in await admin.does("/cases/bulk", how="hand", to=to, number=[one, two])


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"how": "take"}, "还没有勾选"),
        ({"how": "burn", "number": ["LY-2026-0001"]}, "请点要办的事"),
        ({"how": "hand", "number": ["LY-2026-0001"]}, "请选转给谁"),
        ({"how": "hand", "to": "nobody", "number": ["LY-2026-0001"]}, "没有找到这位工作人员"),
        ({"how": "take", "number": ["FL-2026-0001", "<b>"]}, "2 件没有办成"),
    ],
)
async def test_what_cannot_be_done_is_said(
    ends: Ends, admin: Worker, filled: dict[str, object], said: str
) -> None:
    await brings(ends, "灯坏了")

    page = await admin.does("/cases/bulk", **filled)

    assert said in page and "没有编号为 <b>" not in page
    assert await acts_of(ends, "case.take") == [] == await acts_of(ends, "case.hand")


async def test_who_may_only_look_neither_ticks_nor_acts(ends: Ends) -> None:
    editor = await at_work(ends, "小编", Role.EDITOR)

    for path in ("/cases/bulk", "/cases/export", "/consultations/bulk"):
        assert (await editor.sends(path, how="take", number=["LY-2026-0001"])).status_code == 403


async def exported(ends: Ends, worker: Worker) -> list[list[str]]:
    """Rows of the sheet that is made for this one of staff."""
    house = ends.house
    await runner.run(house.database, house.clock, house.files, staff_work.KINDS)
    async with house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob).order_by(StaffJob.id.desc()).limit(1))).one()
    assert job.file_id is not None, job.said
    data = (await worker.sends(f"/jobs/{job.public_id}/file")).content
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]


async def test_a_list_becomes_a_sheet_as_it_is_narrowed_down(ends: Ends, admin: Worker) -> None:
    one, two = await brings(ends, "=1+1 灯坏了", "门坏了")
    (hidden,) = await brings(ends, "食堂", anonymous=True)
    await admin.does(f"/cases/{two}/take")

    assert "正在导出" in await admin.does("/cases/export?owner=free")
    heads, *rows = await exported(ends, admin)

    assert heads[:3] == ["编号", "类别", "话题"]
    assert [row[0] for row in rows] == [hidden, one]
    assert rows[1][6] == "=1+1 灯坏了" and "." not in rows[1][6]
    assert [len(row[7]) for row in rows] == [len("2026-11-23"), len("2026-11-23 12:00")]


async def test_what_may_be_read_when_it_is_made_decides(ends: Ends) -> None:
    zhang = await at_work(ends, "张姐", Role.UNION_ADMIN)
    await brings(ends, "灯坏了")
    await zhang.does("/cases/export")
    async with ends.house.database.transaction() as session:
        row = await staff.get_by_login(session, zhang.login)
        await session.execute(sa.delete(StaffGrant).where(StaffGrant.staff_id == row.id))

    await runner.run(ends.house.database, ends.house.clock, ends.house.files, staff_work.KINDS)

    async with ends.house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob))).one()
    assert job.file_id is None and "不能" in (job.said or "")


async def test_late_ones_alone(ends: Ends, admin: Worker) -> None:
    (late,) = await brings(ends, "灯坏了")
    await ends.moves_time(seconds=7 * 86400)
    await admin.signs_in()
    await brings(ends, "门坏了")

    await admin.does("/cases/export?due=late")

    assert [row[0] for row in (await exported(ends, admin))[1:]] == [late]


async def test_more_than_one_page_goes_into_the_sheet(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_sheets, "AT_ONCE", 2)
    numbers = await brings(ends, "一", "二", "三", "四", "五")

    await admin.does("/cases/export")

    assert [row[0] for row in (await exported(ends, admin))[1:]] == numbers[::-1]
