"""Whose stored files are: looked up for their owner, or parted from an owner who stays unnamed."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import StoredFile


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


async def disown(session: AsyncSession, person_id: int, public_ids: Sequence[str]) -> None:
    """Forget the owner of files that go with an anonymous case: they would tell whose it is."""
    if not public_ids:
        return
    await session.execute(
        sa.update(StoredFile)
        .where(StoredFile.owner_id == person_id, StoredFile.public_id.in_(list(public_ids)))
        .values(owner_id=None)
    )
