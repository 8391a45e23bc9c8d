"""Files that belong to nothing: sent in a dialogue that was cancelled, declined, restarted or forgotten.

A file is needed by a dialogue of its owner that lives, or by one of their cases. Dialogues end in many ways
and each would have to think of its files; so they are looked for afterwards, among the few that are not yet
known to be kept. One without an owner went with an anonymous case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import cases, evidence
from app.services.stored_files import mark_deleted, named_in
from models import Dialogue, DialogueState, Follower, StoredFile
from models.sealing import SealBroken

log = structlog.get_logger(__name__)

# Written out as in the index.
_LOOSE = sa.text("NOT stored_file.kept AND stored_file.state <> 'deleted'")


@dataclass(slots=True)
class Judged:
    """What became clear about one person's files; the others belong to a dialogue that lives."""

    kept: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    no_evidence: list[str] = field(default_factory=list)  # of `kept`, what is no matter of law


async def list_owners(session: AsyncSession) -> Sequence[int]:
    """People with files of whom it is not known whether they are kept."""
    owners = sa.select(StoredFile.owner_id).where(_LOOSE, StoredFile.owner_id.is_not(None)).distinct()
    return [owner for owner in await session.scalars(owners.order_by(StoredFile.owner_id)) if owner]


async def judge(session: AsyncSession, owner_id: int) -> Judged:
    """Which of a person's files are kept, and which nobody needs."""
    names = await session.scalars(
        sa.select(StoredFile.public_id).where(_LOOSE, StoredFile.owner_id == owner_id)
    )
    unknown = names.all()
    try:
        # In this order: a dialogue that ends meanwhile leaves its files to a case in the same moment.
        in_dialogues = await _in_dialogues(session, owner_id)
        in_cases = await cases.files_of(session, owner_id)
        of_law = await cases.files_of(session, owner_id, *evidence.KINDS)
    except SealBroken:  # what nobody can read may need them
        log.error("files_not_judged", person=owner_id)
        return Judged()
    kept = [name for name in unknown if name in in_cases]
    loose = [name for name in unknown if name not in in_cases | in_dialogues]
    return Judged(kept, loose, [name for name in kept if name not in of_law])


async def settle(session: AsyncSession, judged: Judged) -> None:
    """Write it down."""
    if judged.kept:
        kept = sa.update(StoredFile).where(StoredFile.public_id.in_(judged.kept)).values(kept=True)
        await session.execute(kept.execution_options(synchronize_session=False))
    await evidence.drop(session, judged.no_evidence)
    await mark_deleted(session, judged.loose)


async def _in_dialogues(session: AsyncSession, person_id: int) -> set[str]:
    rows = await session.execute(
        sa.select(Dialogue.answers, Dialogue.pending)
        .join(Follower, Follower.id == Dialogue.follower_id)
        .where(Follower.person_id == person_id, Dialogue.state != DialogueState.ENDED)
    )
    return {name for row in rows for value in row for name in named_in(value)}
