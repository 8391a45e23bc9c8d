"""资料变更: another phone number, a binding that moves; who may ask, who may object, what staff decide."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import retention
from app.services import (
    binding,
    binding_claims,
    case_notices,
    case_work,
    cases,
    member_change_work,
    member_changes,
    members,
    merging,
)
from app.services.application_facts import Incomplete
from app.services.binding import Bound, Proof
from app.services.binding_claims import OBJECTION_FOR
from app.services.guesses import NotFitting
from app.services.member_changes import Asked
from models import CaseState, Member, MemberChange, MemberEvent, MemberMove, Outbox
from tests import making
from tests.conftest import NOON, FakeClock

LI = Proof("10001", "李娜", phone_end="5678")
DAY = timedelta(days=1)
AFTER = NOON + OBJECTION_FOR
NEW = "13900001111"


async def bound(session: AsyncSession) -> int:
    """李娜, who has bound her number."""
    who = (await making.person(session)).person_id
    await making.member(session, person_id=who, bound_at=NOON)
    return who


async def ask_phone(session: AsyncSession, who: int, phone: str = NEW) -> Asked:
    return await member_changes.ask_phone(session, who, None, phone, channel="chat", now=NOON)


async def ask_move(session: AsyncSession, who: int, proof: Proof = LI) -> Asked | Bound | NotFitting:
    return await member_changes.ask_move(session, who, None, proof, channel="chat", now=NOON)


async def claimed(session: AsyncSession) -> tuple[int, int, str]:
    """李娜's number is bound by one and claimed by another; returns both and the request's number."""
    holder, claimant = await bound(session), (await making.person(session)).person_id
    asked = await ask_move(session, claimant)
    assert isinstance(asked, Asked)
    return holder, claimant, asked.number


async def approve(session: AsyncSession, number: str, now: datetime = AFTER, **given: Any) -> Any:
    return await member_change_work.approve(session, number, "王强", now, **given)


async def told(session: AsyncSession, *kinds: str) -> list[str]:
    rows: Any = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
    return [row.payload["content"] for row in rows if row.kind in kinds]


async def member_of(session: AsyncSession) -> Member:
    return (await session.scalars(sa.select(Member))).one()


# --- another phone number ----------------------------------------------------------------------------------


async def test_a_new_phone_number_waits_for_staff(session: AsyncSession) -> None:
    who = await bound(session)

    asked = await ask_phone(session, who, "139 0000 1111")

    assert asked == Asked("BG-2026-0001", datetime(2026, 11, 26, 18, 0, tzinfo=SHANGHAI))
    member = await member_of(session)
    assert member.phone == "13812345678"
    done = await approve(session, asked.number, NOON)
    assert (member.phone, done.case.state, done.case.closed_at) == (NEW, CaseState.APPROVED, NOON)
    (move,) = await session.scalars(sa.select(MemberMove))
    assert (move.what, move.by, move.changes) == (
        *(MemberEvent.CHANGED, "王强", {"phone": ["13812345678", NEW]}),
    )
    assert "花名册里已经改好" in (await told(session, case_notices.ANSWERED))[0]


async def test_what_is_asked_for_is_sealed(session: AsyncSession) -> None:
    await ask_phone(session, await bound(session))

    (stored,) = (await session.scalars(sa.text("SELECT facts FROM member_change"))).all()
    assert NEW.encode() not in bytes(stored)


async def test_while_one_is_open_the_newest_number_counts(session: AsyncSession) -> None:
    who = await bound(session)
    first = await ask_phone(session, who, "13700000000")

    second = await ask_phone(session, who)
    third = await ask_phone(session, who)

    assert second.again and third.again and first.number == second.number == third.number
    await approve(session, first.number, NOON)
    assert (await member_of(session)).phone == NEW


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("", "请填新的手机号"),
        ("无", "请填新的手机号"),
        ("1390000", "手机号「1390000」不对"),
        ("0911-1234567", "应是 11 位手机号"),
        ("138 1234 5678", "花名册里就是这个手机号"),
        ("'; DROP TABLE member", "手机号"),
    ],
)
async def test_a_number_that_is_none_is_refused(session: AsyncSession, phone: str, said: str) -> None:
    who = await bound(session)

    with pytest.raises(Incomplete, match=said):
        await ask_phone(session, who, phone)


async def test_only_members_ask(session: AsyncSession) -> None:
    stranger = (await making.person(session)).person_id
    with pytest.raises(DomainError, match="您还没有绑定工号"):
        await ask_phone(session, stranger)

    who = await bound(session)
    (await member_of(session)).left_on = civil_date(NOON)
    await session.flush()
    with pytest.raises(DomainError, match="您已经离开"):
        await ask_phone(session, who)


async def test_two_requests_of_one_at_once_are_one(database: Database) -> None:
    async with database.transaction() as session:
        who = await bound(session)

    async def one() -> str:
        async with database.transaction() as session:
            return (await ask_phone(session, who)).number

    assert len(set(await asyncio.gather(one(), one()))) == 1


# --- a binding that moves ----------------------------------------------------------------------------------


async def test_a_binding_moves_after_three_days_without_a_word(session: AsyncSession) -> None:
    holder, claimant, number = await claimed(session)

    assert (await told(session, case_notices.CLAIMED)) == [
        "有人报出了您的工号、姓名和登记的资料，申请把会员绑定换到另一个微信号。\n"
        "不是您本人，请在 11月26日（周四）12:00 前回复「不是我」，绑定就不会换。\n是您自己换了微信，不用管。"
    ]
    with pytest.raises(DomainError, match="要等到 今天 12:00 才能通过"):
        await approve(session, number, AFTER - timedelta(seconds=1))
    await approve(session, number)

    assert (await member_of(session)).person_id == claimant
    assert await members.find_of_person(session, holder) is None
    events = list(await session.scalars(sa.select(MemberMove.what).order_by(MemberMove.id)))
    assert events == [MemberEvent.UNBOUND, MemberEvent.BOUND]
    assert "已换到另一个微信号" in (await told(session, case_notices.CLAIMED))[1]


async def test_who_does_not_fit_asks_for_nothing_and_his_try_counts(session: AsyncSession) -> None:
    await bound(session)
    stranger = (await making.person(session)).person_id

    found = await ask_move(session, stranger, Proof("10001", "李娜", phone_end="0000"))

    assert found == NotFitting(4)
    assert await member_changes.list_own(session, stranger) == []


async def test_what_nobody_has_is_bound_at_once(session: AsyncSession) -> None:
    await making.member(session)
    who = (await making.person(session)).person_id

    assert isinstance(await ask_move(session, who), Bound)


async def test_asking_twice_is_one_request_and_tells_once(session: AsyncSession) -> None:
    _, claimant, number = await claimed(session)

    again = await ask_move(session, claimant)

    assert isinstance(again, Asked) and again.again and again.number == number
    assert len(await told(session, case_notices.CLAIMED)) == 1


async def test_an_objection_stops_it_until_staff_have_looked(session: AsyncSession) -> None:
    holder, claimant, number = await claimed(session)

    assert await binding_claims.object_to(session, holder, channel="chat", now=NOON) == 1
    assert await binding_claims.object_to(session, holder, channel="chat", now=NOON + DAY) == 1

    (change,) = await session.scalars(sa.select(MemberChange))
    assert change.objected_at == NOON
    assert len(await told(session, case_notices.ASKED)) == 1
    with pytest.raises(DomainError, match="提出了异议"):
        await approve(session, number)
    await approve(session, number, despite="当面核对了身份证")
    assert (await member_of(session)).person_id == claimant
    case = await case_work.get_case(session, number)
    notes = [cases.text_of(each) for each in await case_work.list_entries(session, case)]
    assert "有异议仍通过：当面核对了身份证" in notes


async def test_only_who_has_the_binding_objects(session: AsyncSession) -> None:
    _, claimant, _ = await claimed(session)
    stranger = (await making.person(session)).person_id

    for who in (claimant, stranger):
        assert await binding_claims.object_to(session, who, channel="chat", now=NOON) == 0


async def test_a_binding_that_changed_since_is_not_taken_from_somebody_untold(session: AsyncSession) -> None:
    holder, _, number = await claimed(session)
    await binding.unbind(session, holder, channel="chat", now=NOON)
    third = (await making.person(session)).person_id
    assert isinstance(await binding.bind(session, third, LI, channel="chat", now=NOON), Bound)

    with pytest.raises(DomainError, match="后来又绑定了别的微信号"):
        await approve(session, number)
    assert (await member_of(session)).person_id == third


async def test_who_was_let_go_meanwhile_need_not_be_told(session: AsyncSession) -> None:
    holder, claimant, number = await claimed(session)
    await binding.unbind(session, holder, channel="chat", now=NOON)

    await approve(session, number)

    assert (await member_of(session)).person_id == claimant
    assert len(await told(session, case_notices.CLAIMED)) == 1


async def test_a_claimant_who_has_another_number_by_now_is_refused(session: AsyncSession) -> None:
    _, claimant, number = await claimed(session)
    await making.member(session, "王强", staff_number="10002", person_id=claimant)

    with pytest.raises(DomainError, match="申请人已经绑定了工号 10002"):
        await approve(session, number)


async def test_two_accounts_that_turn_out_to_be_one_person_are_settled(session: AsyncSession) -> None:
    holder, claimant, number = await claimed(session)
    await merging.merge(session, holder, claimant, NOON)

    await approve(session, number)

    assert (await member_of(session)).person_id == holder
    assert (await case_work.get_case(session, number)).state is CaseState.APPROVED


# --- deciding ----------------------------------------------------------------------------------------------


async def test_deciding_twice_is_deciding_once(session: AsyncSession) -> None:
    who = await bound(session)
    number = (await ask_phone(session, who)).number

    await approve(session, number, NOON)
    assert (await approve(session, number, NOON)).notice is None

    assert len(await told(session, case_notices.ANSWERED)) == 1
    with pytest.raises(DomainError, match="已通过，不能再改"):
        await member_change_work.refuse(session, number, "不符", "王强", NOON)


async def test_a_refusal_says_why(session: AsyncSession) -> None:
    who = await bound(session)
    number = (await ask_phone(session, who)).number

    with pytest.raises(DomainError, match="未通过的原因是空的"):
        await member_change_work.refuse(session, number, "", "王强", NOON)
    await member_change_work.refuse(session, number, "没有联系上本人。", "王强", NOON)
    assert (await member_change_work.refuse(session, number, "没有联系上本人。", "王强", NOON)).notice is None

    assert (await told(session, case_notices.ANSWERED)) == [
        f"您换手机号的申请 {number} 没有通过。原因：\n没有联系上本人。\n有疑问请回复「人工」。"
    ]
    assert (await member_of(session)).phone == "13812345678"


async def test_two_who_approve_a_move_at_once_move_it_once(database: Database) -> None:
    async with database.transaction() as session:
        _, claimant, number = await claimed(session)

    async def one() -> bool:
        async with database.transaction() as session:
            return (await approve(session, number)).notice is not None

    assert sorted(await asyncio.gather(one(), one())) == [False, True]
    async with database.reading() as session:
        assert (await member_of(session)).person_id == claimant


async def test_a_crash_before_the_telling_moves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        holder, claimant, number = await claimed(session)

    async def breaks(*given: Any, **more: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(case_notices, "tell", breaks)
        with pytest.raises(ConnectionError):
            async with database.transaction() as session:
                await approve(session, number)
    async with database.transaction() as session:
        assert (await member_of(session)).person_id == holder
        await approve(session, number)
        assert (await member_of(session)).person_id == claimant


async def test_who_asked_takes_it_back_and_nobody_else(session: AsyncSession) -> None:
    who = await bound(session)
    number = (await ask_phone(session, who)).number
    stranger = (await making.person(session)).person_id

    with pytest.raises(NotFound):
        await member_changes.cancel(session, stranger, number, channel="chat", now=NOON)
    await member_changes.cancel(session, who, f" {number.lower()} ", channel="chat", now=NOON)
    await member_changes.cancel(session, who, number, channel="chat", now=NOON)

    with pytest.raises(DomainError, match="已撤销，不能再改"):
        await approve(session, number, NOON)
    with pytest.raises(DomainError, match="gonghui members changes"):
        await case_work.answer(session, number, "好", "王强", NOON)


async def test_what_was_asked_for_is_forgotten_half_a_year_later(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        who = await bound(session)
        number = (await ask_phone(session, who)).number
        await approve(session, number, NOON)
    for seconds, forgotten in ((180 * 86400 - 1, False), (1, True)):
        clock.advance(seconds)
        await retention.apply(database, member_changes.forget_facts, clock.now())
        async with database.reading() as session:
            (change,) = await session.scalars(sa.select(MemberChange))
            assert (change.facts is None) is forgotten
