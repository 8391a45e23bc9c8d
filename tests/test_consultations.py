"""Consultations: opened with what the law sets, asked and answered, taken up again, withdrawn, forgotten."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import retention as job
from app.services import case_work, cases, closed_cases, consultation_work, consultations
from app.services.advice import Added
from app.services.case_moves import MOVES, way
from app.services.consultation_facts import Hurry, Opponent, Paper, Papers, Tried, read
from app.services.statutory_deadlines import Dates
from models import (
    OVER,
    Basis,
    CaseEntry,
    CaseKind,
    CaseState,
    Consultation,
    DeliveryState,
    Employment,
    EntryKind,
    Outbox,
    Urgency,
)
from tests.conftest import NOON, FakeClock
from tests.consulting import WORDS, consult, look, person

S = CaseState
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def history(session: AsyncSession, number: str) -> list[tuple[str, str, str, str]]:
    """Moves as from, to, by and channel."""
    case, _ = await look(session, number)
    return [
        (each.from_state or "", each.to_state, each.by, each.channel)
        for each in await case_work.list_entries(session, case)
        if each.to_state
    ]


# --- opening -----------------------------------------------------------------------------------------------


async def test_it_has_a_number_of_its_own_and_four_working_hours(session: AsyncSession) -> None:
    li = await person(session)

    opened = await consult(session, li, now=at("2026-11-23 09:00"))

    assert opened.number == "FL-2026-0001"
    assert opened.first_answer_due_at == at("2026-11-23 15:30")  # three and a half before midday
    case, facts = await look(session, opened.number)
    assert (case.kind, case.topic, case.state) == (CaseKind.CONSULTATION, "wages", S.SUBMITTED)
    assert (case.answer_due_at, facts.consent_at) == (
        opened.first_answer_due_at,
        at("2026-11-23 09:00"),
    )
    assert await history(session, opened.number) == [("", S.SUBMITTED, "", "chat")]


async def test_the_deadline_of_the_law_is_kept_with_where_it_comes_from(session: AsyncSession) -> None:
    li = await person(session)
    dates = Dates(known_on=date(2026, 1, 5), employment=Employment.LEFT, left_on=date(2026, 3, 31))

    _, facts = await look(session, (await consult(session, li, dates=dates)).number)

    assert (facts.deadline_on, facts.deadline_basis) == (date(2027, 3, 31), Basis.AFTER_LEAVING)
    assert (facts.urgency, facts.fast_track) == (Urgency.NORMAL, False)
    _, unlimited = await look(session, (await consult(session, li)).number)
    assert (unlimited.deadline_on, unlimited.deadline_basis) == (None, None)


@pytest.mark.parametrize(
    ("award_on", "urgency", "fast"),
    [
        (NOON.date() - 15 * DAY, Urgency.URGENT, True),  # today is the last day
        (NOON.date() - 9 * DAY, Urgency.URGENT, True),
        (NOON.date() - 8 * DAY, Urgency.NORMAL, False),  # seven days left
        (NOON.date() - 16 * DAY, Urgency.NORMAL, False),  # passed yesterday: kept, never refused
    ],
)
async def test_fewer_than_seven_days_make_it_urgent(
    session: AsyncSession, award_on: date, urgency: Urgency, fast: bool
) -> None:
    dates = Dates(award_on=award_on, employment=Employment.LEFT)

    _, facts = await look(session, (await consult(session, await person(session), dates=dates)).number)

    assert (facts.urgency, facts.fast_track) == (urgency, fast)
    assert facts.deadline_on == award_on + 15 * DAY


async def test_who_says_that_it_is_urgent_is_believed(session: AsyncSession) -> None:
    opened = await consult(session, await person(session), hurry=Hurry.PRESSING)

    _, facts = await look(session, opened.number)

    assert (facts.urgency, facts.fast_track) == (Urgency.URGENT, False)


async def test_what_was_answered_is_sealed_and_read_back(session: AsyncSession) -> None:
    opened = await consult(
        session,
        await person(session),
        opponent=Opponent.OTHER,
        opponent_name="红星煤矿",
        tried=Tried.MEDIATION,
        papers=Papers((Paper.CONTRACT, Paper.TALKS), "欠条"),
        contact="13812345678",
    )

    _, facts = await look(session, opened.number)

    assert read(facts) == [
        ("知道的日期", "2026-08-15"),
        ("在职情况", "还在上班"),
        ("对方", "别的单位或个人（红星煤矿）"),
        ("做过什么", "找过工会或调解组织"),
        ("材料", "劳动合同、聊天记录、录音、欠条"),
    ]
    assert await case_work.open_contact(session, opened.number, "张律师", NOON) == "13812345678"
    raw = (await session.execute(sa.text("SELECT details FROM consultation"))).scalar_one()
    assert "红星".encode() not in bytes(raw)


# --- moves -------------------------------------------------------------------------------------------------


def test_states_and_their_words_are_those_of_the_house() -> None:
    assert [(state.value, state.label) for state in CaseState] == [
        ("submitted", "已提交"),
        ("triaged", "已分诊"),
        ("assigned", "已派单"),
        ("in_progress", "处理中"),
        ("waiting_user", "待用户补充"),
        ("answered", "已答复"),
        ("reopened", "重新办理"),
        ("closed", "已办结"),
        ("referred", "已转介"),
        ("cancelled", "已撤销"),
        ("supplement", "待补正"),
        ("reviewing", "审查中"),
        ("approved", "已通过"),
        ("refused", "未通过"),
        ("granted", "同意援助"),
        ("rejected", "不予援助"),
        ("objection", "异议中"),
        ("upheld", "维持"),
        ("concluded", "已结案"),
        ("terminated", "终止援助"),
        ("deemed_withdrawn", "视为撤回"),
        ("accepted", "已受理"),
        ("not_accepted", "不予受理"),
        ("dispatched", "已转办"),
        ("returned", "退回重派"),
        ("extended", "已延期"),
        ("suspended", "挂起"),
        ("replied", "已答复"),
        ("merged", "并案"),
    ]


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (S.SUBMITTED, {S.TRIAGED}),
        (S.TRIAGED, {S.ASSIGNED}),
        (S.ASSIGNED, {S.IN_PROGRESS, S.TRIAGED}),
        (S.IN_PROGRESS, {S.WAITING_USER, S.ANSWERED}),
        (S.WAITING_USER, {S.IN_PROGRESS, S.ANSWERED, S.CLOSED}),
        (S.REOPENED, {S.ASSIGNED}),
        (S.ANSWERED, {S.REOPENED, S.CLOSED}),
        (S.CLOSED, {S.REOPENED}),
        (S.REFERRED, set()),
        (S.CANCELLED, set()),
    ],
)
def test_every_state_has_its_moves(from_: CaseState, to: set[CaseState]) -> None:
    leaves = set() if from_ in {S.ANSWERED, *OVER} else {S.REFERRED, S.CANCELLED}

    assert MOVES[CaseKind.CONSULTATION][from_] == to | leaves


@pytest.mark.parametrize("to", [S.ANSWERED, S.WAITING_USER])
@pytest.mark.parametrize(
    "from_", [s for s in MOVES[CaseKind.CONSULTATION] if s not in {S.ANSWERED, S.WAITING_USER, *OVER}]
)
def test_who_answers_alone_takes_every_step_on_the_way(from_: CaseState, to: CaseState) -> None:
    states = [from_, *way(CaseKind.CONSULTATION, from_, to)]

    assert all(b in MOVES[CaseKind.CONSULTATION][a] for a, b in pairwise(states))
    assert states[-1] is to


@pytest.mark.parametrize("kind", [CaseKind.DESK, CaseKind.FEEDBACK])
def test_other_kinds_know_none_of_these_states(kind: CaseKind) -> None:
    known = {S.SUBMITTED, S.ANSWERED, S.CLOSED, S.CANCELLED}

    assert set(MOVES[kind]) | {to for targets in MOVES[kind].values() for to in targets} == known
    with pytest.raises(DomainError, match="处理中的事项不能改为已答复"):
        way(kind, S.IN_PROGRESS, S.ANSWERED)


# --- answering ---------------------------------------------------------------------------------------------


async def test_an_answer_leaves_every_step_in_the_history_and_goes_to_the_member(
    session: AsyncSession,
) -> None:
    li = await person(session)
    opened = await consult(session, li)

    answered = await case_work.answer(session, opened.number, "可以申请仲裁。", "张律师", NOON + HOUR)

    assert await history(session, opened.number) == [
        ("", S.SUBMITTED, "", "chat"),
        (S.SUBMITTED, S.TRIAGED, "张律师", "cli"),
        (S.TRIAGED, S.ASSIGNED, "张律师", "cli"),
        (S.ASSIGNED, S.IN_PROGRESS, "张律师", "cli"),
        (S.IN_PROGRESS, S.ANSWERED, "张律师", "cli"),
    ]
    payload: Any = answered.notice.payload
    assert payload["content"] == (
        "您的法律咨询 FL-2026-0001 有答复了：\n可以申请仲裁。\n以承办律师、仲裁机构的意见为准。"
    )
    assert "「我的咨询」" in payload["short"]
    assert (answered.notice.person_id, answered.notice.state) == (li, DeliveryState.QUEUED)
    case, _ = await look(session, opened.number)
    assert case.first_answered_at == case.answered_at == NOON + HOUR
    assert (case.answer_due_at, case.close_due_at) == (None, NOON + HOUR + 7 * DAY)


async def test_an_answer_of_full_length_fits_one_message(session: AsyncSession) -> None:
    opened = await consult(session, await person(session))

    answered = await case_work.answer(session, opened.number, "答" * 600, "张律师", NOON)

    payload: Any = answered.notice.payload
    assert len(payload["content"].encode()) <= 2048


async def test_what_was_not_answered_cannot_be_closed(session: AsyncSession) -> None:
    opened = await consult(session, await person(session))

    with pytest.raises(DomainError, match="请先答复再办结"):
        await case_work.close(session, opened.number, "张律师", NOON)
    await case_work.answer(session, opened.number, "可以。", "张律师", NOON)
    case = await case_work.close(session, opened.number, "张律师", NOON)
    assert (case.state, case.closed_at) == (S.CLOSED, NOON)


# --- asking for more ---------------------------------------------------------------------------------------


async def test_our_clock_stands_still_while_we_wait_and_goes_on_with_what_was_left(
    session: AsyncSession,
) -> None:
    li = await person(session)
    opened = await consult(session, li, now=at("2026-11-23 08:30"))  # due at 15:00

    await consultation_work.ask(session, opened.number, "合同签了吗？", "张律师", at("2026-11-23 11:00"))

    case, _ = await look(session, opened.number)
    assert (case.state, case.answer_due_at, case.seconds_left) == (S.WAITING_USER, None, 90 * 60)
    added = await consultations.add(
        session, li, opened.number, WORDS, channel="chat", now=at("2026-11-25 17:30")
    )
    assert added is Added.GOES_ON
    case, _ = await look(session, opened.number)
    assert (case.state, case.answer_due_at) == (S.IN_PROGRESS, at("2026-11-26 09:30"))
    assert (case.seconds_left, case.reminder_due_at, case.close_due_at) == (None, None, None)
    assert (await history(session, opened.number))[-1] == (S.WAITING_USER, S.IN_PROGRESS, "", "chat")


async def test_asking_again_waits_anew_but_wins_no_time(session: AsyncSession) -> None:
    opened = await consult(session, await person(session), now=at("2026-11-23 08:30"))
    await consultation_work.ask(session, opened.number, "合同签了吗？", "张律师", at("2026-11-23 11:00"))

    second = await consultation_work.ask(
        session, opened.number, "哪年签的？", "张律师", at("2026-11-24 09:00")
    )

    case, _ = await look(session, opened.number)
    assert case.seconds_left == 90 * 60
    assert case.reminder_due_at == at("2026-12-01 09:00")
    states = {row.id: row.state for row in await session.scalars(sa.select(Outbox))}
    assert states.pop(second.notice.id) is DeliveryState.QUEUED
    assert set(states.values()) == {DeliveryState.SKIPPED}  # the first question is not asked any more


async def test_only_consultations_are_asked_about(session: AsyncSession) -> None:
    li = await person(session)
    left = await cases.open_case(session, CaseKind.FEEDBACK, li, None, blocks=WORDS, now=NOON)

    with pytest.raises(DomainError, match="是留言，只有咨询能这样办"):
        await consultation_work.ask(session, left.number, "哪天？", "张律师", NOON)


# --- telling more ------------------------------------------------------------------------------------------


async def test_words_before_the_answer_are_noted(session: AsyncSession) -> None:
    li = await person(session)
    opened = await consult(session, li)

    assert await consultations.add(session, li, opened.number, WORDS, channel="chat", now=NOON) is Added.NOTED
    assert [state for _, state, _, _ in await history(session, opened.number)] == [S.SUBMITTED]


@pytest.mark.parametrize("closed", [False, True])
async def test_within_seven_days_of_the_answer_it_is_opened_again(
    session: AsyncSession, closed: bool
) -> None:
    li = await person(session)
    opened = await consult(session, li)
    await case_work.answer(session, opened.number, "可以。", "张律师", NOON)
    if closed:
        await case_work.close(session, opened.number, "张律师", NOON)
    later = at("2026-11-30 10:00")

    added = await consultations.add(session, li, opened.number, WORDS, channel="chat", now=later)

    case, _ = await look(session, opened.number)
    assert (added, case.state, case.closed_at) == (Added.REOPENED, S.REOPENED, None)
    assert case.answer_due_at == at("2026-11-30 16:30")
    await case_work.answer(session, opened.number, "还可以。", "张律师", later)
    assert [state for _, state, _, _ in await history(session, opened.number)][-4:] == [
        S.REOPENED,
        S.ASSIGNED,
        S.IN_PROGRESS,
        S.ANSWERED,
    ]


async def test_later_than_that_a_new_one_is_asked_for(session: AsyncSession) -> None:
    li = await person(session)
    opened = await consult(session, li)
    await case_work.answer(session, opened.number, "可以。", "张律师", NOON)
    await case_work.close(session, opened.number, "张律师", NOON)

    with pytest.raises(DomainError, match="已办结，不能再补充。有新情况请重新咨询。"):
        await consultations.add(session, li, opened.number, WORDS, channel="chat", now=NOON + 7 * DAY)


async def test_nobody_adds_to_or_withdraws_somebody_elses(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    opened = await consult(session, li)

    with pytest.raises(NotFound):
        await consultations.add(session, wang, opened.number, WORDS, channel="chat", now=NOON)
    with pytest.raises(NotFound):
        await consultations.cancel(session, wang, opened.number, channel="chat", now=NOON)
    assert [own.case.number for own in await cases.list_mine(session, li, 8, CaseKind.CONSULTATION)] == [
        opened.number
    ]
    assert await cases.list_mine(session, wang, 8, CaseKind.CONSULTATION) == []


# --- the ends ----------------------------------------------------------------------------------------------


async def test_withdrawn_once_and_for_all(session: AsyncSession) -> None:
    li = await person(session)
    opened = await consult(session, li)

    case = await consultations.cancel(session, li, opened.number, channel="chat", now=NOON)
    await consultations.cancel(session, li, opened.number, channel="chat", now=NOON + HOUR)

    assert (case.state, case.closed_at) == (S.CANCELLED, NOON)
    case, _ = await look(session, opened.number)
    assert case.answer_due_at is None
    assert await case_work.list_cases(session) == []
    with pytest.raises(DomainError, match="已撤销，不能再答复"):
        await case_work.answer(session, opened.number, "可以。", "张律师", NOON)
    with pytest.raises(DomainError, match="已撤销，不能再改"):
        await consultation_work.ask(session, opened.number, "哪天？", "张律师", NOON)


async def test_what_was_answered_needs_no_withdrawing(session: AsyncSession) -> None:
    li = await person(session)
    opened = await consult(session, li)
    await case_work.answer(session, opened.number, "可以。", "张律师", NOON)

    with pytest.raises(DomainError, match="已答复，不用撤销了"):
        await consultations.cancel(session, li, opened.number, channel="chat", now=NOON)


async def test_handing_on_needs_a_consent_of_its_own(session: AsyncSession) -> None:
    opened = await consult(session, await person(session))

    with pytest.raises(DomainError, match="要征得本人单独同意"):
        await consultation_work.refer(session, opened.number, "县法律援助中心", " ", "张律师", NOON)
    told = await consultation_work.refer(
        session, opened.number, "县法律援助中心", "11月23日电话同意", "张律师", NOON
    )

    case, facts = await look(session, opened.number)
    assert (case.state, facts.referral_consent_at) == (S.REFERRED, NOON)
    assert ("转介到", "县法律援助中心") in read(facts)
    payload: Any = told.notice.payload
    assert "已按您的同意转到县法律援助中心" in payload["content"]
    last = (await case_work.list_entries(session, case))[-1]
    assert cases.text_of(last) == "转到县法律援助中心；本人同意：11月23日电话同意"


async def test_a_matter_against_our_company_never_goes_to_its_legal_department(session: AsyncSession) -> None:
    opened = await consult(session, await person(session), opponent=Opponent.OWN_COMPANY)

    with pytest.raises(DomainError, match="不能交给公司的法务部门"):
        await consultation_work.refer(session, opened.number, "公司法务部", "同意", "张律师", NOON)


async def test_the_nearest_deadline_comes_first_and_who_waits_for_the_member_last(
    session: AsyncSession,
) -> None:
    li = await person(session)
    asked, plain = await consult(session, li), await consult(session, li, now=NOON + DAY)
    urgent = await consult(session, li, now=NOON + 2 * DAY, dates=Dates(award_on=NOON.date() - 10 * DAY))
    left = await cases.open_case(session, CaseKind.FEEDBACK, li, None, blocks=WORDS, now=NOON)
    await consultation_work.ask(session, asked.number, "哪天？", "张律师", NOON)

    listed = [case.number for case in await case_work.list_cases(session)]

    assert listed == [urgent.number, plain.number, left.number, asked.number]
    only = await case_work.list_cases(session, kind=CaseKind.FEEDBACK)
    assert [case.number for case in only] == [left.number]


@pytest.mark.parametrize("end", ["closed", "cancelled", "referred"])
async def test_three_years_after_its_end_nothing_of_what_was_answered_is_left(
    database: Database, clock: FakeClock, end: str
) -> None:
    async with database.transaction() as session:
        li = await person(session)
        number = (await consult(session, li, contact="13812345678", opponent_name="红星煤矿")).number
        if end == "closed":
            await case_work.answer(session, number, "可以。", "张律师", NOON)
            await case_work.close(session, number, "张律师", NOON)
        elif end == "cancelled":
            await consultations.cancel(session, li, number, channel="chat", now=NOON)
        else:
            await consultation_work.refer(session, number, "法律援助中心", "电话同意", "张律师", NOON)

    clock.advance((closed_cases.THREE_YEARS - HOUR).total_seconds())
    await job.run(database, clock)
    async with database.reading() as session:
        assert await session.scalar(sa.select(Consultation.details)) is not None
    clock.advance(2 * 3600)
    await job.run(database, clock)

    async with database.reading() as session:
        facts = (await session.scalars(sa.select(Consultation))).one()
        assert (facts.known_on, facts.employment, facts.details, facts.deadline_on) == (None,) * 4
        assert read(facts) == []
        thread = (await session.scalars(sa.select(CaseEntry.blocks))).all()
        assert all(blocks == [] for blocks in thread)
        assert await cases.list_mine(session, li, 8, CaseKind.CONSULTATION) == []


async def test_an_entry_of_the_member_names_nobody(session: AsyncSession) -> None:
    li = await person(session)
    opened = await consult(session, li)
    await consultations.add(session, li, opened.number, WORDS, channel="chat", now=NOON)

    case, _ = await look(session, opened.number)
    entries = await case_work.list_entries(session, case)
    assert {(entry.kind, entry.by, entry.channel) for entry in entries} == {(EntryKind.MEMBER, "", "chat")}
