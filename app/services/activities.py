"""Activities: written down, announced, moved on by time, called off. Not here: signing up (`sign_ups`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import (
    activity_conditions,
    arrivals,
    lots,
    points,
    quotas,
    series_rows,
    sittings,
    waiting_lists,
)
from app.services import sign_up_notices as notices
from app.services.keysets import beyond
from app.services.sign_up_moves import move, move_activity
from app.services.sign_up_questions import checked
from models import ANNOUNCED, UNANNOUNCED, Activity, ActivityMove, ActivityState, SignUp, SignUpState

A = ActivityState
Place = tuple[int, datetime, int]  # where a list goes on: open or not, closing time and id of its last one


class ChangedMeanwhile(DomainError):
    def __init__(self, activity: Activity) -> None:
        super().__init__(f"您打开以后，「{activity.title}」又有人改过。请先核对现在的样子，再保存。")


async def create(session: AsyncSession, values: Mapping[str, Any], *, by: str, now: datetime) -> Activity:
    """A draft; nobody sees it yet. Raises: DomainError: times that contradict each other, bad questions."""
    given = sittings.settled(values) | {"questions": checked(values.get("questions", []))}
    activity = Activity(**given, state=A.DRAFT, created_at=now)
    _check_times(activity)
    lots.check(activity)
    quotas.check(activity)
    activity_conditions.check(activity)
    session.add(activity)
    await session.flush()
    session.add(ActivityMove(activity_id=activity.id, from_state=None, to_state=A.DRAFT, by=by, at=now))
    return activity


async def change(
    session: AsyncSession,
    public_id: str,
    values: Mapping[str, Any],
    *,
    version: int,
    by: str,
    now: datetime,
    tell_of_notice: bool = False,
) -> int:
    """Say something else of an activity. `version` is that which was read.

    Who has signed up is told of another time or place, and reminded of the new one; of another safety notice
    where the organiser wants it. Returns how many are.

    Raises:
        NotFound: no such activity.
        DomainError: changed meanwhile; over; times that contradict each other; questions somebody answered.
    """
    activity = await get(session, public_id, lock=True, drafts=True)
    if activity.version != version:
        raise ChangedMeanwhile(activity)
    if activity.state not in (*UNANNOUNCED, *ANNOUNCED):
        raise DomainError(f"「{activity.title}」{activity.state.label}，不能再改。")
    given = sittings.settled({"sittings": activity.sittings, **values})
    given["questions"] = checked(values["questions"])
    await _check_stays(session, activity, given)
    before, notice = sittings.whens(activity), activity.safety_notice
    sittings.check_begun(activity, given, now)
    for name, value in given.items():
        if getattr(activity, name) != value:
            setattr(activity, name, value)
    _check_times(activity)
    lots.check(activity)
    quotas.check(activity)
    activity_conditions.check(activity)
    if activity.state in UNANNOUNCED:
        take_back(session, activity, by=by, now=now)
        await session.flush()
        return 0
    lots.fix_seed(activity)
    await session.flush()
    told = 0
    if sittings.whens(activity) != before:
        told = await _tell_of_change(session, activity, now)
    if tell_of_notice and activity.safety_notice and activity.safety_notice != notice:
        told = await _tell_of_notice(session, activity, now)
    await waiting_lists.settle(session, activity, now)
    await advance(session, activity, now)
    return told


def take_back(session: AsyncSession, activity: Activity, *, by: str, now: datetime) -> None:
    """Whoever changes what waits for an approver takes it back: it is not what was submitted any more."""
    if activity.state is A.IN_REVIEW:
        move_activity(session, activity, A.DRAFT, by=by, reason="提交以后又改过", now=now)


async def publish(
    session: AsyncSession, public_id: str, *, by: str, reason: str = "", now: datetime
) -> Activity:
    """Announce a draft. A second call changes nothing.

    Whether an approver is asked first is not asked here (`activity_reviews`).

    Raises:
        NotFound: no such activity.
        DomainError: it has begun already.
    """
    activity = await get(session, public_id, lock=True, drafts=True)
    if activity.state in ANNOUNCED:
        return activity
    check_ahead(activity, now)
    lots.fix_seed(activity)
    move_activity(session, activity, A.PUBLISHED, by=by, reason=reason, now=now)
    await advance(session, activity, now)
    return activity


def check_ahead(activity: Activity, now: datetime) -> None:
    """Raises: DomainError: what should be announced has begun already."""
    if now >= activity.starts_at:
        raise DomainError(f"「{activity.title}」的开始时间已过，请先改时间再发布。")


async def call_off(session: AsyncSession, public_id: str, *, by: str, reason: str = "", now: datetime) -> int:
    """Cancel an activity and every live sign-up; each is told. Returns how many are.

    Raises:
        NotFound: no such activity.
        DomainError: it is over.
    """
    activity = await get(session, public_id, lock=True, drafts=True)
    if activity.state is A.CANCELLED:
        return 0
    move_activity(session, activity, A.CANCELLED, by=by, reason=reason, now=now)
    entries = await session.scalars(
        sa.select(SignUp)
        .where(SignUp.activity_id == activity.id, SignUp.state.in_(sittings.hearers(activity)))
        .order_by(SignUp.id)
    )
    told = entries.all()
    for entry in told:
        if entry.state is not SignUpState.CHECKED_IN:  # to what somebody came stays so
            move(session, entry, SignUpState.CANCELLED, by=by, reason="activity cancelled", now=now)
        await notices.withdraw_reminder(session, entry, now)
        await session.flush()
        notices.called_off(session, activity, entry, reason, now)
    return len(told)


async def set_capacity(
    session: AsyncSession, public_id: str, seats: int | None, *, by: str = "命令行", now: datetime
) -> Activity:
    """More seats are offered to those who wait; fewer take none away and stop further offers.

    Raises: NotFound; DomainError: no limit, where a lot decides; less than branches were given.
    """
    activity = await get(session, public_id, lock=True, drafts=True)
    activity.capacity = seats
    lots.check(activity)
    quotas.check(activity)
    take_back(session, activity, by=by, now=now)
    await session.flush()
    if activity.state in ANNOUNCED:
        await waiting_lists.settle(session, activity, now)
    return activity


async def advance(session: AsyncSession, activity: Activity, now: datetime) -> None:
    """Move on to the state that `now` calls for. Rules ask the times, so that lateness here hurts nobody."""
    if activity.state not in ANNOUNCED:
        return
    due = _state_at(activity, now)
    if due is not activity.state:
        move_activity(session, activity, due, by="system", now=now)
    await session.flush()


async def list_to_advance(session: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Activities whose state lags behind the clock."""
    lags = sa.or_(
        sa.and_(Activity.state == A.PUBLISHED, Activity.opens_at <= now),
        sa.and_(Activity.state == A.REGISTRATION_OPEN, Activity.closes_at <= now),
        sa.and_(Activity.state.in_(ANNOUNCED[:3]), Activity.starts_at <= now),
        sa.and_(Activity.state == A.ONGOING, Activity.ends_at <= now),
    )
    found = await session.scalars(sa.select(Activity.id).where(lags).order_by(Activity.id).limit(limit))
    return list(found)


