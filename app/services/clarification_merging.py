"""Two that are the same claim: which ones are alike, and making one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.knowledge.rumours import ALIKE, likeness
from app.services import clarification_notices, clarification_rows, stored_files
from app.services.audit import does
from app.services.board_work import Seen
from app.services.clarification_rows import OPEN, lock_seen
from app.services.clarification_work import CHANNEL
from app.services.clarification_writing import WORDINGS
from app.services.forgetting import change
from models import PUBLIC, Clarification, ClarificationReport, ClarificationState

COMPARED: Final = 1000  # looked through
OFFERED: Final = 5


async def list_alike(session: AsyncSession, row: Clarification) -> Sequence[Clarification]:
    """Others, open or public, that may be the same claim; the likest first."""
    if row.state not in OPEN:
        return []
    chosen = sa.select(Clarification).where(
        Clarification.state.in_(OPEN) | sa.text(PUBLIC), Clarification.id != row.id
    )
    scores = [
        (max((likeness(one, other) for one in row.told for other in each.told), default=0.0), each)
        for each in await session.scalars(chosen.order_by(Clarification.id.desc()).limit(COMPARED))
    ]
    ranked = sorted(scores, key=lambda found: found[0], reverse=True)
    return [each for score, each in ranked if score >= ALIKE][:OFFERED]


async def merge(session: AsyncSession, seen: Seen, into: str, now: datetime) -> Clarification:
    """It is the claim of the one with the number `into`: who brought it, and its wordings, go there.

    A public one keeps its wordings, since readers see them; who brought this one is told what it says.

    Raises: NotFound; MovedOn; NotNow; DomainError: no such number, or itself.
    """
    chosen = sa.select(Clarification.id, Clarification.public_id).where(
        Clarification.number == into.strip().upper()
    )
    found = (await session.execute(chosen)).one_or_none()
    if found is None:
        raise DomainError(f"没有编号是「{into[:20]}」的线索，请核对。")
    # Both in the order of their ids, lest two who merge crosswise wait for each other.
    await session.execute(
        sa.select(Clarification.id)
        .where(Clarification.public_id.in_([seen.public_id, found.public_id]))
        .order_by(Clarification.id)
        .with_for_update()
    )
    row = await lock_seen(session, seen.public_id, seen.version)
    other = await clarification_rows.get(session, found.public_id, lock=True)
    if other.id == row.id:
        raise DomainError("这就是它自己，请填另一条的编号。")
    if other.state not in OPEN and not other.is_public:
        raise DomainError(f"{other.number} 现在是「{other.state.label}」，不能并进去。")
    does(session, "clarifications.merge", row.number, into=other.number)
    by = seen.by.name
    clarification_rows.move(
        session,
        row,
        ClarificationState.MERGED,
        by=by,
        channel=CHANNEL,
        now=now,
        reason=f"并入 {other.number}",
    )
    row.merged_into_id = other.id
    clarification_rows.note(
        session, other, other.state, by=by, channel=CHANNEL, now=now, reason=f"{row.number} 并了进来"
    )
    if not other.is_public:
        other.wordings = list(dict.fromkeys([*other.told, *row.told]))[:WORDINGS]
    else:
        await clarification_notices.published(session, other, now, brought=row.id)
    await _hand_over(session, row, other)
    return other


async def _hand_over(session: AsyncSession, row: Clarification, other: Clarification) -> None:
    """Who brought both is counted once."""
    await session.flush()
    theirs = sa.select(ClarificationReport.person_digest).where(
        ClarificationReport.clarification_id == other.id, ClarificationReport.person_digest.is_not(None)
    )
    both = sa.select(ClarificationReport).where(
        ClarificationReport.clarification_id == row.id, ClarificationReport.person_digest.in_(theirs)
    )
    for twice in (await session.scalars(both.order_by(ClarificationReport.id).with_for_update())).all():
        await stored_files.mark_deleted(session, twice.files)
        await session.delete(twice)
    await session.flush()
    moved = sa.update(ClarificationReport).where(ClarificationReport.clarification_id == row.id)
    other.reports += await change(session, moved.values(clarification_id=other.id))
    row.reports = 0
    await session.flush()
