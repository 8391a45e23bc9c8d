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
from app.services import advice, case_clocks, cases, evidence, stored_files
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, CARE
from app.services.cases import Blocks
from models import OVER, Case, CaseEntry, CaseKind, EntryKind

KINDS: Final = (CaseKind.DESK, CaseKind.FEEDBACK, *ADVICE)
SOON: Final = timedelta(minutes=2)  # words that follow one another so closely are one saying
_ASIDE: Final = "本人说，上面这句不是说给我们的"
_COURTESY: Final = re.compile(
    "谢谢|多谢|感谢|谢了|辛苦|麻烦|好的|好嘞|好吧|好|嗯|哦|行|可以|ok|知道|明白|收到|了解|清楚|没事|没有"
    "|没问题|不用|非常|十分|真是|太|就|这样|先|那|再见|拜拜|律师|老师|医生|师傅|同志|领导|大家|你们|您|你|我"
    "|了|啦|啊|呀|哈|吧|的|们",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile("[?？]|吗|呢|么|怎|哪|几|多少")
_LONGEST_COURTESY: Final = 20  # characters


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of somebody's words."""

    case: Case
    added: Added
    goes_on: bool  # the person had written a moment before, and was told then where it goes


async def list_open(session: AsyncSession, person_id: int, now: datetime) -> Sequence[Case]:
    """The person's talks that stand open, the one with the newest words of staff first."""
    chosen = cases.mine(person_id, *KINDS).where(Case.talk_until > now, Case.state.not_in(OVER))
    newest = sa.func.coalesce(Case.answered_at, Case.opened_at)
    return (await session.scalars(chosen.order_by(newest.desc(), Case.id.desc()))).all()


async def is_open(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """Whether the person is in the middle of one."""
    chosen = cases.mine(person_id, *KINDS).where(Case.talk_until > now, Case.state.not_in(OVER))
    return bool(await session.scalar(sa.select(chosen.exists())))


async def list_unfinished(session: AsyncSession, person_id: int, limit: int) -> Sequence[Case]:
    """Named cases to which something may be added, newest first.

    Neither anonymous ones nor 心理疏导 and 健康咨询: a chat that is kept must not name them.
    """
    kinds = [kind for kind in KINDS if kind not in CARE]
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


async def say(
    session: AsyncSession, person_id: int, number: str, words: Blocks, *, channel: str = "chat", now: datetime
) -> Heard:
    """Put somebody's words into his case; the talk goes on for a while.

    A thank-you is kept and moves nothing: an answered question is not opened again by it.

    Raises:
        NotFound: not one of his own.
        DomainError: it is over.
    """
    case = await get(session, person_id, number)
    goes_on = await _spoke_lately(session, case, now)
    if _is_courtesy(words):
        case, added = await _kept(session, person_id, number, words, channel, now), Added.COURTESY
    elif case.kind in ADVICE:
        case, added = await advice.add(session, person_id, number, words, case.kind, channel=channel, now=now)
    else:
        case, added = await _noted(session, person_id, number, words, channel, now), Added.NOTED
    begin(case, now)
    if case.anonymous:
        files = [str(part["file"]) for part in words if "file" in part]
        if case.kind not in evidence.KINDS:  # nobody will ask later: it has no owner any more
            await evidence.drop(session, files)
        await stored_files.disown(session, person_id, files, cases.moment_kept(now, anonymous=True))
    await session.flush()
    return Heard(case, added, goes_on)


def begin(case: Case, now: datetime) -> None:
    """The person asks for somebody: what he writes next is for them."""
    case_clocks.talk(case, now + case_clocks.TALK_GOES_ON)


async def choose(session: AsyncSession, person_id: int, number: str, now: datetime) -> None:
    """Of several open talks the person means this one: the others rest until somebody speaks in them."""
    for case in await list_open(session, person_id, now):
        if case.number != number:
            case.talk_until = None
    await session.flush()


async def leave(session: AsyncSession, person_id: int, number: str, now: datetime) -> str:
    """The person meant something else by his newest words: the talk rests; what the words were, if text.

    Raises: NotFound: not one of his own.
    """
    found = await cases.find_mine(session, person_id, number.strip().upper(), *KINDS, lock=True)
    if found is None:
        raise NotFound("没有找到这件事项，可能已过保存期限。")
    case, newest = found.case, await _newest_words(session, found.case)
    if case.talk_until is None or newest is None:
        return ""
    case.talk_until = None
    if now - newest.created_at > case_clocks.TALK_GOES_ON:
        return ""
    session.add(_entry(case, EntryKind.NOTE, [{"type": "text", "text": _ASIDE}], "chat", now))
    await session.flush()
    return cases.text_of(newest) if not cases.files_in(newest) else ""


# --- parts -------------------------------------------------------------------------------------------------


async def _noted(
    session: AsyncSession, person_id: int, number: str, words: Blocks, channel: str, now: datetime
) -> Case:
    case = await _locked(session, person_id, number)
    await cases.add_entry(session, case, EntryKind.MEMBER, words, channel=channel, now=now)
    return case


async def _kept(
    session: AsyncSession, person_id: int, number: str, words: Blocks, channel: str, now: datetime
) -> Case:
    case = await _locked(session, person_id, number)
    session.add(_entry(case, EntryKind.MEMBER, words, channel, now))
    return case


async def _locked(session: AsyncSession, person_id: int, number: str) -> Case:
    """Raises: NotFound: it was ended or forgotten meanwhile."""
    found = await cases.find_mine(session, person_id, number, *KINDS, lock=True)
    if found is None or found.case.state in OVER:
        raise NotFound(f"{number} 刚刚办结了，这句没有记进去。要重新说起，请回复「人工」。")
    return found.case


async def _spoke_lately(session: AsyncSession, case: Case, now: datetime) -> bool:
    """Whether nothing was said between the person's own words of a moment ago and now."""
    said = sa.select(CaseEntry).where(
        CaseEntry.case_id == case.id, CaseEntry.kind.in_((EntryKind.MEMBER, EntryKind.STAFF))
    )
    newest = await session.scalar(said.order_by(CaseEntry.id.desc()).limit(1))
    is_opening = newest is not None and newest.from_state is None and newest.to_state is not None
    if newest is None or newest.kind is EntryKind.STAFF or is_opening:
        return False
    return now - newest.created_at < SOON


async def _newest_words(session: AsyncSession, case: Case) -> CaseEntry | None:
    own = sa.select(CaseEntry).where(CaseEntry.case_id == case.id, CaseEntry.kind == EntryKind.MEMBER)
    found: CaseEntry | None = await session.scalar(own.order_by(CaseEntry.id.desc()).limit(1))
    return found


def _entry(case: Case, kind: EntryKind, words: Blocks, channel: str, now: datetime) -> CaseEntry:
    at = cases.moment_kept(now, anonymous=case.anonymous)
    return CaseEntry(case_id=case.id, kind=kind, blocks=list(words), by="", channel=channel, created_at=at)


def _is_courtesy(words: Sequence[dict[str, Any]]) -> bool:
    """好的，谢谢律师！ – nothing that anybody must answer."""
    if any(word.get("type") != "text" for word in words):
        return False
    text = "".join(str(word.get("text") or "") for word in words)
    if len(text) > _LONGEST_COURTESY or _QUESTION.search(text):
        return False
    return not any(char.isalnum() for char in _COURTESY.sub("", text))
