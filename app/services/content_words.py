"""Words that the check of content looks for, as staff added them; and the check with all lists there are.

Functions flush and never commit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import content_checks
from app.services.audit import does
from app.services.board_wording import Wordlist
from app.services.content_checks import Finding, Sought
from app.services.permissions import Standing
from models import ContentKind, ContentWord, WordLevel

MOST: Final = 500
ADDED: Final = (WordLevel.SERIOUS, WordLevel.MILD)
"""What may be made of a word that is added."""


async def check(session: AsyncSession, kind: ContentKind, filled: object, board: Wordlist) -> list[Finding]:
    """Everything there is to say about what was typed."""
    own = [Sought(row.word, row.level, row.note or "不要这样写") for row in await list_all(session)]
    of_board = [
        Sought(word, WordLevel.SERIOUS, "用词表里的词") for word in (*board.forbidden, *board.attacks)
    ]
    return content_checks.findings(kind, dict(filled), [*own, *of_board])  # type: ignore[call-overload]


async def list_all(session: AsyncSession) -> Sequence[ContentWord]:
    return (await session.scalars(sa.select(ContentWord).order_by(ContentWord.word))).all()


async def add(
    session: AsyncSession, word: str, level: str, note: str, *, by: Standing, now: datetime
) -> None:
    """Twice is no error: the second says what is made of it from now on.

    Raises: DomainError: it is too short or too long, or there are too many.
    """
    word, note = " ".join(word.split()), " ".join(note.split())
    if not 2 <= len(word) <= 30:
        raise DomainError("词应为 2 到 30 个字。")
    if level not in ADDED:
        raise DomainError("请选查到以后怎样：要写理由，还是请核对。")
    if len(note) > 60:
        raise DomainError("说明最多 60 个字。")
    row = await session.scalar(sa.select(ContentWord).where(ContentWord.word == word).with_for_update())
    if row is None:
        if len(await list_all(session)) >= MOST:
            raise DomainError(f"最多 {MOST} 个词，请先删去不用的。")
        row = ContentWord(word=word)
        session.add(row)
    row.level, row.note, row.by, row.added_at = WordLevel(level), note, by.name, now
    await session.flush()
    does(session, "content.word_add", word)


async def remove(session: AsyncSession, word: str) -> None:
    """Twice is no error."""
    row = await session.scalar(sa.select(ContentWord).where(ContentWord.word == word))
    if row is not None:
        await session.delete(row)
        await session.flush()
        does(session, "content.word_remove", word)
