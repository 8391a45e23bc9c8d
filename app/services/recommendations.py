"""为您推荐 on the portal's first page: articles, each with the reason it is shown for.

Known of a person is what 「我的兴趣」 and 「看过的」 show, and which activities he signed up for since he
last deleted something there; never cases, consultations or complaints, and nothing once it is switched off.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import articles, columns, interests, recommending
from app.services.recommending import Candidate, Liked, Why
from models import (
    LIVE,
    Activity,
    Article,
    ArticleCategory,
    ArticleReads,
    ArticleVisit,
    InterestChoice,
    SignUp,
)

SHOWN: Final = 4
LOOKED_AT: Final = 200  # of the newest
NOT_OLDER: Final = timedelta(days=180)
LIKED: Final = 30  # of the last that were read; and of those signed up for
_TITLE: Final = 16  # characters of one that is told as a reason
HOT_REASON: Final = "大家最近都在看"


@dataclass(frozen=True, slots=True)
class Recommended:
    title: str
    address: str
    reason: str


async def list_for(
    session: AsyncSession, person_id: int, now: datetime, *, shown: Collection[str] = ()
) -> list[Recommended]:
    """Up to four that this person has not read; of who is not known yet, what most people read.

    `shown` are addresses that stand on the page already. Empty where it is switched off.
    """
    if not await interests.is_on(session, person_id):
        return []
    often = await _columns(session, person_id)
    liked = [*await _read(session, person_id), *await _signed_up(session, person_id)]
    candidates = [each for each in await _candidates(session, person_id, now) if _address(each) not in shown]
    if not often and not liked:
        hot = sorted((each for each in candidates if each.reads), key=lambda each: -each.reads)
        return [Recommended(each.title, _address(each), HOT_REASON) for each in hot[:SHOWN]]
    picked = recommending.pick(liked, often, candidates, now, SHOWN)
    return [Recommended(each.candidate.title, _address(each.candidate), reason(each.why)) for each in picked]


def reason(why: Why) -> str:
    """In the reader's words."""
    if why.liked is not None:
        title = why.liked.title
        short = title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
        return f"因为您{'报名了' if why.liked.signed_up else '看过'}「{short}」"
    return f"因为您常看{columns.name_of(ArticleCategory(why.column))}" if why.column else HOT_REASON


async def _columns(session: AsyncSession, person_id: int) -> dict[str, float]:
    """How often each category was read; tips on power are of the same matter as 安全生产."""
    found: dict[str, float] = {}
    for topic, count in (await interests.weights(session, person_id)).items():
        kind, _, name = topic.partition(":")
        column = {"news": name, "tips": ArticleCategory.SAFETY.value}.get(kind)
        if column:
            found[column] = found.get(column, 0.0) + count
    return found


async def _read(session: AsyncSession, person_id: int) -> list[Liked]:
    chosen = (
        sa.select(Article.title, ArticleVisit.last_at)
        .join(Article, Article.id == ArticleVisit.article_id)
        .where(ArticleVisit.person_id == person_id)
        .order_by(ArticleVisit.last_at.desc(), ArticleVisit.id.desc())
    )
    return [Liked(row.title, row.last_at) for row in await session.execute(chosen.limit(LIKED))]


async def _signed_up(session: AsyncSession, person_id: int) -> list[Liked]:
    """Since the person last deleted something of his interests: what was before is not used again."""
    since = sa.select(InterestChoice.counted_from).where(InterestChoice.person_id == person_id)
    after = await session.scalar(since)
    chosen = (
        sa.select(Activity.title, SignUp.signed_up_at)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(SignUp.person_id == person_id, SignUp.state.in_(LIVE))
    )
    if after is not None:
        chosen = chosen.where(SignUp.signed_up_at >= after)
    newest = chosen.order_by(SignUp.signed_up_at.desc(), SignUp.id.desc()).limit(LIKED)
    return [Liked(row.title, row.signed_up_at, signed_up=True) for row in await session.execute(newest)]


async def _candidates(session: AsyncSession, person_id: int, now: datetime) -> list[Candidate]:
    lately = civil_date(now) - timedelta(days=articles.HOT_DAYS)
    read = sa.select(ArticleVisit.article_id).where(ArticleVisit.person_id == person_id)
    chosen = (
        sa.select(Article.id, Article.public_id, Article.title, Article.category, Article.published_at)
        .where(articles.is_public(now), Article.published_at > now - NOT_OLDER, Article.id.not_in(read))
        .order_by(Article.published_at.desc(), Article.id.desc())
    )
    rows = (await session.execute(chosen.limit(LOOKED_AT))).all()
    counted = sa.select(ArticleReads.article_id, sa.func.sum(ArticleReads.count).label("reads")).where(
        ArticleReads.day > lately, ArticleReads.article_id.in_([row.id for row in rows])
    )
    found = await session.execute(counted.group_by(ArticleReads.article_id))
    reads = {row.article_id: int(row.reads) for row in found}
    return [
        Candidate(row.public_id, row.title, row.category.value, row.published_at, reads.get(row.id, 0))
        for row in rows
        if row.published_at is not None
    ]


def _address(each: Candidate) -> str:
    return f"/news/{each.key}"
