"""值班表 and 办理情况 in the console: looking, putting on, leave, skills, turning it on, figures, rights."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI, civil_date
from app.jobs import case_clocks as job
from app.services import case_owners, case_work, permissions
from app.services.calendar import is_working_day
from app.services.staff import Wanted
from models import CaseRating, DutyRoom, DutySetting, DutyShift, Half, Role, Staff, StaffSkill
from tests import making
from tests.both_ends import Ends
from tests.complaining import complain
from tests.console_kit import Worker, acts_of, admin, at_work, ends, staff_row
from tests.consulting import consult, person
from tests.test_console_cases import HOSTILE, consults

__all__ = ["admin", "ends"]
LEGAL = "/duty?room=legal"


def today(ends: Ends) -> date:
    return civil_date(ends.house.clock.now())


@pytest.fixture(autouse=True)
async def morning(ends: Ends) -> datetime:
    """Nine o'clock of the next day on which the office works."""
    day = today(ends) + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    at = datetime.combine(day, time(9), SHANGHAI)
    await ends.moves_time(seconds=(at - ends.house.clock.now()).total_seconds())
    return at


@pytest.fixture
async def zhang(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


@pytest.fixture
async def head(ends: Ends) -> Worker:
    return await at_work(ends, "赵律师", Role.LAWYER, Role.LEAD)


async def id_of(ends: Ends, worker: Worker) -> str:
    return (await staff_row(ends, worker.login)).public_id


async def puts(ends: Ends, by: Worker, who: Worker, *cells: str) -> str:
    chosen = cells or tuple(f"{today(ends)}:{half.value}" for half in Half)
    who_id, week = await id_of(ends, who), str(today(ends))
    return await by.does("/duty/legal/add", who=who_id, cell=list(chosen), week=week)


async def shifts(ends: Ends) -> list[DutyShift]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(DutyShift).order_by(DutyShift.id)))


# --- 值班表 ------------------------------------------------------------------------------------------------


async def test_the_lead_puts_on_and_all_staff_see_it(ends: Ends, head: Worker, zhang: Worker) -> None:
    editor = await at_work(ends, "王编辑", Role.EDITOR)
    assert "张律师排上了 2 个半天" in await puts(ends, head, zhang)
    assert "本来就在这几个半天" in await puts(ends, head, zhang)

    page = await editor.reads(LEGAL)
    assert page.count("张律师") == 2 and 'data-test="add"' not in page and 'data-test="cell"' not in page
    month = await editor.reads(f"{LEGAL}&view=month")
    assert month.count("张律师") == 2 and f"{today(ends).month}月" in month
    assert "张律师" not in await editor.reads("/duty?room=desk")
    assert 'class="on-duty">张律师' in await zhang.reads("/duty"), "one's own room comes first"
    assert "法律咨询" in await zhang.reads("/me")

    shift = (await shifts(ends))[0].public_id
    assert "这个半天取消了" in await head.does("/duty/legal/remove", shift=shift)
    gone = await head.sends("/duty/legal/remove", shift=shift)
    assert gone.status_code == 404 and "已经不在值班表上" in gone.text
    assert [act.subject for act in await acts_of(ends, "duty.add")] == ["legal", "legal"]
    assert len(await acts_of(ends, "duty.remove")) == 1


async def test_a_week_is_copied_from_the_one_before(ends: Ends, head: Worker, zhang: Worker) -> None:
    await puts(ends, head, zhang)
    after = (await shifts(ends))[0].day.fromordinal(today(ends).toordinal() + 7)

    assert "照抄了 2 个半天" in await head.does("/duty/legal/copy", week=str(after))
    assert "照抄了 0 个半天" in await head.does("/duty/legal/copy", week=str(after))
    assert len(await shifts(ends)) == 4
    nothing = await head.sends("/duty/legal/copy", week="2027-08-09")
    assert nothing.status_code == 422 and "没有可以照抄的" in nothing.text


@pytest.mark.parametrize(
    "cell", ["", "2020-01-01:am", "nonsense", "2026-11-23:xx", "9999-12-31:pm", "<script>:am", "a:b:c"]
)
async def test_cells_that_are_none_are_refused_with_the_choice_kept(
    ends: Ends, head: Worker, zhang: Worker, cell: str
) -> None:
    answer = await head.sends("/duty/legal/add", who=await id_of(ends, zhang), cell=[cell] if cell else [])

    assert answer.status_code == 422 and "<script>:am" not in answer.text
    assert re.search(r'value="\w+" selected>张律师', answer.text)
    assert await shifts(ends) == []


