"""Cases: whatever a person brings to us, from the first word to the end, and who may know whose it is.

Who brought a case lies in `CaseReporter` alone: found again by a digest of the person, opened by an act that
leaves a trace, or by the machine to bring an answer back. Not here: what staff do with cases (`case_work`)
and the tables of moves (`case_moves`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, start_of_day
from app.errors import NotFound
from app.gathered import gather
from app.services import care_topics, case_clocks, complaint_topics, crisis, feedback_topics, legal_topics
from app.services.calendar import CLOSING_TIME, after_working_days
from app.services.case_moves import DECIDED_KINDS, check_move
from app.services.case_rows import NewCase, insert_cases
from app.services.numbers import Series, next_number
from models import AidMatter, Case, CaseEntry, CaseKind, CaseReporter, CaseState, ChangeKind, EntryKind
from models.sealing import keyring
from models.types import public_id

CORRECTION = "correction"  # the topic of 人工 that asks to put personal data right (`correcting`)
FIRST_ANSWER_DAYS = 3  # working days, until the end of the last one

Blocks = Sequence[dict[str, Any]]


def topic_of(case: Case) -> str:
    """What a case is about, as people read it; empty for one that was not asked."""
    if not case.topic:
        return ""
    if case.kind is CaseKind.DESK:
        return "更正个人信息" if case.topic == CORRECTION else ""
    if case.kind is CaseKind.MEMBER_CHANGE:
        known = case.topic in ChangeKind.__members__.values()
        return ChangeKind(case.topic).label if known else ""
    if case.kind is CaseKind.LEGAL_AID:
        return AidMatter(case.topic).label if case.topic in AidMatter.__members__.values() else ""
    if case.kind is CaseKind.COMPLAINT:
        return complaint_topics.topic_label(case.topic)
    if case.kind in care_topics.TOPICS:
        return care_topics.topic_label(case.kind, case.topic)
    is_legal = case.kind is CaseKind.CONSULTATION
    return legal_topics.topic_label(case.topic) if is_legal else feedback_topics.topic_label(case.topic)


_SERIES: dict[CaseKind, Series] = {
    CaseKind.DESK: "RG",
    CaseKind.FEEDBACK: "LY",
    CaseKind.CONSULTATION: "FL",
    CaseKind.COUNSELLING: "XL",
    CaseKind.HEALTH: "JK",
    CaseKind.COMPLAINT: "TS",
    CaseKind.APPLICATION: "RH",
    CaseKind.MEMBER_CHANGE: "BG",
    CaseKind.LEGAL_AID: "YZ",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as its opening left it; its rows may still wait for those of others."""

    number: str
    first_answer_due_at: datetime


@dataclass(frozen=True, slots=True)
class Mine:
    """One of a person's own cases, with the newest answer to it."""

    case: Case
    answer: str = ""
    answered_at: datetime | None = None


# --- bringing ----------------------------------------------------------------------------------------------


async def open_case(
    session: AsyncSession,
    kind: CaseKind,
    person_id: int,
    follower_id: int | None,
    *,
    topic: str = "",
    blocks: Blocks,
    anonymous: bool = False,
    contact: str = "",
    due_at: datetime | None = None,
    channel: str = "",
    now: datetime,
) -> Opened:
    """Keep a new case, to be answered by `due_at`, or else within the days of `first_answer_due`.

    `contact` (a telephone number) lies with the reporter, not in the thread. Called again, it opens a second.
    """
    due_at = due_at or first_answer_due(now)
    at = moment_kept(now, anonymous=anonymous)
    number = await next_number(session, _SERIES[kind], now)
    if not anonymous:
        await crisis.lies_in(session, person_id, number, blocks, now)
    case = {
        "public_id": public_id(),
        "kind": kind,
        "number": number,
        "topic": topic,
        "state": CaseState.SUBMITTED,
        "anonymous": anonymous,
        "opened_at": at,
        "first_answer_due_at": due_at,
        "talk_until": now + case_clocks.TALK_GOES_ON if _is_talk(kind, topic) else None,
        **_owed(kind, due_at, at),
        "overdue": False,
        "version": 1,
    }
    left = {"contact": contact} if contact else {}
    reporter = {"person_id": person_id, "follower_id": follower_id, **left}
    words = {
        "kind": EntryKind.MEMBER,
        "blocks": list(blocks),
        "to_state": CaseState.SUBMITTED,
        "by": "",
        "channel": channel,
        "created_at": at,
    }
    who = {"person_digest": _digest(person_id, anonymous=anonymous), "reporter": reporter}
    gather(session, insert_cases, NewCase(case, who, words, person_id))
    return Opened(number, due_at)


