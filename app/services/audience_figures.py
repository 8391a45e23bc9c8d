"""Whom publishing reached, by branch and by tag: people who were sent a campaign, and people who read.

Never fewer than five people: smaller branches are put together, and a smaller figure is not shown at all, nor
is a total from which it could be told. Readers are those who let us count what they read (`interests`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import tags
from app.services.attendance_figures import FEWEST, LEVEL, SMALL, Period
from models import (
    LINEAGE,
    ArticleVisit,
    Branch,
    Campaign,
    CampaignDelivery,
    DeliveryState,
    Follower,
    FollowerTag,
    Member,
)

HEADS: Final = ("人群", "收到群发的人", "看过文章的人")
TOO_FEW: Final = f"不足 {FEWEST} 人"
_GIVEN: Final = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Line:
    """Different people of one branch or tag."""

    name: str
    told: int
    readers: int

    @property
    def is_shown(self) -> bool:
        return max(self.told, self.readers) >= FEWEST


async def by_branch(session: AsyncSession, period: Period) -> Sequence[Line]:
    """Nobody is in two branches, so that people of branches below add up."""
    told, readers = [
        _sums(await session.execute(_of_branches(chosen))) for chosen in (_told(period), _readers(period))
    ]
    lines = [Line(name, told.get(name, 0), readers.get(name, 0)) for name in sorted({*told, *readers})]
    return pooled(lines)


async def by_tag(session: AsyncSession, period: Period) -> Sequence[Line]:
    """Tags that anybody reached carries; somebody may carry several. Of few people a tag is left out."""
    told, readers = [
        dict((await session.execute(_of_tags(chosen))).all()) for chosen in (_told(period), _readers(period))
    ]
    lines = [Line(name, told.get(name, 0), readers.get(name, 0)) for name in sorted({*told, *readers})]
    return sorted((line for line in lines if line.is_shown), key=_size)


def pooled(lines: Iterable[Line]) -> list[Line]:
    """The largest first; those that are too small as one, or as nothing where they are too few together."""
    found = list(lines)
    small = [line for line in found if not line.is_shown]
    together = Line(SMALL, sum(line.told for line in small), sum(line.readers for line in small))
    large = sorted((line for line in found if line.is_shown), key=_size)
    return [*large, together] if together.is_shown else large


def cells(line: Line) -> list[str]:
    """Behind the name, under `HEADS`."""
    return [str(count) if count >= FEWEST else TOO_FEW for count in (line.told, line.readers)]


# --- parts -------------------------------------------------------------------------------------------------


def _told(period: Period) -> sa.Select[Any]:
    first, last = period.moments
    chosen = sa.select(CampaignDelivery.person_id.label("person_id")).distinct()
    chosen = chosen.join(Campaign, Campaign.id == CampaignDelivery.campaign_id)
    chosen = chosen.where(Campaign.started_at >= first, Campaign.started_at < last)
    return chosen.where(CampaignDelivery.state.in_(_GIVEN), CampaignDelivery.person_id.is_not(None))


def _readers(period: Period) -> sa.Select[Any]:
    first, last = period.moments
    chosen = sa.select(ArticleVisit.person_id.label("person_id")).distinct()
    return chosen.where(ArticleVisit.last_at >= first, ArticleVisit.first_at < last)


def _of_branches(chosen: sa.Select[Any]) -> sa.Select[str, int]:
    people = chosen.subquery()
    counted = sa.select(Branch.lineage, sa.func.count(people.c.person_id.distinct())).select_from(people)
    counted = counted.join(Member, Member.person_id == people.c.person_id)
    return counted.join(Branch, Branch.id == Member.branch_id).group_by(Branch.lineage)


def _of_tags(chosen: sa.Select[Any]) -> sa.Select[str, int]:
    people = chosen.subquery()
    counted = sa.select(FollowerTag.name, sa.func.count(people.c.person_id.distinct())).select_from(people)
    counted = counted.join(Follower, Follower.person_id == people.c.person_id)
    counted = counted.join(FollowerTag, FollowerTag.follower_id == Follower.id)
    return counted.where(~FollowerTag.name.startswith(tags.OURS)).group_by(FollowerTag.name)


def _sums(rows: Iterable[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for lineage, people in rows:
        name = " › ".join(lineage.split(LINEAGE)[:LEVEL])
        found[name] = found.get(name, 0) + people
    return found


def _size(line: Line) -> tuple[int, int, str]:
    return -line.told, -line.readers, line.name
