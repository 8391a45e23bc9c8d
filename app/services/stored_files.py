"""Whose stored files are: looked up for their owner, parted from an owner who stays unnamed, or given up."""

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


async def disown(session: AsyncSession, person_id: int, public_ids: Sequence[str], day: datetime) -> None:
    """Forget owner and exact time of files that go with an anonymous case: both tell whose it is."""
    if not public_ids:
        return
    await session.execute(
        sa.update(StoredFile)
        .where(StoredFile.owner_id == person_id, StoredFile.public_id.in_(list(public_ids)))
        .values(owner_id=None, created_at=day)
    )
    files = sa.select(StoredFile.id).where(StoredFile.public_id.in_(list(public_ids)))
    await session.execute(sa.update(MediaFetch).where(MediaFetch.file_id.in_(files)).values(due_at=day))


async def mark_deleted(session: AsyncSession, public_ids: Sequence[str]) -> None:
    """Nobody has a use for these files any more; their bytes go afterwards, outside of transactions."""
    if public_ids:
        await session.execute(
            sa.update(StoredFile)
            .where(StoredFile.public_id.in_(list(public_ids)))
            .values(state=FileState.DELETED, owner_id=None)
        )
