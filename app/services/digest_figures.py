"""How many want 每周精选, and how the last one went: for staff, in numbers and never who."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.deliveries import Obstacle
from app.services.digests import NOTHING_NEW
from models import DeliveryState, DigestCopy, DigestWeek, DigestWish, Way

_NO_WAY = frozenset({Obstacle.NO_WINDOW, Obstacle.SPENT, Obstacle.NO_RIGHT, Obstacle.NO_OPENID})


@dataclass(frozen=True, slots=True)
class Figures:
    """`went_at`: when the last one began, None: there was none. The others are people of that week."""

    wanted: int
    went_at: datetime | None = None
    waiting: int = 0
    arrived: int = 0
    by_notice: int = 0  # of those that arrived
    nothing_new: int = 0
    no_way: int = 0  # WeChat let nothing through
    others: int = 0  # stopped or left, spared, failed, or it is not known: together, so that none stands out


async def of_last_week(session: AsyncSession) -> Figures:
    wanted = int(await session.scalar(sa.select(sa.func.count(DigestWish.id))) or 0)
    newest = sa.select(DigestWeek).order_by(DigestWeek.week_on.desc()).limit(1)
    week = await session.scalar(newest)
    if week is None:
        return Figures(wanted)
    many = sa.func.count().label("many")
    chosen = sa.select(DigestCopy.state, DigestCopy.reason, DigestCopy.way, many)
    chosen = chosen.where(DigestCopy.week_on == week.week_on)
    counts = dict.fromkeys(("waiting", "arrived", "by_notice", "nothing_new", "no_way", "others"), 0)
    grouped = chosen.group_by(DigestCopy.state, DigestCopy.reason, DigestCopy.way)
    for row in await session.execute(grouped):
        counts[_kind(row.state, row.reason)] += row.many
        if row.state is DeliveryState.DELIVERED and row.way in (Way.SUBSCRIPTION, Way.MINIPROGRAM):
            counts["by_notice"] += row.many
    return Figures(wanted, week.due_at, **counts)


def _kind(state: DeliveryState, reason: str) -> str:
    if state is DeliveryState.QUEUED:
        return "waiting"
    if state is DeliveryState.DELIVERED:
        return "arrived"
    return {NOTHING_NEW: "nothing_new"}.get(reason, "no_way" if reason in _NO_WAY else "others")
