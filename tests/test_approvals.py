"""Sign-ups that staff look at first: let in or turned down, told to their person, and no seat lost."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import activities, approvals, sign_ups
from app.services.sign_ups import Applicant
from models import Activity, Outbox, SignUp, SignUpMove, SignUpState
from tests import making
from tests.conftest import NOON


async def visit(session: AsyncSession, applicants: int, **given: int) -> tuple[Activity, list[Applicant]]:
    """A stay at a sanatorium for which some have signed up."""
    activity = await making.activity(session, "疗休养", approval=True, **given)
    people = [await making.person(session) for _ in range(applicants)]
    for each in people:
        await sign_ups.sign_up(session, activity.id, each, now=NOON)
    return activity, people


async def entry_of(session: AsyncSession, activity: Activity, who: Applicant) -> SignUp:
    found = await sign_ups.find_own(session, activity.id, who.person_id)
    assert found is not None
    return found


async def told(session: AsyncSession, who: Applicant) -> Sequence[str]:
    rows = await session.scalars(
        sa.select(Outbox).where(Outbox.person_id == who.person_id, Outbox.due_at <= NOON).order_by(Outbox.id)
    )
    return [str(row.payload["content"]) for row in rows]  # type: ignore[index]


async def test_all_who_wait_are_let_in_and_told_once(session: AsyncSession) -> None:
    activity, people = await visit(session, 2)

    let_in = await approvals.approve(session, activity.public_id, by="王强", now=NOON)
    again = await approvals.approve(session, activity.public_id, by="王强", now=NOON)

    assert [each.state for each in let_in] == [SignUpState.CONFIRMED] * 2
    assert again == []
    for who in people:
        assert [words[:9] for words in await told(session, who)] == [
            "「疗休养」的报名已",
            "「疗休养」报名成功",
        ]
    trace = await session.scalars(
        sa.select(SignUpMove.by).where(SignUpMove.to_state == SignUpState.CONFIRMED)
    )
    assert set(trace) == {"王强"}


async def test_one_by_its_code_and_the_other_still_waits(session: AsyncSession) -> None:
    activity, (li, wang) = await visit(session, 2)
    first = await entry_of(session, activity, li)

    await approvals.approve(session, activity.public_id, [first.public_id], by="王强", now=NOON)
    assert await approvals.approve(session, activity.public_id, [first.public_id], by="王强", now=NOON) == []

    assert first.state is SignUpState.CONFIRMED
    assert (await entry_of(session, activity, wang)).state is SignUpState.PENDING_APPROVAL


async def test_a_seat_that_is_refused_goes_to_the_next_who_waits(session: AsyncSession) -> None:
    activity, (li, wang) = await visit(session, 2, capacity=1)
    refused = await entry_of(session, activity, li)

    for _ in range(2):  # twice is no error
        await approvals.reject(
            session, activity.public_id, refused.public_id, by="王强", reason="去年去过", now=NOON
        )

    assert refused.state is SignUpState.REJECTED
    assert (await told(session, li))[1:] == [
        "「疗休养」的报名没有通过。原因：去年去过\n有疑问请回复「人工」。"
    ]
    assert (await entry_of(session, activity, wang)).state is SignUpState.OFFERED


async def test_what_cannot_be_decided_says_why(session: AsyncSession) -> None:
    activity, (li,) = await visit(session, 1)
    entry = await entry_of(session, activity, li)

    with pytest.raises(NotFound, match="没有代号为 nothing 的报名"):
        await approvals.approve(session, activity.public_id, ["nothing"], by="王强", now=NOON)
    with pytest.raises(DomainError, match="请写明原因"):
        await approvals.reject(session, activity.public_id, entry.public_id, by="王强", reason=" ", now=NOON)
    await sign_ups.cancel(session, activity.id, li, now=NOON)
    with pytest.raises(DomainError, match="已取消的报名不能改为已报名"):
        await approvals.approve(session, activity.public_id, [entry.public_id], by="王强", now=NOON)
    await activities.call_off(session, activity.public_id, by="王强", now=NOON)
    with pytest.raises(DomainError, match="已经开始或取消"):
        await approvals.approve(session, activity.public_id, by="王强", now=NOON)
