"""A case's thread as staff read it, and what one of them must have seen before going on with it.

Not here: what the person may read of it (`cases.list_thread`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.errors import DomainError
from app.services import case_files, case_news, case_sent, cases
from app.services.case_files import CaseFile
from app.services.case_owners import SYSTEM
from app.services.case_work import list_entries
from models import Case, CaseEntry, CaseState, EntryKind

LATELY: Final = 64  # ids before the newest; of so many at once none is committed after the last of them
DEPARTMENTS: Final = "department"  # the channel of notes written in their room
WHO = {EntryKind.MEMBER: "来件", EntryKind.STAFF: "答复", EntryKind.NOTE: "备注", EntryKind.EVENT: "过程"}


class MovedOn(DomainError):
    """Somebody was there first: what was written was written without knowing of it."""


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of a thread in words; `move` is empty where the state stayed as it was."""

    kind: EntryKind
    who: str  # 来件, 答复, 追问, 备注, 过程
    by: str
    when: str
    move: str
    text: str
    files: Sequence[CaseFile] = ()
    sent: str = ""  # how it went to its person (`case_sent`)

    @property
    def words(self) -> str:
        """What was written or spoken, where the files are shown beside it."""
        marks = {f"[{label}]" for label in cases.MEDIA.values()}
        return "\n".join(line for line in self.text.split("\n") if line not in marks)


def named(by: str) -> str:
    """Who of staff it was, as people read it: what nobody pressed a button for, the system did."""
    return "系统" if by == SYSTEM else by


def said(entry: CaseEntry, case: Case, now: datetime, files: Sequence[CaseFile] = (), sent: str = "") -> Said:
    when = spoken(entry.created_at, now)
    if case.anonymous:  # only the day is kept
        when = when.rpartition(" 0:00")[0] or when.removesuffix("0:00")
    move, from_, to = "", entry.from_state, entry.to_state
    if from_ is not None and to is not None and from_ is not to:  # by 转台 it may stay what it was
        move = f"{from_.label_in(case.kind)} → {to.label_in(case.kind)}"
    asked = entry.kind is EntryKind.STAFF and entry.to_state is CaseState.WAITING_USER
    who = "追问" if asked else WHO[entry.kind]
    return Said(entry.kind, who, named(entry.by), when, move, cases.text_of(entry), files, sent)


async def read(
    session: AsyncSession, case: Case, now: datetime, *, in_department: bool = False
) -> tuple[list[Said], int]:
    """The whole thread, oldest first, and what stands for having seen it.

    `in_department`: of notes only those that departments wrote; those of the union stay in its room.
    """
    entries = await list_entries(session, case)
    files = iter(await case_files.files_of(session, entries))
    sent = await case_sent.of_entries(session, case, entries, now)
    thread = [
        (each, said(each, case, now, [next(files) for _ in cases.files_in(each)], sent.get(each.id, "")))
        for each in entries
    ]
    shown = [one for each, one in thread if not in_department or _is_for_departments(each)]
    return shown, mark(entries)


def _is_for_departments(entry: CaseEntry) -> bool:
    return entry.kind is not EntryKind.NOTE or entry.channel == DEPARTMENTS


async def refuse_unseen(session: AsyncSession, case: Case, seen: int, now: datetime) -> None:
    """Let nobody answer words he has not read, nor answer a second time what another has just answered.

    The caller has locked the case; `seen` is what `read` gave.

    Raises:
        MovedOn: something was said or moved since; the message says what and by whom.
    """
    entries = await list_entries(session, case)
    if mark(entries) == seen:
        return
    last = next(each for each in reversed(entries) if each.kind is not EntryKind.NOTE)
    what = said(last, case, now)
    if not last.by:
        raise MovedOn("您写的时候，本人又有了动静，请先看看再办。您写的还在。")
    done = what.move.rpartition(" ")[2] or what.who
    raise MovedOn(
        f"您写的时候，{what.by}（{what.when}）已经处理过，现在是「{done}」。请先看看再办，您写的还在。"
    )


async def moved_meanwhile(
    session: AsyncSession, case: Case, state: str, now: datetime | None = None
) -> MovedOn:
    """What is told who pressed something on a page that is not any more how it stands; `now` says when."""
    newest = sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id.desc()).limit(1)
    entry = await session.scalar(newest)
    who = "有人" if entry is None else named(entry.by) or "本人"
    when = "" if entry is None or now is None else f"（{spoken(entry.created_at, now)}）"
    return MovedOn(
        f"您打开页面以后，{who}{when}办过 {case.number}，现在是「{state}」，刚才的没有办。"
        "请看过现在的情况再办。"
    )


def mark(entries: Sequence[CaseEntry]) -> int:
    """Stands for having seen these. Notes are no news: whoever opens a picture leaves one."""
    return max((each.id for each in entries if each.kind is not EntryKind.NOTE), default=0)


async def newest(session: AsyncSession) -> int:
    """A number that is another whenever something was said or done in any case; 0: nothing yet.

    It is another too when a file came or an answer went (`case_news`). A list that shows it reads it first:
    what comes meanwhile is news then, not lost. Who commits later than the next one has a smaller id, so
    those of the last few ids are counted too.
    """
    ids = (await session.scalars(sa.select(CaseEntry.id).order_by(CaseEntry.id.desc()).limit(LATELY))).all()
    last = ids[0] if ids else 0
    said = last * (LATELY + 1) + sum(each > last - LATELY for each in ids)
    return said + await case_news.version(session)
