"""为您推荐 on the portal's first page: articles, each with the reason it is shown for.

Known of a person is what 「我的兴趣」 and 「看过的」 show, and which activities he signed up for since he
last deleted something there; never cases, consultations or complaints, and nothing once it is switched off.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import articles, columns, recommending
from app.services.recommending import Candidate, Liked, Why
from models import (
    LIVE,
    Activity,
    Article,
    ArticleCategory,
    ArticleReads,
    ArticleVisit,
    Interest,
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


@dataclass(frozen=True, slots=True)
class Known:
    """Of one person: how often each column was read, what was read or signed up for, the articles read."""

    often: dict[str, float] = field(default_factory=dict)
    liked: list[Liked] = field(default_factory=list)
    read: set[int] = field(default_factory=set)

    @property
    def is_nobody(self) -> bool:
        """Nothing is known yet."""
        return not self.often and not self.liked


async def list_for(
    session: AsyncSession, person_id: int, now: datetime, *, shown: Collection[str] = ()
) -> list[Recommended]:
    """Up to four that this person has not read; of who is not known yet, what most people read.

    `shown` are addresses that stand on the page already. Empty where it is switched off.
    """
    known = (await known_of(session, [person_id])).get(person_id)
    if known is None:
        return []
    read = sa.select(ArticleVisit.article_id).where(ArticleVisit.person_id == person_id)
    unread = Article.published_at > now - NOT_OLDER, Article.id.not_in(read)
    found = await candidates(session, now, *unread)
    offered = [each for each in found.values() if _address(each) not in shown]
    if known.is_nobody:
        hot = sorted((each for each in offered if each.reads), key=lambda each: -each.reads)
        return [Recommended(each.title, _address(each), HOT_REASON) for each in hot[:SHOWN]]
    picked = recommending.pick(known.liked, known.often, offered, now, SHOWN)
    return [Recommended(each.candidate.title, _address(each.candidate), reason(each.why)) for each in picked]


def reason(why: Why) -> str:
    """In the reader's words."""
    if why.liked is not None:
        title = why.liked.title
        short = title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
        return f"因为您{'报名了' if why.liked.signed_up else '看过'}「{short}」"
    return f"因为您常看{columns.name_of(ArticleCategory(why.column))}" if why.column else HOT_REASON


async def known_of(session: AsyncSession, people: Collection[int]) -> dict[int, Known]:
    """What is known of each; who switched it off is not among them."""
    off = sa.select(InterestChoice.person_id).where(
        InterestChoice.person_id.in_(people), InterestChoice.counted.is_(False)
    )
    known = {person_id: Known() for person_id in set(people) - set(await session.scalars(off))}
    await _add_columns(session, known)
    await _add_read(session, known)
    await _add_signed_up(session, known)
    return known


async def _add_columns(session: AsyncSession, known: Mapping[int, Known]) -> None:
    """How often each category was read; tips on power are of the same matter as 安全生产."""
    theirs = sa.select(Interest.person_id, Interest.topic, Interest.count).where(
        Interest.person_id.in_(known)
    )
    for person_id, topic, count in (await session.execute(theirs)).all():
        kind, _, name = topic.partition(":")
        column = {"news": name, "tips": ArticleCategory.SAFETY.value}.get(kind)
        if column:
            often = known[person_id].often
            often[column] = often.get(column, 0.0) + count


async def _add_read(session: AsyncSession, known: Mapping[int, Known]) -> None:
    place = sa.func.row_number().over(
        partition_by=ArticleVisit.person_id,
        order_by=(ArticleVisit.last_at.desc(), ArticleVisit.id.desc()),
    )
    visits = sa.select(ArticleVisit.person_id, ArticleVisit.article_id, ArticleVisit.last_at)
    visits = visits.add_columns(place.label("place")).where(ArticleVisit.person_id.in_(known))
    found = visits.subquery()
    chosen = sa.select(found.c.person_id, found.c.article_id, found.c.last_at, found.c.place, Article.title)
    chosen = chosen.join(Article, Article.id == found.c.article_id).order_by(found.c.place)
    for row in await session.execute(chosen):
        known[row.person_id].read.add(row.article_id)
        if row.place <= LIKED:
            known[row.person_id].liked.append(Liked(row.title, row.last_at))


async def _add_signed_up(session: AsyncSession, known: Mapping[int, Known]) -> None:
    """Since the person last deleted something of his interests: what was before is not used again."""
    place = sa.func.row_number().over(
        partition_by=SignUp.person_id, order_by=(SignUp.signed_up_at.desc(), SignUp.id.desc())
    )
    after = sa.or_(InterestChoice.id.is_(None), SignUp.signed_up_at >= InterestChoice.counted_from)
    entries = (
        sa.select(SignUp.person_id, SignUp.activity_id, SignUp.signed_up_at, place.label("place"))
        .outerjoin(InterestChoice, InterestChoice.person_id == SignUp.person_id)
        .where(SignUp.person_id.in_(known), SignUp.state.in_(LIVE), after)
        .subquery()
    )
    chosen = sa.select(entries.c.person_id, entries.c.signed_up_at, Activity.title)
    chosen = chosen.join(Activity, Activity.id == entries.c.activity_id).where(entries.c.place <= LIKED)
    for row in await session.execute(chosen.order_by(entries.c.place)):
        known[row.person_id].liked.append(Liked(row.title, row.signed_up_at, signed_up=True))


async def candidates(
    session: AsyncSession, now: datetime, *where: sa.ColumnElement[bool], most: int = LOOKED_AT
) -> dict[int, Candidate]:
    """Public articles of which `where` holds, by id, the newest first."""
    lately = civil_date(now) - timedelta(days=articles.HOT_DAYS)
    chosen = (
        sa.select(Article.id, Article.public_id, Article.title, Article.category, Article.published_at)
        .where(articles.is_public(now), *where)
        .order_by(Article.published_at.desc(), Article.id.desc())
    )
    rows = (await session.execute(chosen.limit(most))).all()
    counted = sa.select(ArticleReads.article_id, sa.func.sum(ArticleReads.count).label("reads")).where(
        ArticleReads.day > lately, ArticleReads.article_id.in_([row.id for row in rows])
    )
    found = await session.execute(counted.group_by(ArticleReads.article_id))
    reads = {row.article_id: int(row.reads) for row in found}
    return {
        row.id: Candidate(
            row.public_id, row.title, row.category.value, row.published_at, reads.get(row.id, 0)
        )
        for row in rows
        if row.published_at is not None
    }


def _address(each: Candidate) -> str:
    return f"/news/{each.key}"
