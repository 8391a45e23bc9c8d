"""Questions the search found nothing for: kept sealed and counted, to grow the next tip or keyword from."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.database import insert_into
from app.errors import DomainError, NotFound
from app.gathered import gather
from app.services.audit import does
from models import QuestionState, UnansweredQuestion
from models.sealing import keyring

MISSES: Any = UnansweredQuestion.__table__
LONGEST = 200  # characters kept; a longer text is a story, not a question
SHORTEST = 2  # letters


async def log_miss(session: AsyncSession, text: str, now: datetime) -> None:
    """Count `text` as unanswered. Texts without words (a smile, a dot) are not kept.

    Hundreds may send the same at once: it goes in last, or each transaction would wait for all before it.
    """
    words = _same(text)
    if len(words) < SHORTEST:
        return
    row = {
        "text": text.strip()[:LONGEST],
        "digest": keyring().digest(words, "unanswered-question"),
        "count": 1,
        "first_at": now,
        "last_at": now,
        "state": QuestionState.OPEN,
    }
    gather(session, _count_misses, row, last=True)


def _count_misses(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """In one order, so that two transactions do not wait for each other."""
    found: dict[bytes, dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault(row["digest"], {**row, "count": 0})
        known |= {"count": known["count"] + 1, "last_at": row["last_at"]}
    connection.execute(_counted(connection.dialect.name), [found[digest] for digest in sorted(found)])


@cache
def _counted(dialect: str) -> Any:
    insert = insert_into(dialect, MISSES)
    again = sa.case(
        (MISSES.c.state == QuestionState.ANSWERED.value, QuestionState.OPEN.value), else_=MISSES.c.state
    )
    more = {"count": MISSES.c.count + insert.excluded.count, "last_at": insert.excluded.last_at}
    return insert.on_conflict_do_update(index_elements=["digest"], set_=more | {"state": again})


async def list_misses(
    session: AsyncSession, limit: int = 50, state: QuestionState = QuestionState.OPEN
) -> Sequence[UnansweredQuestion]:
    """The most asked first; of those that are settled, the last settled."""
    chosen = sa.select(UnansweredQuestion).where(UnansweredQuestion.state == state).limit(limit)
    if state is QuestionState.OPEN:
        most = (UnansweredQuestion.count.desc(), UnansweredQuestion.last_at.desc())
        chosen = chosen.order_by(*most, UnansweredQuestion.id.desc())
    else:
        chosen = chosen.order_by(UnansweredQuestion.settled_at.desc(), UnansweredQuestion.id.desc())
    return (await session.scalars(chosen)).all()


async def count_open(session: AsyncSession) -> int:
    """How many wait for an answer to be written."""
    is_open = UnansweredQuestion.state == QuestionState.OPEN
    chosen = sa.select(sa.func.count()).select_from(UnansweredQuestion).where(is_open)
    return await session.scalar(chosen) or 0


async def get(session: AsyncSession, question_id: int, *, lock: bool = False) -> UnansweredQuestion:
    """Raises: NotFound."""
    chosen = sa.select(UnansweredQuestion).where(UnansweredQuestion.id == question_id)
    found = await session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None:
        raise NotFound("这个问题已经不在了：半年没有人再问的会自动删除。")
    return found


async def settle(
    session: AsyncSession, question_id: int, state: QuestionState, *, by: str, now: datetime
) -> UnansweredQuestion:
    """An answer was written, none is needed, or the question is open again. A staff act.

    Raises:
        NotFound: it was forgotten meanwhile.
        DomainError: somebody else has settled it.
    """
    found = await get(session, question_id, lock=True)
    _refuse_settled(found, state)
    found.state = state
    is_open = state is QuestionState.OPEN
    found.settled_by, found.settled_at = (None, None) if is_open else (by, now)
    await session.flush()
    does(session, f"question.{state.value}", str(found.id))
    return found


async def answered(session: AsyncSession, question_id: int, *, by: str, now: datetime) -> None:
    """As part of another act of staff, that wrote the answer; nothing where it is settled or forgotten."""
    chosen = sa.select(UnansweredQuestion).where(UnansweredQuestion.id == question_id).with_for_update()
    found = await session.scalar(chosen)
    if found is not None and found.state is QuestionState.OPEN:
        found.state, found.settled_by, found.settled_at = QuestionState.ANSWERED, by, now


def _refuse_settled(found: UnansweredQuestion, state: QuestionState) -> None:
    if QuestionState.OPEN in (found.state, state) or found.settled_at is None:
        return
    when = f"{shanghai(found.settled_at):%m月%d日 %H:%M}"
    raise DomainError(f"{found.settled_by}已在 {when} 把它标为「{found.state.label}」。")


def _same(text: str) -> str:
    """Letters and digits only: the same question with another mark or space is the same question."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    return "".join(char for char in folded if char.isalnum())
