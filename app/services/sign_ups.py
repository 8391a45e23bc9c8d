"""Signing up for activities: who gets a seat, who waits, who gives one back.

The one home of these rules, for every edge. Each function locks the activity's row first, so that all who
want its seats queue: on SQLite the writing transaction itself is the lock. Functions flush and never commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.clock import spoken
from app.errors import DomainError, NotFound
from app.services import (
    eligibility,
    lots,
    parties,
    posters,
    safety_notices,
    sign_up_help,
    team_rows,
    waiting_lists,
)
from app.services import sign_up_notices as notices
from app.services.audiences import Facts
from app.services.keysets import beyond
from app.services.parties import NOBODY, Party
from app.services.sign_up_moves import move, note
from models import HOLDING, LIVE, UNANNOUNCED, Activity, ActivityState, SignUp, SignUpState

Place = tuple[datetime, int]  # where a list of one's own goes on: start and id of its last entry
ORDER = (Activity.starts_at, SignUp.id)

GONE = "这个活动已经撤下，看看别的活动吧。"


class SignUpClosed(DomainError):
    def __init__(self, activity: Activity, now: datetime) -> None:
        if activity.state is ActivityState.CANCELLED:
            words = f"「{activity.title}」已取消。"
        elif now < activity.opens_at:
            words = f"「{activity.title}」{spoken(activity.opens_at, now)}开始报名，到时候再来。"
        else:
            words = f"「{activity.title}」报名已截止。"
        super().__init__(words)


class TeamNeeded(DomainError):
    def __init__(self, activity: Activity) -> None:
        super().__init__(f"「{activity.title}」要组队报名：在活动页面上建一支队，或者点队长发来的链接加入。")


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who signs up, by which way, and what is known of him; `helper` does it for him (`colleagues`)."""

    person_id: int
    facts: Facts
    channel: str  # chat, portal, api, console or cli
    helper: notices.Helper | None = None

    @property
    def by(self) -> str:
        return "member" if self.helper is None else "colleague"


async def sign_up(
    session: AsyncSession,
    activity_id: int,
    who: Applicant,
    *,
    seats: int = 1,
    answers: dict[str, Any] | None = None,
    party: Party = NOBODY,
    accepted: str = "",
    team_id: int | None = None,
    now: datetime,
) -> SignUp:
    """Give a seat, or a place on the waiting list when there is none.

    A second call returns the first sign-up: WeChat redelivers callbacks it believes lost, and that is no
    error to the member. Who cancelled or let an offer pass comes back as the last on the list.

    `accepted`: the version of the safety notice that was read. `team_id`: 0 of a team that is being made.

    Raises:
        NotFound: no such activity, or it is not announced.
        SignUpClosed: `now` is outside its time for signing up, or it was called off.
        NotEligible: it is for others.
        NotAccepted, NoticeChanged, BadParty: of the safety notice; of who comes along not all is said.
        DomainError: more guests than allowed.
    """
    known = await _known(session, activity_id, now)
    activity = known.activity
    entry = await find_own(session, activity.id, who.person_id)
    if entry is not None and entry.state in LIVE:
        await sign_up_help.take_over(session, entry, who.channel, now)
        return entry
    behind = await check(session, activity, who, now, lock=True, in_team=team_id is not None)
    said = _said(activity, seats, party, accepted, now) | {"answers": dict(answers or {})}
    pool = known.seats.pool_of(who.facts.membership)
    state = _begins_as(activity, team_id, fits=seats <= known.seats.left(pool) and not behind)
    if entry is None:
        entry = SignUp(activity_id=activity.id, person_id=who.person_id, state=state)
    else:
        move(session, entry, state, by=who.by, channel=who.channel, now=now)
    entry.team_id = team_id or None
    said |= {"signed_up_at": now, "quota_branch_id": pool, "priority": waiting_lists.BEHIND if behind else 0}
    for name, value in said.items():
        setattr(entry, name, value)
    entry.poster_id = await _poster(session, known, who, now) or entry.poster_id
    await _keep(session, entry, who, now)
    known.seats.take(pool, seats if state in HOLDING else 0)
    notices.receipt(session, activity, entry, now, who.helper)
    await session.flush()
    return entry


