"""A case as a file of papers (卷宗): what goes into one, and who may have it made.

Not here: the page it becomes (`app.jobs.dossier_pages`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError
from app.services import (
    case_facts,
    case_lists,
    case_owners,
    case_reporters,
    case_threads,
    case_work,
    cases,
    staff_jobs,
)
from app.services.case_files import CaseFile
from app.services.case_reporters import Known
from app.services.permissions import Right, Standing, demand, scope
from models import Case, CaseEntry, EntryKind, StaffJob

PRINT: Final = "cases.print"
REASON_LENGTH: Final = 100  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the thread, as it is printed."""

    who: str
    when: str
    words: str
    files: Sequence[CaseFile]


@dataclass(frozen=True, slots=True)
class Dossier:
    number: str
    kind: str
    cover: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    entries: Sequence[Entry]
    printed: str  # by whom, when
    has_notes: bool

    @property
    def files(self) -> list[CaseFile]:
        return [file for entry in self.entries for file in entry.files]


# --- asking for one -----------------------------------------------------------------------------------------


async def start(
    session: AsyncSession,
    case: Case,
    room: str,
    why: str,
    by: Standing,
    now: datetime,
    *,
    notes: bool,
    reporter: bool,
) -> StaffJob:
    """Have it printed; who brought it is looked up now, as an act with this reason, or not at all.

    Asked for again while it waits, it is the same one. `case` is locked.

    Raises: DomainError: no reason; the case is anonymous, or who brought it stays secret.
    """
    why = " ".join(why.split())
    if not why or len(why) > REASON_LENGTH:
        raise DomainError(f"请写明为什么要打印，1 到 {REASON_LENGTH} 个字。")
    given: dict[str, Any] = {"room": room, "number": case.number, "notes": notes}
    if reporter:
        demand(by, Right.REPORTER_REVEAL, case.branch_id)
        known = await case_reporters.reveal(session, case, why, by.name, now)
        given["known"] = [known.name, known.staff_number, known.branch, known.person]
    title = "打印匿名事项的卷宗" if case.anonymous else f"打印卷宗 {case.number}"
    job = await staff_jobs.start(session, by, PRINT, title, given, now)
    await case_work.note(session, case, f"打印了卷宗：{why}", by.name, now)
    case_work.put_down(session, "case.print", case, reason=why, notes=notes, reporter=reporter)
    return job


# --- what is in it ------------------------------------------------------------------------------------------


async def collect(
    session: AsyncSession, standing: Standing, given: Mapping[str, Any], asked_at: datetime, now: datetime
) -> tuple[Case, Dossier]:
    """As far as `standing` may read it at this moment; the asking itself is not in it.

    Raises: NotFound: it is out of reach, or gone.
    """
    place = case_lists.PLACES[str(given["room"])]
    room, right = place.room, place.answers
    case = await case_lists.get(session, room, scope(standing, right), str(given["number"]))
    entries = await case_work.list_entries(session, case)
    thread, _ = await case_threads.read(session, case, now)
    has_notes = bool(given.get("notes"))
    shown = [
        Entry(_who(entry), _moment(case, entry.created_at), _words(said), said.files)
        for entry, said in zip(entries, thread, strict=True)
        if has_notes or _is_open(entry)
    ]
    facts = await case_facts.read(session, case, now)
    known = Known(*given["known"]) if given.get("known") else None
    printed = f"{standing.name}，{shanghai(asked_at):%Y-%m-%d %H:%M}"
    return case, Dossier(
        case.number,
        case.kind.label,
        await _cover(session, case, entries, known),
        facts.rows,
        shown,
        printed,
        has_notes,
    )


def _is_open(entry: CaseEntry) -> bool:
    """What the person may read too: of what staff did among themselves nothing."""
    if entry.kind is EntryKind.EVENT:
        return entry.to_state is not None or entry.by == ""
    return entry.kind is not EntryKind.NOTE


async def _cover(
    session: AsyncSession, case: Case, entries: Sequence[CaseEntry], known: Known | None
) -> list[tuple[str, str]]:
    topic, owner = cases.topic_of(case), await case_owners.name_of(session, case)
    answered = list(dict.fromkeys(each.by for each in entries if each.kind is EntryKind.STAFF and each.by))
    rows = [
        ("编号", case.number),
        ("类别", f"{case.kind.label}（{topic}）" if topic else case.kind.label),
        ("状态", case.state.label),
        ("来件", _moment(case, case.opened_at)),
        ("首次答复", _moment(case, case.first_answered_at)),
        ("最近答复", _moment(case, case.answered_at)),
        ("办结", _moment(case, case.closed_at)),
        ("办理人", owner or ""),
        ("答复人", "、".join(answered)),
        ("当事人", _reporter(case, known)),
    ]
    return [(name, value) for name, value in rows if value]


def _reporter(case: Case, known: Known | None) -> str:
    if case.anonymous:
        return "匿名"
    if known is None:
        return "（没有打印）"
    if not known.name:
        return f"没有绑定工号，不知道姓名（关注者 {known.person}）"
    told = [known.name, f"工号 {known.staff_number}" if known.staff_number else "", known.branch]
    return "，".join(each for each in told if each)


def _who(entry: CaseEntry) -> str:
    who = case_threads.WHO[entry.kind]
    by = case_threads.by_whom(entry)
    return f"{who} · {by}" if by else who


def _words(said: case_threads.Said) -> str:
    words = said.words if said.files else said.text
    return "\n".join(each for each in (said.move, words) if each)


def _moment(case: Case, moment: datetime | None) -> str:
    """Of an anonymous case the day."""
    if moment is None:
        return ""
    return f"{shanghai(moment):%Y-%m-%d}" if case.anonymous else f"{shanghai(moment):%Y-%m-%d %H:%M}"
