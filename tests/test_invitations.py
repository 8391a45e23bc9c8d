"""An organiser gives a seat himself: past the limit knowingly, with its trace, and told to who gets it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import invitations, sign_ups, waiting_lists
from app.services.audiences import Facts
from app.services.invitations import Full
from models import Activity, Allocation, Outbox, Role, SignUp, SignUpMove, SignUpState
from tests import making
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_activities import planned

__all__ = ["admin", "ends"]
S = SignUpState


async def full(session: AsyncSession) -> tuple[Activity, SignUp, SignUp]:
    """One seat, who has it, and who waits."""
    trip = await making.activity(session, capacity=1)
    first, second = [
        await sign_ups.sign_up(session, trip.id, await making.person(session), now=NOON) for _ in range(2)
    ]
    return trip, first, second


async def gives(session: AsyncSession, trip: Activity, entry: SignUp, *, beyond: bool = False) -> SignUp:
    return await invitations.give_seat(
        session, trip.public_id, entry.public_id, by="王强", beyond=beyond, now=NOON
    )


async def invites(
    session: AsyncSession, trip: Activity, name: str = "李娜", number: str = "10001", *, beyond: bool = False
) -> SignUp:
    return await invitations.invite(session, trip.public_id, number, name, by="王强", beyond=beyond, now=NOON)


async def bound(session: AsyncSession, name: str = "李娜", number: str = "10001") -> int:
    person = (await making.person(session)).person_id
    await making.member(session, name, staff_number=number, person_id=person, bound_at=NOON)
    return person


async def told(session: AsyncSession, person_id: int) -> str:
    chosen = sa.select(Outbox.payload).where(Outbox.person_id == person_id).order_by(Outbox.id)
    return "".join(str(each) for each in await session.scalars(chosen))


async def test_past_the_limit_only_knowingly_and_nobody_loses_his_seat(session: AsyncSession) -> None:
    trip, first, waits = await full(session)

    with pytest.raises(Full, match="没有空名额了（共 1 个）"):
        await gives(session, trip, waits)
    await gives(session, trip, waits, beyond=True)
    await gives(session, trip, waits, beyond=True)  # again

    assert (first.state, waits.state) == (S.CONFIRMED, S.CONFIRMED)
    moves = sa.select(SignUpMove).where(SignUpMove.sign_up_id == waits.id).order_by(SignUpMove.id.desc())
    last = (await session.scalars(moves)).first()
    assert last is not None and (last.by, last.reason) == ("王强", invitations.BEYOND)
    assert "已经给您留好名额" in await told(session, waits.person_id)
    assert await waiting_lists.seats_left(session, trip, NOON) == 0


async def test_a_seat_beyond_the_limit_is_not_offered_to_others_when_given_up(session: AsyncSession) -> None:
    trip, _, second = await full(session)
    third = await sign_ups.sign_up(session, trip.id, await making.person(session), now=NOON)
    await gives(session, trip, second, beyond=True)

    who = sign_ups.Applicant(second.person_id, Facts(), "chat")
    await sign_ups.cancel(session, trip.id, who, now=NOON)

    assert third.state is S.WAITLISTED


async def test_a_member_who_did_not_sign_up_is_invited(session: AsyncSession) -> None:
    trip = await making.activity(session, capacity=5, youngest=60)  # the organiser answers for it
    person = await bound(session)

    entry = await invites(session, trip)

    assert (entry.state, entry.person_id, entry.seats) == (S.CONFIRMED, person, 1)
    assert await invites(session, trip) is entry
    assert "请您参加「羽毛球赛」" in await told(session, person)


async def test_of_a_branch_with_quotas_it_is_its_seat(session: AsyncSession) -> None:
    north = await making.branch(session, "黄陵供电公司工会/北区分工会")
    trip = await making.activity(session, capacity=3, allocation=Allocation.QUOTA, quotas=[[north.id, 1]])
    for name, number in (("李娜", "10001"), ("赵敏", "10002")):
        await bound(session, name, number)

    entry = await invites(session, trip)

    assert entry.quota_branch_id == north.id
    with pytest.raises(Full):
        await invites(session, trip, "赵敏", "10002")


async def test_who_cannot_be_invited(session: AsyncSession) -> None:
    trip = await making.activity(session)
    await making.member(session)  # has bound nothing
    await making.member(session, "赵敏", staff_number="10002", left_on=NOON.date())
    for name, number, why in (
        ("李娜", "10001", "没有在公众号里绑定"),
        ("李那", "10001", "对不上"),
        ("赵敏", "10002", "已经不是会员"),
    ):
        with pytest.raises(DomainError, match=why):
            await invites(session, trip, name, number)
    with pytest.raises(NotFound, match="没有工号"):
        await invites(session, trip, "孙燕", "99999")


async def test_neither_before_the_draw_nor_after_the_start(session: AsyncSession) -> None:
    by_lot = await making.activity(session, capacity=1, allocation=Allocation.LOT)
    entered = await sign_ups.sign_up(session, by_lot.id, await making.person(session), now=NOON)
    with pytest.raises(DomainError, match="还没有抽签"):
        await gives(session, by_lot, entered, beyond=True)

    trip, _, waits = await full(session)
    with pytest.raises(DomainError, match="已经开始或取消"):
        await invitations.give_seat(
            session,
            trip.public_id,
            waits.public_id,
            by="王强",
            beyond=True,
            now=trip.starts_at + timedelta(minutes=1),
        )


async def test_in_the_console_it_is_asked_done_and_recorded(ends: Ends, admin: Worker) -> None:
    path = await planned(admin, capacity="0")
    async with ends.house.database.transaction() as session:
        await bound(session)

    refused = await admin.sends(f"{path}/people/invite", staff_number="10001", name="李娜")
    assert refused.status_code == 422 and "没有空名额了" in refused.text and 'value="10001"' in refused.text
    page = await admin.does(f"{path}/people/invite", staff_number="10001", name="李娜", beyond="yes")

    assert "已请李娜参加" in page and "已报名" in page
    (act,) = await acts_of(ends, "activity.invite")
    code = act.subject
    assert invitations.BEYOND in await admin.reads(f"{path}/people/{code}")
    xue = await at_work(ends, "薛敏", Role.EDITOR)
    assert (await xue.sends(f"{path}/people/invite", staff_number="10001", name="李娜")).status_code == 403
