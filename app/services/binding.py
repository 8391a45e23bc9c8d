"""Binding (绑定): a person shows who he is in the roster, and is from then on a member in chat and on pages.

Staff number, name and one more fact must fit; nobody is told which of them did not. One person and one member
belong to each other, and to nobody else. What a person did before stays his: nothing hangs on the member.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import consents, guesses, members, merging, person_names, tags
from app.services.guesses import NotFitting
from app.services.purposes import MEMBERSHIP
from models import ConsentEnd, Member, MemberEvent

PURPOSE = "member"
_STAFF = "请回复「人工」，由工作人员核对。"


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody says of himself: the last four digits of his phone, or the day he was born."""

    staff_number: str
    name: str
    phone_end: str = ""
    born_on: date | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    member: Member


@dataclass(frozen=True, slots=True)
class Taken:
    """All fits, but another person has bound the number; it may be asked for (`member_changes`)."""

    member: Member


async def check_may_bind(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Raises: DomainError: too many failed tries."""
    await guesses.check_person(session, PURPOSE, person_id, now)


async def bind(
    session: AsyncSession, person_id: int, proof: Proof, *, channel: str, now: datetime
) -> Bound | NotFitting | Taken:
    """Make this person the member he says he is. Twice is no error.

    Who calls has asked for consent (`purposes.MEMBERSHIP`); it is kept here, also where nothing fits.

    Raises:
        DomainError: he is bound to another number; the member has left; too many failed tries.
    """
    await guesses.lock_person(session, person_id)
    number = members.written(proof.staff_number)
    own = await members.find_of_person(session, person_id)
    if own is not None and own.staff_number != number:
        raise DomainError(f"您已经绑定了工号 {own.staff_number}。要换一个，请先回复「解除绑定」。")
    await guesses.check(session, PURPOSE, person_id, number, now)
    await consents.give(session, person_id, MEMBERSHIP, channel=channel, now=now)
    member = await members.find(session, number, lock=True)
    if member is None or not _fits(member, proof):
        return await guesses.fail(session, PURPOSE, person_id, number, now)
    if member.has_left(civil_date(now)):
        raise DomainError(f"花名册里您已经离开，不能绑定。有疑问{_STAFF}")
    if member.person_id == person_id:
        return Bound(member)
    if member.person_id is not None:
        return Taken(member)
    await tie(session, member, person_id, by="member", channel=channel, now=now)
    return Bound(member)


async def recognise(
    session: AsyncSession, person_id: int, proofs: Sequence[Proof], now: datetime
) -> Member | None:
    """The member somebody shows to be by one of `proofs`, all of one number; nothing is bound.

    Each look counts as a try where it does not fit. Who has no tries left is not looked up, and nobody can
    tell that from a number the roster does not have.
    """
    await guesses.lock_person(session, person_id)
    number = members.written(proofs[0].staff_number)
    try:
        await guesses.check(session, PURPOSE, person_id, number, now)
    except DomainError:
        return None
    member = await members.find(session, number)
    if member is None or not any(_fits(member, proof) for proof in proofs):
        await guesses.fail(session, PURPOSE, person_id, number, now)
        return None
    return member


async def tie(
    session: AsyncSession, member: Member, person_id: int, *, by: str, channel: str, now: datetime
) -> None:
    """From here on this person is this member. Who calls has locked both and knows that neither is bound."""
    member.person_id, member.bound_at, member.updated_at = person_id, now, now
    members.note(session, member, MemberEvent.BOUND, by=by, channel=channel, now=now)
    await session.flush()
    await tags.look_again(session, person_id, now)


async def unbind(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> Member | None:
    """A person's own wish; None where he was not bound."""
    await guesses.lock_person(session, person_id)
    own = await members.find_of_person(session, person_id)
    if own is not None:
        await loosen(session, own, by="member", channel=channel, now=now)
    return own


async def unbind_by_staff(
    session: AsyncSession, staff_number: str, *, by: str, channel: str, now: datetime
) -> bool:
    """For who lost his WeChat account; false where nobody was bound.

    Raises: NotFound: no such member.
    """
    member = await members.get(session, staff_number, lock=True)
    if member.person_id is None:
        return False
    await loosen(session, member, by=by, channel=channel, now=now)
    return True


async def loosen(session: AsyncSession, member: Member, *, by: str, channel: str, now: datetime) -> None:
    """Nobody is this member any more; what kept two persons apart may be gone with that."""
    person_id = member.person_id
    member.person_id, member.bound_at, member.updated_at = None, None, now
    members.note(session, member, MemberEvent.UNBOUND, by=by, channel=channel, now=now)
    await session.flush()
    if person_id is not None:
        await consents.end(session, person_id, MEMBERSHIP, ConsentEnd.WITHDRAWN, now)
        await tags.look_again(session, person_id, now)
        await merging.try_again(session, person_id, now)


def _fits(member: Member, proof: Proof) -> bool:
    if not person_names.is_same(member.name, proof.name):
        return False
    if proof.phone_end:
        return member.phone is not None and member.phone[-4:] == proof.phone_end
    return proof.born_on is not None and member.born_on == proof.born_on.isoformat()


def _name(name: str) -> str:
    """Names of minorities are written with several kinds of dots."""
    plain = "".join(unicodedata.normalize("NFKC", name).split())
    return plain.replace("•", "·").replace("・", "·").replace(".", "·")
