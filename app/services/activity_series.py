"""Several activities made from one draft: tied by a key, each with its own day and its own sign-ups.

A change or a calling off is for one of them, or for it and all later ones that have not begun; for those it
is what the same act on each alone would be. The rows are locked in the order of their ids.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import activities, activity_reviews, participants, series_rows, sittings
from app.services.activity_dates import MOST
from app.services.permissions import Right, Standing, scope
from models import ANNOUNCED, UNANNOUNCED, Activity, ActivityState
from models.types import public_id as new_key

TIMES: Final = ("opens_at", "closes_at", "starts_at", "ends_at")
# Of one activity alone: what it is, where it stands, what happened to it.
_ITS_OWN: Final = frozenset(
    {"id", "public_id", "state", "created_at", "version", "lot_seed", "lot_drawn_at", "absent_noted_at"}
)


async def make(
    session: AsyncSession,
    public_id: str,
    days: Sequence[date],
    *,
    opens_along: bool,
    version: int,
    by: Standing,
    now: datetime,
) -> list[Activity]:
    """A draft for each of these days, like this activity but for its times. Returns those that are new.

    `opens_along`: signing up opens as long before each as it does here; else at the same moment for all. A
    day on which the series takes place already makes none, so that the same request twice makes it once.

    Raises:
        NotFound: no such activity.
        ChangedMeanwhile: it is not what was looked at any more.
        DomainError: over, called off or in review; a day that is past or twice; too many.
    """
    await lock(session, public_id)
    source = await activities.get(session, public_id, lock=True, drafts=True)
    there = {civil_date(each.starts_at) for each in await series_rows.siblings(session, source)}
    there.add(civil_date(source.starts_at))
    if len(set(days)) < len(days):
        raise DomainError("同一天写了两次，一天只能有一场。")
    wanted = [each for each in sorted(days) if each not in there]
    if not wanted:
        return []
    if source.version != version:
        raise activities.ChangedMeanwhile(source)
    if source.state not in (ActivityState.DRAFT, *ANNOUNCED):
        raise DomainError(f"「{source.title}」{source.state.label}，不能照它做成系列。")
    if len(there) + len(wanted) > MOST:
        raise DomainError(f"一个系列最多 {MOST} 场，现在有 {len(there)} 场。")
    for day in wanted:
        if source.starts_at + _ahead(source, day) <= now:
            raise DomainError(f"{day.isoformat()} 已经过了，请去掉这一天。")
    source.series = source.series or new_key()
    values = {
        column.key: getattr(source, column.key)
        for column in sa.inspect(Activity).column_attrs
        if column.key not in _ITS_OWN
    }
    made = [
        await _copy(session, source, values, day, opens_along=opens_along, by=by, now=now) for day in wanted
    ]
    await session.flush()
    return made


async def later(session: AsyncSession, activity: Activity, by: Standing, now: datetime) -> list[Activity]:
    """Those of its series that come after it and have not begun, as far as `by` may change them."""
    own, changeable = scope(by, Right.ACTIVITIES_EDIT), (*UNANNOUNCED, *ANNOUNCED)
    return [
        each
        for each in await series_rows.siblings(session, activity)
        if each.starts_at > max(activity.starts_at, now)
        and each.state in changeable
        and own.covers(each.branch_id)
    ]


async def count_live(session: AsyncSession, found: Sequence[Activity]) -> int:
    """How many have signed up for these and would be told."""
    return sum([await participants.count_live(session, each) for each in found if each.state in ANNOUNCED])


async def lock(session: AsyncSession, public_id: str) -> None:
    """All of a series at once, always in one order: two who change it from different ends wait, not fail."""
    series = sa.select(Activity.series).where(Activity.public_id == public_id, Activity.series != "")
    chosen = sa.select(Activity.id).where(Activity.series.in_(series)).order_by(Activity.id)
    await session.execute(chosen.with_for_update())


async def change(
    session: AsyncSession,
    public_id: str,
    values: Mapping[str, Any],
    *,
    version: int,
    by: Standing,
    now: datetime,
    tell_of_notice: bool = False,
) -> tuple[int, int]:
    """`activities.change`, and what it changed here is changed in all later ones too.

    Times move by as much as they move here. Returns how many are told, and how many later ones were changed.

    Raises: as `activities.change`; what a later one refuses says which.
    """
    await lock(session, public_id)
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    others = await later(session, activity, by, now)
    before = {name: getattr(activity, name) for name in values}
    how: Any = {"by": by.name, "now": now, "tell_of_notice": tell_of_notice}
    told = await activities.change(session, public_id, values, version=version, **how)
    differing = {name for name in values if getattr(activity, name) != before[name]}
    if not differing:
        return told, 0
    for other in others:
        given = {name: getattr(other, name) for name in values}
        given |= {name: getattr(activity, name) for name in differing - set(TIMES)}
        for name in differing & set(TIMES):
            given[name] = getattr(other, name) + (getattr(activity, name) - before[name])
        if "sittings" in differing:
            days = civil_date(other.starts_at) - civil_date(before["starts_at"])
            given["sittings"] = sittings.shifted(activity.sittings, days)
            given = sittings.settled(given)
        if "changes_until" in differing:
            given["changes_until"] = _deadline(activity, given["starts_at"])
        try:
            told += await activities.change(session, other.public_id, given, version=other.version, **how)
        except DomainError as refused:
            raise DomainError(f"{civil_date(other.starts_at)} 那一场：{refused.message}") from None
        await activity_reviews.wrote(session, other, by)
    return told, len(others)


async def call_off(
    session: AsyncSession, public_id: str, *, by: Standing, reason: str, now: datetime
) -> tuple[int, int]:
    """This one and all later ones. Returns how many are told, and how many later ones were called off."""
    await lock(session, public_id)
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    others = await later(session, activity, by, now)
    told = 0
    for each in (activity, *others):
        told += await activities.call_off(session, each.public_id, by=by.name, reason=reason, now=now)
    return told, len(others)


async def _copy(
    session: AsyncSession,
    source: Activity,
    values: Mapping[str, Any],
    day: date,
    *,
    opens_along: bool,
    by: Standing,
    now: datetime,
) -> Activity:
    given = dict(values) | {name: getattr(source, name) + _ahead(source, day) for name in TIMES}
    given["sittings"] = sittings.shifted(source.sittings, _ahead(source, day))
    given["changes_until"] = _deadline(source, given["starts_at"])
    if not opens_along:
        given["opens_at"] = source.opens_at
    try:
        made = await activities.create(session, given, by=by.name, now=now)
    except DomainError as refused:
        raise DomainError(f"{day.isoformat()}：{refused.message}") from None
    review = await activity_reviews.wrote(session, made, by)
    wrote = activity_reviews.writers(await activity_reviews.find(session, source))
    review.writer_ids = sorted(activity_reviews.writers(review) | wrote)
    return made


def _deadline(source: Activity, starts_at: datetime) -> datetime | None:
    """Of changing a sign-up: as long before the start as it is there."""
    until = source.changes_until
    return None if until is None else until + (starts_at - source.starts_at)


def _ahead(source: Activity, day: date) -> timedelta:
    return timedelta(days=(day - civil_date(source.starts_at)).days)
