"""The pictures, voices and videos of a case, for those who answer it; that somebody opened them is kept.

Not here: the bytes themselves (`app.files`); they are read after the commit that keeps the trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import cases
from app.services.case_work import list_entries, note, put_down
from models import Case, CaseEntry, FileState, StoredFile

_MISSING = {
    FileState.EXPECTED: "还没有从微信取来，请过几分钟再试。",
    FileState.LOST: "没有取到：{reason}。",
    FileState.DELETED: "已经删除。",
}


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One file of a thread."""

    position: int  # in the thread, from 1; its number does not change when others are lost
    public_id: str
    kind: str  # image, voice, video
    state: FileState
    content_type: str = ""
    reason: str = ""

    @property
    def label(self) -> str:
        return cases.MEDIA.get(self.kind, "文件")

    @property
    def missing(self) -> str:
        """Why there is nothing to look at; empty where there is."""
        return _MISSING.get(self.state, "").format(reason=self.reason.rstrip("。"))


async def list_files(session: AsyncSession, case: Case) -> list[CaseFile]:
    """All files of the thread, oldest first; one without a row was deleted."""
    return await files_of(session, await list_entries(session, case))


async def files_of(session: AsyncSession, entries: Sequence[CaseEntry]) -> list[CaseFile]:
    """As `list_files`, for who has the thread at hand: opening its words anew costs."""
    named = [block for entry in entries for block in cases.files_in(entry)]
    found = await session.scalars(
        sa.select(StoredFile).where(StoredFile.public_id.in_([str(block["file"]) for block in named]))
    )
    rows = {row.public_id: row for row in found}
    return [
        _of(position, str(block["file"]), str(block["type"]), rows.get(str(block["file"])))
        for position, block in enumerate(named, 1)
    ]


async def get_file(session: AsyncSession, case: Case, position: int) -> CaseFile:
    """One whose bytes we have. Raises: NotFound: there is none at that place, or not yet, or no more."""
    for file in await list_files(session, case):
        if file.position == position and file.state is FileState.READY:
            return file
        if file.position == position:
            raise NotFound(f"第 {position} 个（{file.label}）{file.missing}")
    raise NotFound(f"{case.number} 没有第 {position} 个附件。")


async def open_files(
    session: AsyncSession, case: Case, files: Sequence[CaseFile], by: str, now: datetime
) -> None:
    """Keep in the thread that `by` opened these files; commit before their bytes are read."""
    positions = "、".join(str(file.position) for file in files)
    put_down(session, "case.files", case, files=positions)
    await note(session, case, f"查看了附件 {positions}", by, now)


def _of(position: int, public_id: str, kind: str, row: StoredFile | None) -> CaseFile:
    if row is None:
        return CaseFile(position, public_id, kind, FileState.DELETED)
    return CaseFile(position, public_id, kind, row.state, row.content_type, row.reason)
