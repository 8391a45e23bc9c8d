"""The pictures, voices and videos of a case, for those who answer it; that somebody opened them is kept.

Not here: the bytes themselves (`app.files`); they are read after the commit that keeps the trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import cases
from app.services.case_work import list_entries, note
from models import Case, FileState, StoredFile


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


async def list_files(session: AsyncSession, case: Case) -> list[CaseFile]:
    """All files of the thread, oldest first; one without a row was deleted."""
    named = [block for entry in await list_entries(session, case) for block in cases.files_in(entry)]
    found = await session.scalars(
        sa.select(StoredFile).where(StoredFile.public_id.in_([str(block["file"]) for block in named]))
    )
    rows = {row.public_id: row for row in found}
    return [
        _of(position, str(block["file"]), str(block["type"]), rows.get(str(block["file"])))
        for position, block in enumerate(named, 1)
    ]


async def open_files(
    session: AsyncSession, case: Case, files: Sequence[CaseFile], by: str, now: datetime
) -> None:
    """Keep in the thread that `by` opened these files; commit before their bytes are read."""
    positions = "、".join(str(file.position) for file in files)
    await note(session, case, f"查看了附件 {positions}", by, now)


def _of(position: int, public_id: str, kind: str, row: StoredFile | None) -> CaseFile:
    if row is None:
        return CaseFile(position, public_id, kind, FileState.DELETED)
    return CaseFile(position, public_id, kind, row.state, row.content_type, row.reason)