async def test_who_may_not_lead_changes_nothing(ends: Ends, head: Worker, zhang: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session, "北区分工会")
        branch_id = north.id
    other = await at_work(ends, "分会主席", Wanted(Role.UNION_ADMIN, branch_id))
    who = await id_of(ends, zhang)
    cell = f"{today(ends)}:am"

    for worker, room in ((zhang, "legal"), (other, "legal"), (head, "desk")):
        for path, data in (("add", {"who": who, "cell": [cell]}), ("copy", {}), ("remove", {"shift": "x"})):
            answer = await worker.sends(f"/duty/{room}/{path}", **data)
            assert answer.status_code == 403, (worker.login, room, path)
        assert (await worker.sends(f"/workload/{room}/assigns", on="yes")).status_code == 403
    assert (await other.gets("/workload")).status_code == 403
    assert (await head.gets("/workload?room=desk")).status_code == 200, "his own room instead"
    assert (await head.sends("/duty/nothing/add")).status_code in (404, 422)
    assert await shifts(ends) == []


@pytest.mark.parametrize(
    "query", ["?room=%3Cscript%3E", "?week=2026-99-99", "?week=0001-01-01", "?week=%00", "?view=x"]
)
async def test_addresses_that_are_none_show_today(ends: Ends, admin: Worker, query: str) -> None:
    assert "今天" in await admin.reads(f"/duty{query}")


# --- 办理范围, 休假 -----------------------------------------------------------------------------------------


async def test_skills_and_limit_stand_on_the_page_and_with_oneself(
    ends: Ends, admin: Worker, zhang: Worker
) -> None:
    at = f"/staff/{await id_of(ends, zhang)}"

    await admin.does(f"{at}/work", skill=["consultation:injury", "consultation:wages"], most="3")

    for page in (await admin.reads(at), await zhang.reads("/me")):
        assert "法律咨询（工资、加班费、工伤）" in page and "3 件" in page
    wrong = [{"skill": "health:"}, {"skill": HOSTILE}, {"most": "many"}, {"most": "0"}, {"most": "999"}]
    for each in wrong:
        answer = await admin.sends(f"{at}/work", **each)
        assert answer.status_code == 422 and "<script>alert" not in answer.text
    assert (await zhang.sends(f"{at}/work", most="100")).status_code == 403
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(StaffSkill.id))) == 2
    assert {act.subject for act in await acts_of(ends, "staff.skills")} == {zhang.login}


async def test_leave_by_oneself_and_by_the_lead(ends: Ends, head: Worker, zhang: Worker) -> None:
    day = str(today(ends))
    assert "休假，不派件" in await zhang.does("/me/away", **{"from": day, "until": day})
    number = await consults(ends)
    page = await head.reads(f"/consultations/{number}/hand")
    assert "休假到" in page
    assert "张律师（休假）" in await head.reads("/consultations")
    one = f"/workload/people/{await id_of(ends, zhang)}"
    assert "今天不在" in await head.reads(one)
    assert "休假取消了" in await head.does(f"{one}/away", how="back")
    gone_by = {"from": "2020-01-01", "until": "2020-01-02"}
    for wrong in ({"from": day, "until": ""}, {"from": "x", "until": day}, gone_by, {}):
        answer = await head.sends(f"{one}/away", **wrong)
        assert answer.status_code == 422, wrong
        own: Any = await zhang.sends("/me/away", **wrong)
        assert own.status_code == 422, wrong
    assert (await zhang.sends(f"{one}/away", how="back")).status_code == 403
    doctor = await at_work(ends, "孙医生", Role.DOCTOR)
    foreign = f"/workload/people/{await id_of(ends, doctor)}"
    assert (await head.gets(foreign)).status_code == 404
    assert (await head.sends(f"{foreign}/away", how="back")).status_code == 404


# --- 办理情况 ----------------------------------------------------------------------------------------------


async def test_turned_on_by_the_lead_a_new_case_finds_who_is_on_duty(
    ends: Ends, head: Worker, zhang: Worker
) -> None:
    await puts(ends, head, zhang)
    assert "自动派件关着" in await head.reads("/workload")

    assert "会派给值班的人" in await head.does("/workload/legal/assigns", on="yes", version="0")
    stale = await head.sends("/workload/legal/assigns", on="no", version="1")
    assert stale.status_code == 422 and "刚刚已经改过" in stale.text
    number = await consults(ends)
    await job.run(ends.house.database, ends.house.clock)

    assert "由您在办" in await zhang.reads(f"/consultations/{number}")
    page = await head.reads("/workload")
    assert "在值班" in page and "自动派件开着" in page and f"?login={zhang.login}" in page
    assert number in await head.reads(f"/consultations?login={zhang.login}")
    assert number not in await head.reads(f"/consultations?login={head.login}")
    assert number in await head.reads(f"/workload/people/{await id_of(ends, zhang)}")
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(DutySetting.room))).all() == [DutyRoom.LEGAL]


