"""Questions the search found nothing for: kept sealed and counted, to grow the next tip or keyword from."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.coordination import upsert
from models import UnansweredQuestion
from models.sealing import keyring

LONGEST = 200  # characters kept; a longer text is a story, not a question
SHORTEST = 2  # letters


async def log_miss(session: AsyncSession, text: str, now: datetime) -> None:
    """Count `text` as unanswered. Texts without words (a smile, a dot) are not kept."""
    words = _same(text)
    if len(words) < SHORTEST:
        return
    insert = upsert(session, UnansweredQuestion).values(
        text=text.strip()[:LONGEST],
        digest=keyring().digest(words, "unanswered-question"),
        count=1,
        first_at=now,
        last_at=now,
    )
    counted = UnansweredQuestion.__table__.c.count + 1
    await session.execute(
        insert.on_conflict_do_update(index_elements=["digest"], set_={"count": counted, "last_at": now})
    )


async def list_misses(session: AsyncSession, limit: int = 50) -> Sequence[UnansweredQuestion]:
    """The most asked first."""
    found = await session.scalars(
        sa.select(UnansweredQuestion)
        .order_by(UnansweredQuestion.count.desc(), UnansweredQuestion.last_at.desc())
        .limit(limit)
    )
    return found.all()


def _same(text: str) -> str:
    """Letters and digits only: the same question with another mark or space is the same question."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    return "".join(char for char in folded if char.isalnum())
