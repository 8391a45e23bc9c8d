"""Changes of what is announced, where another looks at them first: they wait, and people see it as it was.

Whether that is asked is the union's setting, as of drafts (`activity_reviews`). What only helps is done at
once: seats, guests, until when one may change, whom to ask, how one checks in. So is anything on the last
day before it, or before the next of its sittings: nobody is to stand before a locked door because an approver
sleeps. Functions flush and never commit.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import (
    activities,
    activity_notices,
    activity_series,
    activity_words,
    permissions,
    sittings,
    waiting_lists,
)
from app.services.activity_reviews import Asked, MovedOn, asked_beside
from app.services.activity_words import Difference
from app.services.audit import unseen
from app.services.permissions import Scope, Standing
from models import ANNOUNCED, Activity, ActivityChange, Again, Allocation, Staff

AT_ONCE: Final = frozenset(
    {
        *("capacity", "guests", "changes_until", "contact_name", "contact_phone"),
        *("check_in_minutes", "check_in_place"),
    }
)
LAST_DAY: Final = timedelta(hours=24)
REASON: Final = 200
_TIMES: Final = frozenset({"opens_at", "closes_at", "starts_at", "ends_at", "changes_until"})
_KINDS: Final[Mapping[str, type]] = {"allocation": Allocation, "again": Again}


async def asked(
    session: AsyncSession,
    activity: Activity,
    values: Mapping[str, Any],
    *,
    later: bool,
    by: Standing,
    rule: str,
    now: datetime,
) -> Asked:
    """Whether another looks at this change first, and who could.

    Raises: DomainError: a draft whose later dates are announced: those would change unseen.
    """
    needed = await asked_beside(session, activity, {by.staff_id}, rule)
    at_once = Asked(False, needed.approvers)
    if not needed.is_needed or not _differing(activity, values) - AT_ONCE:
        return at_once
    if activity.state not in ANNOUNCED:
        following = await activity_series.later(session, activity, by, now) if later else []
        if any(each.state in ANNOUNCED for each in following):
            raise DomainError("以后有已经发布的场次，改动要别人审核。请打开已发布的那一场，在那里改以后的。")
        return at_once
    coming = sittings.ahead(activity, now) or activity
    return needed if coming.starts_at - now >= LAST_DAY else at_once


async def propose(
    session: AsyncSession,
    public_id: str,
    values: Mapping[str, Any],
    *,
    version: int,
    later: bool,
    tell_of_notice: bool,
    by: Standing,
    rule: str,
    now: datetime,
) -> bool:
    """Let a change wait, in the place of one that waits, and tell who may approve it. False: none is asked.

    It is tried whole first, so that what cannot be is refused to who wrote it, not to who approves.

    Raises: as `activities.change`.
    """
    await activity_series.lock(session, public_id)
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    needed = await asked(session, activity, values, later=later, by=by, rule=rule, now=now)
    kept = await find(session, activity)
    if not needed.is_needed:
        if kept is not None:  # what is said now counts
            await session.delete(kept)
            await session.flush()
        return False
    given, before = _plain(values), _plain({name: getattr(activity, name) for name in values})
    words = await activity_words.facts(session, activity)
    after = await _tried(session, activity, values, version, later, by, now)
    if kept is None:
        kept = ActivityChange(activity_id=activity.id)
        session.add(kept)
    kept.given, kept.before = given, before
    kept.differing = [
        [each.name, each.before, each.after] for each in activity_words.differences(words, after)
    ]
    kept.later, kept.tells_of_notice, kept.reason = later, tell_of_notice, ""
    kept.submitted_by_id, kept.submitted_by, kept.submitted_at = by.staff_id, by.name, now
    await session.flush()
    activity_notices.change_submitted(session, activity, kept, needed.approvers, now)
    return True


async def _tried(
    session: AsyncSession,
    activity: Activity,
    values: Mapping[str, Any],
    version: int,
    later: bool,
    by: Standing,
    now: datetime,
) -> dict[str, str]:
    """What it would say then; nothing of the trial stays."""
    with unseen(session):
        trial = await session.begin_nested()
        try:
            await _change(session, activity, values, version, later, by, notice=False, now=now)
            return await activity_words.facts(session, activity)
        finally:
            await trial.rollback()
            await session.refresh(activity)
            waiting_lists.forget(session, activity.id)


async def approve(
    session: AsyncSession, public_id: str, *, version: int, by: Standing, now: datetime
) -> tuple[int, int]:
    """Make the change that was looked at. Returns how many are told, and how many later dates changed too.

    Raises: NotFound; MovedOn: it, or what it changes, is not what was looked at; DomainError: one's own, or
    it cannot be made any more.
    """
    activity, kept = await _waiting(session, public_id, version, by)
    given, before = _held(kept)
    names = {name for name in given if given[name] != before[name]}
    if any(_plain({name: getattr(activity, name)})[name] != before[name] for name in names):
        raise MovedOn(activity)
    values = {name: getattr(activity, name) for name in given} | _values(given, names)
    author = await session.get(Staff, kept.submitted_by_id)
    wrote = by if author is None else await permissions.standing_of(session, author)
    told, more = await _change(
        session, activity, values, activity.version, kept.later, wrote, notice=kept.tells_of_notice, now=now
    )
    if author is not None:
        activity_notices.change_reviewed(session, activity, kept, author, by.name, "", now)
    await session.delete(kept)
    await session.flush()
    return told, more


async def send_back(
    session: AsyncSession, public_id: str, *, version: int, reason: str, by: Standing, now: datetime
) -> None:
    """To its author, who reads why. Raises: as `approve`; DomainError: no reason."""
    reason = " ".join(reason.split())[:REASON]
    if not reason:
        raise DomainError("请写明要改什么，作者会看到。")
    activity, kept = await _waiting(session, public_id, version, by)
    kept.reason = reason
    await session.flush()
    author = await session.get(Staff, kept.submitted_by_id)
    if author is not None:
        activity_notices.change_reviewed(session, activity, kept, author, by.name, reason, now)


async def take_back(session: AsyncSession, public_id: str) -> None:
    """It is not wanted any more. Twice is no error. Raises: NotFound."""
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    kept = await find(session, activity)
    if kept is not None:
        await session.delete(kept)
        await session.flush()


# --- what waits --------------------------------------------------------------------------------------------


async def find(session: AsyncSession, activity: Activity) -> ActivityChange | None:
    chosen = sa.select(ActivityChange).where(ActivityChange.activity_id == activity.id)
    return (await session.scalars(chosen)).one_or_none()


def differences(kept: ActivityChange) -> list[Difference]:
    rows: Any = kept.differing
    return [Difference(*each) for each in rows]


def as_proposed(activity: Activity, kept: ActivityChange) -> Activity:
    """The activity as it would be, in no session: to go on writing where one stopped."""
    given, before = _held(kept)
    twin = Activity(**{each.key: getattr(activity, each.key) for each in sa.inspect(Activity).column_attrs})
    for name, value in _values(given, {name for name in given if given[name] != before[name]}).items():
        setattr(twin, name, value)
    return twin


def waits(staff_id: int) -> sa.ColumnElement[bool]:
    """As a condition on activities: a change that another wrote waits for an approver."""
    return _has(ActivityChange.reason == "", ActivityChange.submitted_by_id != staff_id)


def returned(staff_id: int) -> sa.ColumnElement[bool]:
    """As a condition on activities: a change of this person came back."""
    return _has(ActivityChange.reason != "", ActivityChange.submitted_by_id == staff_id)


async def count(session: AsyncSession, which: sa.ColumnElement[bool], scope: Scope | None = None) -> int:
    chosen = sa.select(sa.func.count()).select_from(Activity).where(which)
    if scope is not None:
        chosen = chosen.where(scope.holds(Activity.branch_id))
    return await session.scalar(chosen) or 0


# --- parts -------------------------------------------------------------------------------------------------


def _has(*which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    own = sa.exists().where(ActivityChange.activity_id == Activity.id, *which)
    return sa.and_(Activity.state.in_(ANNOUNCED), own)


async def _change(
    session: AsyncSession,
    activity: Activity,
    values: Mapping[str, Any],
    version: int,
    later: bool,
    by: Standing,
    *,
    notice: bool,
    now: datetime,
) -> tuple[int, int]:
    how: Any = {"version": version, "tell_of_notice": notice, "now": now}
    if later:
        return await activity_series.change(session, activity.public_id, values, by=by, **how)
    return await activities.change(session, activity.public_id, values, by=by.name, **how), 0


async def _waiting(
    session: AsyncSession, public_id: str, version: int, by: Standing
) -> tuple[Activity, ActivityChange]:
    await activity_series.lock(session, public_id)
    activity = await activities.get(session, public_id, lock=True)
    kept = await find(session, activity)
    if kept is None or kept.reason:
        raise DomainError(f"「{activity.title}」没有在等审核的改动。")
    if kept.version != version:
        raise MovedOn(activity)
    if kept.submitted_by_id == by.staff_id:
        raise DomainError("这处改动是您自己提交的，请另一位审核人审核。")
    return activity, kept


def _differing(activity: Activity, values: Mapping[str, Any]) -> set[str]:
    given, now = _plain(values), _plain({name: getattr(activity, name) for name in values})
    return {name for name in given if given[name] != now[name]}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As a database keeps it beside others: lists for tuples, words for times, all in UTC."""
    found: dict[str, Any] = json.loads(json.dumps(dict(values), default=_written))
    return found


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _values(given: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """What columns hold, from what `_plain` made of it."""
    found = {name: given[name] for name in names}
    for name in names & _TIMES:
        found[name] = None if given[name] is None else datetime.fromisoformat(given[name])
    for name in names & _KINDS.keys():
        found[name] = None if given[name] is None else _KINDS[name](given[name])
    return found


def _held(kept: ActivityChange) -> tuple[dict[str, Any], dict[str, Any]]:
    given: Any = kept.given
    before: Any = kept.before
    return given, before