async def test_figures_of_a_room_and_of_each(
    ends: Ends, head: Worker, zhang: Worker, morning: datetime
) -> None:
    day = morning - timedelta(days=1)
    while not is_working_day(day.date()):
        day -= timedelta(days=1)
    early = day.replace(hour=9)
    async with ends.house.database.transaction() as session:
        li = await person(session)
        row = await session.scalar(sa.select(Staff).where(Staff.login == zhang.login))
        assert row is not None
        who = await permissions.standing_of(session, row)
        late, answered, _free = [await consult(session, li, now=early) for _ in range(3)]
        for each in (late, answered):
            case = await case_work.get_case(session, each.number, lock=True)
            await case_owners.take(session, case, who, early)
        await case_work.answer(session, answered.number, "可以申请仲裁。", "张律师", early.replace(hour=11))
        row.away_from = row.away_until = morning.date()

    page = await head.reads("/workload")
    figures = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(rf"等答复 +2 .*没有人接 +1 .*已超时 +2 .*今天到期 +0 .*{early.date()}", figures)
    his = re.search(r"张律师 +休假到 \d+月\d+日 +1 +/20 +0 +1 +1 +2.0 小时 +—— +全部", figures)
    assert his, figures
    assert f"/consultations/{late.number}/hand" in page, "what he left behind"
    assert "休假同事手上等答复的" in await head.reads("")
    late_ones = await head.reads(f"/consultations?login={zhang.login}&due=late")
    assert late.number in late_ones and answered.number not in late_ones
    assert "没有这样的事项" in await head.reads("/consultations?login=%27--&due=today")


@pytest.mark.parametrize("people", [9, 10])
async def test_a_mean_of_few_people_is_shown_to_nobody(
    ends: Ends, head: Worker, zhang: Worker, people: int
) -> None:
    now = ends.house.clock.now()
    row = await staff_row(ends, zhang.login)
    async with ends.house.database.transaction() as session:
        for _ in range(people):
            number = (await consult(session, await person(session), now=now)).number
            case = await case_work.get_case(session, number)
            case.owner_id = row.id
            await session.flush()
            session.add(CaseRating(case_id=case.id, score=4, rated_at=now, ends_at=now))

    page = await head.reads("/workload")
    assert ("4.0" in page) is (people == 10)


async def test_an_administrator_sees_figures_but_no_case_of_an_adviser(ends: Ends, admin: Worker) -> None:
    number = await consults(ends)
    page = await admin.reads("/workload?room=legal")

    assert "等答复" in page and "/console/consultations" not in page and number not in page


async def test_a_lead_without_a_profession_is_told_why_there_is_nothing(ends: Ends) -> None:
    lead = await at_work(ends, "李四", Role.LEAD)

    assert "还没有负责的值班室" in await lead.reads("/workload")


async def test_hostile_names_are_shown_as_they_are(ends: Ends, head: Worker) -> None:
    evil = await at_work(ends, "<script>alert(1)</script>", Role.LAWYER)
    await puts(ends, head, evil)

    for path in (LEGAL, f"{LEGAL}&view=month", "/workload", f"/workload/people/{await id_of(ends, evil)}"):
        page = await head.reads(path)
        assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page, path


# --- complaints --------------------------------------------------------------------------------------------


async def test_complaints_are_given_by_the_rota_and_shown_with_their_clerk(ends: Ends, admin: Worker) -> None:
    wu = await at_work(ends, "吴芳", Role.COMPLAINTS)
    zhao = await at_work(ends, "赵敏", Role.COMPLAINTS)
    who_id, cells = await id_of(ends, wu), [f"{today(ends)}:{half.value}" for half in Half]
    await admin.does("/duty/complaints/add", who=who_id, cell=cells, week=str(today(ends)))
    page = await admin.does("/workload/complaints/assigns", on="yes", version="0")
    assert "投诉建议的新事项会派给值班的人" in page and "首次答复" not in page
    async with ends.house.database.transaction() as session:
        number = (await complain(session, await person(session), now=ends.house.clock.now())).number
    await job.run(ends.house.database, ends.house.clock)

    assert "其中我接手的投诉建议" in await wu.reads("")
    assert number in await wu.reads("/complaints?owner=mine")
    assert number not in await zhao.reads("/complaints?owner=mine")
    assert number in await zhao.reads(f"/complaints?login={wu.login}&due=")
    assert number not in await zhao.reads("/complaints?owner=free")
    one = f"/complaints/{number}"
    assert 'data-test="owner">吴芳' in await zhao.reads(one)
    assert f'href="/console/complaints?login={wu.login}"' in await admin.reads("/workload?room=complaints")

    assert "已退回待接" in await wu.does(f"{one}/give-back")
    assert number in await zhao.reads("/complaints?owner=free")
    assert "由您接手了" in await zhao.does(f"{one}/take")
    refused = await wu.sends(f"{one}/take")
    assert refused.status_code == 422 and "已由赵敏接手" in refused.text
    assert [act.act for act in await acts_of(ends)][-2:] == ["case.return", "case.take"]


async def test_who_takes_one_up_has_it_and_who_answers_elsewhere_may_not(ends: Ends, zhang: Worker) -> None:
    wu = await at_work(ends, "吴芳", Role.COMPLAINTS)
    async with ends.house.database.transaction() as session:
        number = (await complain(session, await person(session), now=ends.house.clock.now())).number
    for do in ("take", "give-back"):
        assert (await zhang.sends(f"/complaints/{number}/{do}")).status_code == 403
    await wu.does(f"/complaints/{number}/accept", seen="99999999")

    assert 'data-test="owner">吴芳' in await wu.reads(f"/complaints/{number}")
