"""Work that staff start and need not wait for: rows with a lease, progress, and a file at the end.

Whoever runs it may be killed: when the lease has run out it is run again from the start, so each kind of work
is one that may be done twice. Not here: what each kind does (`app.jobs.staff_work`).
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from app.errors import NotFound
from app.services.audit import does
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Right, Standing, may
from models import FileState, JobState, StaffJob, StoredFile

LEASE: Final = timedelta(seconds=60)
KEPT_FOR: Final = timedelta(days=7)


async def start(
    session: AsyncSession, standing: Standing, kind: str, title: str, given: dict[str, Any], now: datetime
) -> StaffJob:
    """A row that a worker takes within seconds. What the same person has waiting already is not doubled."""
    waiting = sa.select(StaffJob).where(StaffJob.staff_id == standing.staff_id, StaffJob.kind == kind)
    for other in await session.scalars(waiting.where(StaffJob.state == JobState.WAITING)):
        if other.given == given:
            return other
    job = StaffJob(
        kind=kind,
        title=title,
        staff_id=standing.staff_id,
        state=JobState.WAITING,
        given=given,
        created_at=now,
    )
    session.add(job)
    await session.flush()
    does(session, "job.start", job.public_id, kind=kind, title=title)
    leave_work(session)
    return job


async def list_seen(session: AsyncSession, standing: Standing, limit: int = 100) -> Sequence[StaffJob]:
    """One's own, newest first; those of all for who may see how the service runs."""
    chosen = sa.select(StaffJob).order_by(StaffJob.id.desc()).limit(limit)
    if not may(standing, Right.STATUS_READ):
        chosen = chosen.where(StaffJob.staff_id == standing.staff_id)
    return (await session.scalars(chosen)).all()


async def get_own(session: AsyncSession, standing: Standing, public_id: str) -> StaffJob:
    """Files are for who asked for them, whatever else somebody may see.

    Raises: NotFound.
    """
    chosen = sa.select(StaffJob).where(StaffJob.public_id == public_id)
    job = await session.scalar(chosen.where(StaffJob.staff_id == standing.staff_id))
    if job is None:
        raise NotFound("没有找到这个任务。")
    return job


# --- for the worker ----------------------------------------------------------------------------------------


async def any_due(session: AsyncSession, real_now: datetime) -> bool:
    return await session.scalar(_due(real_now).with_only_columns(StaffJob.id).limit(1)) is not None


async def claim(session: AsyncSession, real_now: datetime) -> StaffJob | None:
    """The oldest that nobody has in hand, with a lease of its own."""
    chosen = _due(real_now).order_by(StaffJob.id).limit(1).with_for_update(skip_locked=True)
    job: StaffJob | None = await session.scalar(chosen)
    if job is not None:
        job.state, job.done = JobState.RUNNING, 0
        job.lease, job.lease_until = secrets.token_hex(8), real_now + LEASE
        await session.flush()
    return job


async def went_on(session: AsyncSession, job: StaffJob, done: int, total: int, real_now: datetime) -> bool:
    """Note progress and renew the lease; false where somebody else has the job now."""
    mine = sa.update(StaffJob).where(StaffJob.id == job.id, StaffJob.lease == job.lease)
    values = {"done": done, "total": total, "lease_until": real_now + LEASE}
    return await change(session, mine.values(**values)) == 1


async def end(
    session: AsyncSession,
    job: StaffJob,
    state: JobState,
    said: str,
    now: datetime,
    *,
    file: StoredFile | None = None,
    file_name: str | None = None,
) -> None:
    """How it ended; nothing where somebody else has the job now."""
    if file is not None:
        session.add(file)
        await session.flush()
    mine = sa.update(StaffJob).where(StaffJob.id == job.id, StaffJob.lease == job.lease)
    values: dict[str, Any] = {"state": state, "said": said[:400], "ended_at": now, "lease": None}
    if file is not None:
        values |= {"file_id": file.id, "file_name": file_name}
    await change(session, mine.values(lease_until=None, **values))


def _due(real_now: datetime) -> sa.Select[StaffJob]:
    waits = StaffJob.state == JobState.WAITING
    lost = (StaffJob.state == JobState.RUNNING) & (StaffJob.lease_until < real_now)
    return sa.select(StaffJob).where(waits | lost)


# --- forgetting --------------------------------------------------------------------------------------------


def _is_old(now: datetime) -> Where:
    return (StaffJob.ended_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    """The rows, and their files with them."""
    theirs = sa.select(StaffJob.file_id).where(StaffJob.id.in_(ids), StaffJob.file_id.is_not(None))
    files = (await session.scalars(theirs)).all()
    count = await change(session, sa.delete(StaffJob).where(StaffJob.id.in_(ids), *_is_old(now)))
    gone = sa.update(StoredFile).where(StoredFile.id.in_(files))
    await change(session, gone.values(state=FileState.DELETED, kept=False))
    return count


forget_old = Rule("staff_jobs", StaffJob.id, _is_old, _forget)
