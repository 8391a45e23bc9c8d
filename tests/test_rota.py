"""值班表: putting people on, days gone by, copying a week over holidays, forgetting; leave, and who leads."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import complaint_timers, duty_rooms, permissions, rota, staff_skills
from app.services.permissions import Forbidden, Standing
from app.services.staff_skills import Work
from models import CaseKind, CaseState, DutyRoom, DutyShift, Half, Outbox, Role, Staff
from tests.complaining import complain, look, person
from tests.on_duty_kit import AM, MONDAY, PM, TODAY, at, employ

LEGAL = DutyRoom.LEGAL
DAY = timedelta(days=1)


async def standing(session: AsyncSession, who: Staff) -> Standing:
    return await permissions.standing_of(session, who)


async def lead(session: AsyncSession) -> Standing:
    return await standing(session, await employ(session, "王主席", Role.UNION_ADMIN))


async def shifts(session: AsyncSession, first: date, days: int = 7) -> list[tuple[int, Half, str]]:
    found = await rota.list_shifts(session, LEGAL, first, first + (days - 1) * DAY)
    return [(each.shift.day.day, each.shift.half, each.staff.name) for each in found]


async def test_put_on_twice_is_once_and_taken_off(session: AsyncSession) -> None:
    by, zhang = await lead(session), await employ(session, "张律师", Role.LAWYER)

    assert await rota.add(session, LEGAL, zhang, [(TODAY, AM), (TODAY, PM)], by, MONDAY) == 2
    assert await rota.add(session, LEGAL, zhang, [(TODAY, PM), (TODAY + DAY, AM)], by, MONDAY) == 1
    assert await shifts(session, TODAY) == [(23, AM, "张律师"), (23, PM, "张律师"), (24, AM, "张律师")]

    first = (await rota.list_shifts(session, LEGAL, TODAY, TODAY))[0].shift.public_id
    await rota.remove(session, LEGAL, first, by, MONDAY)
    with pytest.raises(NotFound, match="已经不在值班表上"):
        await rota.remove(session, LEGAL, first, by, MONDAY)
    with pytest.raises(NotFound):
        other = (await rota.list_shifts(session, LEGAL, TODAY, TODAY))[0].shift.public_id
        await rota.remove(session, DutyRoom.DESK, other, by, MONDAY)
    assert await shifts(session, TODAY) == [(23, PM, "张律师"), (24, AM, "张律师")]


@pytest.mark.parametrize(
    ("day", "said"),
    [(TODAY - DAY, "已经过去的日子"), (TODAY + 400 * DAY, "一年以内"), (TODAY + 2 * DAY, "11月25日休假")],
)
async def test_days_on_which_nobody_is_put(session: AsyncSession, day: date, said: str) -> None:
    by, zhang = await lead(session), await employ(session, "张律师", Role.LAWYER)
    zhang.away_from = zhang.away_until = TODAY + 2 * DAY

    with pytest.raises(DomainError, match=said):
        await rota.add(session, LEGAL, zhang, [(day, AM)], by, MONDAY)
    with pytest.raises(DomainError, match="先勾选"):
        await rota.add(session, LEGAL, zhang, [], by, MONDAY)
    editor = await employ(session, "王编辑", Role.EDITOR)
    with pytest.raises(DomainError, match="王编辑不能答复法律咨询"):
        await rota.add(session, LEGAL, editor, [(TODAY, AM)], by, MONDAY)


async def test_what_has_gone_by_stays_as_it_was(session: AsyncSession) -> None:
    by, zhang = await lead(session), await employ(session, "张律师", Role.LAWYER)
    await rota.add(session, LEGAL, zhang, [(TODAY, AM)], by, MONDAY)
    shift = (await rota.list_shifts(session, LEGAL, TODAY, TODAY))[0].shift

    with pytest.raises(DomainError, match="已经过去的日子"):
        await rota.remove(session, LEGAL, shift.public_id, by, MONDAY + DAY)


async def test_a_week_is_copied_but_not_onto_a_holiday(session: AsyncSession) -> None:
    now = at("2026-09-21 09:00")
    by = await lead(session)
    zhang, li = [await employ(session, name, Role.LAWYER) for name in ("张律师", "李律师")]
    monday, friday = date(2026, 9, 21), date(2026, 9, 25)
    # Of the week from the 28th the 1st of October and what follows are free.
    await rota.add(session, LEGAL, zhang, [(monday, AM), (date(2026, 9, 24), PM)], by, now)
    await rota.add(session, LEGAL, li, [(monday, AM), (date(2026, 9, 22), AM)], by, now)
    await rota.add(session, LEGAL, li, [(monday + 7 * DAY, AM)], by, now)
    li.away_from = li.away_until = date(2026, 9, 29)

    done = await rota.copy_week(session, LEGAL, date(2026, 9, 28), by, now)
    again = await rota.copy_week(session, LEGAL, date(2026, 9, 28), by, now)

    assert (done.made, done.left) == (1, 2), "one is there, one is a holiday, one is away"
    assert again.made == 0
    assert await shifts(session, date(2026, 9, 28)) == [(28, AM, "李律师"), (28, AM, "张律师")]
    assert friday.weekday() == 4
    with pytest.raises(DomainError, match="上一周没有排班"):
        await rota.copy_week(session, LEGAL, date(2026, 10, 26), by, now)


async def test_a_weekend_is_copied_where_it_was_worked(session: AsyncSession) -> None:
    by, zhang = await lead(session), await employ(session, "张律师", Role.LAWYER)
    saturday = date(2026, 11, 28)
    await rota.add(session, LEGAL, zhang, [(saturday, AM)], by, MONDAY)

    assert (await rota.copy_week(session, LEGAL, date(2026, 11, 30), by, MONDAY)).made == 1
    assert await shifts(session, date(2026, 11, 30)) == [(5, AM, "张律师")]


@pytest.mark.parametrize(
    ("moment", "half"),
    [
        ("2026-11-23 08:29", None),
        ("2026-11-23 08:30", AM),
        ("2026-11-23 12:00", None),
        ("2026-11-23 14:30", PM),
        ("2026-11-23 17:59", PM),
        ("2026-11-23 18:00", None),
    ],
)
def test_half_days_are_those_of_the_office(moment: str, half: Half | None) -> None:
    assert rota.half_at(at(moment)) is half


def test_the_next_half_day_may_be_tomorrows() -> None:
    assert rota.next_half(at("2026-11-23 07:00")) == at("2026-11-23 08:30")
    assert rota.next_half(at("2026-11-23 13:00")) == at("2026-11-23 14:30")
    assert rota.next_half(at("2026-11-23 20:00")) == at("2026-11-24 08:30")


async def test_old_shifts_are_forgotten(session: AsyncSession) -> None:
    by, zhang = await lead(session), await employ(session, "张律师", Role.LAWYER)
    await rota.add(session, LEGAL, zhang, [(TODAY, AM)], by, MONDAY)
    rule = rota.forget_old

    for now, left in ((MONDAY + 300 * DAY, 1), (MONDAY + 400 * DAY, 0)):
        ids = (await session.scalars(rule.find(now, 10))).all()
        await rule.act(session, ids, now)
        assert await session.scalar(sa.select(sa.func.count(DutyShift.id))) == left


# --- who leads ---------------------------------------------------------------------------------------------


async def test_a_lead_leads_where_he_answers_and_an_administrator_everywhere(session: AsyncSession) -> None:
    boss = await lead(session)
    head = await standing(session, await employ(session, "赵律师", Role.LAWYER, Role.LEAD))
    lawyer = await standing(session, await employ(session, "张律师", Role.LAWYER))

    assert duty_rooms.led_by(boss) == list(DutyRoom)
    assert duty_rooms.led_by(head) == [LEGAL]
    assert duty_rooms.led_by(lawyer) == []
    leads = await duty_rooms.list_leads(session, LEGAL)
    assert sorted(each.name for each in leads) == ["王主席", "赵律师"]
    assert [each.name for each in await duty_rooms.list_leads(session, DutyRoom.COUNSEL)] == ["王主席"]
    zhang = await session.get_one(Staff, lawyer.staff_id)
    for by, room in ((lawyer, LEGAL), (head, DutyRoom.DESK)):
        with pytest.raises(Forbidden):
            await rota.add(session, room, zhang, [(TODAY, AM)], by, MONDAY)
        with pytest.raises(Forbidden):
            await rota.copy_week(session, room, TODAY, by, MONDAY)
        with pytest.raises(Forbidden):
            await duty_rooms.turn(session, room, True, 0, by, MONDAY)


async def test_of_two_who_turn_it_at_once_the_second_reads_it_anew(session: AsyncSession) -> None:
    boss, head = await lead(session), await employ(session, "赵律师", Role.LAWYER, Role.LEAD)
    await duty_rooms.turn(session, LEGAL, True, 0, boss, MONDAY)
    await duty_rooms.turn(session, LEGAL, True, 0, boss, MONDAY)  # pressed twice
    setting = await duty_rooms.setting(session, LEGAL)
    await duty_rooms.turn(session, LEGAL, False, setting.version, boss, MONDAY)

    with pytest.raises(DomainError, match="王主席刚刚已经改过，现在是关的"):
        await duty_rooms.turn(session, LEGAL, True, 2, await standing(session, head), MONDAY)


# --- skills and leave --------------------------------------------------------------------------------------


async def test_a_leave_is_set_by_oneself_or_who_leads(session: AsyncSession) -> None:
    zhang = await employ(session, "张律师", Role.LAWYER)
    head = await standing(session, await employ(session, "赵律师", Role.LAWYER, Role.LEAD))
    other = await standing(session, await employ(session, "李律师", Role.LAWYER))
    doctor = await employ(session, "孙医生", Role.DOCTOR)

    async def away(who: Staff, first: date | None, last: date | None, by: Standing) -> None:
        await staff_skills.set_away(session, who, first, last, by=by, now=MONDAY)

    await away(zhang, TODAY, TODAY + DAY, await standing(session, zhang))
    assert [zhang.is_away(TODAY + days * DAY) for days in (-1, 0, 1, 2)] == [False, True, True, False]
    await away(zhang, None, None, head)
    assert not zhang.is_away(TODAY)
    for who, by in ((zhang, other), (doctor, head)):
        with pytest.raises(Forbidden):
            await away(who, TODAY, TODAY, by)
    wrong: Any = [
        (TODAY, None, "从哪天休到哪天"),
        (TODAY + DAY, TODAY, "不能早于第一天"),
        (TODAY - 2 * DAY, TODAY - DAY, "已经过去"),
        (TODAY, TODAY + 500 * DAY, "一年以内"),
    ]
    for first, last, said in wrong:
        with pytest.raises(DomainError, match=said):
            await away(zhang, first, last, head)


async def test_skills_are_of_what_somebody_may_answer(session: AsyncSession) -> None:
    boss, zhang = await lead(session), await employ(session, "张律师", Role.LAWYER)
    kind = CaseKind.CONSULTATION

    async def change(*skills: tuple[CaseKind, str], most: int | None = None) -> None:
        await staff_skills.change_work(session, zhang, Work(frozenset(skills), most), by=boss)

    async def kept() -> str:
        found = await staff_skills.of(session, [zhang.id])
        return staff_skills.spoken(found.get(zhang.id, frozenset()))

    await change((kind, "injury"), (kind, "wages"), most=3)
    assert await kept() == "法律咨询（工资、加班费、工伤）"
    assert zhang.most_cases == 3
    await change((kind, "injury"), (kind, ""))
    assert await kept() == "法律咨询", "all of a kind makes its topics idle"
    await change()
    assert await kept() == ""
    for skills in ((CaseKind.HEALTH, ""), (kind, "<script>"), (CaseKind.APPLICATION, "")):
        with pytest.raises(DomainError, match="不能办这类事项"):
            await change(skills)
    for most in (0, 201, -1):
        with pytest.raises(DomainError, match="1 到 200"):
            await change(most=most)


async def test_skills_of_others_are_changed_by_who_is_set_over_them(session: AsyncSession) -> None:
    boss = await employ(session, "王主席", Role.UNION_ADMIN)
    by, editor = await standing(session, boss), await employ(session, "王编辑", Role.EDITOR)
    five = Work(frozenset(), 5)

    with pytest.raises(Forbidden):
        await staff_skills.change_work(session, boss, five, by=await standing(session, editor))
    await staff_skills.change_work(session, boss, five, by=by)
    assert boss.most_cases == 5
    with pytest.raises(DomainError, match="不能给予或收回"):
        other = await employ(session, "李主席", Role.UNION_ADMIN)
        await staff_skills.change_work(session, other, five, by=by)


def test_the_week_begins_on_monday() -> None:
    assert rota.monday_of(datetime(2026, 11, 29).date()) == TODAY


# --- complaints --------------------------------------------------------------------------------------------


async def test_who_is_on_duty_for_complaints_hears_what_is_due_and_else_all_do(session: AsyncSession) -> None:
    by = await lead(session)
    zhao = await employ(session, "赵芳", Role.COMPLAINTS, wechat=True)
    qian = await employ(session, "钱进", Role.COMPLAINTS, wechat=True)
    zhang = await employ(session, "张律师", Role.LAWYER)
    room, due = DutyRoom.COMPLAINTS, at("2026-11-26 10:00")
    await rota.add(session, room, zhao, [(due.date(), AM)], by, MONDAY)
    with pytest.raises(DomainError, match="不能答复投诉建议"):
        await rota.add(session, room, zhang, [(due.date(), AM)], by, MONDAY)

    async def told(now: datetime) -> set[int | None]:
        """Who hears of a complaint that nobody has taken up."""
        number = (await complain(session, await person(session), now=MONDAY)).number
        case, complaint = await look(session, number)
        complaint.remind_due_at = now
        await session.flush()
        await complaint_timers.advance(session, case.id, now)
        heard = set(await session.scalars(sa.select(Outbox.person_id).where(Outbox.kind == "staff.due")))
        await session.execute(sa.delete(Outbox))
        return heard

    assert await told(due) == {zhao.person_id}
    assert await told(at("2026-11-26 15:00")) == {zhao.person_id, qian.person_id}


async def test_complaints_are_given_to_a_clerk_only_while_it_is_the_unions_move(
    session: AsyncSession,
) -> None:
    case, _ = await look(session, (await complain(session, await person(session), now=MONDAY)).number)
    head = await standing(session, await employ(session, "赵芳", Role.COMPLAINTS, Role.LEAD))

    assert duty_rooms.room_of(case) is DutyRoom.COMPLAINTS and duty_rooms.is_owed(case)
    assert duty_rooms.led_by(head) == [DutyRoom.COMPLAINTS]
    assert CaseKind.COMPLAINT in staff_skills.offered(head)
    case.state = CaseState.IN_PROGRESS
    assert not duty_rooms.is_owed(case), "a department works on it"
