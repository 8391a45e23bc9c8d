"""Who of staff has a case: taken once, handed on, given back, and lost by who stays silent."""

import asyncio
import secrets
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.errors import DomainError
from app.jobs import case_clocks as job
from app.services import case_owners, case_work, cases, consultation_work, consultations, permissions, staff
from app.services.permissions import Standing
from app.services.staff import Wanted
from models import Case, CaseKind, CaseState, EntryKind, Outbox, Role, Staff, StaffState
from tests.conftest import NOON, FakeClock
from tests.consulting import WORDS, consult, person

S = CaseState
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def employ(session: AsyncSession, name: str, *roles: Role, person_id: int | None = None) -> Staff:
    wanted = [Wanted(role) for role in roles]
    made = (await staff.invite(session, f"s{secrets.token_hex(4)}", name, wanted, by=None, now=NOON)).staff
    made.state, made.person_id = StaffState.ACTIVE, person_id
    await session.flush()
    return made


async def lawyer(session: AsyncSession, name: str, *, person_id: int | None = None) -> Standing:
    made = await employ(session, name, Role.LAWYER, person_id=person_id)
    return await permissions.standing_of(session, made)


async def locked(session: AsyncSession, number: str) -> Case:
    return await case_work.get_case(session, number, lock=True)


async def said(session: AsyncSession, case: Case) -> list[str]:
    """What staff read of what happened among them."""
    entries = await case_work.list_entries(session, case)
    return [cases.text_of(each) for each in entries if each.kind is EntryKind.EVENT and each.blocks]


async def test_taken_by_one_the_other_hears_of_it(session: AsyncSession) -> None:
    number = (await consult(session, await person(session))).number
    zhang, li = await lawyer(session, "张律师"), await lawyer(session, "李律师")
    case = await locked(session, number)
    promised = case.answer_due_at

    await case_owners.take(session, case, zhang, NOON)
    await case_owners.take(session, case, zhang, NOON + HOUR)  # pressed twice

    assert (case.state, case.owner_id, case.owned_at) == (S.ASSIGNED, zhang.staff_id, NOON)
    assert case.answer_due_at == promised
    assert case.return_due_at == at("2026-11-24 09:00")  # from half past two four office hours
    with pytest.raises(DomainError, match="已由张律师接手"):
        await case_owners.take(session, case, li, NOON)
    assert await said(session, case) == ["张律师接手"]


async def test_two_who_take_it_at_once(database: Database) -> None:
    async with database.transaction() as session:
        number = (await consult(session, await person(session))).number
        both = [await lawyer(session, name) for name in ("张律师", "李律师")]

    async def takes(who: Standing) -> str:
        try:
            async with database.transaction() as session:
                await case_owners.take(session, await locked(session, number), who, NOON)
        except DomainError as error:
            return error.message
        return "taken"

    told = await asyncio.gather(*(takes(who) for who in both))

    assert sorted(told)[-1] == "taken" or "taken" in told
    assert sum("接手。要换人办" in each for each in told) == 1
    async with database.reading() as session:
        case = await case_work.get_case(session, number)
        owner = both[told.index("taken")]
        assert case.owner_id == owner.staff_id
        assert await said(session, case) == [f"{owner.name}接手"]


