"""Articles the account published before us or elsewhere: listed here, read at WeChat.

What we published there ourselves is here already and not taken for another (`wechat_articles`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import campaign_articles, wechat_articles
from models import Article, ArticleCategory, ArticleMove, ArticleState

TITLE, SUMMARY, AUTHOR, ADDRESS = 64, 120, 64, 1024  # characters that are kept
BY = "wechat"


@dataclass(frozen=True, slots=True)
class Published:
    """An article as WeChat tells it. `source` is its name there, the same for ever."""

    source: str
    title: str
    summary: str
    author: str
    address: str
    cover: str
    published_at: datetime
    is_deleted: bool = False
    source_url: str = ""  # 阅读原文

    @property
    def published_id(self) -> str:
        """WeChat's `article_id`: of those published together the same."""
        return self.source.rpartition(":")[0]


async def keep(session: AsyncSession, found: Sequence[Published], now: datetime) -> int:
    """Keep these, and withdraw those that were deleted there; how many are new. Twice is no error."""
    known = sa.select(Article).where(Article.source.in_([each.source for each in found]))
    rows = {str(row.source): row for row in await session.scalars(known.with_for_update())}
    ours = await wechat_articles.recognise(session, {each.published_id: each.source_url for each in found})
    marks = {mark for each in found if (mark := wechat_articles.mark_in(each.source_url))}
    sent = await campaign_articles.ours_among(session, marks)
    added = 0
    for each in found:
        if wechat_articles.mark_in(each.source_url) in sent:
            continue  # went out with a campaign of ours
        if (own := ours.get(each.published_id)) is not None:
            await wechat_articles.seen(
                session, own, each.published_id, each.address, is_deleted=each.is_deleted, now=now
            )
            continue
        row = rows.get(each.source)
        if each.is_deleted or not _is_address(each.address) or not each.title.strip():
            if row is not None and row.state is ArticleState.PUBLISHED and each.is_deleted:
                _move(session, row, ArticleState.WITHDRAWN, now)
            continue
        if row is None:
            row = Article(
                source=each.source,
                category=ArticleCategory.UNION,
                blocks=[],
                state=ArticleState.DRAFT,
                created_at=now,
            )
            _fill(row, each, now)
            session.add(row)
            await session.flush()
            _move(session, row, ArticleState.PUBLISHED, now)
            added += 1
        elif (row.title, row.address) != (each.title.strip()[:TITLE], each.address):
            _fill(row, each, now)  # its category and state are staff's
    await session.flush()
    return added


def _fill(row: Article, each: Published, now: datetime) -> None:
    row.title, row.summary = each.title.strip()[:TITLE], each.summary.strip()[:SUMMARY]
    row.author, row.address = each.author.strip()[:AUTHOR], each.address
    row.cover = each.cover if _is_address(each.cover) else None
    row.published_at, row.updated_at = each.published_at, now


def _move(session: AsyncSession, row: Article, to: ArticleState, now: datetime) -> None:
    before = None if row.state is ArticleState.DRAFT else row.state
    session.add(ArticleMove(article_id=row.id, from_state=before, to_state=to, by=BY, at=now))
    row.state = to


def _is_address(text: str) -> bool:
    return len(text) <= ADDRESS and urlsplit(text).scheme in ("http", "https")
