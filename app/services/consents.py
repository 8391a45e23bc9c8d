"""Consent: given for one purpose and one version of its notice, kept as proof, taken back as easily.

Not here: what taking it back does (`withdrawing`), the words that are agreed to (`purposes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError
from app.services.coordination import upsert
from app.services.purposes import ASKED, Purpose
from models import Consent, ConsentEnd
from models.sealing import keyring


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to one purpose. `given` is the newest consent, also one that ended."""

    purpose: Purpose
    given: Consent | None

    @property
    def stands(self) -> bool:
        return self.given is not None and _is_good(self.given, self.purpose)

    @property
    def is_outdated(self) -> bool:
        """Given to an older version, which no longer counts."""
        return self.given is not None and self.given.ended_at is None and not self.stands

    @property
    def may_withdraw(self) -> bool:
        return self.stands or self.is_outdated


class NothingToRenew(DomainError):
    def __init__(self, purpose: Purpose) -> None:
        super().__init__(f"您现在没有同意着「{purpose.title}」，要用到的时候会再问您。")


async def stands(session: AsyncSession, person_id: int, purpose: Purpose) -> bool:
    """Whether the person agreed to the present version and did not take it back."""
    found = await _find(session, person_id, purpose)
    return found is not None and _is_good(found, purpose)


async def give(
    session: AsyncSession, person_id: int, purpose: Purpose, *, channel: str, now: datetime
) -> None:
    """Keep that the person agreed to the present version. Twice is one consent."""
    standing = await _find(session, person_id, purpose, lock=True)
    if standing is not None:
        if _is_good(standing, purpose):
            return
        standing.ended_at, standing.ended_how = moment_kept(purpose, now), ConsentEnd.REPLACED
        await session.flush()
    # Two that agree at once (chat and portal): the index lets one in.
    given = upsert(session, Consent).values(
        person_digest=digest(person_id, purpose),
        purpose=purpose.key,
        version=purpose.version,
        given_at=moment_kept(purpose, now),
        given_by=channel,
    )
    where = Consent.ended_at.is_(None)
    await session.execute(given.on_conflict_do_nothing(index_elements=["person_digest"], index_where=where))


async def renew(
    session: AsyncSession, person_id: int, purpose: Purpose, *, channel: str, now: datetime
) -> None:
    """Agree to the present version, which was just read, in the place of an older one. Twice is one consent.

    Raises: NothingToRenew: never agreed to, or taken back meanwhile; that is asked where it is needed.
    """
    if await _find(session, person_id, purpose) is None:
        raise NothingToRenew(purpose)
    await give(session, person_id, purpose, channel=channel, now=now)


async def end(
    session: AsyncSession, person_id: int, purpose: Purpose, how: ConsentEnd, now: datetime
) -> bool:
    """False where none stood."""
    standing = await _find(session, person_id, purpose, lock=True)
    if standing is None:
        return False
    standing.ended_at, standing.ended_how = moment_kept(purpose, now), how
    await session.flush()
    return True


async def list_own(session: AsyncSession, person_id: int) -> Sequence[Standing]:
    """Of every purpose that needs consent, in the order of the registry."""
    newest = {consent.purpose: consent for consent in await list_history(session, person_id)}
    return [Standing(purpose, newest.get(purpose.key)) for purpose in ASKED]


async def list_history(session: AsyncSession, person_id: int) -> Sequence[Consent]:
    """All that a person ever agreed to, oldest first."""
    digests = [digest(person_id, purpose) for purpose in ASKED]
    chosen = sa.select(Consent).where(Consent.person_digest.in_(digests)).order_by(Consent.id)
    return (await session.scalars(chosen)).all()


@dataclass(frozen=True, slots=True)
class Figures:
    """How many consents to one version of one purpose there are, and what became of them. No names."""

    purpose: Purpose
    version: str
    standing: int
    ended: int

    @property
    def counts(self) -> bool:
        """Whether consent to this version is good for anything today."""
        return self.version == self.purpose.version


async def count(session: AsyncSession) -> list[Figures]:
    """Of every purpose that needs consent, newest version first; one that nobody ever gave is there too."""
    stands = sa.func.count(sa.case((Consent.ended_at.is_(None), 1)))
    chosen = sa.select(Consent.purpose, Consent.version, stands, sa.func.count(Consent.ended_at))
    rows = (await session.execute(chosen.group_by(Consent.purpose, Consent.version))).all()
    found = {(key, version): (standing, ended) for key, version, standing, ended in rows}
    return [
        Figures(purpose, version, *found.get((purpose.key, version), (0, 0)))
        for purpose in ASKED
        for version in sorted(
            {purpose.version} | {version for key, version in found if key == purpose.key}, reverse=True
        )
    ]


async def hand_over(session: AsyncSession, gone: int, stays: int, now: datetime) -> None:
    """Two persons turned out to be one: where both agreed, the consent of the one that stays goes on."""
    for purpose in ASKED:
        if await _find(session, stays, purpose) is not None:
            await end(session, gone, purpose, ConsentEnd.REPLACED, now)
        theirs = sa.update(Consent).where(Consent.person_digest == digest(gone, purpose))
        moved = theirs.values(person_digest=digest(stays, purpose))
        await session.execute(moved.execution_options(synchronize_session=False))


def digest(person_id: int, purpose: Purpose) -> bytes:
    """Finds a person's consents again; a digest of its own for each purpose joins nothing."""
    return keyring().digest(f"{purpose.key}:{person_id}", "consent.person")


def moment_kept(purpose: Purpose, now: datetime) -> datetime:
    """Of what is confidential the day: the minute would lead to the message, and so to the person."""
    return start_of_day(now) if purpose.confidential else now


def _is_good(consent: Consent, purpose: Purpose) -> bool:
    return consent.ended_at is None and consent.version == purpose.version


async def _find(
    session: AsyncSession, person_id: int, purpose: Purpose, *, lock: bool = False
) -> Consent | None:
    """The one that has not ended, of whichever version."""
    own = Consent.person_digest == digest(person_id, purpose)
    chosen = sa.select(Consent).where(own, Consent.ended_at.is_(None))
    found: Consent | None = await session.scalar(chosen.with_for_update() if lock else chosen)
    return found
