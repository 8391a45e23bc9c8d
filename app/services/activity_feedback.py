"""Feedback on activities: asked the morning after of who was checked in, answered once, read from five on.

An answer may be changed for a week; who gave it is known to nobody but the digest that finds it again, and
after that not to it either. Functions flush and never commit. Not here: the figures (`feedback_figures`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, shanghai, start_of_day
from app.errors import DomainError, NotFound
from app.services import outbox
from app.services.case_notices import WAITING
from app.services.feedback_questions import Asked, FeedbackKind, answered, check, load, read
from app.services.forgetting import Ids, Rule, Where, change
from app.services.rating_notices import SCORES, label
from models import (
    Activity,
    ActivityFeedback,
    ActivityState,
    DeliveryState,
    FeedbackAnswer,
    Outbox,
    SignUp,
    SignUpState,
)
from models.sealing import keyring

ASKED = "activity_feedback.asked"
KINDS: Final[Mapping[str, str]] = {ASKED: "活动反馈"}
ASKS_AT: Final = time(9, 30)  # the morning after the end: nobody is asleep any more
OPEN_FOR: Final = timedelta(days=7)  # from being asked
NAMELESS: Final = "不记名，组织者看不到是谁答的"
OVER: Final = (ActivityState.ENDED, ActivityState.ARCHIVED)

Tap = Callable[[str, str, int], str]
"""A line to tap that reads the first and gives the activity of that public id that score."""


async def settle(session: AsyncSession, activity: Activity, rows: Sequence[Mapping[str, str]]) -> None:
    """Ask this when it is over; no questions: ask nothing. Raises: DomainError: asked already."""
    kept = await find(session, activity)
    if kept is not None and kept.asked_at is not None:
        raise DomainError("已经问过大家了，问题不能再改。")
    if activity.state is ActivityState.CANCELLED:
        raise DomainError(f"「{activity.title}」已取消，不用问反馈。")
    questions = read(rows)
    if kept is None:
        kept = ActivityFeedback(activity_id=activity.id, questions=questions)
        session.add(kept)
    kept.questions = questions
    if not questions:
        await session.delete(kept)
    await session.flush()


async def find(session: AsyncSession, activity: Activity) -> ActivityFeedback | None:
    return await session.scalar(
        sa.select(ActivityFeedback).where(ActivityFeedback.activity_id == activity.id)
    )


def asks_at(activity: Activity) -> datetime:
    return datetime.combine(civil_date(activity.ends_at) + timedelta(days=1), ASKS_AT, SHANGHAI)


def closes_at(feedback: ActivityFeedback) -> datetime:
    """Until when answers are taken, where people were asked."""
    assert feedback.asked_at is not None
    return feedback.asked_at + OPEN_FOR


def prompts(feedback: ActivityFeedback) -> dict[str, str]:
    """By the keys of questions."""
    return {each.key: each.prompt for each in load(feedback.questions)}


# --- asking ------------------------------------------------------------------------------------------------


async def list_due(session: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Activities that ended at least a night ago and of which nobody was asked."""
    waiting = (
        sa.select(Activity)
        .join(ActivityFeedback, ActivityFeedback.activity_id == Activity.id)
        .where(ActivityFeedback.asked_at.is_(None), Activity.state.in_(OVER), Activity.ends_at <= now)
        .order_by(Activity.ends_at)
        .limit(limit)
    )
    return [each.id for each in await session.scalars(waiting) if asks_at(each) <= now]


async def ask(session: AsyncSession, activity: Activity, tap: Tap, now: datetime) -> int:
    """Everybody who was checked in; returns how many. The activity is locked. Twice is no error."""
    feedback = await find(session, activity)
    if feedback is None or feedback.asked_at is not None:
        return 0
    feedback.asked_at = now
    here = sa.select(SignUp).where(SignUp.activity_id == activity.id, SignUp.state == SignUpState.CHECKED_IN)
    entries = (await session.scalars(here.order_by(SignUp.id))).all()
    stars = first_stars(load(feedback.questions))
    for entry in entries:
        outbox.add(
            session,
            ASKED,
            key=f"sign-up:{entry.id}:feedback",
            to=entry.person_id,
            payload={"type": "text", "content": _words(activity, stars, tap, now)},
            now=now,
        )
    await session.flush()
    return len(entries)


