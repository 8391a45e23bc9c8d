"""Review of a series: one step for the date that is looked at and for all others that wait for the same step.

Each is still an activity of its own, with its own review (`activity_reviews`); one message tells of all.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import activities, activity_reviews, activity_series, activity_words, series_rows
from app.services.activity_reviews import MovedOn
from app.services.activity_words import Difference
from app.services.permissions import Right, Standing, scope
from models import Activity, ActivityState


async def drafts(session: AsyncSession, activity: Activity, by: Standing, now: datetime) -> list[Activity]:
    """The others that could be submitted or announced with it."""
    own = scope(by, Right.ACTIVITIES_EDIT)
    return [
        each
        for each in await series_rows.siblings(session, activity)
        if each.state is ActivityState.DRAFT and own.covers(each.branch_id) and each.starts_at > now
    ]


async def in_review(session: AsyncSession, activity: Activity, by: Standing, now: datetime) -> list[Activity]:
    """The others that this person could approve with it."""
    own = scope(by, Right.ACTIVITIES_APPROVE)
    return [
        each
        for each in await series_rows.siblings(session, activity)
        if each.state is ActivityState.IN_REVIEW
        and own.covers(each.branch_id)
        and each.starts_at > now
        and by.staff_id not in activity_reviews.writers(await activity_reviews.find(session, each))
    ]


def mark(others: Sequence[Activity]) -> str:
    """What these are now: another one where any of them was changed, or is not among them any more."""
    said = ",".join(f"{each.id}:{each.version}" for each in sorted(others, key=lambda each: each.id))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


async def differences(
    session: AsyncSession, activity: Activity, others: Sequence[Activity]
) -> list[tuple[Activity, list[Difference]]]:
    """Those that say something else than this one, beside their times."""
    own = await activity_words.facts(session, activity)
    found = []
    for other in others:
        facts = await activity_words.facts(session, other)
        differing = activity_words.differences(own, facts)
        if beside := [each for each in differing if each.name not in activity_words.TIMES]:
            found.append((other, beside))
    return found


async def submit(
    session: AsyncSession, public_id: str, *, version: int, by: Standing, rule: str, now: datetime
) -> int:
    """Returns how many others were submitted with it. Raises: as `activity_reviews.submit`."""
    activity = await _locked(session, public_id)
    others = await _asked(session, activity, by, rule, now, is_needed=True)
    await activity_reviews.submit(
        session, public_id, version=version, by=by, rule=rule, more=len(others), now=now
    )
    for each in others:
        await activity_reviews.submit(
            session, each.public_id, version=each.version, by=by, rule=rule, more=None, now=now
        )
    return len(others)


async def publish(session: AsyncSession, public_id: str, *, by: Standing, rule: str, now: datetime) -> int:
    """Returns how many others were announced with it. Raises: as `activity_reviews.publish`."""
    activity = await _locked(session, public_id)
    others = await _asked(session, activity, by, rule, now, is_needed=False)
    for each in (activity, *others):
        await activity_reviews.publish(session, each.public_id, by=by, rule=rule, now=now)
    return len(others)


async def approve(
    session: AsyncSession, public_id: str, *, version: int, seen: str, by: Standing, now: datetime
) -> int | None:
    """Returns how many others were announced with it; None: another has announced them already.

    Raises: as `activity_reviews.approve`; MovedOn also where another date is not what was `seen` (`mark`).
    """
    activity = await _locked(session, public_id)
    others = await in_review(session, activity, by, now)
    if activity.state is ActivityState.IN_REVIEW and mark(others) != seen:
        raise MovedOn(activity)
    if not await activity_reviews.approve(
        session, public_id, version=version, by=by, more=len(others), now=now
    ):
        return None
    for each in others:
        await activity_reviews.approve(
            session, each.public_id, version=each.version, by=by, more=None, now=now
        )
    return len(others)


async def send_back(
    session: AsyncSession, public_id: str, *, version: int, reason: str, by: Standing, now: datetime
) -> int:
    """Returns how many others went back with it. Raises: as `activity_reviews.send_back`."""
    activity = await _locked(session, public_id)
    others = await in_review(session, activity, by, now)
    await activity_reviews.send_back(
        session, public_id, version=version, reason=reason, by=by, more=len(others), now=now
    )
    for each in others:
        await activity_reviews.send_back(
            session, each.public_id, version=each.version, reason=reason, by=by, more=None, now=now
        )
    return len(others)


async def _asked(
    session: AsyncSession, activity: Activity, by: Standing, rule: str, now: datetime, *, is_needed: bool
) -> list[Activity]:
    """The other drafts for which review is asked, or is not: it may be that an approver wrote in some."""
    return [
        each
        for each in await drafts(session, activity, by, now)
        if (await activity_reviews.asked(session, each, by, rule)).is_needed is is_needed
    ]


async def _locked(session: AsyncSession, public_id: str) -> Activity:
    await activity_series.lock(session, public_id)
    return await activities.get(session, public_id, lock=True, drafts=True)
