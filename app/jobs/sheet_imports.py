"""Sheets that staff sent in: looked at first, brought in when they say so. Each may be done twice.

What may be brought in is judged anew each time, by the rights whoever sent it has at that moment.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from app.clock import civil_date
from app.errors import DomainError, OperatorError
from app.jobs.staff_jobs import EVERY, Bench, Ended, LostLease, standing_of
from app.services import (
    customer_registers,
    customer_sheets,
    import_previews,
    permissions,
    roster_scope,
    roster_sheets,
    rosters,
    staff_uploads,
)
from app.services.customer_rows import FORM as REGISTER
from app.services.importing import Progress
from app.services.permissions import Right, Scope
from app.services.roster_rows import Row
from app.services.roster_sheets import FORM as ROSTER
from app.services.roster_sheets import Roster
from app.services.sheets import Mistake
from models import StaffUpload, StoredFile, UploadKind, UploadState

Result = TypeVar("Result")
_AGAIN: Final = "出了意外，没有导入完；可以再点一次「导入」，做过的不会重复。"


@dataclass(frozen=True, slots=True)
class _Read:
    """A roster, its rows that may be brought in, and those that are not the sender's matter."""

    roster: Roster
    rows: list[Row]
    outside: list[Mistake]


# --- the roster of members


async def look_at_roster(bench: Bench) -> Ended:
    async def work(upload: StaffUpload, progress: Progress) -> dict[str, Any]:
        scope = await _scope(bench, Right.MEMBERS_EDIT)
        read = await _read_roster(bench, upload, scope)
        async with bench.database.reading() as session:
            today = civil_date(bench.clock.now())
            outcome = await rosters.preview(session, read.rows, today, _within(scope))
        return import_previews.of_roster(read.roster, len(read.rows), outcome, read.outside)

    return await _look(bench, UploadKind.ROSTER, work)


async def import_roster(bench: Bench) -> Ended:
    async def work(upload: StaffUpload, progress: Progress) -> str:
        given = bench.given
        scope = await _scope(bench, Right.MEMBERS_EDIT)
        read = await _read_roster(bench, upload, scope)
        wrong = read.roster.wrong_lines + len(read.outside)
        _refuse_wrong(wrong, skip=given["skip_wrong"] and not given["complete"])
        outcome = await rosters.apply(
            *(bench.database, bench.clock, read.rows),
            by=(await standing_of(bench)).name,
            channel="console",
            complete=given["complete"],
            force=given["force"],
            progress=progress,
            within=_within(scope),
        )
        told = import_previews.of_roster(read.roster, len(read.rows), outcome, read.outside)
        return import_previews.said(told["counts"])

    return await _bring_in(bench, UploadKind.ROSTER, work)


async def _read_roster(bench: Bench, upload: StaffUpload, scope: Scope) -> _Read:
    """Raises: OperatorError."""
    data = await _data(bench, upload)
    roster = await asyncio.to_thread(roster_sheets.read, io.BytesIO(data), civil_date(bench.clock.now()))
    async with bench.database.reading() as session:
        outside = await roster_scope.outside(session, roster.rows, scope)
    lines = {each.line for each in outside}
    return _Read(roster, [row for row in roster.rows if row.line not in lines], outside)


def _within(scope: Scope) -> frozenset[int] | None:
    return None if scope.everything else scope.branch_ids


# --- the register of electricity accounts; it belongs to no branch


async def look_at_register(bench: Bench) -> Ended:
    async def work(upload: StaffUpload, progress: Progress) -> dict[str, Any]:
        permissions.demand(await standing_of(bench), Right.CUSTOMERS_EDIT)
        data = await _data(bench, upload)
        register = await asyncio.to_thread(customer_sheets.look, data, civil_date(bench.clock.now()))
        async with bench.database.reading() as session:
            outcome = await customer_registers.preview(session, register)
            verified = await customer_registers.count_verified(session)
        return import_previews.of_register(register, register.usable, outcome, verified)

    return await _look(bench, UploadKind.REGISTER, work)


async def import_register(bench: Bench) -> Ended:
    async def work(upload: StaffUpload, progress: Progress) -> str:
        standing = await standing_of(bench)
        permissions.demand(standing, Right.CUSTOMERS_EDIT)
        data = await _data(bench, upload)
        register = await asyncio.to_thread(customer_sheets.look, data, civil_date(bench.clock.now()))
        _refuse_wrong(register.wrong_lines, skip=bench.given["skip_wrong"])
        outcome = await customer_registers.apply(
            *(bench.database, bench.clock, register),
            by=standing.name,
            force=bench.given["force"],
            progress=progress,
        )
        told = import_previews.of_register(register, register.usable, outcome, 0)
        return import_previews.said(told["counts"])

    return await _bring_in(bench, UploadKind.REGISTER, work)