async def cancel(session: AsyncSession, activity_id: int, who: Applicant, *, now: datetime) -> SignUp:
    """Take one's sign-up back; a seat it held goes to the next who waits. Twice is no error.

    Raises:
        NotFound: never signed up.
        DomainError: the activity has begun.
    """
    activity, entry = await _settled(session, activity_id, who, now)
    if entry.state not in LIVE:
        return entry
    if now >= activity.starts_at:
        raise DomainError(f"「{activity.title}」已经开始，不能取消了。来不了请告诉组织者。")
    move(session, entry, SignUpState.CANCELLED, by=who.by, channel=who.channel, now=now)
    await notices.withdraw_reminder(session, entry, now)
    if who.helper is None:
        await notices.withdraw_helped(session, entry, now)
    await waiting_lists.settle(session, activity, now)
    return entry


async def accept(session: AsyncSession, activity_id: int, who: Applicant, *, now: datetime) -> SignUp:
    """Take the seat that was offered. Twice is no error.

    Raises:
        NotFound: never signed up.
        DomainError: the offer ran out, or there was none.
    """
    activity, entry = await _settled(session, activity_id, who, now)
    if entry.state is SignUpState.CONFIRMED:
        return entry
    if entry.state is not SignUpState.OFFERED:
        raise DomainError(_no_offer(activity, entry))
    move(session, entry, SignUpState.CONFIRMED, by=who.by, channel=who.channel, now=now)
    await session.flush()
    notices.receipt(session, activity, entry, now)
    await session.flush()
    await team_rows.settle(session, activity, now)
    return entry


async def decline(session: AsyncSession, activity_id: int, who: Applicant, *, now: datetime) -> SignUp:
    """Leave an offered seat to the next. Twice is no error.

    Raises:
        NotFound: never signed up.
        DomainError: there was no offer.
    """
    activity, entry = await _settled(session, activity_id, who, now)
    if entry.state in (SignUpState.DECLINED, SignUpState.OFFER_EXPIRED):
        return entry
    if entry.state is not SignUpState.OFFERED:
        raise DomainError(_no_offer(activity, entry))
    move(session, entry, SignUpState.DECLINED, by=who.by, channel=who.channel, now=now)
    await waiting_lists.settle(session, activity, now)
    return entry


async def _known(session: AsyncSession, activity_id: int, now: datetime) -> waiting_lists.Settled:
    """Locked and settled, by this transaction's first who asked."""
    if known := waiting_lists.settled(session, activity_id):
        return known
    return await waiting_lists.settle(session, await lock(session, activity_id), now)


async def _keep(session: AsyncSession, entry: SignUp, who: Applicant, now: datetime) -> None:
    is_new = entry.id is None
    session.add(entry)
    await session.flush()
    waiting_lists.learn(session, entry)
    if is_new:
        session.add(note(entry, None, entry.state, by=who.by, channel=who.channel, now=now))


def _said(activity: Activity, seats: int, party: Party, accepted: str, now: datetime) -> dict[str, Any]:
    """What a sign-up keeps of who comes and what was agreed to."""
    if not 1 <= seats <= 1 + activity.guests:
        raise DomainError(f"「{activity.title}」每人最多带 {activity.guests} 位同伴。", question="guests")
    kept = {"seats": seats, "party": parties.stored(activity, seats, party, now)}
    return kept | safety_notices.accepted(activity, accepted, now)


def _begins_as(activity: Activity, team_id: int | None, *, fits: bool) -> SignUpState:
    if team_id is not None:
        return SignUpState.FORMING
    if lots.is_open(activity):
        return SignUpState.ENTERED
    if not fits:
        return SignUpState.WAITLISTED
    return SignUpState.PENDING_APPROVAL if activity.approval else SignUpState.CONFIRMED


async def _poster(
    session: AsyncSession, known: waiting_lists.Settled, who: Applicant, now: datetime
) -> int | None:
    """By which the applicant came; in a crowd it is asked once whether any hangs."""
    if known.has_posters is None:
        known.has_posters = await posters.are_there(session, known.activity.id)
    if not known.has_posters:
        return None
    return await posters.came_by(session, known.activity.id, who.person_id, now)


# --- looking -----------------------------------------------------------------------------------------------


async def check(
    session: AsyncSession,
    activity: Activity,
    who: Applicant,
    now: datetime,
    *,
    lock: bool = False,
    in_team: bool = False,
) -> str:
    """May he sign up now? Returns why he would wait behind all others; empty where he would not.

    Raises:
        SignUpClosed: it is not open.
        TeamNeeded: nobody signs up for this alone.
        NotEligible: it is for others.
    """
    if not activity.takes_sign_ups(now):
        raise SignUpClosed(activity, now)
    if activity.team_most and not in_team:
        raise TeamNeeded(activity)
    return await eligibility.check(session, activity, who.person_id, who.facts, now, lock=lock)


