"""What the page of an activity says of its review, its series and its place. Not here: acts."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.console.entrance import Desk
from app.services import (
    activity_changes,
    activity_previews,
    activity_reviews,
    activity_series,
    activity_together,
    map_places,
    series_rows,
    sittings,
)
from app.services.permissions import Right
from models import ANNOUNCED, UNANNOUNCED, Activity


async def facts(session: AsyncSession, desk: Desk, activity: Activity, now: datetime) -> dict[str, Any]:
    """Values of `activity_one.html`."""
    later = await activity_series.later(session, activity, desk.standing, now)
    found: dict[str, Any] = {
        "is_draft": activity.state in UNANNOUNCED,
        "dates": await series_rows.all_of(session, activity),
        "sittings": sittings.of(activity) if activity.sittings else (),
        "check_in_opens_at": sittings.for_moment(activity, now).opens_at,
        "on_map": map_places.load(activity.map_place),
        "later": len(later),
        "later_told": await activity_series.count_live(session, later),
    }
    more = _review(session, desk, activity, now) if found["is_draft"] else _change(session, desk, activity)
    return found | await more


async def _change(session: AsyncSession, desk: Desk, activity: Activity) -> dict[str, Any]:
    """Of what is announced: a change that waits, or came back."""
    change = await activity_changes.find(session, activity) if activity.state in ANNOUNCED else None
    if change is None:
        return {"change": None}
    is_own = change.submitted_by_id == desk.standing.staff_id
    may_approve = desk.may(Right.ACTIVITIES_APPROVE, activity.branch_id)
    return {
        "change": change,
        "change_differences": activity_changes.differences(change),
        "change_is_own": is_own,
        "may_approve_change": may_approve,
        "may_pass": may_approve and not is_own and not change.reason,
    }


async def _review(session: AsyncSession, desk: Desk, activity: Activity, now: datetime) -> dict[str, Any]:
    """Of a draft."""
    review, rule = await activity_reviews.find(session, activity), desk.shared.activity_review
    waiting = await activity_together.in_review(session, activity, desk.standing, now)
    return {
        "review": review,
        "asked": await activity_reviews.asked(session, activity, desk.standing, rule),
        "never": rule == activity_reviews.NEVER,
        "differences": await activity_reviews.differences(session, activity, review),
        "wrote": desk.standing.staff_id in activity_reviews.writers(review),
        "may_approve": desk.may(Right.ACTIVITIES_APPROVE, activity.branch_id),
        "preview": activity_previews.address(activity),
        "drafts": len(await activity_together.drafts(session, activity, desk.standing, now)),
        "waiting": len(waiting),
        "mark": activity_together.mark(waiting),
        "elsewhere": await activity_together.differences(session, activity, waiting),
    }
