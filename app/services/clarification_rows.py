"""Rows of 辟谣: how one is found and locked, how one moves, by which digest a person is found again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError, NotFound
from models import (
    Clarification,
    ClarificationMove,
    ClarificationReport,
    ClarificationState,
    ClarificationUpdate,
    StoredFile,
)
from models.sealing import keyring

S = ClarificationState
MOVES: Final[Mapping[ClarificationState, frozenset[ClarificationState]]] = {
    S.REPORTED: frozenset({S.VERIFYING, S.REFUSED, S.MERGED}),
    S.VERIFYING: frozenset({S.IN_REVIEW, S.REFUSED, S.MERGED}),
    S.IN_REVIEW: frozenset({S.VERIFYING, S.PUBLISHED}),
    S.PUBLISHED: frozenset({S.UPDATED, S.CLOSED}),
    S.UPDATED: frozenset({S.UPDATED, S.CLOSED}),
    S.REFUSED: frozenset({S.VERIFYING}),
    S.CLOSED: frozenset({S.VERIFYING}),
    S.MERGED: frozenset(),
}
OPEN: Final = (S.REPORTED, S.VERIFYING, S.IN_REVIEW)
PEOPLE: Final = "群众"  # brings claims; of such moves only the day is kept
NOWHERE: Final = "没有找到这条澄清，可能已经下线。"


class NotNow(DomainError):
    """It stands otherwise than this needs."""


class MovedOn(DomainError):
    """Somebody was faster; who saw it before must look at it again."""


def digest_of(person_id: int) -> bytes:
    """Finds what a person brought. A digest of its own for each thing joins nothing."""
    return keyring().digest(str(person_id), "clarification-report")


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> Clarification:
    """Whatever its state. Raises: NotFound."""
    chosen = sa.select(Clarification).where(Clarification.public_id == public_id)
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(chosen)
    if found is None:
        raise NotFound(NOWHERE)
    return found


async def lock_seen(session: AsyncSession, public_id: str, version: int) -> Clarification:
    """For staff who act on what they saw. Raises: NotFound; MovedOn: it is not as it was then."""
    row = await get(session, public_id, lock=True)
    refuse_changed(row, version)
    return row


def refuse_changed(row: Clarification, version: int) -> None:
    """Raises: MovedOn."""
    if row.version != version:
        raise MovedOn(f"没有办：这条刚刚有变动，现在是「{row.state.label}」，请看过再办。")


def move(
    session: AsyncSession,
    row: Clarification,
    to: ClarificationState,
    *,
    by: str,
    channel: str,
    now: datetime,
    reason: str = "",
) -> ClarificationMove:
    """Put it into another state, and down what happened. Raises: NotNow: there is no such move."""
    if to not in MOVES[row.state]:
        raise NotNow(f"这条现在是「{row.state.label}」，不能改成「{to.label}」。")
    made = note(session, row, to, by=by, channel=channel, now=now, reason=reason)
    row.state, row.reason, row.decided_at = to, reason, now
    if not row.is_public:
        row.found_by = ""
    return made


def note(
    session: AsyncSession,
    row: Clarification,
    to: ClarificationState,
    *,
    by: str,
    channel: str,
    now: datetime,
    reason: str = "",
    is_new: bool = False,
) -> ClarificationMove:
    """Put down what happened; `to` is the present state where nothing moved."""
    made = ClarificationMove(
        clarification_id=row.id,
        from_state=None if is_new else row.state,
        to_state=to,
        by=by,
        reason=reason,
        channel=channel,
        at=start_of_day(now) if by == PEOPLE else now,
    )
    session.add(made)
    return made


async def moves_of(session: AsyncSession, row: Clarification) -> Sequence[ClarificationMove]:
    """Oldest first."""
    chosen = sa.select(ClarificationMove).where(ClarificationMove.clarification_id == row.id)
    return (await session.scalars(chosen.order_by(ClarificationMove.id))).all()


async def reports_of(session: AsyncSession, row: Clarification) -> Sequence[ClarificationReport]:
    """Oldest first."""
    chosen = sa.select(ClarificationReport).where(ClarificationReport.clarification_id == row.id)
    return (await session.scalars(chosen.order_by(ClarificationReport.id))).all()


async def files_of(session: AsyncSession, reports: Sequence[ClarificationReport]) -> dict[str, StoredFile]:
    """By public id, what came with them; what is not there was deleted."""
    names = [name for each in reports for name in each.files]
    if not names:
        return {}
    found = await session.scalars(sa.select(StoredFile).where(StoredFile.public_id.in_(names)))
    return {each.public_id: each for each in found}


async def updates_of(
    session: AsyncSession, row: Clarification, *, shown: bool = False
) -> Sequence[ClarificationUpdate]:
    """Newest first; `shown`: only those that readers see."""
    chosen = sa.select(ClarificationUpdate).where(ClarificationUpdate.clarification_id == row.id)
    if shown:
        chosen = chosen.where(ClarificationUpdate.approved_at.is_not(None))
    return (await session.scalars(chosen.order_by(ClarificationUpdate.id.desc()))).all()
