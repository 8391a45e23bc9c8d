"""Whose stored files are: looked up for their owner, parted from an owner who stays unnamed, or given up.

Not here: which ones nobody needs (`loose_files`), and their bytes (`app.files`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import Evidence, FileState, MediaFetch, StoredFile
from models.types import public_id


def made(data: bytes, content_type: str, now: datetime, *, kind: str = "document") -> StoredFile:
    """The row of a file that we have made or were given whole; its bytes are put under its public id."""
    return StoredFile(
        public_id=public_id(),
        kind=kind,
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        state=FileState.READY,
        kept=True,
        created_at=now,
    )


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
    await session.execute(_originals(*theirs).values(created_at=day))
    ids = sa.select(StoredFile.id).where(*theirs)
    received = sa.update(Evidence).where(Evidence.file_id.in_(ids)).values(received_at=day)
    await session.execute(received.execution_options(synchronize_session=False))
    await session.execute(
        sa.update(StoredFile).where(*theirs).values(owner_id=None, created_at=day, kept=True)
    )


async def mark_deleted(session: AsyncSession, public_ids: Sequence[str]) -> None:
    """Nobody needs these files any more, and nobody fetches them; a job deletes the bytes, then the rows.

    Their originals go with them.
    """
    if not public_ids:
        return
    named = StoredFile.public_id.in_(list(public_ids))
    await session.execute(_fetches(named).values(done=True))
    await session.execute(_originals(named).values(state=FileState.DELETED))
    await session.execute(sa.update(StoredFile).where(named).values(state=FileState.DELETED, owner_id=None))


def named_in(value: Any) -> Iterator[str]:
    """Files named anywhere in stored answers: parts of a story are `{"type": "image", "file": …}`."""
    if isinstance(value, dict):
        if isinstance(value.get("file"), str):
            yield value["file"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from named_in(each)


def _originals(*files: sa.ColumnElement[bool]) -> sa.Update:
    """What was received for these files, as it lies beside them."""
    ids = sa.select(Evidence.original_id).where(Evidence.file_id.in_(sa.select(StoredFile.id).where(*files)))
    chosen = sa.update(StoredFile).where(StoredFile.id.in_(ids))
    return chosen.execution_options(synchronize_session=False)


def _fetches(*files: sa.ColumnElement[bool]) -> sa.Update:
    """The fetches of these files; changed before the files are, as whoever fetches does."""
    ids = sa.select(StoredFile.id).where(*files)
    chosen = sa.update(MediaFetch).where(MediaFetch.file_id.in_(ids))
    return chosen.execution_options(synchronize_session=False)
