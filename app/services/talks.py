"""A case as a talk: what its person writes in the chat goes to it, without a form and without a tap.

A talk stands open while the case says so (`case_clocks.talk`): after a question or an answer of ours, after
人工 was asked for, and some minutes after each of the person's own words. Nothing here knows of keywords or
dialogues, which come first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import case_clocks, cases, crisis, evidence, own_cases, stored_files
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, CARE
from app.services.cases import Blocks
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind
from models.case import TALKED

KINDS: Final = TALKED
SECRET: Final = (*CARE, CaseKind.COMPLAINT)  # a chat that is kept must not name them
IN_THE_MIDDLE: Final = timedelta(minutes=5)
SOON: Final = timedelta(minutes=2)  # words that follow one another so closely are one saying
_ASIDE: Final = "本人说，上面这句不是说给我们的"
_COURTESY: Final = re.compile(
    "谢谢|多谢|感谢|谢了|辛苦|麻烦|好的|好嘞|好吧|好|嗯|哦|ok|知道了|明白|收到|了解|清楚|没问题"
    "|非常|十分|真是|太|就这样|先这样|那|再见|拜拜|律师|老师|医生|师傅|同志|领导|大家|你们|您|你|我"
    "|了|啦|啊|呀|哈|吧|的|们",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile("[?？]|吗|呢|么|怎|哪|几|多少")
_LONGEST_COURTESY: Final = 20  # characters
_LAST_WORDS: Final = 30  # characters of ours, at the end, that may hold a question


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of somebody's words."""

    case: Case
    added: Added
    goes_on: bool  # the person had written a moment before, and was told then where it goes


async def list_open(session: AsyncSession, person_id: int, now: datetime) -> Sequence[Case]:
    """The person's talks that stand open, the one with the newest words of staff first."""
    chosen = _standing_open(person_id, now)
    newest = sa.func.coalesce(Case.answered_at, Case.opened_at)
    return (await session.scalars(chosen.order_by(newest.desc(), Case.id.desc()))).all()


async def list_unfinished(session: AsyncSession, person_id: int, limit: int) -> Sequence[Case]:
    """Named cases to which something may be added, newest first.

    Neither anonymous nor secret ones.
    """
    kinds = [kind for kind in KINDS if kind not in SECRET]
    chosen = cases.mine(person_id, *kinds).where(Case.state.not_in(OVER), Case.anonymous.is_(False))
    return (await session.scalars(chosen.order_by(Case.id.desc()).limit(limit))).all()


async def get(session: AsyncSession, person_id: int, number: str) -> Case:
    """One of the person's own cases that takes more words, anonymous or not.

    Raises: NotFound: it is not his, or over.
    """
    found = await cases.find_mine(session, person_id, number.strip().upper(), *KINDS)
    if found is None or found.case.state in OVER:
        raise NotFound(f"{number} 已经办结或不是您的事项，不能再补充。要重新说起，请回复「人工」。")
    return found.case


def reopens(case: Case) -> bool:
    """Whether words open again what was answered: nobody does that by a stray sentence."""
    answered = case.kind in ADVICE and case.state is CaseState.ANSWERED
    return answered or case.state is CaseState.REPLIED


async def is_courtesy(session: AsyncSession, case: Case, words: Blocks) -> bool:
    """好的，谢谢律师！ – nothing that anybody must answer; after a question of ours it is an answer."""
    if case.state is CaseState.WAITING_USER or not _thanks(words):
        return False
    said = await _newest_of(session, [case.id], EntryKind.STAFF)
    return said is None or not _QUESTION.search(cases.text_of(said)[-_LAST_WORDS:])


async def say(
    session: AsyncSession,
    person_id: int,
    number: str,
    words: Blocks,
    *,
    moves: bool = True,
    channel: str = "chat",
    now: datetime,
) -> Heard:
    """Put somebody's words into his case; the talk goes on for a while.

    With `moves` false they are kept, and nobody need answer them.

    Raises:
        NotFound: not one of his own.
        DomainError: it is over.
    """
    case = await _locked(session, person_id, number)
    goes_on, added = await _spoke_lately(session, case, now), Added.NOTED
    if not moves:
        session.add(_entry(case, EntryKind.MEMBER, words, channel, now))
        added = Added.COURTESY
    elif case.kind in (CaseKind.DESK, CaseKind.FEEDBACK):
        await cases.add_entry(session, case, EntryKind.MEMBER, words, channel=channel, now=now)
    else:
        added = await own_cases.add(session, person_id, case, words, channel=channel, now=now)
    begin(case, now)
    if not case.anonymous:
        await crisis.lies_in(session, person_id, number, words, now)
    else:
        files = [str(part["file"]) for part in words if "file" in part]
        if case.kind not in evidence.KINDS:  # nobody will ask later: it has no owner any more
            await evidence.drop(session, files)
        await stored_files.disown(session, person_id, files, cases.moment_kept(now, anonymous=True))
    await session.flush()
    return Heard(case, added, goes_on)


