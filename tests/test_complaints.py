"""投诉建议: bringing one, each step and who hears of it, clocks, once extended, whom it is kept from."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI, start_of_day
from app.errors import DomainError, NotFound
from app.jobs import case_clocks as job
from app.services import (
    case_ratings,
    case_reporters,
    case_work,
    cases,
    closed_cases,
    complaint_ending,
    complaint_work,
    complaints,
    own_cases,
)
from app.services.advice import Added
from app.services.case_moves import MOVES, check_move
from app.services.permissions import Standing
from models import (
    OVER,
    CaseKind,
    CaseRating,
    CaseReporter,
    CaseState,
    Complaint,
    DeliveryState,
    Naming,
    Outbox,
    Role,
    Staff,
)
from tests.complaining import MORE, Office, employ, look, office, person
from tests.conftest import NOON

__all__ = ["office"]
S = CaseState


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- bringing one ----------------------------------------------------------------------------------------


async def test_it_has_its_number_and_a_time_by_which_one_hears(office: Office) -> None:
    case, complaint = await office.look()

    assert office.number == "TS-2026-0001" and case.kind is CaseKind.COMPLAINT and case.state is S.SUBMITTED
    assert case.answer_due_at == at("2026-11-26 18:00") == complaint.step_due_at
    assert complaint.law_due_at == at("2026-12-08 18:00")
    assert case.branch_id is None and cases.topic_of(case) == "食堂、宿舍等后勤"


async def test_an_anonymous_one_keeps_days_only(office: Office) -> None:
    async with office.database.transaction() as session:
        number = await office.hears(session, naming=Naming.ANONYMOUS, contact="13812345678")
        await complaints.add(session, office.person, number, MORE, channel="portal", now=office.clock.now())
    await office.does("accept", "dispatch", "take", "extend", "reply", "close", "add")

    async with office.database.reading() as session:
        case, complaint = await look(session, number)
        entries = await case_work.list_entries(session, case)
        kept = await session.scalar(sa.select(CaseReporter).where(CaseReporter.case_id == case.id))
    day = start_of_day(NOON)
    assert case.anonymous and {entry.created_at for entry in entries} == {day} == {case.opened_at}
    assert complaint.reopened_at == day == complaint.extended_at
    assert kept is not None and "contact" not in str(kept.reporter)
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        for refused in (
            case_work.open_contact(session, number, "王强", NOON),
            case_reporters.reveal(session, case, "要核实", "王强", NOON),
        ):
            with pytest.raises(DomainError, match="匿名"):
                await refused


async def test_a_nickname_is_shown_and_nobody_opens_who_it_is(office: Office) -> None:
    async with office.database.transaction() as session:
        number = await office.hears(session, naming=Naming.NICKNAME, nickname="小雨", contact="13812345678")
        case, complaint = await look(session, number)
        assert complaints.signed(complaint) == "昵称「小雨」" and not case.anonymous
        with pytest.raises(DomainError, match="用的是昵称"):
            await case_reporters.reveal(session, case, "要核实", "王强", NOON)
        assert await case_work.open_contact(session, number, "王强", NOON) == "13812345678"


async def test_words_about_people_are_sealed(office: Office) -> None:
    async with office.database.transaction() as session:
        await office.hears(session, naming=Naming.NICKNAME, nickname="小雨", about="王经理那里")
        kept = [sa.type_coerce(column, sa.LargeBinary) for column in (Complaint.nickname, Complaint.about)]
        rows = (await session.execute(sa.select(*kept).order_by(Complaint.id.desc()).limit(1))).one()
    assert "小雨".encode() not in rows[0] and "王经理".encode() not in rows[1]


# --- moves -----------------------------------------------------------------------------------------------

WAYS: dict[CaseState, Sequence[str]] = {
    S.SUBMITTED: (),
    S.ACCEPTED: ("accept",),
    S.NOT_ACCEPTED: ("refuse",),
    S.DISPATCHED: ("accept", "dispatch"),
    S.RETURNED: ("accept", "dispatch", "return"),
    S.IN_PROGRESS: ("accept", "dispatch", "take"),
    S.EXTENDED: ("accept", "dispatch", "take", "extend"),
    S.SUSPENDED: ("accept", "dispatch", "take", "suspend"),
    S.REPLIED: ("accept", "dispatch", "take", "reply"),
    S.CLOSED: ("accept", "dispatch", "take", "reply", "close"),
    S.REOPENED: ("accept", "dispatch", "take", "reply", "add"),
    S.CANCELLED: ("cancel",),
}
STEPS = {
    "accept": S.ACCEPTED,
    "refuse": S.NOT_ACCEPTED,
    "dispatch": S.DISPATCHED,
    "take": S.IN_PROGRESS,
    "return": S.RETURNED,
    "extend": S.EXTENDED,
    "suspend": S.SUSPENDED,
    "reply": S.REPLIED,
    "close": S.CLOSED,
    "cancel": S.CANCELLED,
}
SAME = {  # a second time changes nothing
    ("dispatch", S.DISPATCHED),
    ("dispatch", S.IN_PROGRESS),
    ("take", S.IN_PROGRESS),
    ("take", S.EXTENDED),
    ("take", S.SUSPENDED),
    ("close", S.CLOSED),
    ("cancel", S.CANCELLED),
}
BY_ANOTHER_ACT = {  # the move is for going on, or for taking it back from the unit it is about
    ("extend", S.SUSPENDED),
    *(("return", state) for state in (S.IN_PROGRESS, S.EXTENDED, S.SUSPENDED, S.REOPENED)),
}


@pytest.mark.parametrize("state", WAYS)
async def test_each_step_is_taken_where_it_may_be_and_nowhere_else(office: Office, state: CaseState) -> None:
    await office.does(*WAYS[state])
    assert (await office.look())[0].state is state

    for step, to in STEPS.items():
        async with office.database.transaction() as session:
            case, _ = await look(session, office.number)
            if (step, state) in SAME:
                await office.step(session, step)
                assert case.state is state, step
                continue
            if to not in MOVES[CaseKind.COMPLAINT][state] or (step, state) in BY_ANOTHER_ACT:
                with pytest.raises(DomainError):
                    await office.step(session, step)
                assert case.state is state, step
                continue
            inner = await session.begin_nested()
            await office.step(session, step)
            assert case.state is to, step
            await inner.rollback()
            await session.refresh(case)


def test_every_state_has_its_moves_and_its_words() -> None:
    table = MOVES[CaseKind.COMPLAINT]
    assert {each for to in table.values() for each in to} <= table.keys()
    assert {state for state, to in table.items() if not to} == {S.NOT_ACCEPTED, S.CANCELLED}
    assert table[S.MERGED] == {S.ACCEPTED}
    assert {S.NOT_ACCEPTED, S.MERGED} <= set(OVER)
    assert S.MERGED.said_to_member == "合并办理"
    with pytest.raises(DomainError, match="已提交的事项不能改为已答复"):
        check_move(CaseKind.COMPLAINT, S.SUBMITTED, S.REPLIED)


async def test_its_person_hears_of_every_step(office: Office) -> None:
    await office.does(
        "accept", "dispatch", "return", "dispatch", "take", "extend", "suspend", "resume", "reply"
    )

    said = await office.told()
    assert [words.partition("：")[2].partition("，")[0].partition("。")[0] for words in said[:8]] == [
        "已受理",
        "已转给后勤部办理",
        "这个部门办不了",
        "已转给后勤部办理",
        "后勤部正在办理",
        "延期到 12月21日答复",
        "暂停办理到 11月26日",
        "接着办理",
    ]
    assert said[8] == "您的投诉 TS-2026-0001 有答复了：\n已经换了供货的。"
    async with office.database.reading() as session:
        states = await session.scalars(
            sa.select(Outbox.state).where(Outbox.person_id == office.person).order_by(Outbox.id)
        )
        # What was not read yet gives way to what is true now.
        assert list(states) == [DeliveryState.SKIPPED] * 8 + [DeliveryState.QUEUED]


async def test_who_is_refused_reads_why_and_where_to_go(office: Office) -> None:
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        for why, where in (("", "12345"), ("不归工会管", " "), ("长" * 201, "12345")):
            with pytest.raises(DomainError, match="请写明"):
                await complaint_work.refuse(session, case, why, where, "王强", NOON)
    await office.does("refuse")

    assert await office.told() == ["您的投诉 TS-2026-0001：不予受理。原因：不归工会管\n可以找：12345"]
    async with office.database.reading() as session:
        case, _ = await look(session, office.number)
        last = (await cases.list_thread(session, case))[-1]
        assert own_cases.told(case, last) == ("不予受理", "不归工会管\n可以找：12345")
        assert case.closed_at == NOON and case.answer_due_at is None


# --- clocks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brought", "accepted_by", "finished_by"),
    [
        ("2026-11-23 09:00", "2026-11-26 18:00", "2026-12-10 18:00"),
        ("2026-11-28 10:00", "2026-12-02 18:00", "2026-12-16 18:00"),  # on a weekend
        ("2026-02-13 17:00", "2026-02-25 18:00", "2026-03-10 18:00"),  # Spring Festival, a Saturday worked
        ("2026-09-29 17:00", "2026-10-09 18:00", "2026-10-22 18:00"),  # the national day, a Saturday worked
    ],
)
async def test_only_working_days_count(
    office: Office, brought: str, accepted_by: str, finished_by: str
) -> None:
    office.clock.set(at(brought))
    async with office.database.transaction() as session:
        await office.hears(session)
    assert (await office.look())[0].answer_due_at == at(accepted_by)
    await office.does("accept")
    assert (await office.look())[0].answer_due_at == at(finished_by)


async def test_it_is_extended_once_by_seven_working_days(office: Office) -> None:
    await office.does("accept", "dispatch", "take")
    case, complaint = await office.look()
    assert case.answer_due_at == at("2026-12-10 18:00")
    assert complaint.law_due_at == at("2027-01-22 18:00")
    with pytest.raises(DomainError, match="请写明延期的原因"):
        async with office.database.transaction() as session:
            case = await case_work.get_case(session, office.number, lock=True)
            await complaint_work.extend(session, case, " ", "王强", NOON)

    await office.does("extend")

    case, complaint = await office.look()
    assert (case.state, case.answer_due_at) == (S.EXTENDED, at("2026-12-21 18:00"))
    assert complaint.law_due_at == at("2027-02-21 18:00")
    with pytest.raises(DomainError, match="已经延期过一次"):
        await office.does("extend")
    await office.does("suspend", "resume")
    assert (await office.look())[0].state is S.EXTENDED  # back to where it was
    await office.does("reply", "add", "take")
    with pytest.raises(DomainError, match="已经延期过一次"):
        await office.does("extend")


async def test_while_suspended_our_clock_stands_still_and_goes_on_by_itself(office: Office) -> None:
    await office.does("accept", "dispatch", "take")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        for until, wrong in (
            (None, "今天以后"),
            (date(2026, 11, 23), "今天以后"),
            (date(2027, 1, 22), "法定"),
        ):
            with pytest.raises(DomainError, match=wrong):
                await complaint_work.suspend(session, case, "等检测", until, "陈晨", NOON)
        await complaint_work.suspend(session, case, "等检测", date(2026, 12, 1), "陈晨", NOON)
    assert (await office.look())[0].answer_due_at is None

    await office.passes(timedelta(days=8))  # Tuesday, noon
    assert (await office.look())[0].state is S.SUSPENDED
    await office.passes(timedelta(hours=7))

    case, complaint = await office.look()
    assert case.state is S.IN_PROGRESS and complaint.resume_due_at is None
    assert case.answer_due_at == at("2026-12-21 12:00")  # 13 days and an afternoon


async def test_who_must_act_is_reminded_once_and_then_the_lead(office: Office) -> None:
    async with office.database.transaction() as session:
        clerk = await employ(session, "吴芳", "wu.fang", Role.COMPLAINTS)
        lead = await employ(session, "王强", "wang.qiang", Role.UNION_ADMIN)
    persons = await _persons(office, clerk, lead, office.chen)

    await office.passes(timedelta(days=3, hours=7))  # nobody has said whether it is taken up
    for _ in range(2):
        await job.run(office.database, office.clock)
    case, complaint = await office.look()
    assert case.overdue and complaint.reminded
    assert [len(await office.told(each)) for each in persons] == [1, 1, 0]  # an administrator may do it too
    assert "要告诉本人受理不受理" in (await office.told(persons[0]))[0]
    await office.passes(timedelta(days=2))
    assert [len(await office.told(each)) for each in persons] == [1, 2, 0]
    assert "请督办" in (await office.told(persons[1]))[1]

    await office.does("accept", "dispatch")
    assert not (await office.look())[0].overdue
    await office.passes(timedelta(days=4))  # neither taken nor given back
    assert ["要接办或退回" in words for words in await office.told(persons[2])] == [False, True]
    await office.passes(timedelta(days=30))
    assert "要接办或退回" in (await office.told(persons[1]))[-1]
    sent = [len(await office.told(each)) for each in persons]
    await office.passes(timedelta(days=30))
    assert [len(await office.told(each)) for each in persons] == sent


async def _persons(office: Office, *who: Standing) -> list[int]:
    async with office.database.reading() as session:
        rows = [await session.get_one(Staff, each.staff_id) for each in who]
        return [each.person_id or 0 for each in rows]


async def test_beyond_its_time_a_department_gives_nothing_back(office: Office) -> None:
    await office.does("accept", "dispatch")
    office.clock.set(at("2026-11-30 18:00"))  # the fifth working day
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        with pytest.raises(DomainError, match="请写明退回的原因"):
            await complaint_work.give_back(session, case, "", "陈晨", office.clock.now())
    office.clock.advance(1)
    with pytest.raises(DomainError, match="超过 5 个工作日"):
        await office.does("return")
    await office.does("take")


async def test_a_reply_to_which_nothing_is_said_closes_by_itself(office: Office) -> None:
    await office.does("accept", "dispatch", "take", "reply")
    await office.passes(timedelta(days=6, hours=23))
    assert (await office.look())[0].state is S.REPLIED
    await office.passes(timedelta(hours=1))
    assert (await office.look())[0].state is S.CLOSED


# --- again -----------------------------------------------------------------------------------------------


async def test_a_new_fact_opens_it_again_once_in_thirty_days(office: Office) -> None:
    await office.does("accept", "dispatch", "take", "reply", "close")
    async with office.database.transaction() as session:
        now = office.clock.now()
        added = await complaints.add(session, office.person, office.number, MORE, channel="chat", now=now)
    assert added is Added.REOPENED
    case, complaint = await office.look()
    assert (case.state, case.answer_due_at, case.closed_at) == (S.REOPENED, at("2026-12-10 18:00"), None)
    assert complaint.department_id == office.department.id

    await office.does("take", "reply")
    async with office.database.transaction() as session:  # read by staff, and no third time
        now = office.clock.now()
        added = await complaints.add(session, office.person, office.number, MORE, channel="chat", now=now)
    assert added is Added.KEPT and (await office.look())[0].state is S.REPLIED
    await office.does("close")
    with pytest.raises(DomainError, match="已经重新办理过一次"):
        await office.does("add")
    await office.passes(timedelta(days=29, hours=23))
    with pytest.raises(DomainError, match="已经重新办理过一次"):
        await office.does("add")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        case.closed_at = office.clock.now()
    await office.passes(timedelta(hours=1))
    await office.does("add")
    await office.does("dispatch", "take", "reply", "close")
    await office.passes(timedelta(days=30))
    with pytest.raises(DomainError, match="不能再补充"):
        await office.does("add")


async def test_a_bad_rating_opens_it_again(office: Office) -> None:
    await office.does("accept", "dispatch", "take", "reply", "close")
    now = office.clock.now()
    async with office.database.transaction() as session:
        case, _ = await look(session, office.number)
        row = await session.scalar(sa.select(CaseRating).where(CaseRating.case_id == case.id))
        assert row is not None
        row.invited_at = now

        await case_ratings.rate(session, office.person, office.number, 1, now)
        await case_ratings.say(session, office.person, office.number, "没有换", now)

    assert (await office.look())[0].state is S.REOPENED
    await office.does("take", "reply", "close")
    async with office.database.transaction() as session:
        row = await session.scalar(sa.select(CaseRating))
        assert row is not None
        row.invited_at = now
        await case_ratings.rate(session, office.person, office.number, 5, now)
        await case_ratings.rate(session, office.person, office.number, 2, now)
    assert (await office.look())[0].state is S.CLOSED  # once in thirty days; somebody calls back


async def test_who_withdraws_is_heard_and_staff_come_too_late(office: Office) -> None:
    await office.does("accept", "dispatch", "take", "cancel", "cancel")
    with pytest.raises(DomainError, match="已撤销"):
        await office.does("reply")
    assert (await office.look())[1].remind_due_at is None

    async with office.database.transaction() as session:
        await office.hears(session)
    await office.does("accept", "dispatch", "take", "reply")
    with pytest.raises(DomainError, match="不用撤销"):
        await office.does("cancel")


async def test_somebody_elses_is_as_if_it_did_not_exist(office: Office) -> None:
    async with office.database.transaction() as session:
        other = await person(session)
        for refused in (
            complaints.add(session, other, office.number, MORE, channel="chat", now=NOON),
            complaint_ending.cancel(session, other, office.number, channel="chat", now=NOON),
            complaints.get_mine(session, other, office.number),
        ):
            with pytest.raises(NotFound):
                await refused


async def test_three_years_after_the_end_its_words_go(office: Office) -> None:
    async with office.database.transaction() as session:
        await office.hears(session, naming=Naming.NICKNAME, nickname="小雨", about="王经理那里")
    await office.does("accept", "dispatch", "take", "reply", "close")
    assert closed_cases.KEPT_FOR[CaseKind.COMPLAINT] == closed_cases.THREE_YEARS
    async with office.database.transaction() as session:
        case, _ = await look(session, office.number)
        await closed_cases.empty(session, [case.id])
    _, complaint = await office.look()
    assert (complaint.nickname, complaint.about) == (None, None)
