"""Review of an activity before it is announced: submitted, passed by another, or sent back with a reason.

Whether review is asked is a setting of the union (`Settings.activity_review`). Not here: changes of what is
announced already (`activity_changes`). Functions flush and never commit; the activity's row is locked first.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import activities, activity_notices, activity_words, permissions
from app.services.permissions import Right, Scope, Standing
from app.services.sign_up_moves import move_activity
from models import ANNOUNCED, Activity, ActivityReview, ActivityState, Staff

AUTO, ALWAYS, NEVER = "auto", "always", "never"  # of the setting
_REASON: Final = 200
A = ActivityState


class MovedOn(DomainError):
    def __init__(self, activity: Activity) -> None:
        super().__init__(f"您打开以后，「{activity.title}」又改过。请看过现在的样子再决定。")


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether review is asked before somebody may announce this, and who could do it."""

    is_needed: bool
    approvers: Sequence[Staff]


async def asked(session: AsyncSession, activity: Activity, who: Standing, rule: str) -> Asked:
    """By `rule` always, never, or (auto) where somebody may approve it who did not write in it."""
    wrote = writers(await find(session, activity)) | {who.staff_id}
    return await asked_beside(session, activity, wrote, rule)


async def asked_beside(session: AsyncSession, activity: Activity, wrote: Container[int], rule: str) -> Asked:
    """The same, where it is known who wrote; by their ids."""
    able = await permissions.list_able(session, Right.ACTIVITIES_APPROVE, activity.branch_id)
    others = [each for each in able if each.id not in wrote]
    return Asked(rule == ALWAYS or (rule == AUTO and bool(others)), others)


async def find(session: AsyncSession, activity: Activity) -> ActivityReview | None:
    chosen = sa.select(ActivityReview).where(ActivityReview.activity_id == activity.id)
    return (await session.scalars(chosen)).one_or_none()


def writers(review: ActivityReview | None) -> set[int]:
    """Ids of staff who wrote in it."""
    found: list[int] = [] if review is None else review.writer_ids  # type: ignore[assignment]
    return set(found)


async def wrote(
    session: AsyncSession, activity: Activity, who: Standing, *, like: Activity | None = None
) -> ActivityReview:
    """Somebody wrote in it, and will not approve it. `like`: that of which it is a copy."""
    review = await find(session, activity)
    if review is None:
        review = ActivityReview(activity_id=activity.id, writer_ids=[])
        session.add(review)
    review.writer_ids = sorted(writers(review) | {who.staff_id})
    if like is not None:
        review.before = await activity_words.facts(session, like)
        review.before_was = f"照着办的「{like.title}」"
    await session.flush()
    return review


async def submit(
    session: AsyncSession,
    public_id: str,
    *,
    version: int,
    by: Standing,
    rule: str,
    more: int | None = 0,
    now: datetime,
) -> Activity:
    """Send a draft to review, and tell who may approve it. Twice is no error.

    `more`: how many others of its series go with it; None: it is one of those, and nobody is told.

    Raises:
        NotFound: no such activity.
        MovedOn: it is not what was looked at any more.
        DomainError: no draft; it would have begun; nobody is asked here.
    """
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    if activity.state is A.IN_REVIEW:
        return activity
    if activity.version != version and activity.state is A.DRAFT:
        raise MovedOn(activity)
    found = await asked(session, activity, by, rule)
    if not found.is_needed:
        raise DomainError("这个活动不用审核，可以直接发布。")
    activities.check_ahead(activity, now)
    review = await wrote(session, activity, by)
    review.submitted_by_id, review.reason = by.staff_id, ""
    move_activity(session, activity, A.IN_REVIEW, by=by.name, now=now)
    await session.flush()
    if more is not None:
        activity_notices.submitted(session, activity, by.name, found.approvers, more, now)
    return activity


async def publish(
    session: AsyncSession, public_id: str, *, by: Standing, rule: str, now: datetime
) -> Activity:
    """Announce a draft without review, where none is asked.

    Raises: NotFound; DomainError: review is asked, or it has begun already.
    """
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    if activity.state not in ANNOUNCED and (await asked(session, activity, by, rule)).is_needed:
        raise DomainError("这个活动发布前要先审核，请点「提交审核」。")
    return await activities.publish(session, public_id, by=by.name, now=now)


