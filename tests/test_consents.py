"""Consent: one for each purpose and version, kept without a name, taken back with all that relied on it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.database import Database
from app.errors import NotFound
from app.services import consents, consultations, members, merging, purposes, withdrawing
from app.services.binding import Bound, Proof, bind
from app.services.purposes import ASKED, LEGAL_AID, MEMBERSHIP, PURPOSES
from models import CaseState, Consent, ConsentEnd
from tests import consulting, making
from tests.conftest import NOON

RIGHT = Proof("10001", "李娜", phone_end="5678")


async def rows(session: AsyncSession) -> list[Consent]:
    return list(await session.scalars(sa.select(Consent).order_by(Consent.id)))


async def test_agreeing_twice_is_one_consent(session: AsyncSession) -> None:
    li = (await making.person(session)).person_id
    assert not await consents.stands(session, li, MEMBERSHIP)

    for _ in range(2):
        await consents.give(session, li, MEMBERSHIP, channel="chat", now=NOON)

    assert await consents.stands(session, li, MEMBERSHIP)
    assert not await consents.stands(session, li, LEGAL_AID)
    (kept,) = await rows(session)
    assert (kept.purpose, kept.version, kept.given_by) == ("membership", MEMBERSHIP.version, "chat")


async def test_a_new_version_is_asked_for_anew(session: AsyncSession) -> None:
    li = (await making.person(session)).person_id
    older = replace(MEMBERSHIP, version="2020-01")
    await consents.give(session, li, older, channel="chat", now=NOON)

    assert not await consents.stands(session, li, MEMBERSHIP)
    assert [each.purpose.key for each in await consents.list_own(session, li) if each.is_outdated] == [
        "membership"
    ]

    await consents.give(session, li, MEMBERSHIP, channel="portal", now=NOON + timedelta(days=1))
    assert await consents.stands(session, li, MEMBERSHIP)
    assert [each.ended_how for each in await rows(session)] == [ConsentEnd.REPLACED, None]


async def test_only_an_older_consent_is_renewed(session: AsyncSession) -> None:
    li = (await making.person(session)).person_id
    with pytest.raises(consents.NothingToRenew, match="要用到的时候会再问您"):
        await consents.renew(session, li, MEMBERSHIP, channel="api", now=NOON)
    older = replace(MEMBERSHIP, version="2020-01")
    await consents.give(session, li, older, channel="chat", now=NOON)
    assert (await consents.list_own(session, li))[0].may_withdraw

    for _ in range(2):
        await consents.renew(session, li, MEMBERSHIP, channel="portal", now=NOON)

    assert [(each.version, each.given_by) for each in await rows(session)] == [
        ("2020-01", "chat"),
        (MEMBERSHIP.version, "portal"),
    ]
    await withdrawing.withdraw(session, li, MEMBERSHIP, channel="portal", now=NOON)
    with pytest.raises(consents.NothingToRenew):
        await consents.renew(session, li, MEMBERSHIP, channel="portal", now=NOON)
    assert not await consents.stands(session, li, MEMBERSHIP)


async def test_an_older_consent_is_taken_back_with_what_relied_on_it(session: AsyncSession) -> None:
    await making.member(session)
    li = (await making.person(session)).person_id
    await bind(session, li, RIGHT, channel="chat", now=NOON)
    (given,) = await rows(session)
    given.version = "2020-01"
    await session.flush()

    assert await withdrawing.withdraw(session, li, MEMBERSHIP, channel="portal", now=NOON)

    assert await members.find_of_person(session, li) is None
    assert not (await consents.list_own(session, li))[0].may_withdraw


async def test_two_that_agree_at_once_leave_one(database: Database) -> None:
    async with database.transaction() as session:
        li = (await making.person(session)).person_id

    async def agrees(channel: str) -> None:
        async with database.transaction() as session:
            await consents.give(session, li, MEMBERSHIP, channel=channel, now=NOON)

    await asyncio.gather(agrees("chat"), agrees("portal"))

    async with database.reading() as session:
        assert len(await rows(session)) == 1


async def test_the_rows_of_one_person_cannot_be_put_together(session: AsyncSession) -> None:
    """Nor does that of a consultation tell the minute, which would lead to its author."""
    li = (await making.person(session)).person_id
    await consents.give(session, li, MEMBERSHIP, channel="chat", now=NOON)
    await consents.give(session, li, LEGAL_AID, channel="chat", now=NOON)

    member, lawyer = await rows(session)
    assert member.person_digest != lawyer.person_digest
    assert lawyer.given_at == start_of_day(NOON) != NOON == member.given_at
    assert {each.purpose.key for each in await consents.list_own(session, li) if each.stands} == {
        "membership",
        "legal_aid",
    }


async def test_binding_keeps_the_consent_and_unbinding_ends_it(session: AsyncSession) -> None:
    await making.member(session)
    li = (await making.person(session)).person_id
    assert isinstance(await bind(session, li, RIGHT, channel="chat", now=NOON), Bound)
    assert await consents.stands(session, li, MEMBERSHIP)

    assert await withdrawing.withdraw(session, li, MEMBERSHIP, channel="portal", now=NOON)

    assert await members.find_of_person(session, li) is None
    assert not await consents.stands(session, li, MEMBERSHIP)
    assert not await withdrawing.withdraw(session, li, MEMBERSHIP, channel="portal", now=NOON)


async def test_taking_it_back_from_the_lawyer_withdraws_what_is_not_answered(session: AsyncSession) -> None:
    li = await consulting.person(session)
    first = await consulting.consult(session, li)
    second = await consulting.consult(session, li)
    other = await consulting.consult(session, await consulting.person(session))

    await withdrawing.withdraw(session, li, LEGAL_AID, channel="chat", now=NOON)

    for opened, state in ((first, CaseState.CANCELLED), (second, CaseState.CANCELLED)):
        case, _ = await consulting.look(session, opened.number)
        assert case.state is state
        assert case.answer_due_at is case.reminder_due_at is None  # no timer goes on
    assert (await consulting.look(session, other.number))[0].state is CaseState.SUBMITTED
    assert await consultations.cancel_unanswered(session, li, channel="chat", now=NOON) == 0


async def test_two_persons_that_become_one_keep_one_consent(session: AsyncSession) -> None:
    li, again = (await making.person(session)).person_id, (await making.person(session)).person_id
    for person_id in (li, again):
        await consents.give(session, person_id, MEMBERSHIP, channel="chat", now=NOON)
    await consents.give(session, again, LEGAL_AID, channel="chat", now=NOON)

    await merging.merge(session, li, again, NOON)

    assert await consents.stands(session, li, MEMBERSHIP)
    assert await consents.stands(session, li, LEGAL_AID)
    assert not await consents.stands(session, again, MEMBERSHIP)
    assert sum(each.ended_at is None for each in await rows(session)) == 2


# --- the registry ------------------------------------------------------------------------------------------


def test_whatever_asks_for_consent_says_what_taking_it_back_does_and_does_it() -> None:
    assert set(withdrawing.STOPS) == {each.key for each in ASKED}
    assert all(each.withdrawing and each.refusing for each in ASKED)


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda each: each.key)
def test_a_notice_says_everything_the_law_wants(purpose: purposes.Purpose) -> None:
    assert all((purpose.title, purpose.version, purpose.why, purpose.kinds, purpose.seen_by, purpose.kept))
    assert len(purpose.key) <= 24 and len(purpose.version) <= 16


@pytest.mark.parametrize("purpose", ASKED, ids=lambda each: each.key)
def test_what_is_read_before_agreeing_is_short_enough_for_a_message(purpose: purposes.Purpose) -> None:
    assert len(purpose.question.splitlines()) <= 3
    assert "敏感" in purpose.question or not purpose.is_sensitive


def test_a_purpose_that_is_not_asked_for_cannot_be_withdrawn() -> None:
    with pytest.raises(NotFound):
        purposes.get("chat")
