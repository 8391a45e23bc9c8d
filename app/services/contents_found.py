"""All content in one list, whatever table it is in; what waits for whom; searched by title."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import article_remnants, content_steps
from app.services.content_pieces import TABLES
from app.services.permissions import Standing
from models import OPEN_DRAFTS, Article, ArticleState, ContentComment, ContentDraft, ContentKind

S = ArticleState
_DRAFTS_FIRST: Final = 2**50  # above every id of what is shown


def chosen(
    now: datetime | None,
    *,
    kind: ContentKind | None = None,
    state: ArticleState | None = None,
    category: str = "",
    title: str = "",
    overdue: bool = False,
    commented: bool = False,
    left: bool = False,
) -> tuple[sa.Select[Any], Any]:
    """Rows with kind, key, title, category, state, reviewer, next_review_on, and the column of their ids.

    Without `now` an article that waits for its moment, or has ended, counts as published. Drafts come first,
    then what is shown; the newest first in both.
    """
    parts = [_drafts(), *(_answers(each) for each in TABLES), _articles(now)]
    rows = sa.union_all(*parts).subquery()
    found = sa.select(rows)
    if kind is not None:
        found = found.where(rows.c.kind == kind.value)
    if state is not None:
        found = found.where(rows.c.state == state.value)
    if category:
        found = found.where(rows.c.category == category)
    if title:
        found = found.where(rows.c.title.icontains(title, autoescape=True))
    if overdue and now is not None:
        found = found.where(rows.c.state == S.PUBLISHED.value, rows.c.next_review_on < civil_date(now))
    if commented:
        drafts = sa.select(ContentDraft.id + _DRAFTS_FIRST).join(
            ContentComment, ContentComment.draft_id == ContentDraft.id
        )
        found = found.where(rows.c.id.in_(drafts.where(ContentComment.done_at.is_(None))))
    if left and now is not None:
        keys = sa.select(Article.public_id).where(article_remnants.are_left(now))
        found = found.where(rows.c.kind == ContentKind.ARTICLE.value, rows.c.key.in_(keys))
        found = found.where(rows.c.id < _DRAFTS_FIRST)
    return found, rows.c.id


async def search(session: AsyncSession, words: str, limit: int) -> Sequence[Any]:
    found, key = chosen(None, title=words)
    rows: Sequence[Any] = (await session.execute(found.order_by(key.desc()).limit(limit))).all()
    return rows


async def count_overdue(session: AsyncSession, now: datetime) -> int:
    """Shown answers and articles whose next review is past."""
    today = civil_date(now)
    count = 0
    for table in TABLES.values():
        late = sa.select(sa.func.count()).select_from(table)
        count += await session.scalar(late.where(table.live.is_(True), table.next_review_on < today)) or 0
    late = sa.select(sa.func.count()).select_from(Article).where(Article.state == S.PUBLISHED)
    late = late.where(sa.or_(Article.expires_at.is_(None), Article.expires_at > now))
    return count + (await session.scalar(late.where(Article.next_review_on < today)) or 0)


async def count_to_review(session: AsyncSession, standing: Standing) -> dict[str, int]:
    """Name of a step → how many drafts stand there that `standing` may decide on."""
    waiting = await content_steps.list_waiting(session)
    return Counter(step.name for draft, step in waiting if content_steps.is_for(standing, draft, step))


async def steps(session: AsyncSession) -> dict[tuple[str, str], str]:
    """Kind and key of what is in review → the step it waits for, where there are several."""
    waiting = await content_steps.list_waiting(session)
    return {(draft.kind.value, draft.key): step.name for draft, step in waiting if step.of > 1}


async def count_to_change(session: AsyncSession, standing: Standing) -> int:
    """One's own drafts that were sent back."""
    return sum(standing.staff_id in writers for writers in await _writers(session, S.CHANGES_REQUESTED))


async def count_commented(session: AsyncSession, standing: Standing) -> int:
    """One's own drafts about which others said something that is still open."""
    said = sa.exists().where(
        ContentComment.draft_id == ContentDraft.id,
        ContentComment.done_at.is_(None),
        ContentComment.staff_id != standing.staff_id,
    )
    chosen = sa.select(ContentDraft.writer_ids).where(ContentDraft.state.in_(OPEN_DRAFTS), said)
    writers: Sequence[Any] = (await session.scalars(chosen)).all()
    return sum(standing.staff_id in each for each in writers)


async def _writers(session: AsyncSession, state: ArticleState) -> Sequence[Any]:
    return (
        await session.scalars(sa.select(ContentDraft.writer_ids).where(ContentDraft.state == state))
    ).all()


def _columns(
    id_: Any, kind: Any, key: Any, title: Any, category: Any, state: Any, reviewer: Any, review: Any
) -> sa.Select[Any]:
    words = sa.String()
    return sa.select(
        id_.label("id"),
        sa.type_coerce(kind, words).label("kind"),
        sa.type_coerce(key, words).label("key"),
        sa.type_coerce(title, words).label("title"),
        sa.type_coerce(category, words).label("category"),
        sa.type_coerce(state, words).label("state"),
        sa.type_coerce(reviewer, words).label("reviewer"),
        review.label("next_review_on"),
    )


def _drafts() -> sa.Select[Any]:
    row = ContentDraft
    category, reviewer = row.filled["category"].as_string(), row.filled["reviewer"].as_string()
    never = sa.cast(sa.null(), sa.Date())
    found = _columns(
        row.id + _DRAFTS_FIRST, row.kind, row.key, row.title, category, row.state, reviewer, never
    )
    return found.where(row.state.in_(OPEN_DRAFTS))


def _answers(kind: ContentKind) -> sa.Select[Any]:
    table = TABLES[kind]
    state = sa.case((table.live.is_(True), S.PUBLISHED.value), else_=S.WITHDRAWN.value)
    reviewer = table.data["reviewer"].as_string()
    return _columns(
        _spread(table.id, kind),
        sa.literal(kind.value),
        table.slug,
        table.title,
        table.topic,
        state,
        reviewer,
        table.next_review_on,
    )


def _articles(now: datetime | None) -> sa.Select[Any]:
    state: sa.ColumnElement[str] = sa.type_coerce(Article.state, sa.String())
    if now is not None:  # as `Article.state_at`
        shown = Article.state == S.PUBLISHED
        ended, waits = sa.and_(shown, Article.expires_at <= now), sa.and_(shown, Article.published_at > now)
        state = sa.case((ended, S.EXPIRED.value), (waits, S.SCHEDULED.value), else_=state)
    return _columns(
        _spread(Article.id, ContentKind.ARTICLE),
        sa.literal(ContentKind.ARTICLE.value),
        Article.public_id,
        Article.title,
        Article.category,
        state,
        Article.reviewer,
        Article.next_review_on,
    )


def _spread(column: Any, kind: ContentKind) -> Any:
    """Ids of several tables as one order, in which no two are the same."""
    return column * len(ContentKind) + list(ContentKind).index(kind)


def is_overdue(row: Any, now: datetime) -> bool:
    due: date | None = row.next_review_on
    return row.state == S.PUBLISHED.value and due is not None and due < civil_date(now)
