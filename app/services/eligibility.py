"""Who may take part in an activity: for whom it is, how old one must be, how often one may come.

The one home of these rules. What is said before anybody fills in anything is what signing up says again, in
the same words for every edge. Not here: whether it takes sign-ups now (`sign_ups`), what an organiser may ask
for (`activity_conditions`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, months_later, written, years_between
from app.errors import DomainError
from app.services import members, points
from app.services.audiences import Audience, Facts, matches
from models import LIVE, Activity, ActivityState, Again, Person, SignUp, SignUpState

# Of what is over, a seat counts. Who stayed away did not take part: what becomes of him is the organiser's
# matter, not a rule's. Of what is ahead, waiting and drawing lots count too: nobody collects several.
_SEATED: Final = frozenset({SignUpState.CONFIRMED, SignUpState.CHECKED_IN})
_NEVER: Final = (ActivityState.DRAFT, ActivityState.CANCELLED)


class NotEligible(DomainError):
    """It is for others, as it stands; the words say what one can do, where anything can be done."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A seat of another activity of the kind that stands too near."""

    activity: Activity
    is_ahead: bool  # and may be given up for this one


async def check(
    session: AsyncSession,
    activity: Activity,
    person_id: int,
    facts: Facts,
    now: datetime,
    *,
    lock: bool = False,
) -> str:
    """May this person take part? Returns why he waits behind all others; empty where he does not.

    `lock`: nobody else signs this person up for one of the kind before the transaction ends.

    Raises: NotEligible.
    """
    audience = Audience.model_validate(activity.audience) if activity.audience else None
    if audience is not None and not matches(audience, facts):
        raise NotEligible(_is_for_others(activity, audience, facts))
    await _check_age(session, activity, person_id)
    earlier = await _lately(session, activity, person_id, now, lock=lock)
    if earlier is None:
        return ""
    words = _said(activity, earlier)
    if activity.again is Again.REFUSED:
        raise NotEligible(words)
    return words


def conditions(activity: Activity) -> list[tuple[str, str]]:
    """What everybody may read of these rules, and what coming earns: a heading and a sentence each."""
    found = [("年龄", f"{ages(activity)}，按活动开始那天算")] if ages(activity) else []
    if activity.team_most:
        found.append(
            (
                "组队",
                f"每队 {activity.team_least} 到 {activity.team_most} 人，由队长提交；全队都有名额才算报上",
            )
        )
    if activity.is_once_in_a_while:
        then = "不能再报" if activity.again is Again.REFUSED else "排在没去过的人后面"
        found.append(("同类活动", f"{activity.apart_months} 个月内参加过「{activity.kind_of}」的{then}"))
    if activity.points:
        found.append(("积分", points.words(activity)))
    return found


def ages(activity: Activity) -> str:
    """满 18 周岁, 不超过 60 周岁, 18 到 60 周岁; empty where any will do."""
    match activity.youngest, activity.oldest:
        case None, None:
            return ""
        case youngest, None:
            return f"满 {youngest} 周岁"
        case None, oldest:
            return f"不超过 {oldest} 周岁"
        case youngest, oldest:
            return f"{youngest} 到 {oldest} 周岁"


def _is_for_others(activity: Activity, audience: Audience, facts: Facts) -> str:
    words = f"「{activity.title}」是给{audience}的活动，您不在范围内。"
    if audience.asks_membership and facts.membership is None:
        return f"{words}是职工的，请先在公众号里回复「绑定」绑定工号，再来报名；有疑问请回复「人工」。"
    return f"{words}有疑问请回复「人工」。"


async def _check_age(session: AsyncSession, activity: Activity, person_id: int) -> None:
    if not (wanted := ages(activity)):
        return
    asked = f"「{activity.title}」的年龄要求：{wanted}，按活动开始那天算。"
    member = await members.find_of_person(session, person_id)
    if member is None:
        raise NotEligible(
            f"{asked}还不知道您多大：请在公众号里回复「绑定」绑定工号，再来报名。不是职工的，请回复「人工」。"
        )
    if member.born_on is None:
        raise NotEligible(f"{asked}花名册里没有您的出生日期：请回复「人工」，请工会补上，再来报名。")
    age = years_between(date.fromisoformat(member.born_on), civil_date(activity.starts_at))
    too_young = activity.youngest is not None and age < activity.youngest
    if too_young or (activity.oldest is not None and age > activity.oldest):
        raise NotEligible(f"{asked}您那天 {age} 周岁，不能报名。出生日期不对的，请回复「人工」更正。")


async def _lately(
    session: AsyncSession, activity: Activity, person_id: int, now: datetime, *, lock: bool
) -> Earlier | None:
    """The nearest; before or after, for who has signed up for the later one first."""
    if not activity.is_once_in_a_while:
        return None
    if lock:
        # Each activity's row is locked by whoever signs up for it; two of a kind meet here only.
        own = sa.select(Person.id).where(Person.id == person_id)
        await session.execute(own.with_for_update(key_share=True))
    theirs = (
        sa.select(SignUp.state, Activity)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(SignUp.person_id == person_id, SignUp.state.in_(LIVE))
        .where(Activity.kind_of == activity.kind_of, Activity.id != activity.id)
        .where(Activity.state.not_in(_NEVER))
    )
    found = [
        Earlier(other, other.is_ahead(now))
        for state, other in (await session.execute(theirs)).all()
        if _is_near(activity, other) and (state in _SEATED or other.is_ahead(now))
    ]
    return min(found, key=lambda each: abs(each.activity.starts_at - activity.starts_at), default=None)


def _is_near(activity: Activity, other: Activity) -> bool:
    first, second = sorted(map(civil_date, (activity.starts_at, other.starts_at)))
    return second < months_later(first, activity.apart_months)


def _said(activity: Activity, earlier: Earlier) -> str:
    other, months = earlier.activity, activity.apart_months
    day = civil_date(other.starts_at)
    named = f"{written(day)}的「{other.title}」"
    if earlier.is_ahead:
        words = f"您已经报了{named}，{months} 个月内同类活动（{activity.kind_of}）"
        if activity.again is Again.BEHIND:
            return f"{words}再报，要排在没去过的人后面。"
        return f"{words}只能报一个。想换成这个，请先取消那一个。"
    words = f"您参加过{named}，{months} 个月内再报同类活动（{activity.kind_of}）"
    if activity.again is Again.BEHIND:
        return f"{words}，要排在没去过的人后面。"
    until = written(months_later(day, months))
    return f"您参加过{named}，{months} 个月内不能再报同类活动（{activity.kind_of}）；{until}起的可以报。"
