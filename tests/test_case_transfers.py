"""转台: what came to the wrong desk goes to another, whole, and nobody's clock begins anew."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.errors import DomainError
from app.services import (
    advice,
    appointments,
    case_conflicts,
    case_drafts,
    case_mentions,
    case_notices,
    case_owners,
    case_queue,
    case_reminders,
    case_timers,
    case_transfers,
    case_work,
    cases,
    complaint_timers,
    complaint_work,
    complaints,
    consents,
    consultation_work,
    consultations,
    own_cases,
    permissions,
)
from app.services.calendar import working_time_between
from app.services.case_transfers import Transfer
from app.services.consultation_facts import Opponent
from app.services.permissions import Right
from app.services.purposes import LEGAL_AID
from models import (
    Case,
    CaseKind,
    CaseReminder,
    CaseState,
    Complaint,
    ComplaintSort,
    Consultation,
    EntryKind,
    Naming,
    Outbox,
    Role,
)
from tests import booking, caring
from tests.complaining import complain
from tests.conftest import NOON, FakeClock
from tests.consulting import consult, person
from tests.test_case_owners import employ, lawyer

S, BY = CaseState, "王强"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TO_LAWYER = Transfer(
    CaseKind.CONSULTATION, "wages", "问的是加班费", agreed="电话里说同意", opponent=Opponent.AGENCY
)
TO_UNION = Transfer(
    CaseKind.COMPLAINT, "support", "要部门去办", agreed="电话里说同意", sort=ComplaintSort.COMPLAINT
)
TO_DESK = Transfer(CaseKind.FEEDBACK, "work_life", "不用律师", agreed="在群里说同意")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def leave(session: AsyncSession, person_id: int, *, now: datetime = NOON, **given: Any) -> str:
    words = [{"type": "text", "text": "加班费怎么算"}]
    given = {"topic": "rights", "channel": "chat"} | given
    opened = await cases.open_case(
        session, given.pop("kind", CaseKind.FEEDBACK), person_id, None, blocks=words, now=now, **given
    )
    await session.flush()
    return opened.number


async def locked(session: AsyncSession, number: str) -> Case:
    return await case_work.get_case(session, number, lock=True)


async def moves(session: AsyncSession, number: str, how: Transfer, now: datetime = NOON) -> Case:
    return (await case_transfers.transfer(session, await locked(session, number), how, BY, now)).case


async def told(session: AsyncSession) -> list[str]:
    chosen = sa.select(Outbox.payload).where(Outbox.kind == case_notices.MOVED).order_by(Outbox.id)
    payloads: Sequence[Any] = (await session.scalars(chosen)).all()
    return [payload["content"] for payload in payloads]


async def rows(session: AsyncSession, case: Case) -> tuple[int, int]:
    """How many consultations, how many complaints lie beside it."""
    counted = [
        await session.scalar(sa.select(sa.func.count()).where(facts.case_id == case.id))
        for facts in (Consultation, Complaint)
    ]
    return counted[0] or 0, counted[1] or 0


# --- what stays, what changes ------------------------------------------------------------------------------


async def test_left_words_go_to_a_lawyer_whole(session: AsyncSession) -> None:
    who = await person(session)
    number = await leave(session, who, contact="13812345678")
    before = await locked(session, number)
    promised, waited = before.answer_due_at, before.waiting_since

    case = await moves(session, number, TO_LAWYER, NOON + 5 * HOUR)

    assert (case.number, case.kind, case.state) == (number, CaseKind.CONSULTATION, S.TRIAGED)
    assert (case.answer_due_at, case.first_answer_due_at, case.waiting_since) == (promised, promised, waited)
    assert await cases.first_words(session, case) == "加班费怎么算"
    assert await case_work.open_contact(session, number, BY, NOON) == "13812345678"
    assert await consents.stands(session, who, LEGAL_AID)
    (mine,) = await cases.list_mine(session, who, 9, CaseKind.CONSULTATION)
    assert mine.case.number == number and not await cases.list_mine(session, who, 9, CaseKind.FEEDBACK)
    (words,) = await told(session)
    assert f"您的留言 {number} 已按您的同意转到法律咨询，由律师接着答复" in words and "我的咨询" in words
    titles = [own_cases.told(case, each)[0] for each in await cases.list_thread(session, case)]
    assert titles == ["您说", "转到法律咨询"]


async def test_there_and_back_again_nothing_is_lost(session: AsyncSession) -> None:
    number = (await consult(session, await person(session))).number
    promised = (await locked(session, number)).answer_due_at

    case = await moves(session, number, TO_UNION)
    assert (case.kind, case.state, case.answer_due_at) == (CaseKind.COMPLAINT, S.SUBMITTED, promised)
    assert await rows(session, case) == (0, 1)
    assert (await complaints.facts_of(session, case)).step_due_at == promised
    case = await moves(session, number, TO_DESK)
    assert (case.kind, case.state, await rows(session, case)) == (CaseKind.FEEDBACK, S.SUBMITTED, (0, 0))
    case = await moves(session, number, TO_LAWYER)
    assert (case.kind, case.answer_due_at, await rows(session, case)) == (
        CaseKind.CONSULTATION,
        promised,
        (1, 0),
    )

    entries = await case_work.list_entries(session, case)
    notes = "\n".join(cases.text_of(each) for each in entries if each.kind is EntryKind.NOTE)
    assert "转来以前，法律咨询里已经知道的：" in notes and "对方：劳务派遣或外包公司" in notes
    assert "投诉还是建议：投诉" in notes and "本人同意转：电话里说同意" in notes
    went = [cases.text_of(each) for each in entries if cases.transferred_to(each) is not None]
    assert went == [
        "由法律咨询转到投诉建议\n要部门去办",
        "由投诉建议转到留言\n不用律师",
        "由留言转到法律咨询\n问的是加班费",
    ]
    assert not any("要部门去办" in words for words in await told(session)), "why, staff alone read"


async def test_the_law_counts_from_when_it_came(session: AsyncSession) -> None:
    number = await leave(session, await person(session))

    case = await moves(session, number, TO_UNION, NOON + 2 * DAY)

    assert (await complaints.facts_of(session, case)).law_due_at == at("2026-12-08 18:00")


async def test_what_was_late_stays_late(session: AsyncSession) -> None:
    number = await leave(session, await person(session))
    late = NOON + 9 * DAY
    case, _ = await case_timers.advance(session, (await locked(session, number)).id, late)
    assert case.overdue

    case = await moves(session, number, TO_LAWYER, late)

    assert case.overdue and case.answer_due_at is not None and case.answer_due_at < late
    assert "最晚" not in (await told(session))[-1], "no promise is made that is broken already"


async def test_a_clock_that_stood_goes_on_with_what_was_left(session: AsyncSession) -> None:
    number = (await consult(session, await person(session))).number
    await consultation_work.ask(session, number, "哪一天的事？", BY, NOON + HOUR)
    left = (await locked(session, number)).seconds_left
    friday = at("2026-11-27 16:30")

    case = await moves(session, number, TO_DESK, friday)

    assert case.answer_due_at is not None and case.seconds_left is None and case.reminder_due_at is None
    assert working_time_between(friday, case.answer_due_at).total_seconds() == left
    assert case.answer_due_at > at("2026-11-30 08:00"), "over the weekend"
    assert case.close_due_at is None


async def test_what_was_answered_is_owed_as_the_other_desk_promises(session: AsyncSession) -> None:
    number = await leave(session, await person(session), kind=CaseKind.DESK, topic="")
    await case_work.answer(session, number, "我帮您转给律师", BY, NOON)

    case = await moves(session, number, TO_LAWYER, NOON)

    assert case.answer_due_at == at("2026-11-24 09:00"), "four office hours from half past two"
    assert (case.waiting_since, case.overdue) == (NOON, False)
    answered = await case_work.answer(session, number, "按 1.5 倍算", "张律师", NOON + HOUR)
    assert answered.case.state is S.ANSWERED


async def test_nobody_of_the_desk_before_has_it_any_more(session: AsyncSession) -> None:
    number = await leave(session, await person(session))
    officer = await employ(session, "李干事", Role.UNION_ADMIN)
    li = await permissions.standing_of(session, officer)
    case = await locked(session, number)
    await case_owners.take(session, case, li, NOON)
    await case_drafts.save(session, case, li, "写了一半", 0, NOON)
    await case_reminders.add(session, case, li, NOON + DAY, "问问进展", NOON)
    await case_mentions.write(session, case, f"@{officer.login} 看一下", li, Right.DESK_READ, NOON)
    await case_owners.give_back(session, case, li, NOON)
    await case_owners.take(session, case, li, NOON)

    case = await moves(session, number, TO_LAWYER)

    assert (case.owner_id, case.owned_at, case.return_due_at) == (None, None, None)
    assert await case_drafts.text_of(session, case, li) == ""
    assert not await case_mentions.is_mentioned(session, case, li.staff_id)
    open_ones = sa.select(sa.func.count()).where(CaseReminder.ended_at.is_(None))
    assert await session.scalar(open_ones) == 0
    assert (await case_queue.row_of(session, case)).passed == []


async def test_a_lawyer_of_the_company_does_not_see_what_is_against_it(session: AsyncSession) -> None:
    number = await leave(session, await person(session))
    outside = await lawyer(session, "张律师")
    inside = await permissions.standing_of(session, await employ(session, "法务", Role.COMPANY_LAWYER))

    case = await moves(session, number, Transfer(**{**_fields(TO_LAWYER), "opponent": Opponent.OWN_COMPANY}))

    with pytest.raises(DomainError, match="只能由公司以外的律师办"):
        await case_owners.take(session, case, inside, NOON)
    scope = permissions.scope(inside, Right.LEGAL_READ)
    seen = sa.select(Case.id).where(case_conflicts.within(scope))
    assert not (await session.scalars(seen)).all()
    await case_owners.take(session, case, outside, NOON)


def _fields(how: Transfer) -> dict[str, Any]:
    return {name: getattr(how, name) for name in how.__slots__}


async def test_the_timers_of_the_desk_before_leave_it_alone(session: AsyncSession) -> None:
    number = (await complain(session, await person(session))).number
    case = await moves(session, number, TO_DESK)

    assert not await complaint_timers.list_due(session, NOON + 90 * DAY, 9)
    assert case.id in await case_timers.list_due(session, NOON + 90 * DAY, 9)


# --- somebody unknown --------------------------------------------------------------------------------------


async def test_without_a_name_it_goes_to_the_union_and_stays_without_one(session: AsyncSession) -> None:
    number = await leave(session, await person(session), anonymous=True)

    case = await moves(session, number, TO_UNION, NOON + 3 * HOUR)

    assert (await complaints.facts_of(session, case)).naming is Naming.ANONYMOUS
    times = [each.created_at for each in await case_work.list_entries(session, case)]
    assert {moment.astimezone(SHANGHAI).hour for moment in times} == {0}
    with pytest.raises(DomainError, match="匿名的，不能转给律师"):
        await moves(session, number, TO_LAWYER)
    assert case_transfers.targets(case) == [CaseKind.FEEDBACK]


async def test_who_signed_with_another_name_stays_with_complaints(session: AsyncSession) -> None:
    number = (await complain(session, await person(session), naming=Naming.NICKNAME, nickname="老王")).number

    with pytest.raises(DomainError, match="昵称"):
        await moves(session, number, TO_DESK)


async def test_whom_it_is_about_must_not_get_it_by_another_desk(session: AsyncSession) -> None:
    number = (await complain(session, await person(session), about="后勤班")).number
    to_any = TO_LAWYER
    to_outside = Transfer(**{**_fields(TO_LAWYER), "opponent": Opponent.OWN_COMPANY})

    for how in (TO_DESK, to_any):
        with pytest.raises(DomainError, match="要对那个单位保密"):
            await moves(session, number, how)
    assert (await moves(session, number, to_outside)).kind is CaseKind.CONSULTATION


# --- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"topic": "gold"}, "哪方面"),
        ({"topic": "support"}, "哪方面"),  # of another desk
        ({"why": "  "}, "为什么转"),
        ({"why": "长" * 201}, "为什么转"),
        ({"opponent": None}, "对方是谁"),
        ({"agreed": " "}, "同不同意"),
        ({"to": CaseKind.FEEDBACK}, "已经在留言了"),
        ({"to": CaseKind.DESK}, "只能转到"),
        ({"to": CaseKind.HEALTH}, "保密"),
        ({"to": CaseKind.COMPLAINT, "topic": "support"}, "投诉还是建议"),
    ],
)
async def test_what_is_missing_is_said_and_nothing_moves(
    session: AsyncSession, changed: dict[str, Any], why: str
) -> None:
    number = await leave(session, await person(session))

    with pytest.raises(DomainError, match=why):
        await moves(session, number, Transfer(**{**_fields(TO_LAWYER), **changed}))

    case = await locked(session, number)
    assert (case.kind, case.state, await rows(session, case)) == (CaseKind.FEEDBACK, S.SUBMITTED, (0, 0))
    assert not await told(session)


async def test_what_a_lawyer_was_told_leaves_only_by_consent(session: AsyncSession) -> None:
    number = (await consult(session, await person(session))).number

    with pytest.raises(DomainError, match="同不同意"):
        await moves(session, number, Transfer(CaseKind.FEEDBACK, "other", "不用律师"))


async def test_what_was_taken_up_or_is_over_stays(session: AsyncSession) -> None:
    who = await person(session)
    number = (await complain(session, who)).number
    await complaint_work.accept(session, await locked(session, number), BY, NOON)
    with pytest.raises(DomainError, match="受理以后由部门办到底"):
        await moves(session, number, TO_DESK)

    closed = await leave(session, who)
    await case_work.answer(session, closed, "修好了", BY, NOON)
    await case_work.close(session, closed, BY, NOON)
    with pytest.raises(DomainError, match="已办结，不能转"):
        await moves(session, closed, TO_LAWYER)

    correction = await leave(session, who, kind=CaseKind.DESK, topic=cases.CORRECTION)
    assert case_transfers.targets(await locked(session, correction)) == []


async def test_what_was_told_a_counsellor_goes_nowhere(session: AsyncSession) -> None:
    number = (await caring.bring(session, await person(session))).opened.number

    with pytest.raises(DomainError, match="保密"):
        await moves(session, number, TO_DESK)


async def test_what_was_booked_comes_first(session: AsyncSession, clock: FakeClock) -> None:
    who = await person(session)
    number = (await consult(session, who)).number
    adviser = await booking.adviser(session, "张律师", Role.LAWYER)
    slot, _ = await booking.offered(session, adviser, kind=CaseKind.CONSULTATION)
    appointment = await booking.booked(session, who, slot, case=number)

    with pytest.raises(DomainError, match="先改约或取消预约"):
        await moves(session, number, TO_DESK)
    await appointments.cancel(session, who, appointment.public_id, channel="chat", now=NOON)
    assert (await moves(session, number, TO_DESK)).kind is CaseKind.FEEDBACK


# --- at once -----------------------------------------------------------------------------------------------


async def test_of_two_who_send_it_away_at_once_one_does(database: Database) -> None:
    async with database.transaction() as session:
        number = await leave(session, await person(session))

    async def goes(how: Transfer) -> str:
        try:
            async with database.transaction() as session:
                return (await moves(session, number, how)).kind.value
        except DomainError as error:
            return error.message

    said = await asyncio.gather(goes(TO_LAWYER), goes(TO_LAWYER))

    assert sorted(said) == [f"{number} 已经在法律咨询了。", "consultation"]
    async with database.reading() as session:
        assert await rows(session, await case_work.get_case(session, number)) == (1, 0)
        assert len(await told(session)) == 1


async def test_withdrawn_while_it_is_sent_away(database: Database) -> None:
    async with database.transaction() as session:
        who = await person(session)
        number = (await consult(session, who)).number

    async def withdraws() -> str:
        try:
            async with database.transaction() as session:
                return (
                    await consultations.cancel(session, who, number, channel="chat", now=NOON)
                ).state.value
        except DomainError as error:
            return error.message

    async def goes() -> str:
        try:
            async with database.transaction() as session:
                return (await moves(session, number, TO_DESK)).kind.value
        except DomainError as error:
            return error.message

    withdrawn, gone = await asyncio.gather(withdraws(), goes())

    assert (withdrawn == "cancelled") is (gone != "feedback"), "either, and never both"
    assert "不能转到别的台" in gone or "现在是留言，请回复「我的留言」" in withdrawn


async def test_more_words_go_where_it_lies_now(session: AsyncSession) -> None:
    who = await person(session)
    number = await leave(session, who)
    case = await moves(session, number, TO_LAWYER)

    more = [{"type": "text", "text": "还有去年的"}]
    await own_cases.add(session, who, case, more, channel="chat", now=NOON)

    assert (await advice.get_mine(session, who, number, CaseKind.CONSULTATION)).case.number == number
    with pytest.raises(DomainError, match="现在是法律咨询，请回复「我的咨询」"):
        await complaints.get_mine(session, who, number)
