"""Whose stored files are: looked up for their owner, parted from an owner who stays unnamed, or given up.

Not here: which ones nobody needs (`loose_files`), and their bytes (`app.files`).
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import FileState, MediaFetch, StoredFile


async def list_own(session: AsyncSession, person_id: int, public_ids: Sequence[str]) -> dict[str, StoredFile]:
    """Those of `public_ids` that belong to this person; others are as if they did not exist."""
    if not public_ids:
        return {}
    found = await session.scalars(
        sa.select(StoredFile).where(
            StoredFile.owner_id == person_id, StoredFile.public_id.in_(list(public_ids))
        )
    )
    return {file.public_id: file for file in found}


async def list_ready(session: AsyncSession, person_id: int) -> Sequence[StoredFile]:
    """All of a person's files whose bytes we have, oldest first."""
    mine = sa.select(StoredFile).where(StoredFile.owner_id == person_id, StoredFile.state == FileState.READY)
    return (await session.scalars(mine.order_by(StoredFile.id))).all()


async def disown(session: AsyncSession, person_id: int, public_ids: Sequence[str], day: datetime) -> None:
    """Forget owner and exact time of files that go with an anonymous case: both tell whose it is."""
    if not public_ids:
        return
    theirs = (StoredFile.owner_id == person_id, StoredFile.public_id.in_(list(public_ids)))
    await session.execute(_fetches(*theirs).values(due_at=day))
    await session.execute(
        sa.update(StoredFile).where(*theirs).values(owner_id=None, created_at=day, kept=True)
    )


async def mark_deleted(session: AsyncSession, public_ids: Sequence[str]) -> None:
    """Nobody needs these files any more, and nobody fetches them; a job deletes the bytes, then the rows."""
    if not public_ids:
        return
    named = StoredFile.public_id.in_(list(public_ids))
    await session.execute(_fetches(named).values(done=True))
    await session.execute(sa.update(StoredFile).where(named).values(state=FileState.DELETED, owner_id=None))


def _fetches(*files: sa.ColumnElement[bool]) -> sa.Update:
    """The fetches of these files; changed before the files are, as whoever fetches does."""
    ids = sa.select(StoredFile.id).where(*files)
    chosen = sa.update(MediaFetch).where(MediaFetch.file_id.in_(ids))
    return chosen.execution_options(synchronize_session=False)
