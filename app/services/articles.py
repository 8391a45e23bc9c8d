"""Articles: brought in from files, listed by category, read; shown and taken down as staff decided.

Not here: writing and approving them (`contents`).
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import SHANGHAI, civil_date
from app.content_files import ContentFile
from app.errors import DomainError, NotFound
from app.services.article_files import Written
from app.services.content_forms import ReadyArticle
from app.services.keysets import beyond
from models import Article, ArticleCategory, ArticleMove, ArticleReads, ArticleState

Place = tuple[datetime, int]  # where a list goes on: publication and id of its last article
_ORDER = (Article.published_at, Article.id)
MORNING = time(8, 0)  # of the day a file names
HOT_DAYS = 30
NEAR, RELATED = 20, 3  # of so many the related ones are chosen; how many
NOWHERE = "没有找到这篇文章，可能已经撤下。"


class Over(DomainError):
    """An article that was public until its end; its address is known, so it says so."""

    status = 410

    def __init__(self, article: Article) -> None:
        day = f"{civil_date(article.expires_at):%Y-%m-%d}" if article.expires_at else ""
        super().__init__(f"「{article.title}」已经到期，{day} 起不再显示。")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` did, in numbers of articles."""

    added: int
    changed: int
    gone: int


@dataclass(frozen=True, slots=True)
class Headline:
    """Of an article, enough to be chosen."""

    public_id: str
    title: str
    published_at: datetime


async def load(session: AsyncSession, files: Iterable[ContentFile[Written]], now: datetime) -> Loaded:
    """Publish what the files say; an article whose file is gone is withdrawn. Others are left alone,
    and so is what staff edited."""
    found = await session.scalars(sa.select(Article).where(Article.slug.is_not(None)).with_for_update())
    rows = {str(row.slug): row for row in found}
    added = changed = 0
    for file in files:
        row = rows.pop(file.content.head.id, None)
        if row is None:
            row = Article(slug=file.content.head.id, state=ArticleState.DRAFT, created_at=now)
            _fill(row, file, now)
            session.add(row)
            await session.flush()
            _move(session, row, None, ArticleState.PUBLISHED, now)
            added += 1
        elif not row.edited and (row.digest != file.sha256 or row.state is not ArticleState.PUBLISHED):
            _fill(row, file, now)
            if row.state is not ArticleState.PUBLISHED:
                _move(session, row, row.state, ArticleState.PUBLISHED, now)
            changed += 1
    gone = [row for row in rows.values() if row.state is ArticleState.PUBLISHED and not row.edited]
    for row in gone:
        _move(session, row, row.state, ArticleState.WITHDRAWN, now)
    await session.flush()
    return Loaded(added, changed, len(gone))


async def put(session: AsyncSession, key: str, ready: ReadyArticle, *, by: str, now: datetime) -> Article:
    """Show what staff wrote: it is theirs from now on. `key` is its public id, of a new one too.

    What is shown already keeps the day it was published on; what had ended is published anew.

    Raises: DomainError: something shown already would be hidden until a later moment.
    """
    row = await session.scalar(sa.select(Article).where(Article.public_id == key).with_for_update())
    at = max(ready.publish_at or now, now)
    before = None if row is None else row.state_at(now)
    if row is not None and row.published_at is not None and before is ArticleState.PUBLISHED:
        if at > now:
            raise DomainError("这篇文章已经在公众号里，不能再定时；请去掉发布时间。")
        at = row.published_at
    if row is None:
        row = Article(public_id=key, state=ArticleState.DRAFT, created_at=now)
        session.add(row)
    row.category, row.title, row.summary, row.author = (
        ready.category,
        ready.title,
        ready.summary,
        ready.author,
    )
    row.blocks, row.reviewer = rich_text.dump(ready.blocks), ready.reviewer
    row.next_review_on, row.published_at, row.updated_at, row.edited = ready.next_review_on, at, now, True
    row.source_name, row.source_link = ready.source_name, ready.source_link
    row.tags, row.expires_at = list(ready.tags), ready.expires_at
    await session.flush()
    if before not in (ArticleState.PUBLISHED, ArticleState.SCHEDULED):
        _move(session, row, before, ArticleState.PUBLISHED, now, by)
    await session.flush()
    return row


def withdraw(session: AsyncSession, row: Article, *, by: str, reason: str, now: datetime) -> None:
    """Its file, if it has one, does not bring it back."""
    _move(session, row, row.state, ArticleState.WITHDRAWN, now, by, reason)
    row.edited, row.updated_at = True, now


async def list_published(
    session: AsyncSession,
    now: datetime,
    limit: int,
    *,
    category: ArticleCategory | None = None,
    tag: str = "",
    skip: int = 0,
    after: Place | None = None,
) -> Sequence[Article]:
    """Newest first; from `after` on, or without the first `skip`."""
    chosen = sa.select(Article).where(is_public(now), *_of(category, tag))
    if after is not None:
        chosen = chosen.where(beyond(_ORDER, after, descending=True))
    newest = chosen.order_by(*(each.desc() for each in _ORDER))
    return (await session.scalars(newest.limit(limit).offset(skip))).all()