# --- both


async def _look(
    bench: Bench,
    kind: UploadKind,
    work: Callable[[StaffUpload, Progress], Awaitable[dict[str, Any]]],
) -> Ended:
    upload = await _upload(bench, kind)
    if upload.state is not UploadState.LOOKING:
        return Ended("已经看过。")
    form = ROSTER if kind is UploadKind.ROSTER else REGISTER
    try:
        preview = await _told(bench, lambda progress: work(upload, progress))
    except (DomainError, OperatorError) as error:
        said = import_previews.on_page(error.message, form)
        async with bench.database.transaction() as session:
            again = await staff_uploads.get_own(
                session, bench.job.staff_id, kind, upload.public_id, lock=True
            )
            await staff_uploads.refuse(session, again, said)
        raise DomainError(said) from None
    async with bench.database.transaction() as session:
        again = await staff_uploads.get_own(session, bench.job.staff_id, kind, upload.public_id, lock=True)
        await staff_uploads.looked_at(session, again, preview)
    wrong = f"，有 {preview['wrong']} 行要改" if preview["wrong"] else ""
    return Ended(f"可以导入 {preview['usable']} {form.noun}{wrong}。请回到导入页确认。")


async def _bring_in(
    bench: Bench, kind: UploadKind, work: Callable[[StaffUpload, Progress], Awaitable[str]]
) -> Ended:
    upload = await _upload(bench, kind)
    if upload.state is UploadState.IMPORTED:  # whoever did it was killed before he could say so
        return Ended(upload.said or "")
    form = ROSTER if kind is UploadKind.ROSTER else REGISTER
    try:
        said = await _told(bench, lambda progress: work(upload, progress))
    except (DomainError, OperatorError) as error:
        words = import_previews.on_page(error.message, form)
        await _did_not(bench, kind, upload, words)
        raise DomainError(words) from None
    except LostLease:
        raise
    except Exception:
        await _did_not(bench, kind, upload, _AGAIN)
        raise
    async with bench.database.transaction() as session:
        again = await staff_uploads.get_own(session, bench.job.staff_id, kind, upload.public_id, lock=True)
        await staff_uploads.imported(session, again, said)
    return Ended(said)


async def _did_not(bench: Bench, kind: UploadKind, upload: StaffUpload, words: str) -> None:
    async with bench.database.transaction() as session:
        again = await staff_uploads.get_own(session, bench.job.staff_id, kind, upload.public_id, lock=True)
        await staff_uploads.not_imported(session, again, words)


async def _told(bench: Bench, work: Callable[[Progress], Awaitable[Result]]) -> Result:
    """Do it, and tell every second how far it is. Raises: LostLease: somebody else has the job now."""
    far = [0, 0]

    def note(done: int, total: int) -> None:
        far[:] = done, total

    task = asyncio.ensure_future(work(note))
    try:
        while not (await asyncio.wait({task}, timeout=EVERY))[0]:
            await bench.went_on(*far)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _upload(bench: Bench, kind: UploadKind) -> StaffUpload:
    async with bench.database.reading() as session:
        return await staff_uploads.get_own(session, bench.job.staff_id, kind, bench.given["upload"])


async def _data(bench: Bench, upload: StaffUpload) -> bytes:
    """Raises: DomainError: the file is gone."""
    async with bench.database.reading() as session:
        file = await session.get(StoredFile, upload.file_id) if upload.file_id is not None else None
    if file is None:
        raise DomainError("文件已经删除，请再上传一次。")
    try:
        return staff_uploads.opened(await bench.files.get(file.public_id))
    except FileNotFoundError:
        raise DomainError("文件已经不在了，请再上传一次。") from None


def _refuse_wrong(wrong: int, *, skip: bool) -> None:
    if wrong and not skip:
        raise DomainError(f"没有导入：有 {wrong} 行要改。请再上传一次看看。")


async def _scope(bench: Bench, right: Right) -> Scope:
    """Raises: Forbidden: the right was taken away meanwhile."""
    standing = await standing_of(bench)
    permissions.demand(standing, right)
    return permissions.scope(standing, right)