def _owed(kind: CaseKind, due_at: datetime, at: datetime) -> dict[str, datetime | None]:
    """What ends by a yes or no has clocks of its own."""
    is_answered = kind not in DECIDED_KINDS
    return {"answer_due_at": due_at if is_answered else None, "waiting_since": at if is_answered else None}


def first_answer_due(now: datetime) -> datetime:
    """When somebody should have answered at the latest."""
    day = after_working_days(civil_date(now), FIRST_ANSWER_DAYS)
    return datetime.combine(day, CLOSING_TIME, SHANGHAI)


def moment_kept(now: datetime, *, anonymous: bool) -> datetime:
    """What a case remembers of `now`: of an anonymous one only the day, else the journal tells who it was."""
    return start_of_day(now) if anonymous else now


async def find_open_desk(session: AsyncSession, person_id: int) -> Case | None:
    """The person's 人工 case that is not closed; there is at most one."""
    talks = mine(person_id, CaseKind.DESK).where(Case.topic != CORRECTION, Case.state != CaseState.CLOSED)
    return await session.scalar(talks.order_by(Case.id.desc()).limit(1))


def _is_talk(kind: CaseKind, topic: str) -> bool:
    return kind is CaseKind.DESK and topic != CORRECTION


async def add_entry(
    session: AsyncSession,
    case: Case,
    kind: EntryKind,
    blocks: Blocks,
    *,
    by: str = "",
    channel: str = "",
    now: datetime,
) -> CaseEntry:
    """Add to the thread. What a member adds to an answered case makes it wait for an answer again."""
    at = moment_kept(now, anonymous=case.anonymous)
    words = list(blocks)
    entry = CaseEntry(case_id=case.id, kind=kind, blocks=words, by=by, channel=channel, created_at=at)
    if kind in (EntryKind.MEMBER, EntryKind.EVENT) and case.state is CaseState.ANSWERED:
        move(case, CaseState.SUBMITTED, entry)
        case_clocks.owe_again(case, first_answer_due(now), at)
    session.add(entry)
    await session.flush()
    return entry


# --- one's own ---------------------------------------------------------------------------------------------


async def list_mine(
    session: AsyncSession, person_id: int, limit: int, *kinds: CaseKind, after: int | None = None
) -> list[Mine]:
    """A person's own cases, newest first; of `kinds`, where some are given. `after`: the last id seen."""
    chosen = mine(person_id, *kinds).order_by(Case.id.desc()).limit(limit)
    chosen = chosen if after is None else chosen.where(Case.id < after)
    return await _with_answers(session, (await session.scalars(chosen)).all())


async def find_mine(
    session: AsyncSession, person_id: int, number: str, *kinds: CaseKind, lock: bool = False
) -> Mine | None:
    """The case of that number if it is this person's; somebody else's is as if it did not exist."""
    chosen = mine(person_id, *kinds).where(Case.number == number)
    if lock:
        chosen = chosen.with_for_update(of=Case).execution_options(populate_existing=True)
    found = await _with_answers(session, (await session.scalars(chosen)).all())
    return found[0] if found else None


def address_of(case: Case, person_id: int) -> str:
    """What the address of a person's own case ends with: a digest that tells nobody which case it is.

    A proxy's log knows whose browser came. It must not tell which anonymous case that was, nor who has one at
    all: so the addresses of named ones look alike.
    """
    return keyring().digest(f"{person_id}:{case.public_id}", "case-address").hex()


async def get_mine_at(session: AsyncSession, person_id: int, address: str, *, lock: bool = False) -> Case:
    """A person's own case by its address; somebody else's is as if it did not exist. Raises: NotFound."""
    for case in await session.scalars(mine(person_id).order_by(Case.id.desc())):
        if address_of(case, person_id) == address:
            if lock:
                await session.refresh(case, with_for_update=True)
            return case
    raise NotFound("没有找到这件事项，可能已过保存期限。")


async def list_thread(session: AsyncSession, case: Case) -> Sequence[CaseEntry]:
    """What its person may read of a case, oldest first: never notes, of the staff's acts the moves only."""
    theirs = sa.or_(CaseEntry.to_state.is_not(None), CaseEntry.by == "")
    shown = sa.or_(
        CaseEntry.kind.in_((EntryKind.MEMBER, EntryKind.STAFF)),
        sa.and_(CaseEntry.kind == EntryKind.EVENT, theirs),
    )
    chosen = sa.select(CaseEntry).where(CaseEntry.case_id == case.id, shown).order_by(CaseEntry.id)
    return (await session.scalars(chosen)).all()


