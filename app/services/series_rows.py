"""Activities that are dates of one series: found, counted, and shown once in a list.

Not here: making, changing and calling off a series (`activity_series`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import ANNOUNCED, Activity, ActivityState


async def siblings(session: AsyncSession, activity: Activity) -> Sequence[Activity]:
    """The others of its series that were not called off, by their time."""
    if not activity.series:
        return []
    chosen = sa.select(Activity).where(
        Activity.series == activity.series,
        Activity.id != activity.id,
        Activity.state != ActivityState.CANCELLED,
    )
    return (await session.scalars(chosen.order_by(Activity.starts_at, Activity.id))).all()


async def all_of(session: AsyncSession, activity: Activity) -> Sequence[Activity]:
    """Its series with itself, those called off too, by their time; empty where it is none."""
    if not activity.series:
        return []
    chosen = sa.select(Activity).where(Activity.series == activity.series)
    return (await session.scalars(chosen.order_by(Activity.starts_at, Activity.id))).all()


def once(chosen: sa.Select[Any], now: datetime) -> sa.Select[Any]:
    """Of the activities chosen, a series only once: by its next date; where all are over, by its last."""
    is_over = sa.or_(Activity.ends_at <= now, Activity.state == ActivityState.CANCELLED)
    ahead = sa.case((is_over, None), else_=Activity.starts_at)
    order = (sa.case((is_over, 1), else_=0), ahead, Activity.starts_at.desc(), Activity.id)
    return _first(chosen, order)


def next_only(chosen: sa.Select[Any], is_open: Any) -> sa.Select[Any]:
    """Of those ahead, a series only once: by its next date that takes sign-ups, else by its next."""
    return _first(chosen, (is_open, Activity.starts_at, Activity.id))


def _first(chosen: sa.Select[Any], order: Sequence[Any]) -> sa.Select[Any]:
    place = sa.func.row_number().over(partition_by=Activity.series, order_by=order)
    dates = chosen.with_only_columns(Activity.id, place.label("place")).order_by(None)
    ranked = dates.where(Activity.series != "").subquery()
    first = sa.select(ranked.c.id).where(ranked.c.place == 1)
    return chosen.where(sa.or_(Activity.series == "", Activity.id.in_(first)))


async def title(session: AsyncSession, key: str) -> str | None:
    """As its first date is called; None where there is no such series."""
    chosen = sa.select(Activity.title).where(Activity.series == key).order_by(Activity.starts_at, Activity.id)
    return await session.scalar(chosen.limit(1))


async def count(session: AsyncSession, keys: Sequence[str]) -> dict[str, int]:
    """How many dates each series has, without those called off."""
    chosen = sa.select(Activity.series, sa.func.count()).where(
        Activity.series.in_({each for each in keys if each}), Activity.state != ActivityState.CANCELLED
    )
    return dict((await session.execute(chosen.group_by(Activity.series))).all())


async def count_ahead(session: AsyncSession, keys: Sequence[str], now: datetime) -> dict[str, int]:
    """How many dates of each series people can still look forward to."""
    wanted = {each for each in keys if each}
    if not wanted:
        return {}
    chosen = sa.select(Activity.series, sa.func.count()).where(
        Activity.series.in_(wanted), Activity.state.in_(ANNOUNCED), Activity.starts_at > now
    )
    return dict((await session.execute(chosen.group_by(Activity.series))).all())


async def list_ahead(session: AsyncSession, activity: Activity, now: datetime) -> list[Activity]:
    """The other dates of its series that people can still look forward to."""
    return [
        each for each in await siblings(session, activity) if each.state in ANNOUNCED and each.starts_at > now
    ]