async def test_what_is_handed_on_keeps_its_history_and_its_clock(session: AsyncSession) -> None:
    wechat = await person(session)
    number = (await consult(session, await person(session))).number
    zhang = await lawyer(session, "张律师")
    other = await employ(session, "李律师", Role.LAWYER, person_id=wechat)
    editor = await employ(session, "王编辑", Role.EDITOR)
    case = await locked(session, number)
    promised = case.answer_due_at
    await case_owners.take(session, case, zhang, NOON)

    with pytest.raises(DomainError, match="王编辑不能办这类事项"):
        await case_owners.hand_to(session, case, editor, "", zhang, NOON)
    await case_owners.hand_to(session, case, other, "他熟悉工伤", zhang, NOON + HOUR)
    with pytest.raises(DomainError, match="已经在李律师手上"):
        await case_owners.hand_to(session, case, other, "", zhang, NOON + HOUR)

    assert (case.owner_id, case.answer_due_at, case.state) == (other.id, promised, S.ASSIGNED)
    assert await said(session, case) == ["张律师接手", "张律师转给李律师：他熟悉工伤"]
    notice = (await session.scalars(sa.select(Outbox))).one()
    assert (notice.kind, notice.person_id) == ("staff.handed", wechat)
    assert notice.payload == {
        "type": "text",
        "content": f"有一件法律咨询转给您办：{number}。请到工作台看。",
    }
    mine = await cases.list_thread(session, case)
    assert not any("工伤" in cases.text_of(each) or "接手" in cases.text_of(each) for each in mine)


async def test_given_back_it_lies_before_all_again(session: AsyncSession) -> None:
    number = (await consult(session, await person(session))).number
    zhang = await lawyer(session, "张律师")
    case = await locked(session, number)

    with pytest.raises(DomainError, match="没有人接手"):
        await case_owners.give_back(session, case, zhang, NOON)
    await case_owners.take(session, case, zhang, NOON)
    await case_owners.give_back(session, case, zhang, NOON, why="我是对方的代理人")

    assert (case.state, case.owner_id, case.return_due_at) == (S.TRIAGED, None, None)
    assert (await said(session, case))[-1] == "张律师退回待接：我是对方的代理人"


async def test_nobody_takes_more_than_he_can_answer(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_owners, "MOST", 2)
    li, zhang = await person(session), await lawyer(session, "张律师")
    found = [await locked(session, (await consult(session, li)).number) for _ in range(3)]
    for case in found[:2]:
        await case_owners.take(session, case, zhang, NOON)

    with pytest.raises(DomainError, match="手上已有 2 件"):
        await case_owners.take(session, found[2], zhang, NOON)
    await case_work.answer(session, found[0].number, "可以申请仲裁。", "张律师", NOON)
    await case_owners.take(session, found[2], zhang, NOON)

    assert await case_owners.count_taken(session, zhang.staff_id) == 2


async def test_what_is_answered_over_or_decided_is_not_taken(session: AsyncSession) -> None:
    li, zhang = await person(session), await lawyer(session, "张律师")
    number = (await consult(session, li)).number
    await case_work.answer(session, number, "可以申请仲裁。", "张律师", NOON)
    with pytest.raises(DomainError, match="已答复，不用接手"):
        await case_owners.take(session, await locked(session, number), zhang, NOON)

    cancelled = (await consult(session, li)).number
    await consultations.cancel(session, li, cancelled, channel="chat", now=NOON)
    with pytest.raises(DomainError, match="已撤销，不用接手"):
        await case_owners.take(session, await locked(session, cancelled), zhang, NOON)

    opened = await cases.open_case(session, CaseKind.APPLICATION, li, None, blocks=WORDS, now=NOON)
    with pytest.raises(DomainError, match="是入会申请，不用接手"):
        await case_owners.take(session, await locked(session, opened.number), zhang, NOON)


async def test_who_stays_silent_loses_it_and_the_others_hear_of_it(
    database: Database, clock: FakeClock
) -> None:
    clock.set(at("2026-11-27 16:00"))  # a Friday
    async with database.transaction() as session:
        wechat = await person(session)
        number = (await consult(session, await person(session), now=clock.now())).number
        zhang = await lawyer(session, "张律师")
        await lawyer(session, "李律师", person_id=wechat)
        await employ(session, "王编辑", Role.EDITOR, person_id=await person(session))
        await case_owners.take(session, await locked(session, number), zhang, clock.now())

    clock.set(at("2026-11-30 10:29"))  # Monday, after a weekend that does not count
    await job.run(database, clock)
    async with database.reading() as session:
        assert (await case_work.get_case(session, number)).owner_id == zhang.staff_id
    clock.set(at("2026-11-30 10:30"))
    await job.run(database, clock)
    await job.run(database, clock)

    async with database.reading() as session:
        case = await case_work.get_case(session, number)
        assert (case.state, case.owner_id, case.overdue) == (S.TRIAGED, None, True)
        assert "张律师接手后没有答复，退回待接" in await said(session, case)
        notice = (await session.scalars(sa.select(Outbox))).one()
        assert (notice.kind, notice.person_id) == ("staff.returned", wechat)


