"""Sheets that staff sent in, from the upload to the import: kept sealed, for a day at most.

A job looks at each and keeps what it would change; whoever sent it decides, and another job brings it in. The
file goes when it was imported, refused or given up. Not here: what a sheet says (`roster_sheets`,
`customer_sheets`), and the jobs (`app.jobs.sheet_imports`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import staff_jobs, stored_files
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Standing
from models import FileState, StaffJob, StaffUpload, StoredFile, UploadKind, UploadState
from models.sealing import SealBroken, keyring
from models.types import public_id

KEPT_FOR: Final = timedelta(days=1)
_PLACE = "staff_upload.file"


class NotThis(DomainError):
    """What was asked for does not fit how the upload stands."""


def sealed(data: bytes) -> bytes:
    """As its bytes are kept."""
    return keyring().seal(data, _PLACE)


def opened(data: bytes) -> bytes:
    """Raises: NotFound: no key opens it any more."""
    try:
        return keyring().unseal(data, _PLACE)
    except SealBroken:
        raise NotFound("这个文件已经打不开，请再上传一次。") from None


def file_for(data: bytes, now: datetime) -> StoredFile:
    """The row of a new file; its bytes are put under its public id."""
    return stored_files.made(data, "application/octet-stream", now)  # sealed


async def keep(
    session: AsyncSession,
    standing: Standing,
    kind: UploadKind,
    name: str,
    file: StoredFile,
    work: str,
    now: datetime,
) -> StaffUpload:
    """A new upload and the job `work` that looks at it."""
    session.add(file)
    await session.flush()
    made = StaffUpload(
        public_id=public_id(),
        staff_id=standing.staff_id,
        kind=kind,
        state=UploadState.LOOKING,
        name=name[-80:],
        file_id=file.id,
        created_at=now,
    )
    session.add(made)
    await session.flush()
    job = await staff_jobs.start(
        session, standing, work, f"查看「{made.name[:60]}」", {"upload": made.public_id}, now
    )
    made.job = job.public_id
    await session.flush()
    return made


async def get_own(
    session: AsyncSession, staff_id: int, kind: UploadKind, name: str, *, lock: bool = False
) -> StaffUpload:
    """Raises: NotFound: there is none, or it is somebody else's."""
    chosen = sa.select(StaffUpload).where(
        StaffUpload.public_id == name, StaffUpload.staff_id == staff_id, StaffUpload.kind == kind
    )
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(chosen)
    if found is None:
        raise NotFound("没有找到这次上传。文件只保留一天，请再上传一次。")
    return found


async def list_own(session: AsyncSession, staff_id: int, kind: UploadKind) -> Sequence[StaffUpload]:
    """Newest first."""
    mine = sa.select(StaffUpload).where(StaffUpload.staff_id == staff_id, StaffUpload.kind == kind)
    return (await session.scalars(mine.order_by(StaffUpload.id.desc()).limit(20))).all()


async def find_job(session: AsyncSession, upload: StaffUpload) -> StaffJob | None:
    """The one that works on it, for how far it is."""
    return await session.scalar(sa.select(StaffJob).where(StaffJob.public_id == upload.job))


async def confirm(
    session: AsyncSession,
    standing: Standing,
    upload: StaffUpload,
    work: str,
    choices: dict[str, bool],
    now: datetime,
) -> StaffJob:
    """Bring it in as was chosen: `complete`, `skip_wrong`, `force`. A second time is the same job.

    Raises:
        NotThis: it is not looked at yet, was imported, has wrong lines nobody wants to pass over, or seems
            unlikely and nobody said that it is right.
    """
    if upload.state is UploadState.IMPORTING and (job := await find_job(session, upload)) is not None:
        return job
    if upload.state is not UploadState.READY:
        raise NotThis(f"这个文件{upload.state.label}，不能再导入。")
    _refuse_unlikely(upload.preview, choices)
    given = {"upload": upload.public_id, **choices}
    job = await staff_jobs.start(session, standing, work, f"导入「{upload.name[:60]}」", given, now)
    upload.state, upload.job, upload.said = UploadState.IMPORTING, job.public_id, None
    await session.flush()
    return job


def _refuse_unlikely(preview: Any, choices: dict[str, bool]) -> None:
    if not preview["usable"]:
        raise NotThis("没有可以导入的行，请改好再上传。")
    if preview["wrong"] and choices.get("complete"):  # whose line is wrong would be taken for gone
        raise NotThis("没有导入。选了「全部在册的人」时每一行都要正确，否则写错的人会被当作离开。")
    if preview["wrong"] and not choices.get("skip_wrong"):
        raise NotThis(f"没有导入：有 {preview['wrong']} 行要改。请改好再上传，或者勾选「跳过这些行」。")
    warning = preview["warning"] or (choices.get("complete") and preview.get("warning_complete"))
    if warning and not choices.get("force"):
        raise NotThis(str(warning))


async def looked_at(session: AsyncSession, upload: StaffUpload, preview: dict[str, Any]) -> None:
    if upload.state is UploadState.LOOKING:
        upload.state, upload.preview = UploadState.READY, preview
        await session.flush()


async def refuse(session: AsyncSession, upload: StaffUpload, said: str) -> None:
    """It is no sheet of this kind."""
    if upload.state is UploadState.LOOKING:
        upload.state, upload.said = UploadState.REFUSED, said[:400]
        await _drop(session, upload)


async def imported(session: AsyncSession, upload: StaffUpload, said: str) -> None:
    upload.state, upload.said = UploadState.IMPORTED, said[:400]
    await _drop(session, upload)


async def not_imported(session: AsyncSession, upload: StaffUpload, said: str) -> None:
    """The job ended without; the file stays for another try, and until its day is over."""
    if upload.state is UploadState.IMPORTING:
        upload.state, upload.said = UploadState.READY, said[:400]
        await session.flush()


async def discard(session: AsyncSession, upload: StaffUpload) -> None:
    """Raises: NotThis: it is being imported."""
    if upload.state is UploadState.IMPORTING:
        raise NotThis("正在导入，不能放弃。导入好了会在任务里看到。")
    await _drop(session, upload)
    await session.delete(upload)
    await session.flush()


async def _drop(session: AsyncSession, upload: StaffUpload) -> None:
    """The file and what was seen in it; a job deletes the bytes."""
    gone = upload.file_id
    upload.file_id = upload.preview = None
    await session.flush()
    if gone is not None:
        file = sa.update(StoredFile).where(StoredFile.id == gone)
        await change(session, file.values(state=FileState.DELETED, kept=False))


# --- forgetting --------------------------------------------------------------------------------------------


def _is_old(now: datetime) -> Where:
    return (StaffUpload.created_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = (StaffUpload.id.in_(ids), *_is_old(now))
    theirs = sa.select(StaffUpload.file_id).where(*old, StaffUpload.file_id.is_not(None))
    files = (await session.scalars(theirs)).all()
    count = await change(session, sa.delete(StaffUpload).where(*old))
    gone = sa.update(StoredFile).where(StoredFile.id.in_(files))
    await change(session, gone.values(state=FileState.DELETED, kept=False))
    return count


forget_old = Rule("staff_uploads", StaffUpload.id, _is_old, _forget, by=StaffUpload.created_at)