async def outlook(
    session: AsyncSession, activity: Activity, who: Applicant, now: datetime, *, in_team: bool = False
) -> tuple[str, str]:
    """Before anything is filled in: why he may not sign up, else why he would wait behind all others."""
    try:
        return "", await check(session, activity, who, now, in_team=in_team)
    except DomainError as refusal:
        return refusal.message, ""


async def find_own(session: AsyncSession, activity_id: int, person_id: int) -> SignUp | None:
    known = waiting_lists.settled(session, activity_id)
    if known is not None and person_id in known.absent:
        return None
    found = await session.scalar(
        sa.select(SignUp).where(SignUp.activity_id == activity_id, SignUp.person_id == person_id)
    )
    if known is not None and found is None:
        known.absent.add(person_id)
    return found


async def get_own(session: AsyncSession, public_id: str, person_id: int) -> SignUp:
    """One of a person's own sign-ups with its activity; somebody else's is as if it did not exist.

    Raises: NotFound.
    """
    chosen = _own(person_id).where(SignUp.public_id == public_id)
    entry = await session.scalar(chosen)
    if entry is None:
        raise NotFound("没有找到这次报名。")
    return entry


async def get_own_activity_id(session: AsyncSession, public_id: str, person_id: int) -> int:
    """For which activity a person's own sign-up is; loads neither, so that both are read once locked.

    Raises: NotFound.
    """
    found = await session.scalar(
        sa.select(SignUp.activity_id).where(SignUp.public_id == public_id, SignUp.person_id == person_id)
    )
    if found is None:
        raise NotFound("没有找到这次报名。")
    return found


async def list_own(
    session: AsyncSession, person_id: int, now: datetime, limit: int, *, after: Place | None = None
) -> Sequence[SignUp]:
    """A person's live sign-ups for what is not over yet, the nearest first, each with its activity."""
    chosen = _own(person_id).where(SignUp.state.in_(LIVE), Activity.ends_at > now)
    if after is not None:
        chosen = chosen.where(beyond(ORDER, after))
    return (await session.scalars(chosen.order_by(*ORDER).limit(limit))).all()


async def list_own_past(
    session: AsyncSession, person_id: int, now: datetime, limit: int, *, after: Place | None = None
) -> Sequence[SignUp]:
    """A person's other sign-ups: given up, or for what is over; the newest first, each with its activity."""
    chosen = _own(person_id).where(sa.or_(SignUp.state.not_in(LIVE), Activity.ends_at <= now))
    if after is not None:
        chosen = chosen.where(beyond(ORDER, after, descending=True))
    return (await session.scalars(chosen.order_by(*(each.desc() for each in ORDER)).limit(limit))).all()


def _own(person_id: int) -> sa.Select[SignUp]:
    chosen = sa.select(SignUp).join(SignUp.activity).options(contains_eager(SignUp.activity))
    return chosen.where(SignUp.person_id == person_id)


async def lock(session: AsyncSession, activity_id: int) -> Activity:
    """Raises: NotFound."""
    waiting_lists.forget(session, activity_id)
    activity = await session.get(Activity, activity_id, with_for_update=True, populate_existing=True)
    if activity is None or activity.state in UNANNOUNCED:
        raise NotFound(GONE)
    return activity


async def _settled(
    session: AsyncSession, activity_id: int, who: Applicant, now: datetime
) -> tuple[Activity, SignUp]:
    """The locked activity, offers that ran out ended, and the applicant's own sign-up."""
    activity = await lock(session, activity_id)
    await waiting_lists.settle(session, activity, now)
    entry = await find_own(session, activity.id, who.person_id)
    if entry is None:
        raise NotFound(f"您没有报名「{activity.title}」。")
    return activity, entry


def _no_offer(activity: Activity, entry: SignUp) -> str:
    if entry.state is SignUpState.OFFER_EXPIRED:
        return f"「{activity.title}」给您留的空位已经到时间，让给下一位了。还想参加，可以重新报名候补。"
    return f"「{activity.title}」现在没有给您留的空位，您的报名状态：{entry.state.label}。"
