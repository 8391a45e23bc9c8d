"""Files of articles that a virus scanner is still to look at, and those in which it found something.

A file is looked at as it is uploaded; where the scanner gives no answer it is held: nobody is shown it, and
no text with it goes to review, until there is one. Functions flush and never commit. Not here: asking the
scanner (`app.scanning`), when (`app.jobs.article_scans`).
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import article_media, content_pieces
from app.services.permissions import Standing
from models import OPEN_DRAFTS, ArticleMedia, ContentDraft, ContentKind, FileState, MediaOwner
from models.article_media import NOT_READY

NO_WORDS: Final = "扫描程序没有说是什么"


async def held_after(session: AsyncSession, after: int, limit: int) -> Sequence[ArticleMedia]:
    """Some of those that wait, by id."""
    chosen = sa.select(ArticleMedia).where(sa.text(NOT_READY), ArticleMedia.state == FileState.EXPECTED)
    chosen = chosen.where(ArticleMedia.id > after).order_by(ArticleMedia.id).limit(limit)
    return (await session.scalars(chosen)).all()


async def settle(session: AsyncSession, media_id: int, virus: str | None) -> None:
    """What the scanner said: None is clean. Twice is no error."""
    media = await session.get(ArticleMedia, media_id, with_for_update=True)
    if media is None or media.state is not FileState.EXPECTED:
        return
    if virus is None:
        media.state = FileState.READY
    else:
        media.state, media.reason = FileState.INFECTED, (virus or NO_WORDS)[:200]
        await article_media.forget_bytes(session, media)
    await session.flush()


async def infected_of(session: AsyncSession, standing: Standing) -> list[str]:
    """Keys of articles that `standing` writes in, whose draft has a file with a virus."""
    named = await article_media.infected(session, MediaOwner.ARTICLE)
    if not named:
        return []
    open_ones = sa.select(ContentDraft).where(
        ContentDraft.kind == ContentKind.ARTICLE,
        ContentDraft.key.in_(set(named.values())),
        ContentDraft.state.in_(OPEN_DRAFTS),
    )
    return [
        draft.key
        for draft in await session.scalars(open_ones.order_by(ContentDraft.id))
        if standing.staff_id in content_pieces.writers(draft)
        and any(name in str(draft.filled) for name, key in named.items() if key == draft.key)
    ]