async def list_hot(
    session: AsyncSession,
    now: datetime,
    limit: int,
    *,
    category: ArticleCategory | None = None,
    tag: str = "",
    skip: int = 0,
) -> Sequence[Article]:
    """What was read most in the last `HOT_DAYS` days; what nobody read is not among them."""
    since = civil_date(now) - timedelta(days=HOT_DAYS)
    read = sa.select(ArticleReads.article_id, sa.func.sum(ArticleReads.count).label("reads"))
    lately = read.where(ArticleReads.day > since).group_by(ArticleReads.article_id).subquery()
    chosen = sa.select(Article).join(lately, lately.c.article_id == Article.id)
    chosen = chosen.where(is_public(now), *_of(category, tag)).order_by(
        lately.c.reads.desc(), *(each.desc() for each in _ORDER)
    )
    return (await session.scalars(chosen.limit(limit).offset(skip))).all()


async def list_related(session: AsyncSession, article: Article, now: datetime) -> list[Headline]:
    """The next ones of its category: those whose titles have most in common with its own, then the newest."""
    near = sa.select(Article.public_id, Article.title, Article.published_at)
    near = near.where(is_public(now), Article.category == article.category, Article.id != article.id)
    found = await session.execute(near.order_by(*(each.desc() for each in _ORDER)).limit(NEAR))
    own = _pairs(article.title)
    headlines = [Headline(row.public_id, row.title, row.published_at) for row in found]
    return sorted(headlines, key=lambda each: -len(own & _pairs(each.title)))[:RELATED]


def _pairs(title: str) -> set[str]:
    """Two characters that stand together: about a word of Chinese."""
    return {title[at : at + 2] for at in range(len(title) - 1)}


async def addresses(session: AsyncSession, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
    """The public ids of what is read here, with when each was changed last; the newest first."""
    chosen = sa.select(Article.public_id, Article.updated_at).where(is_public(now), Article.address.is_(None))
    found = await session.execute(chosen.order_by(*(each.desc() for each in _ORDER)).limit(limit))
    return [(row.public_id, row.updated_at) for row in found]


async def get_published(session: AsyncSession, public_id: str, now: datetime) -> Article:
    """Raises: NotFound, Over."""
    article = await get(session, public_id)
    match article.state_at(now):
        case ArticleState.PUBLISHED:
            return article
        case ArticleState.EXPIRED:
            raise Over(article)
    raise NotFound(NOWHERE)


async def get(session: AsyncSession, public_id: str) -> Article:
    """Whatever its state. Raises: NotFound."""
    article: Article | None = await session.scalar(sa.select(Article).where(Article.public_id == public_id))
    if article is None:
        raise NotFound(NOWHERE)
    return article


async def reads(session: AsyncSession, article: Article) -> int:
    """How often it was opened, up to a few seconds ago."""
    total = await session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(ArticleReads.count), 0)).where(
            ArticleReads.article_id == article.id
        )
    )
    return int(total or 0)


async def by_keys(session: AsyncSession, keys: Collection[str]) -> dict[str, Article]:
    """By public id, whatever their state."""
    found = await session.scalars(sa.select(Article).where(Article.public_id.in_(keys)))
    return {each.public_id: each for each in found}


def is_public(now: datetime) -> sa.ColumnElement[bool]:
    """Of articles: whether all may read it. The same rule as `Article.state_at`."""
    stays = sa.or_(Article.expires_at.is_(None), Article.expires_at > now)
    return sa.and_(Article.state == ArticleState.PUBLISHED, Article.published_at <= now, stays)


def is_over(now: datetime) -> sa.ColumnElement[bool]:
    """Of articles: whether it has come to the end that it was given. The same rule as `Article.state_at`."""
    return sa.and_(Article.state == ArticleState.PUBLISHED, Article.expires_at <= now)


def _of(category: ArticleCategory | None, tag: str) -> list[sa.ColumnElement[bool]]:
    """Tags are JSON in which each stands between quotes, spelt as `_spelt` says."""
    chosen: list[sa.ColumnElement[bool]] = []
    if category is not None:
        chosen.append(Article.category == category)
    if tag:
        chosen.append(sa.cast(Article.tags, sa.Text).contains(f'"{_spelt(tag)}"', autoescape=True))
    return chosen


def _spelt(words: str) -> str:
    """As JSON columns hold it: Chinese is written as \\uXXXX on both databases."""
    return json.dumps(words)[1:-1]


def is_shown(article: Article, now: datetime) -> bool:
    """The same of one that was read."""
    return article.state_at(now) is ArticleState.PUBLISHED


def _fill(row: Article, file: ContentFile[Written], now: datetime) -> None:
    head = file.content.head
    row.category, row.title, row.summary, row.author = head.category, head.title, head.summary, head.author
    row.blocks, row.digest, row.updated_at = rich_text.dump(file.content.blocks), file.sha256, now
    row.published_at = datetime.combine(head.published_on, MORNING, SHANGHAI)


def _move(
    session: AsyncSession,
    row: Article,
    from_state: ArticleState | None,
    to: ArticleState,
    now: datetime,
    by: str = "content",
    reason: str = "",
) -> None:
    session.add(
        ArticleMove(article_id=row.id, from_state=from_state, to_state=to, by=by, reason=reason, at=now)
    )
    row.state = to