async def list_stale(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Outbox rows by which people would still be asked, of activities of which nobody asks any more.

    Looked for during a day, by their keys: the outbox is long.
    """
    over = sa.select(ActivityFeedback.activity_id).where(
        ActivityFeedback.asked_at <= now - OPEN_FOR,
        ActivityFeedback.asked_at > now - OPEN_FOR - timedelta(days=1),
    )
    key = sa.literal("sign-up:") + sa.cast(SignUp.id, sa.String) + ":feedback"
    keys = sa.select(key).where(SignUp.activity_id.in_(over))
    stale = sa.select(Outbox.id).where(Outbox.key.in_(keys), Outbox.state.in_(WAITING))
    return (await session.scalars(stale.limit(limit))).all()


async def drop(session: AsyncSession, ids: Sequence[int], now: datetime) -> None:
    skipped = {"state": DeliveryState.SKIPPED, "reason": "no longer true", "settled_at": now}
    await session.execute(sa.update(Outbox).where(Outbox.id.in_(ids)).values(skipped))


def first_stars(questions: Sequence[Asked]) -> Asked | None:
    """The question that one tap answers."""
    return next((each for each in questions if each.kind is FeedbackKind.STARS), None)


def _words(activity: Activity, stars: Asked | None, tap: Tap, now: datetime) -> str:
    last = shanghai(now + OPEN_FOR)
    closing = f"{NAMELESS}。{last.month}月{last.day}日前可以答，也可以改。"
    if stars is None:
        opening = f"谢谢您参加「{activity.title}」。想听听您的意见，回复「活动反馈」就能答。"
        return f"{opening}\n{closing}"
    lines = [tap(label(score), activity.public_id, score) for score in SCORES]
    return "\n".join([f"谢谢您参加「{activity.title}」。{stars.prompt}点一下就行：", *lines, closing])


# --- answering ---------------------------------------------------------------------------------------------


async def get_open(
    session: AsyncSession, activity: Activity, person_id: int, now: datetime
) -> ActivityFeedback:
    """What the person may answer. Raises: NotFound: was not there; DomainError: nobody asks (any more)."""
    here = sa.select(SignUp.id).where(
        SignUp.activity_id == activity.id,
        SignUp.person_id == person_id,
        SignUp.state == SignUpState.CHECKED_IN,
    )
    if await session.scalar(here) is None:
        raise NotFound(f"「{activity.title}」没有您的签到记录，只有签到的人可以答反馈。")
    feedback = await find(session, activity)
    if feedback is None or feedback.asked_at is None:
        raise DomainError(f"「{activity.title}」现在没有要答的反馈。")
    if now >= closes_at(feedback):
        raise DomainError(f"「{activity.title}」的反馈已经收完了，谢谢您。有话还想说，请回复「我要留言」。")
    return feedback


async def list_open_to(
    session: AsyncSession, person_id: int, now: datetime, limit: int
) -> Sequence[Activity]:
    """Activities of which the person is asked, the newest first."""
    chosen = (
        sa.select(Activity)
        .join(ActivityFeedback, ActivityFeedback.activity_id == Activity.id)
        .join(SignUp, SignUp.activity_id == Activity.id)
        .where(
            SignUp.person_id == person_id,
            SignUp.state == SignUpState.CHECKED_IN,
            ActivityFeedback.asked_at > now - OPEN_FOR,
        )
        .order_by(Activity.ends_at.desc(), Activity.id)
    )
    return (await session.scalars(chosen.limit(limit))).all()


async def find_own(session: AsyncSession, activity: Activity, person_id: int) -> dict[str, str]:
    """What the person answered, by the keys of questions; empty where nothing."""
    own = await _own(session, activity.id, person_id)
    return dict(own.answers) if own is not None else {}  # type: ignore[call-overload]


async def give(
    session: AsyncSession, activity: Activity, person_id: int, given: Mapping[str, str], now: datetime
) -> None:
    """All answers at once, in the place of earlier ones. Raises: as `get_open`; DomainError: a bad answer."""
    feedback = await get_open(session, activity, person_id, now)
    await _keep(session, activity, person_id, answered(load(feedback.questions), given), now)


async def rate(session: AsyncSession, activity: Activity, person_id: int, score: str, now: datetime) -> None:
    """By one tap, the first question with stars; the other answers stay. Raises: as `give`."""
    feedback = await get_open(session, activity, person_id, now)
    stars = first_stars(load(feedback.questions))
    if stars is None:
        raise DomainError("没有认出这次评分，请回复「活动反馈」。")
    check(stars, score)
    own = await find_own(session, activity, person_id)
    await _keep(session, activity, person_id, own | {stars.key: score}, now)


async def _keep(
    session: AsyncSession, activity: Activity, person_id: int, answers: dict[str, str], now: datetime
) -> None:
    # Of two forms sent at once the second finds what the first wrote.
    await session.execute(sa.select(Activity.id).where(Activity.id == activity.id).with_for_update())
    own = await _own(session, activity.id, person_id)
    if own is None:
        own = FeedbackAnswer(activity_id=activity.id, person_digest=digest(activity.id, person_id))
        session.add(own)
    own.answers, own.day = answers, start_of_day(now)
    await session.flush()


async def _own(session: AsyncSession, activity_id: int, person_id: int) -> FeedbackAnswer | None:
    mine = sa.select(FeedbackAnswer).where(FeedbackAnswer.person_digest == digest(activity_id, person_id))
    return await session.scalar(mine.where(FeedbackAnswer.activity_id == activity_id))


# --- whose they are ----------------------------------------------------------------------------------------


def digest(activity_id: int, person_id: int) -> bytes:
    """Another for each activity: two answers of one person do not lead to each other."""
    return keyring().digest(f"{activity_id}:{person_id}", "activity-feedback")


async def list_of(session: AsyncSession, person_id: int) -> Sequence[FeedbackAnswer]:
    """A person's answers that may still be changed."""
    known = sa.select(FeedbackAnswer.activity_id).where(FeedbackAnswer.person_digest.is_not(None)).distinct()
    digests = [digest(number, person_id) for number in await session.scalars(known)]
    chosen = sa.select(FeedbackAnswer).where(FeedbackAnswer.person_digest.in_(digests))
    return (await session.scalars(chosen.order_by(FeedbackAnswer.id))).all()


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """Two who are one answered once: what the one that stays said."""
    own = {each.activity_id for each in await list_of(session, stays)}
    for each in await list_of(session, gone):
        if each.activity_id in own:
            await session.delete(each)
        else:
            each.person_digest = digest(each.activity_id, stays)
    await session.flush()


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """Words may tell who wrote them, so answers that are known to be his go, and for the receipt how many."""
    own = await list_of(session, person_id)
    for each in own:
        await session.delete(each)
    await session.flush()
    return [("活动反馈", f"{len(own)} 份已删除；更早的已经查不到是您")] if own else []


def _is_fixed(now: datetime) -> Where:
    until = start_of_day(now) - OPEN_FOR - timedelta(days=1)
    return (FeedbackAnswer.person_digest.is_not(None), FeedbackAnswer.day < until)


async def _forget_who(session: AsyncSession, ids: Ids, now: datetime) -> int:
    theirs: Any = sa.update(FeedbackAnswer).where(FeedbackAnswer.id.in_(ids), *_is_fixed(now))
    return await change(session, theirs.values(person_digest=None))


forget_who = Rule("feedback_writers", FeedbackAnswer.id, _is_fixed, _forget_who)
