"""Questions the search found nothing for: kept sealed and counted, to grow the next tip or keyword from."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.database import insert_into
from app.errors import DomainError, NotFound
from app.services.audit import does
from app.tallies import Met, Noted, Transaction
from models import QuestionState, UnansweredQuestion
from models.sealing import keyring

MISSES: Any = UnansweredQuestion.__table__
LONGEST = 200  # characters kept; a longer text is a story, not a question
SHORTEST = 2  # letters


class Unanswered:
    """What one process could not answer and has not written yet.

    A crowd sends the same words at once: counted one by one, all would wait for one row.
    """

    def __init__(self) -> None:
        self._noted: Noted[str] = Noted()
        self._texts: dict[str, str] = {}  # as it was asked first

    def note(self, text: str, at: datetime) -> None:
        """Count `text` as unanswered. Texts without words (a smile, a dot) are not kept."""
        words = _same(text)
        if len(words) >= SHORTEST:
            self._noted.note(words, at)
            self._texts.setdefault(words, text.strip()[:LONGEST])

    async def flush(self, transaction: Transaction) -> int:
        """Write what was noted; how many questions. What cannot be written is kept for the next time."""
        asked = self._noted.take()
        texts, self._texts = self._texts, {}
        if not asked:
            return 0
        try:
            async with transaction() as session:
                await _write(session, asked, texts)
        except BaseException:
            self._noted.give_back(asked)
            self._texts |= texts
            raise
        return len(asked)


async def _write(session: AsyncSession, asked: Mapping[str, Met], texts: Mapping[str, str]) -> None:
    """Sealed, and in one order, so that two processes do not wait for each other."""
    rows = [
        {
            "text": texts[words],
            "digest": keyring().digest(words, "unanswered-question"),
            "count": each.count,
            "first_at": each.first_at,
            "last_at": each.last_at,
            "state": QuestionState.OPEN,
        }
        for words, each in asked.items()
    ]
    counted = _counted(session.get_bind().dialect.name)
    await session.execute(counted, sorted(rows, key=itemgetter("digest")))


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