async def first_words(session: AsyncSession, case: Case) -> str:
    """What the case was opened with."""
    first = await session.scalar(
        sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id).limit(1)
    )
    return text_of(first) if first is not None else ""


def mine(person_id: int, *kinds: CaseKind) -> sa.Select[Case]:
    """A person's own cases, anonymous ones too; of `kinds`, where some are given."""
    chosen = sa.select(Case).join(CaseReporter, CaseReporter.case_id == Case.id)
    chosen = chosen.where(CaseReporter.person_digest.in_(digests_of(person_id)))
    return chosen.where(Case.kind.in_(kinds)) if kinds else chosen


async def _with_answers(session: AsyncSession, found: Sequence[Case]) -> list[Mine]:
    if not found:
        return []
    newest = (
        sa.select(sa.func.max(CaseEntry.id))
        .where(CaseEntry.case_id.in_([case.id for case in found]), CaseEntry.kind == EntryKind.STAFF)
        .group_by(CaseEntry.case_id)
    )
    answers = {
        entry.case_id: entry
        for entry in await session.scalars(sa.select(CaseEntry).where(CaseEntry.id.in_(newest)))
    }
    return [
        Mine(case, text_of(answers[case.id]), answers[case.id].created_at)
        if case.id in answers
        else Mine(case)
        for case in found
    ]


async def files_of(session: AsyncSession, person_id: int, *kinds: CaseKind) -> set[str]:
    """The public ids of all files in a person's cases; of `kinds`, where some are given."""
    theirs = mine(person_id, *kinds).with_only_columns(Case.id)
    threads = sa.select(CaseEntry).where(CaseEntry.case_id.in_(theirs))
    return {str(block["file"]) for entry in await session.scalars(threads) for block in files_in(entry)}


async def lock_all(session: AsyncSession, person_id: int) -> Sequence[Case]:
    """All that a person ever brought and that still leads to him, locked, oldest first."""
    chosen = mine(person_id).order_by(Case.id).with_for_update(of=Case)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).all()


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """One person turned out to be another: his cases are found by the other's digests from now on."""
    for anonymous in (False, True):
        theirs = CaseReporter.person_digest == _digest(gone, anonymous=anonymous)
        for row in await session.scalars(sa.select(CaseReporter).where(theirs)):
            known: Any = row.reporter
            row.reporter = {**known, "person_id": stays}
            row.person_digest = _digest(stays, anonymous=anonymous)


# --- the thread --------------------------------------------------------------------------------------------


def text_of(entry: CaseEntry) -> str:
    """The words of an entry; pictures and voices stand as [图片]."""
    blocks: Any = entry.blocks
    return "\n".join(_words(block) for block in blocks)


def transferred_to(entry: CaseEntry) -> CaseKind | None:
    """What the case has been since this entry, where by it the case went to another desk."""
    blocks: Any = entry.blocks
    return next((CaseKind(block["to"]) for block in blocks if block["type"] == TRANSFER), None)


def files_in(entry: CaseEntry) -> list[dict[str, Any]]:
    """An entry's pictures, voices and videos, in order; `file` is the public id."""
    blocks: Any = entry.blocks
    return [block for block in blocks if "file" in block]


TRANSFER = "transfer"  # the block of an entry by which a case went to another desk: from and to, kinds
MEDIA = {"image": "图片", "voice": "语音", "video": "视频"}


def _words(block: dict[str, Any]) -> str:
    kind, text = str(block.get("type")), str(block.get("text") or "")
    if kind == TRANSFER:
        return f"由{CaseKind(block['from']).label}转到{CaseKind(block['to']).label}"
    if kind == "location":
        return f"[位置] {block.get('label') or ''}".strip()
    return " ".join(part for part in (f"[{MEDIA[kind]}]" if kind in MEDIA else "", text) if part)


def move(case: Case, to: CaseState, entry: CaseEntry) -> None:
    """Change the state, with `entry` as its trace. Raises: DomainError."""
    check_move(case.kind, case.state, to)
    entry.from_state, entry.to_state = case.state, to
    case.state = to


def digests_of(person_id: int) -> tuple[bytes, bytes]:
    """By which a person's named and anonymous cases are found."""
    return _digest(person_id, anonymous=False), _digest(person_id, anonymous=True)


def _digest(person_id: int, *, anonymous: bool) -> bytes:
    """Finds a person's cases again; anonymous ones by a digest of their own, since the others have times."""
    return keyring().digest(str(person_id), "case-reporter-unnamed" if anonymous else "case-reporter")