def begin(case: Case, now: datetime) -> None:
    """The person asks for somebody: what he writes next is for them."""
    case_clocks.talk(case, now + case_clocks.TALK_GOES_ON)


async def current(session: AsyncSession, found: Sequence[Case], now: datetime) -> Case | None:
    """Of several open talks the one the person is in the middle of: the newest words of all are his own."""
    if len(found) == 1:
        return found[0]
    newest = await _newest_of(session, [case.id for case in found], EntryKind.MEMBER, EntryKind.STAFF)
    if newest is None or newest.kind is EntryKind.STAFF or _opens(newest):
        return None
    if now - newest.created_at >= IN_THE_MIDDLE:
        return None
    return next(case for case in found if case.id == newest.case_id)


async def leave(session: AsyncSession, person_id: int, number: str, now: datetime) -> str:
    """The person meant something else by his newest words: the talk rests; what the words were, if text.

    Raises: NotFound: not one of his own.
    """
    found = await cases.find_mine(session, person_id, number.strip().upper(), *KINDS, lock=True)
    if found is None:
        raise NotFound("没有找到这件事项，可能已过保存期限。")
    case, newest = found.case, await _newest_of(session, [found.case.id], EntryKind.MEMBER)
    if case.talk_until is None or newest is None:
        return ""
    case.talk_until = None
    if now - newest.created_at > case_clocks.TALK_GOES_ON:
        return ""
    session.add(_entry(case, EntryKind.NOTE, [{"type": "text", "text": _ASIDE}], "chat", now))
    await session.flush()
    return cases.text_of(newest) if not cases.files_in(newest) else ""


# --- parts -------------------------------------------------------------------------------------------------


def _standing_open(person_id: int, now: datetime) -> sa.Select[Case]:
    return cases.mine(person_id, *KINDS).where(Case.talk_until > now, Case.state.not_in(OVER))


async def _locked(session: AsyncSession, person_id: int, number: str) -> Case:
    """Raises: NotFound: it is not his, or over."""
    chosen = cases.mine(person_id, *KINDS).where(Case.number == number).with_for_update(of=Case)
    found: Case | None = await session.scalar(chosen.execution_options(populate_existing=True))
    if found is None or found.state in OVER:
        raise NotFound(f"{number} 已经办结或不是您的事项，这句没有记进去。要重新说起，请回复「人工」。")
    return found


async def _spoke_lately(session: AsyncSession, case: Case, now: datetime) -> bool:
    """Whether nothing was said between the person's own words of a moment ago and now."""
    newest = await _newest_of(session, [case.id], EntryKind.MEMBER, EntryKind.STAFF)
    if newest is None or newest.kind is EntryKind.STAFF or _opens(newest):
        return False
    return now - newest.created_at < SOON


async def _newest_of(session: AsyncSession, ids: Sequence[int], *kinds: EntryKind) -> CaseEntry | None:
    chosen = sa.select(CaseEntry).where(CaseEntry.case_id.in_(ids), CaseEntry.kind.in_(kinds))
    found: CaseEntry | None = await session.scalar(chosen.order_by(CaseEntry.id.desc()).limit(1))
    return found


def _opens(entry: CaseEntry) -> bool:
    """Whether these are the words with which the case was opened."""
    return entry.from_state is None and entry.to_state is not None


def _entry(case: Case, kind: EntryKind, words: Blocks, channel: str, now: datetime) -> CaseEntry:
    at = cases.moment_kept(now, anonymous=case.anonymous)
    return CaseEntry(case_id=case.id, kind=kind, blocks=list(words), by="", channel=channel, created_at=at)


def _thanks(words: Sequence[dict[str, Any]]) -> bool:
    if any(word.get("type") != "text" for word in words):
        return False
    text = "".join(str(word.get("text") or "") for word in words)
    if len(text) > _LONGEST_COURTESY or _QUESTION.search(text):
        return False
    return not any(char.isalnum() for char in _COURTESY.sub("", text))
