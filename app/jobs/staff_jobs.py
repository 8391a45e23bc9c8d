"""The work that staff started, one piece at a time in each process; what is in it is in `staff_work`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from app.clock import Clock
from app.database import Database
from app.errors import DomainError, OperatorError
from app.files import Files
from app.services import permissions, staff_jobs, stored_files
from app.services.permissions import Standing
from models import JobState, Staff, StaffJob, StoredFile

log = structlog.get_logger(__name__)

EVERY = 1.0  # seconds between two notes of progress
BROKEN = "出了意外，没有办成；已经记下来了，请稍后再试或告诉运维。"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a piece of work ended, in words for who started it, and its file."""

    said: str
    file: bytes | None = None
    file_name: str = ""
    content_type: str = "application/octet-stream"


class LostLease(Exception):
    """Somebody else has the job now."""


class Bench:
    """What a piece of work works with, and how it tells how far it is."""

    def __init__(self, database: Database, clock: Clock, files: Files, job: StaffJob) -> None:
        self.database, self.clock, self.files, self.job = database, clock, files, job
        self._told_at = clock.monotonic()

    @property
    def given(self) -> Any:
        return self.job.given

    async def went_on(self, done: int, total: int) -> None:
        """Raises: LostLease."""
        if self.clock.monotonic() - self._told_at < EVERY and done < total:
            return
        self._told_at = self.clock.monotonic()
        async with self.database.transaction() as session:
            if not await staff_jobs.went_on(session, self.job, done, total, self.clock.real_now()):
                raise LostLease


Work = Callable[[Bench], Awaitable[Ended]]


async def standing_of(bench: Bench) -> Standing:
    """Who started it, with the rights of this moment: what was taken away meanwhile is not exported."""
    async with bench.database.reading() as session:
        staff = await session.get_one(Staff, bench.job.staff_id)
        return await permissions.standing_of(session, staff)


async def run(database: Database, clock: Clock, files: Files, kinds: Mapping[str, Work]) -> int:
    """Do what is due; returns how many pieces were done."""
    count = 0
    while True:
        async with database.reading() as session:
            if not await staff_jobs.any_due(session, clock.real_now()):
                return count
        async with database.transaction() as session:
            job = await staff_jobs.claim(session, clock.real_now())
        if job is None:
            return count
        count += 1
        await _do(Bench(database, clock, files, job), kinds)


async def _do(bench: Bench, kinds: Mapping[str, Work]) -> None:
    job = bench.job
    try:
        ended = await kinds[job.kind](bench)
    except LostLease:
        log.warning("staff_job_lost", kind=job.kind, job=job.public_id)
        return
    except (DomainError, OperatorError) as error:
        await _note(bench, JobState.FAILED, error.message)
        return
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("staff_job_failed", kind=job.kind, job=job.public_id)
        await _note(bench, JobState.FAILED, BROKEN)
        return
    file = None if ended.file is None else await _kept(bench, ended)
    await _note(bench, JobState.DONE, ended.said, file, ended.file_name)


async def _kept(bench: Bench, ended: Ended) -> StoredFile:
    assert ended.file is not None
    row = stored_files.made(ended.file, ended.content_type, bench.clock.now())
    await bench.files.put(row.public_id, ended.file)
    return row


async def _note(
    bench: Bench, state: JobState, said: str, file: StoredFile | None = None, file_name: str = ""
) -> None:
    async with bench.database.transaction() as session:
        now = bench.clock.now()
        await staff_jobs.end(session, bench.job, state, said, now, file=file, file_name=file_name or None)
