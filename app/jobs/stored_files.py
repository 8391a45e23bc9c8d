"""Deleting files that nobody needs: rows are marked first, then their bytes go, then the rows.

Whoever stops in between leaves a mark, and the next one deletes what may be gone already. No lease is taken:
two who do the same do no harm. While a backup is made, marked files stay: it may name them still.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog

from app.clock import Clock
from app.database import Database
from app.files import Files
from app.services import backups, loose_files
from models import Evidence, MediaFetch, StoredFile

log = structlog.get_logger(__name__)

BATCH = 100


async def tidy(database: Database, files: Files, clock: Clock) -> int:
    """Mark what belongs to nothing, and delete what is marked; returns how many files went."""
    async with database.reading() as session:
        owners = await loose_files.list_owners(session)
    for owner_id in owners:
        async with database.reading() as session:
            judged = await loose_files.judge(session, owner_id)
        if judged.kept or judged.loose:
            async with database.transaction() as session:
                await loose_files.settle(session, judged)
    return await _delete_marked(database, files, clock.real_now)


async def _delete_marked(database: Database, files: Files, real_now: Callable[[], datetime]) -> int:
    count = 0
    found: Sequence[sa.Row[int, str]] = ()
    while True:
        async with database.reading() as session:
            found = (await session.execute(_marked(real_now(), after=found[-1].id if found else 0))).all()
            # Asked after they were found: a backup that begins now sees them marked.
            if await backups.is_being_made(session, real_now()):
                return count
        gone = [row.id for row in found if await _is_gone(files, row.public_id)]
        if gone:
            async with database.transaction() as session:
                await session.execute(sa.delete(MediaFetch).where(MediaFetch.file_id.in_(gone)))
                either = sa.or_(Evidence.file_id.in_(gone), Evidence.original_id.in_(gone))
                await session.execute(sa.delete(Evidence).where(either))
                await session.execute(sa.delete(StoredFile).where(StoredFile.id.in_(gone)))
            log.info("files_deleted", number=len(gone))
        count += len(gone)
        if len(found) < BATCH:
            return count


def _marked(real_now: datetime, *, after: int) -> sa.Select[int, str]:
    """Marked files that nobody is fetching: what he brings would come after us."""
    fetched = sa.exists().where(MediaFetch.file_id == StoredFile.id, MediaFetch.lease_until > real_now)
    return (
        sa.select(StoredFile.id, StoredFile.public_id)
        .where(sa.text("stored_file.state = 'deleted'"), StoredFile.id > after, ~fetched)
        .order_by(StoredFile.id)
        .limit(BATCH)
    )


async def _is_gone(files: Files, name: str) -> bool:
    try:
        await files.delete(name)
    except Exception:  # one that sticks must not keep the others; it is tried again in the next round
        log.exception("file_not_deleted", file=name)
        return False
    return True
