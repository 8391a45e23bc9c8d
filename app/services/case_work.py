"""What staff do with cases: look, answer, close. The person behind a case stays behind it.

An answer finds its way to the member without telling staff to whom; a telephone number that was left is shown
only by an act that leaves a trace. Not here: opening cases and one's own ones (`cases`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import outbox
from app.services.cases import moment_kept, move
from models import Case, CaseEntry, CaseReporter, CaseState, EntryKind, Outbox
from models.sealing import keyring

ANSWER_LENGTH = 600  # characters; with its heading it fits one message of WeChat


@dataclass(frozen=True, slots=True)
class Answered:
    """A case and the effect that brings the answer to the member."""

    case: Case
    notice: Outbox


async def list_cases(
    session: AsyncSession, *, state: CaseState | None = None, limit: int = 50
) -> Sequence[Case]:
    """Cases in the order they should be looked at: the earliest due first."""
    chosen = sa.select(Case).order_by(Case.first_answer_due_at, Case.id).limit(limit)
    chosen = chosen.where(Case.state == state) if state else chosen.where(Case.state != CaseState.CLOSED)
    return (await session.scalars(chosen)).all()


async def get_case(session: AsyncSession, number: str, *, lock: bool = False) -> Case:
    """Raises: NotFound."""
    chosen = sa.select(Case).where(Case.number == number.strip().upper())
    found = await session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None:
        raise NotFound(f"没有编号为 {number} 的事项，请核对编号。")
    return found


async def list_entries(session: AsyncSession, case: Case) -> Sequence[CaseEntry]:
    """The thread, oldest first."""
    found = await session.scalars(
        sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id)
    )
    return found.all()


async def answer(session: AsyncSession, number: str, text: str, by: str, now: datetime) -> Answered:
    """Answer the member, anonymous or not: the answer finds its way without telling staff to whom.

    Raises:
        NotFound: no such number.
        DomainError: nothing was written, too much, or the case is closed.
    """
    text = text.strip()
    if not text:
        raise DomainError("答复是空的，请写好再发。")
    if len(text) > ANSWER_LENGTH:
        raise DomainError(f"答复最多 {ANSWER_LENGTH} 个字，现在是 {len(text)} 个字，请缩短。")
    case = await get_case(session, number, lock=True)
    if case.state is CaseState.CLOSED:
        raise DomainError(f"{case.number} 已办结，不能再答复。")
    at = moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(case_id=case.id, kind=EntryKind.STAFF, blocks=[_text(text)], by=by, created_at=at)
    if case.state is not CaseState.ANSWERED:
        move(case, CaseState.ANSWERED, entry)
    session.add(entry)
    await session.flush()
    reporter = await _reporter(session, case)
    heading = f"您的{case.kind.label} {case.number} 有答复了"
    notice = outbox.add(
        session,
        "cases.answered",
        # The row names a person: a key with the case's id would tell whose an anonymous case is.
        key="case-answer:" + keyring().digest(str(entry.id), "case-answer").hex(),
        to=reporter["person_id"],
        payload={
            "type": "text",
            "content": f"{heading}：\n{text}",
            outbox.SHORT: f"{heading}，内容较长，请回复「我的留言」点编号看全文。",
        },
        now=now,
        confidential=True,  # of a named case too: a mark on the others would tell who has an anonymous one
    )
    await session.flush()
    return Answered(case, notice)


async def close(session: AsyncSession, number: str, by: str, now: datetime) -> Case:
    """Close a case. A second closing changes nothing.

    Raises:
        NotFound: no such number.
        DomainError: a 留言 nobody has answered yet.
    """
    case = await get_case(session, number, lock=True)
    if case.state is CaseState.CLOSED:
        return case
    entry = CaseEntry(case_id=case.id, kind=EntryKind.EVENT, blocks=[], by=by, created_at=now)
    move(case, CaseState.CLOSED, entry)
    case.closed_at = now
    session.add(entry)
    await session.flush()
    return case


async def open_contact(session: AsyncSession, number: str, by: str, now: datetime) -> str:
    """The telephone number left with a case; that somebody looked is kept in the thread.

    Raises:
        NotFound: no such number.
        DomainError: the case is anonymous, no number was left, or it was forgotten (`closed_cases`).
    """
    case = await _named_case(session, number)
    contact = str((await _reporter(session, case)).get("contact", ""))
    if not contact:
        raise DomainError(f"{case.number} 没有留电话，请直接答复，本人在微信里会看到。")
    await note(session, case, "查看了联系电话", by, now)
    return contact


async def open_reporter(session: AsyncSession, number: str, why: str, by: str, now: datetime) -> int:
    """The id of the person who brought a case, for something done to that person; the thread keeps `why`.

    Raises:
        NotFound: no such number.
        DomainError: the case is anonymous.
    """
    case = await _named_case(session, number)
    person_id = int((await _reporter(session, case))["person_id"])
    await note(session, case, why, by, now)
    return person_id


async def _named_case(session: AsyncSession, number: str) -> Case:
    case = await get_case(session, number, lock=True)
    if case.anonymous:
        raise DomainError(f"{case.number} 是匿名的，不能查看是谁。答复会照样送到。")
    return case


async def note(session: AsyncSession, case: Case, text: str, by: str, now: datetime) -> None:
    """Keep in the thread what `by` did."""
    session.add(CaseEntry(case_id=case.id, kind=EntryKind.NOTE, blocks=[_text(text)], by=by, created_at=now))
    await session.flush()


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


async def _reporter(session: AsyncSession, case: Case) -> dict[str, Any]:
    found: Any = await session.scalar(sa.select(CaseReporter.reporter).where(CaseReporter.case_id == case.id))
    if found is None and case.state is CaseState.CLOSED:
        raise DomainError(f"{case.number} 已过保存期限，内容和电话都已清除。")
    if found is None:
        raise LookupError(f"case {case.number} has no reporter")
    return dict(found)