# --- looking -----------------------------------------------------------------------------------------------


async def list_ahead(
    session: AsyncSession, now: datetime, limit: int, *, after: Place | None = None, once: bool = False
) -> Sequence[Activity]:
    """What will take place, those that take sign-ups first, then by the day they close.

    `once`: of a series only the next date that takes sign-ups, or else the next.

    Who reads on from `after` gives the `now` of the beginning: what opens meanwhile changes its place.
    """
    is_open = sa.case((sa.and_(Activity.opens_at <= now, Activity.closes_at > now), 0), else_=1)
    order = (is_open, Activity.closes_at, Activity.id)
    chosen = sa.select(Activity).where(Activity.state.in_(ANNOUNCED), Activity.starts_at > now)
    if once:
        chosen = series_rows.next_only(chosen, is_open)
    if after is not None:
        chosen = chosen.where(beyond(order, after))
    return (await session.scalars(chosen.order_by(*order).limit(limit))).all()


def place_of(activity: Activity, now: datetime) -> Place:
    """Where `list_ahead` goes on after this one."""
    is_open = activity.opens_at <= now < activity.closes_at
    return (0 if is_open else 1), activity.closes_at, activity.id


async def search(session: AsyncSession, terms: Sequence[str], limit: int) -> Sequence[Activity]:
    """Activities, past ones too, of which all `terms` speak; the newest first."""
    fields = (Activity.title, Activity.summary, Activity.place, Activity.organiser)
    chosen = sa.select(Activity).where(Activity.state.in_((*ANNOUNCED, A.ENDED)))
    for term in terms:
        chosen = chosen.where(sa.or_(*(field.icontains(term, autoescape=True) for field in fields)))
    found = await session.scalars(chosen.order_by(Activity.starts_at.desc(), Activity.id).limit(limit))
    return found.all()


