"""预约: offering, booking, giving up, marking, moving; limits, rights, and what becomes of it all later."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import appointment_forgetting as forgetting
from app.services import appointment_rows, appointments, consents, deleting, withdrawing
from app.services import appointment_slots as slots
from app.services import appointment_work as work
from app.services.appointment_moves import APPOINTMENT_MOVES, SLOT_MOVES
from app.services.appointments import Paused, Wish
from app.services.permissions import Forbidden
from app.services.purposes import COUNSELLING
from models import (
    AdviceSlot,
    Appointment,
    AppointmentMove,
    AppointmentState,
    Base,
    CaseKind,
    Role,
    SlotPlace,
    SlotState,
)
from tests.booking import TOMORROW, adviser, booked, china, fresh, offered, somebody, told
from tests.caring import bring
from tests.conftest import NOON

S = AppointmentState
HOSTILE = "<script>alert(1)</script> =1+1"


async def count(session: AsyncSession, what: type[Base]) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(what)) or 0


# --- offering ----------------------------------------------------------------------------------------------


async def test_what_fits_between_two_times_is_offered_week_by_week(session: AsyncSession) -> None:
    wang = await adviser(session)
    made = await offered(session, wang, until=time(11, 30), minutes=50, weeks=3)
    assert [each.starts_at for each in made] == [
        *(china(24, 9), china(24, 9, 50), china(24, 10, 40)),
        *(china(1, 9, month=12), china(1, 9, 50, 12), china(1, 10, 40, 12)),
        *(china(8, 9, month=12), china(8, 9, 50, 12), china(8, 10, 40, 12)),
    ]
    assert slots.days_off(made) == []


async def test_a_saturday_may_be_offered_and_is_worth_a_word(session: AsyncSession) -> None:
    made = await offered(session, await adviser(session), day=date(2026, 11, 28))
    assert slots.days_off(made) == [date(2026, 11, 28)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"day": date(2026, 11, 23), "begins": time(12)}, "已经过去"),
        ({"day": date(2026, 11, 22)}, "已经过去"),
        ({"minutes": 180}, "放不下"),
        ({"day": date(2027, 4, 1)}, "最远"),
        ({"begins": time(0), "until": time(23, 45), "minutes": 15, "weeks": 12}, "一次最多"),
    ],
)
async def test_what_cannot_be_offered_is_refused(
    session: AsyncSession, given: dict[str, Any], words: str
) -> None:
    wang = await adviser(session)
    until: dict[str, Any] = {"until": time(23)} if given.get("begins") == time(12) else {}
    with pytest.raises(DomainError, match=words):
        await offered(session, wang, **(given | until))


async def test_ones_own_slots_never_overlap_and_another_may_have_the_same_time(session: AsyncSession) -> None:
    wang, zhao = await adviser(session), await adviser(session, "赵敏")
    first, _ = await offered(session, wang)
    for begins in (time(8, 30), time(9), time(10, 59)):
        with pytest.raises(DomainError, match="重叠"):
            await offered(session, wang, begins=begins, until=time(12))
    with pytest.raises(DomainError, match="重叠"):  # the second week of another form
        await offered(session, wang, day=TOMORROW - timedelta(weeks=0), weeks=2)
    assert await offered(session, wang, begins=time(11), until=time(12))
    assert await offered(session, zhao)

    await work.withdraw(session, wang, first.public_id, "", NOON, series=False)
    assert await offered(session, wang, until=time(10))


async def test_the_same_form_sent_twice_offers_once(session: AsyncSession) -> None:
    wang = await adviser(session)
    one = await offered(session, wang, once="abc")
    two = await offered(session, wang, once="abc")
    assert [each.id for each in one] == [each.id for each in two]


async def test_only_who_advises_offers_and_only_of_his_kind(session: AsyncSession) -> None:
    with pytest.raises(Forbidden):
        await offered(session, await adviser(session, "刘洋", Role.UNION_ADMIN))
    with pytest.raises(Forbidden):
        await offered(session, await adviser(session, "陈医生", Role.DOCTOR))


@pytest.mark.parametrize(
    "typed",
    [
        ("desk", "2026-11-24", "09:00", "10:00", "30", "phone", "", "1"),
        ("counselling", "明天", "09:00", "10:00", "30", "phone", "", "1"),
        ("counselling", "2026-11-24", "25:00", "10:00", "30", "phone", "", "1"),
        ("counselling", "2026-11-24", "10:00", "10:00", "30", "phone", "", "1"),
        ("counselling", "2026-11-24", "09:00", "10:00", "5", "phone", "", "1"),
        ("counselling", "2026-11-24", "09:00", "10:00", "٣٠", "phone", "", "1"),
        ("counselling", "2026-11-24", "09:00", "10:00", "30", "room", " ", "1"),
        ("counselling", "2026-11-24", "09:00", "10:00", "30", "moon", "", "1"),
        ("counselling", "2026-11-24", "09:00", "10:00", "30", "phone", "", "13"),
    ],
)
def test_forms_that_make_no_sense_are_refused(
    typed: tuple[str, str, str, str, str, str, str, str],
) -> None:
    with pytest.raises(DomainError):
        slots.offer_of(*typed, "")


# --- booking -----------------------------------------------------------------------------------------------


async def test_booking_takes_the_slot_tells_both_and_keeps_consent(session: AsyncSession) -> None:
    mine = await somebody(session)
    wang = await adviser(session, person_id=mine)
    li = await somebody(session)
    slot, _ = await offered(session, wang)
    made = await booked(session, li, slot, by_phone=True, phone="13812345678", called="小雨", words=HOSTILE)

    assert (slot.state, made.state, made.words) == (SlotState.TAKEN, S.BOOKED, HOSTILE)
    (receipt,) = await told(session, li, "appointments.receipt")
    assert "11月24日（周二）9:00，心理疏导，咨询师王芳，咨询师打您留的电话" in receipt
    (word,) = await told(session, mine, "staff.booked")
    assert "11月24日（周二）9:00 的心理疏导（电话）" in word and "小雨" not in word and "138" not in word
    assert await consents.stands(session, li, COUNSELLING)


async def test_the_second_who_wants_it_hears_what_is_free_next(session: AsyncSession) -> None:
    first, second = await offered(session, await adviser(session))
    li, sun = await somebody(session), await somebody(session)
    await booked(session, li, first)
    with pytest.raises(DomainError, match="刚刚被别人约走了。最近还能约的：明天 10:00。") as refused:
        await booked(session, sun, first)
    assert refused.value.question == "day"
    await booked(session, sun, second)
    with pytest.raises(DomainError, match="暂时没有别的时段了，可以先写给咨询师"):
        await booked(session, await somebody(session), second)


async def test_the_same_twice_is_one_and_another_of_the_kind_is_refused(session: AsyncSession) -> None:
    first, second = await offered(session, await adviser(session))
    (other,) = await offered(
        session, await adviser(session, "陈刚", Role.DOCTOR), kind=CaseKind.HEALTH, until=time(10)
    )
    li = await somebody(session)
    one, two = await booked(session, li, first), await booked(session, li, first)
    assert one.id == two.id
    with pytest.raises(DomainError, match="一次只能约一个"):
        await booked(session, li, second)
    assert (await booked(session, li, other)).kind is CaseKind.HEALTH
    assert await count(session, AppointmentMove) == 2


async def test_days_end_at_midnight_in_china(session: AsyncSession) -> None:
    wang, li = await adviser(session), await somebody(session)
    late, early = [
        (await offered(session, wang, day=date(2026, 12, day), begins=begins, until=until))[0]
        for day, begins, until in ((7, time(22, 30), time(23, 30)), (8, time(0, 15), time(1, 15)))
    ]
    with pytest.raises(DomainError, match="14 天以内"):
        await booked(session, li, early)
    assert await slots.list_free(session, CaseKind.COUNSELLING, NOON) == [late]
    midnight = china(24, 0)  # 16:00 the day before in UTC
    assert len(await slots.list_free(session, CaseKind.COUNSELLING, midnight)) == 2
    assert await booked(session, li, early, now=midnight)


async def test_it_takes_two_hours_to_come(session: AsyncSession) -> None:
    slot, _ = await offered(session, await adviser(session))
    li = await somebody(session)
    with pytest.raises(DomainError, match="来不及约了"):
        await booked(session, li, slot, now=china(24, 7, 1))
    assert await booked(session, li, slot, now=china(24, 7))


@pytest.mark.parametrize(
    ("place", "given", "words"),
    [
        (SlotPlace.ROOM, {"by_phone": True, "phone": "13812345678"}, "只能当面谈"),
        (SlotPlace.PHONE, {"by_phone": False}, "只能通电话"),
        (SlotPlace.BOTH, {"by_phone": True}, "号码"),
        (SlotPlace.BOTH, {"words": "字" * 201}, "最多 200 个字"),
        (SlotPlace.BOTH, {"called": "名" * 21}, "称呼最多"),
        (SlotPlace.BOTH, {"case": "XL-2026-9999"}, "不是您的"),
    ],
)
async def test_wishes_that_do_not_fit_are_refused(
    session: AsyncSession, place: SlotPlace, given: dict[str, Any], words: str
) -> None:
    slot, _ = await offered(session, await adviser(session), place=place)
    with pytest.raises(DomainError, match=words):
        await booked(session, await somebody(session), slot, **given)
    assert slot.state is SlotState.FREE


async def test_nobody_books_himself_or_who_advises_no_more(session: AsyncSession) -> None:
    mine = await somebody(session)
    wang = await adviser(session, person_id=mine)
    slot, _ = await offered(session, wang)
    with pytest.raises(DomainError, match="自己开放的"):
        await booked(session, mine, slot)
    await session.execute(sa.text("DELETE FROM staff_grant"))
    with pytest.raises(DomainError, match="撤回了"):
        await booked(session, await somebody(session), slot)
    assert not await slots.list_free(session, CaseKind.COUNSELLING, NOON)


async def test_an_open_matter_of_ones_own_goes_along(session: AsyncSession) -> None:
    slot, _ = await offered(session, await adviser(session))
    li = await somebody(session)
    number = (await bring(session, li)).opened.number
    await session.flush()
    made = await booked(session, li, slot, case=number)
    (case,) = await appointment_rows.open_cases(session, li, CaseKind.COUNSELLING)
    assert [each.id for each in await work.of_case(session, case)] == [made.id]
    assert not await appointment_rows.open_cases(session, await somebody(session), CaseKind.COUNSELLING)


# --- giving up ---------------------------------------------------------------------------------------------


async def test_until_two_hours_before_it_can_be_cancelled(session: AsyncSession) -> None:
    mine = await somebody(session)
    slot, _ = await offered(session, await adviser(session, person_id=mine))
    li = await somebody(session)
    made = await booked(session, li, slot)
    with pytest.raises(DomainError, match="不到两小时"):
        await appointments.cancel(session, li, made.public_id, channel="chat", now=china(24, 7, 1))
    for _ in range(2):
        done = await appointments.cancel(session, li, made.public_id, channel="chat", now=china(24, 7))
    assert (done.state, done.due_at, slot.state) == (S.CANCELLED, None, SlotState.FREE)
    assert len(await told(session, mine, "staff.given_up")) == 1
    assert (await booked(session, li, slot, now=china(24, 7))).id != made.id
    with pytest.raises(NotFound):
        await appointments.cancel(session, mine, made.public_id, channel="chat", now=NOON)


# --- what advisers do --------------------------------------------------------------------------------------


async def test_a_slot_taken_back_calls_off_who_had_booked_it(session: AsyncSession) -> None:
    wang = await adviser(session)
    made = await offered(session, wang, weeks=2)
    li = await somebody(session)
    one = await booked(session, li, made[1])
    with pytest.raises(DomainError, match="原因最多"):
        await work.withdraw(session, wang, made[1].public_id, "长" * 61, NOON, series=True)
    assert await work.withdraw(session, wang, made[1].public_id, "出差。", NOON, series=True) == (3, 1)
    assert (await fresh(session, one)).state is S.CALLED_OFF
    (words,) = await told(session, li, "appointments.called_off")
    assert "很抱歉，您 11月24日（周二）10:00 的心理疏导预约取消了。原因：出差。" in words
    assert await work.withdraw(session, wang, made[1].public_id, "", NOON, series=False) == (0, 0)
    assert made[0].state is SlotState.FREE
    with pytest.raises(DomainError, match="刚刚撤回了"):
        await booked(session, li, made[1])


async def test_came_and_did_not_come_are_marked_once_it_has_begun(session: AsyncSession) -> None:
    wang, li = await adviser(session), await somebody(session)
    slot, _ = await offered(session, wang)
    made = await booked(session, li, slot)
    with pytest.raises(DomainError, match="到时候再记"):
        await work.mark(session, wang, made.public_id, S.NO_SHOW, made.version, NOON)
    with pytest.raises(DomainError, match="刚刚有了变化"):
        await work.mark(session, wang, made.public_id, S.NO_SHOW, 99, china(24, 9))
    for _ in range(2):
        await work.mark(session, wang, made.public_id, S.NO_SHOW, made.version, china(24, 9))
    await work.mark(session, wang, made.public_id, S.CAME, made.version, china(24, 9, 20))
    with pytest.raises(DomainError, match="不能改为"):
        await work.mark(session, wang, made.public_id, S.NO_SHOW, made.version, china(24, 9, 20))
    assert [each.to_state for each in await work.history(session, made)] == [S.BOOKED, S.NO_SHOW, S.CAME]


async def test_another_time_is_told_and_the_old_one_is_kept_or_not(session: AsyncSession) -> None:
    wang, li = await adviser(session), await somebody(session)
    first, second = await offered(session, wang)
    made = await booked(session, li, first)
    (phone,) = await offered(session, wang, begins=time(14), until=time(15), place=SlotPlace.PHONE)
    with pytest.raises(DomainError, match="当面谈"):
        await work.move_to(
            session, wang, made.public_id, phone.public_id, made.version, NOON, keeps_open=True
        )
    given = (session, wang, made.public_id, second.public_id, made.version, NOON)
    await work.move_to(*given, keeps_open=False)
    await work.move_to(*given, keeps_open=False)  # the same form again
    assert (made.slot_id, first.state, second.state) == (second.id, SlotState.WITHDRAWN, SlotState.TAKEN)
    (words,) = await told(session, li, "appointments.moved")
    assert "现在是：11月24日（周二）10:00" in words
    assert made.due_at == china(23, 18)


async def test_another_adviser_and_the_administrator_find_nothing(session: AsyncSession) -> None:
    wang, zhao = await adviser(session), await adviser(session, "赵敏")
    admin = await adviser(session, "刘洋", Role.UNION_ADMIN)
    slot, other = await offered(session, wang)
    made = await booked(session, await somebody(session), slot, by_phone=True, phone="13812345678")
    for who in (zhao, admin):
        with pytest.raises(NotFound):
            await slots.get_own(session, who, slot.public_id)
        with pytest.raises(NotFound):
            await work.withdraw(session, who, slot.public_id, "", NOON, series=False)
        with pytest.raises(NotFound):
            await work.mark(session, who, made.public_id, S.CAME, made.version, china(24, 9))
        with pytest.raises(NotFound):
            await work.reveal_phone(session, who, made.public_id, NOON)
        with pytest.raises(NotFound):
            await work.move_to(
                session, who, made.public_id, other.public_id, made.version, NOON, keeps_open=True
            )
    counted = {each.kind: each for each in await work.counts(session, NOON)}
    assert (counted[CaseKind.COUNSELLING].free, counted[CaseKind.COUNSELLING].booked) == (1, 1)
    assert await work.reveal_phone(session, wang, made.public_id, NOON) == "13812345678"


# --- who does not come -------------------------------------------------------------------------------------


async def _missed(session: AsyncSession, person_id: int, day: date) -> None:
    wang = await adviser(session, f"咨询师{day}")
    before = china(day.day, 0, month=day.month) - timedelta(days=1)
    (slot,) = await offered(session, wang, day=day, until=time(10), now=before)
    made = await booked(session, person_id, slot, now=before)
    await work.mark(session, wang, made.public_id, S.NO_SHOW, made.version, slot.starts_at)


async def test_who_twice_did_not_come_waits_thirty_days(session: AsyncSession) -> None:
    li = await somebody(session)
    await _missed(session, li, date(2026, 11, 24))
    assert await appointments.paused_until(session, li, china(24, 12)) is None
    await _missed(session, li, date(2026, 12, 1))
    doctor = await adviser(session, "陈刚", Role.DOCTOR)
    (slot,) = await offered(session, doctor, kind=CaseKind.HEALTH, day=date(2026, 12, 10), until=time(10))
    with pytest.raises(Paused, match=r"预约先停到 12月31日.*写给医生"):
        await booked(session, li, slot, now=china(2, 9, month=12))
    assert await booked(session, await somebody(session), slot, now=china(2, 9, month=12))
    assert await appointments.paused_until(session, li, china(31, 9, month=12)) is None


async def test_two_that_lie_far_apart_pause_nobody(session: AsyncSession) -> None:
    li = await somebody(session)
    await _missed(session, li, date(2026, 8, 25))
    await _missed(session, li, date(2026, 11, 24))
    assert await appointments.paused_until(session, li, china(24, 12)) is None


async def test_one_whose_time_is_over_keeps_nobody_from_the_next(session: AsyncSession) -> None:
    wang, li = await adviser(session), await somebody(session)
    first, _ = await offered(session, wang)
    (later,) = await offered(session, wang, day=date(2026, 11, 26), until=time(10))
    made = await booked(session, li, first)
    await booked(session, li, later, now=china(24, 10))
    assert made.state is S.UNMARKED
    assert [each.id for each in await work.list_unmarked(session, wang.staff_id)] == [made.id]
    await work.mark(session, wang, made.public_id, S.CAME, made.version, china(24, 11))
    assert await work.count_unmarked(session, wang.staff_id) == 0


# --- later -------------------------------------------------------------------------------------------------


async def test_of_two_that_become_one_person_the_earlier_booking_stays(session: AsyncSession) -> None:
    first, second = await offered(session, await adviser(session))
    li, other = await somebody(session), await somebody(session)
    kept = await booked(session, other, second)
    given_up = await booked(session, li, first, now=NOON + timedelta(minutes=1))
    await forgetting.hand_over(session, other, li, NOON)
    assert ((await fresh(session, kept)).state, given_up.state) == (S.BOOKED, S.CANCELLED)
    assert first.state is SlotState.FREE
    assert (await appointment_rows.get_own(session, li, kept.public_id)).id == kept.id
    with pytest.raises(NotFound):
        await appointment_rows.get_own(session, other, kept.public_id)


async def test_closing_and_taking_consent_back_give_the_time_free(session: AsyncSession) -> None:
    first, second = await offered(session, await adviser(session))
    li, sun = await somebody(session), await somebody(session)
    one = await booked(session, li, first, called="小雨", words="睡不好")
    two = await booked(session, sun, second)
    assert "1 次里您的称呼" in str(await forgetting.close(session, li, "portal", NOON))
    gone = await fresh(session, one)
    assert (gone.person, gone.person_digest, gone.called, gone.words) == (None,) * 4
    assert first.state is SlotState.FREE
    await withdrawing.withdraw(session, sun, COUNSELLING, channel="portal", now=NOON)
    assert ((await fresh(session, two)).state, second.state) == (S.CANCELLED, SlotState.FREE)


async def test_deleting_the_past_does_not_end_a_pause(session: AsyncSession) -> None:
    li = await somebody(session)
    await _missed(session, li, date(2026, 11, 24))
    await _missed(session, li, date(2026, 11, 26))
    now = china(27, 9)
    await deleting.delete(session, li, {deleting.Part.APPOINTMENTS}, channel="portal", now=now)
    assert await appointments.paused_until(session, li, now) is not None
    later = now + forgetting.COUNTS_FOR
    await deleting.delete(session, li, {deleting.Part.APPOINTMENTS}, channel="portal", now=later)
    assert not await appointment_rows.list_own_past(session, li, later)


async def test_care_goes_after_a_year_and_law_after_three(session: AsyncSession) -> None:
    wang, lawyer = await adviser(session), await adviser(session, "周律", Role.LAWYER)
    li = await somebody(session)
    for who, kind in ((wang, CaseKind.COUNSELLING), (lawyer, CaseKind.CONSULTATION)):
        slot, _ = await offered(session, who, kind=kind)
        made = await booked(session, li, slot)
        await work.mark(session, who, made.public_id, S.CAME, made.version, china(24, 9))
    rules = (forgetting.forget_old, forgetting.forget_slots)

    async def left(days: int) -> tuple[int, int]:
        now = china(24, 12) + timedelta(days=days)
        for rule in rules:
            await rule.act(session, (await session.scalars(rule.find(now, 100))).all(), now)
        return await count(session, Appointment), await count(session, AdviceSlot)

    assert await left(364) == (2, 4)
    assert await left(366) == (1, 1)
    assert await left(3 * 365 + 1) == (0, 0)
    assert await count(session, AppointmentMove) == 0


def test_every_state_has_its_moves() -> None:
    assert set(APPOINTMENT_MOVES) == set(AppointmentState)
    assert set(SLOT_MOVES) == set(SlotState)
    assert Wish("a", by_phone=False).phone == ""