async def approve(
    session: AsyncSession,
    public_id: str,
    *,
    version: int,
    by: Standing,
    more: int | None = 0,
    now: datetime,
) -> bool:
    """Announce what was looked at; who submitted it is told. False: another has announced it already.

    Raises:
        NotFound: no such activity.
        MovedOn: it is not what was looked at any more.
        DomainError: one's own writing; not in review; it has begun already.
    """
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    if activity.state in ANNOUNCED:
        return False
    review = await _in_review(session, activity, version, by)
    await activities.publish(session, public_id, by=by.name, reason="审核通过", now=now)
    review.before, review.before_was = None, ""
    await _tell(session, activity, review, by, "", more, now)
    return True


async def send_back(
    session: AsyncSession,
    public_id: str,
    *,
    version: int,
    reason: str,
    by: Standing,
    more: int | None = 0,
    now: datetime,
) -> Activity:
    """Back to the draft with a reason, which its author reads. Twice is no error.

    Raises: NotFound; MovedOn; DomainError: not in review, one's own writing, or no reason.
    """
    reason = " ".join(reason.split())[:_REASON]
    if not reason:
        raise DomainError("请写明要改什么，作者会看到。")
    activity = await activities.get(session, public_id, lock=True, drafts=True)
    review = await find(session, activity)
    if activity.state is A.DRAFT and review is not None and review.reason == reason:
        return activity
    review = await _in_review(session, activity, version, by)
    review.reason = reason
    review.before, review.before_was = await activity_words.facts(session, activity), "退回时的样子"
    move_activity(session, activity, A.DRAFT, by=by.name, reason=reason, now=now)
    await _tell(session, activity, review, by, reason, more, now)
    return activity


async def differences(
    session: AsyncSession, activity: Activity, review: ActivityReview | None
) -> list[activity_words.Difference]:
    """From what it was when it was sent back, or from that of which it is a copy."""
    if review is None or not isinstance(review.before, dict):
        return []
    return activity_words.differences(review.before, await activity_words.facts(session, activity))


# --- what waits --------------------------------------------------------------------------------------------


async def count_to_approve(session: AsyncSession, scope: Scope, staff_id: int) -> int:
    """Of what is in review: that in which this person did not write."""
    chosen = sa.select(ActivityReview).join(Activity, Activity.id == ActivityReview.activity_id)
    chosen = chosen.where(Activity.state == A.IN_REVIEW, scope.holds(Activity.branch_id))
    return sum(staff_id not in writers(each) for each in (await session.scalars(chosen)).all())


async def count_returned(session: AsyncSession, staff_id: int) -> int:
    chosen = sa.select(sa.func.count()).select_from(Activity).where(returned(staff_id))
    return await session.scalar(chosen) or 0


def returned(staff_id: int) -> sa.ColumnElement[bool]:
    """Activities that this person submitted, and that came back."""
    mine = sa.exists().where(
        ActivityReview.activity_id == Activity.id,
        ActivityReview.submitted_by_id == staff_id,
        ActivityReview.reason != "",
    )
    return sa.and_(Activity.state == A.DRAFT, mine)


# --- parts -------------------------------------------------------------------------------------------------


async def _in_review(session: AsyncSession, activity: Activity, version: int, by: Standing) -> ActivityReview:
    """The review of what waits, as it was when it was looked at."""
    review = await find(session, activity)
    if activity.version != version:
        raise MovedOn(activity)
    if activity.state is not A.IN_REVIEW or review is None:
        raise DomainError(f"「{activity.title}」{activity.state.label}，没有在等审核。")
    if by.staff_id in writers(review):
        raise DomainError("这个活动是您自己写的，请另一位审核人审核。")
    return review


async def _tell(
    session: AsyncSession,
    activity: Activity,
    review: ActivityReview,
    by: Standing,
    reason: str,
    more: int | None,
    now: datetime,
) -> None:
    if more is None:
        return
    author = await session.get(Staff, review.submitted_by_id) if review.submitted_by_id else None
    await session.flush()
    if author is not None:
        activity_notices.reviewed(session, activity, author, by.name, reason, more, now)