async def exists(session: AsyncSession, public_id: str) -> bool:
    return await session.scalar(sa.select(Activity.id).where(Activity.public_id == public_id)) is not None


async def get(session: AsyncSession, public_id: str, *, lock: bool = False, drafts: bool = False) -> Activity:
    """What this transaction has locked and settled is not read again. Raises: NotFound."""
    known = None if lock else waiting_lists.settled_as(session, public_id)
    chosen = sa.select(Activity).where(Activity.public_id == public_id)
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    activity = known.activity if known is not None else await session.scalar(chosen)
    if activity is None or (activity.state in UNANNOUNCED and not drafts):
        raise NotFound("没有找到这个活动，可能已经撤下。")
    if lock:
        waiting_lists.forget(session, activity.id)
    return activity


def _state_at(activity: Activity, now: datetime) -> ActivityState:
    if now >= activity.ends_at:
        return A.ENDED
    if now >= activity.starts_at:
        return A.ONGOING
    if now >= activity.closes_at:
        return A.REGISTRATION_CLOSED
    return A.REGISTRATION_OPEN if now >= activity.opens_at else activity.state


async def _check_stays(session: AsyncSession, activity: Activity, given: Mapping[str, Any]) -> None:
    """What nobody may change once somebody has signed up."""
    if given["questions"] != activity.questions and await _any_sign_up(session, activity):
        raise DomainError("已经有人报名，报名问题不能再改。")
    allocation = given.get("allocation", activity.allocation)
    if allocation is not activity.allocation and await _any_sign_up(session, activity):
        raise DomainError("已经有人报名，名额怎么分不能再改。")
    in_teams = bool(given.get("team_most", activity.team_most))
    if in_teams is not bool(activity.team_most) and await _any_sign_up(session, activity):
        raise DomainError("已经有人报名，组队还是各报各的不能再改。")
    await arrivals.check_stay(session, activity, given.get("sittings", activity.sittings))
    await points.check_stay(session, activity, given)


async def _any_sign_up(session: AsyncSession, activity: Activity) -> bool:
    found = sa.select(SignUp.id).where(SignUp.activity_id == activity.id).limit(1)
    return await session.scalar(found) is not None


async def _tell_of_change(session: AsyncSession, activity: Activity, now: datetime) -> int:
    entries = await _who_hears(session, activity)
    for entry in entries:
        if entry.offer_expires_at is not None:
            entry.offer_expires_at = min(entry.offer_expires_at, activity.starts_at)
            await session.flush()
        await notices.withdraw_reminder(session, entry, now)
        notices.changed(session, activity, entry, now)
    return len(entries)


async def _tell_of_notice(session: AsyncSession, activity: Activity, now: datetime) -> int:
    entries = await _who_hears(session, activity)
    for entry in entries:
        notices.notice_changed(session, activity, entry, now)
    return len(entries)


async def _who_hears(session: AsyncSession, activity: Activity) -> Sequence[SignUp]:
    live = SignUp.state.in_(sittings.hearers(activity))
    found = sa.select(SignUp).where(SignUp.activity_id == activity.id, live).order_by(SignUp.id)
    return (await session.scalars(found)).all()


def _check_times(activity: Activity) -> None:
    if not activity.opens_at < activity.closes_at <= activity.starts_at < activity.ends_at:
        raise DomainError("时间先后不对：应是报名开始、报名截止、活动开始、活动结束。")
