"""What the page of an activity says of its review, its series and its place. Not here: acts."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.console.entrance import Desk
from app.services import (
    activity_previews,
    activity_reviews,
    activity_series,
    activity_together,
    map_places,
    series_rows,
    sittings,
)
from app.services.permissions import Right
from models import UNANNOUNCED, Activity


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
    return found | (await _review(session, desk, activity, now) if found["is_draft"] else {})


async def _review(session: AsyncSession, desk: Desk, activity: Activity, now: datetime) -> dict[str, Any]:
    """Only of a draft: what is announced is not reviewed any more."""
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