async def test_who_answers_or_asks_keeps_it(database: Database, clock: FakeClock) -> None:
    clock.set(at("2026-11-23 09:00"))
    async with database.transaction() as session:
        li = await person(session)
        number = (await consult(session, li, now=clock.now())).number
        zhang = await lawyer(session, "张律师")
        await case_owners.take(session, await locked(session, number), zhang, clock.now())
        await consultation_work.ask(session, number, "合同是哪年签的？", "张律师", clock.now())

    clock.set(at("2026-11-25 09:00"))
    await job.run(database, clock)
    async with database.transaction() as session:
        case = await locked(session, number)
        assert (case.owner_id, case.return_due_at) == (zhang.staff_id, None)
        await consultations.add(session, li, number, WORDS, channel="chat", now=clock.now())
        assert case.return_due_at == at("2026-11-25 15:30")
        await case_work.answer(session, number, "可以申请仲裁。", "张律师", clock.now())
        case = await locked(session, number)
        assert (case.owner_id, case.return_due_at) == (zhang.staff_id, None)
        # Asked again after the answer it is the same person's.
        await consultations.add(session, li, number, WORDS, channel="chat", now=clock.now() + HOUR)
        assert (case.state, case.owner_id) == (S.REOPENED, zhang.staff_id)
        assert case.return_due_at is not None


async def test_whoever_answers_first_has_it(session: AsyncSession) -> None:
    number = (await consult(session, await person(session))).number
    zhang, li = await lawyer(session, "张律师"), await lawyer(session, "李律师")
    case = await locked(session, number)

    await case_owners.answers(session, case, zhang, NOON)
    await case_owners.answers(session, case, li, NOON)

    assert case.owner_id == zhang.staff_id


async def test_cases_of_somebody_out_of_service_go_back(session: AsyncSession) -> None:
    li = await person(session)
    owed, answered = (await consult(session, li)).number, (await consult(session, li)).number
    made = await employ(session, "张律师", Role.LAWYER)
    zhang = await permissions.standing_of(session, made)
    for number in (owed, answered):
        await case_owners.take(session, await locked(session, number), zhang, NOON)
    await case_work.answer(session, answered, "可以申请仲裁。", "张律师", NOON)
    await employ(session, "管理员", Role.UNION_ADMIN)

    await staff.disable(session, made, by=None, now=NOON)

    for number, state in ((owed, S.TRIAGED), (answered, S.ANSWERED)):
        case = await locked(session, number)
        assert (case.owner_id, case.state) == (None, state)


async def test_of_anonymous_words_no_hour_is_kept(session: AsyncSession) -> None:
    li = await person(session)
    opened = await cases.open_case(
        session, CaseKind.FEEDBACK, li, None, blocks=WORDS, anonymous=True, now=NOON
    )
    made = await employ(session, "王工", Role.UNION_ADMIN)
    case = await locked(session, opened.number)

    await case_owners.take(session, case, await permissions.standing_of(session, made), NOON)
    await case_work.answer(session, opened.number, "灯换好了。", "王工", NOON)

    midnight = at("2026-11-23 00:00")
    assert (case.owned_at, case.answered_at, case.first_answered_at) == (midnight, midnight, midnight)
    assert {each.created_at for each in await case_work.list_entries(session, case)} == {midnight}
    assert (case.waiting_since, case.answer_due_at) == (None, None)
