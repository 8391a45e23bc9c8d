"""The pictures, voices and videos of a case, for those who answer it; that somebody opened them is kept.

Not here: the bytes themselves (`app.files`); they are read after the commit that keeps the trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai, start_of_day
from app.errors import NotFound
from app.services import cases
from app.services.case_work import list_entries, note, put_down
from models import AccountKind, Case, CaseEntry, Evidence, FileState, StoredFile

_SOURCES = {AccountKind.OFFICIAL: "公众号", AccountKind.MINIPROGRAM: "小程序"}
_MISSING = {
    FileState.EXPECTED: "还没有从微信取来，请过几分钟再试。",
    FileState.LOST: "没有取到：{reason}。",
    FileState.INFECTED: "查出病毒，已经隔离，不能打开（{reason}）。",
    FileState.DELETED: "已经删除。",
}


@dataclass(frozen=True, slots=True)
class Received:
    """What somebody sent, byte for byte; opened by `evidence.open_original` only."""

    sha256: str
    size: int  # bytes
    source: AccountKind
    received_at: datetime  # of an anonymous case the day
    is_day: bool = False

    @property
    def where(self) -> str:
        return f"从{_SOURCES[self.source]}发来"

    @property
    def when(self) -> str:
        at = shanghai(self.received_at)
        return f"{at:%Y-%m-%d}" if self.is_day else f"{at:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One file of a thread."""

    position: int  # in the thread, from 1; its number does not change when others are lost
    public_id: str
    kind: str  # image, voice, video
    state: FileState
    content_type: str = ""
    reason: str = ""
    sha256: str = ""  # of the copy that is shown
    original: "Received | None" = None  # of a matter of law, and once it is there

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
    if not named:
        return []
    there = sa.and_(Evidence.file_id == StoredFile.id, Evidence.stored_at.is_not(None))
    chosen = sa.select(StoredFile, Evidence).outerjoin(Evidence, there)
    names = [str(block["file"]) for block in named]
    found = (await session.execute(chosen.where(StoredFile.public_id.in_(names)))).all()
    rows = {row.public_id: (row, original) for row, original in found}
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


def _of(
    position: int, public_id: str, kind: str, found: tuple[StoredFile, Evidence | None] | None
) -> CaseFile:
    if found is None:
        return CaseFile(position, public_id, kind, FileState.DELETED)
    row, given = found
    original = None
    if given is not None and row.state is not FileState.DELETED:
        is_day = given.received_at == start_of_day(given.received_at)
        original = Received(given.sha256, given.size, given.source, given.received_at, is_day)
    return CaseFile(position, public_id, kind, row.state, row.content_type, row.reason, row.sha256, original)
