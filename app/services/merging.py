"""Persons who turn out to be one: all that the younger had goes to the older, which stays.

WeChat's unionid tells, sometimes long after both were met: the same human on the official account and in the
mini-program. Every column that leads to a person has its rule in `RULES`; what both have is settled by it, or
refused, and then staff must look. Nothing is deleted, and the younger leads to the older for ever.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.services import (
    activity_feedback,
    album_forgetting,
    applications,
    appointment_forgetting,
    arrivals,
    article_marks,
    board_forgetting,
    campaign_forgetting,
    cases,
    clarification_forgetting,
    comment_forgetting,
    consents,
    customer_moves,
    digest_forgetting,
    followers,
    interests,
    live_visits,
    posters,
    reading_history,
    sign_up_help,
    sittings,
    team_rows,
    waiting_lists,
)
from app.services import sign_up_notices as notices
from app.services.coordination import upsert
from app.services.sign_up_moves import note
from models import (
    LIVE,
    Activity,
    CrisisAlert,
    Follower,
    Guess,
    Member,
    MemberChange,
    MergeState,
    Outbox,
    Person,
    PersonMerge,
    PrivacyRequest,
    SignUp,
    SignUpState,
    Staff,
    StoredFile,
)

log = structlog.get_logger(__name__)

REASON = "persons merged"


class Refused(Exception):
    """They cannot be one without somebody's judgement; the text says why, in Chinese, for staff."""


@dataclass(frozen=True, slots=True)
class Merge:
    stays: int
    gone: int
    now: datetime


Rule = Callable[[AsyncSession, Merge], Awaitable[None]]


async def learn_unionid(database: Database, follower_id: int, unionid: str, now: datetime) -> None:
    """Keep the unionid of a follower; whoever else has it is the same human.

    Two transactions: of two that learn it at once, the later to commit sees the other.
    """
    async with database.transaction() as session:
        named = sa.update(Follower).where(Follower.id == follower_id, Follower.subscribed)
        await session.execute(named.values(unionid=unionid, asked_at=now))
    async with database.transaction() as session:
        await join(session, unionid, now)


async def join(session: AsyncSession, unionid: str, now: datetime) -> None:
    """Make all who have this unionid one person."""
    same = sa.select(Follower.person_id).where(Follower.unionid == unionid).order_by(Follower.id)
    persons = sorted(set(await session.scalars(same.with_for_update())))
    for other in persons[1:]:
        await merge(session, persons[0], other, now)


async def try_again(session: AsyncSession, person_id: int, now: datetime) -> None:
    """What kept this person apart from another may be gone."""
    known = sa.select(Follower.unionid).where(Follower.person_id == person_id, Follower.unionid.is_not(None))
    for unionid in sorted({str(each) for each in await session.scalars(known)}):
        await join(session, unionid, now)


async def merge(session: AsyncSession, one: int, other: int, now: datetime) -> MergeState | None:
    """Make the two one, or note why not. None where they are one already. Twice is no error.

    None, too, where one of them closed the account: nobody is behind that row, and nothing of it comes back.
    Messages under way of either run again: their followers' versions move on.
    """
    await _lock_followers(session, one, other)
    one, other = await followers.who_stayed(session, one), await followers.who_stayed(session, other)
    if one == other:
        return None
    this = Merge(min(one, other), max(one, other), now)
    pair = sa.select(Person.id).where(Person.id.in_([this.stays, this.gone])).order_by(Person.id)
    await session.execute(pair.with_for_update())
    if await session.scalar(pair.where(Person.closed_at.is_not(None))) is not None:
        return None
    try:
        async with session.begin_nested():
            for rule in RULES.values():
                await rule(session, this)
            await session.flush()
    except Refused as refusal:
        return await _keep(session, this, MergeState.REFUSED, str(refusal))
    gone = sa.update(Person).where(Person.id == this.gone)
    await session.execute(gone.values(merged_into_id=this.stays))
    theirs = sa.update(Follower).where(Follower.person_id == this.stays)
    await session.execute(theirs.values(version=Follower.version + 1))
    return await _keep(session, this, MergeState.DONE, "")


def refused() -> sa.Select[PersonMerge]:
    """What waits for somebody's judgement; with a closed account there is none to make."""
    closed = sa.select(Person.id).where(Person.closed_at.is_not(None))
    return sa.select(PersonMerge).where(
        PersonMerge.state == MergeState.REFUSED,
        PersonMerge.stays_id.not_in(closed),
        PersonMerge.gone_id.not_in(closed),
    )


async def list_refused(session: AsyncSession) -> list[PersonMerge]:
    """Oldest first."""
    return list(await session.scalars(refused().order_by(PersonMerge.id)))


async def _keep(session: AsyncSession, this: Merge, state: MergeState, reason: str) -> MergeState:
    kept = upsert(session, PersonMerge).values(
        stays_id=this.stays, gone_id=this.gone, state=state, reason=reason, at=this.now
    )
    newer = {name: kept.excluded[name] for name in ("state", "reason", "at")}
    await session.execute(kept.on_conflict_do_update(index_elements=["stays_id", "gone_id"], set_=newer))
    log.info("persons_merged", stays=this.stays, gone=this.gone, state=state.value)
    return state


async def _lock_followers(session: AsyncSession, one: int, other: int) -> None:
    """First and in the order in which messages lock them."""
    theirs = sa.select(Follower.id).where(Follower.person_id.in_([one, other])).order_by(Follower.id)
    await session.execute(theirs.with_for_update())


# --- what becomes of each column ---------------------------------------------------------------------------


def _repoint(column: Any) -> Rule:
    """Where one person may have many."""

    async def rule(session: AsyncSession, this: Merge) -> None:
        moved = sa.update(column.class_).where(column == this.gone).values({column.key: this.stays})
        await session.execute(moved.execution_options(synchronize_session=False))

    return rule


def _handed(hand_over: Callable[[AsyncSession, int, int], Awaitable[None]]) -> Rule:
    """Where the room itself knows what becomes of what both have."""

    async def rule(session: AsyncSession, this: Merge) -> None:
        await hand_over(session, this.gone, this.stays)

    return rule


async def _member(session: AsyncSession, this: Merge) -> None:
    pair = sa.select(Member).where(Member.person_id.in_([this.stays, this.gone])).order_by(Member.id)
    bound = (await session.scalars(pair.with_for_update())).all()
    if len(bound) > 1:
        numbers = "、".join(member.staff_number for member in bound)
        raise Refused(f"两边绑定了不同的工号：{numbers}")
    for member in bound:
        member.person_id = this.stays


async def _staff(session: AsyncSession, this: Merge) -> None:
    pair = sa.select(Staff).where(Staff.person_id.in_([this.stays, this.gone])).order_by(Staff.id)
    working = (await session.scalars(pair.with_for_update())).all()
    if len(working) > 1:
        raise Refused(f"两边关联了不同的工作账号：{'、'.join(each.login for each in working)}")
    for each in working:
        each.person_id = this.stays


async def _sign_ups(session: AsyncSession, this: Merge) -> None:
    """Of two for the same activity the better is kept; the seats of the other are free."""
    theirs = sa.select(SignUp).where(SignUp.person_id == this.gone).order_by(SignUp.activity_id)
    for entry in (await session.scalars(theirs)).all():
        activity = await session.get_one(
            Activity, entry.activity_id, with_for_update=True, populate_existing=True
        )
        waiting_lists.forget(session, activity.id)
        mine = sa.select(SignUp).where(SignUp.activity_id == activity.id, SignUp.person_id == this.stays)
        own = await session.scalar(mine)
        if own is None:
            entry.person_id = this.stays
            await session.flush()
        else:
            await _settle_two(session, activity, own, entry, this.now)


_TAKEN_OVER = (
    *("state", "seats", "answers", "priority", "signed_up_at", "offer_expires_at"),
    *("arrived", "checked_in_at", "poster_id", "party", "notice_digest", "notice_at", "team_id"),
)


async def _settle_two(
    session: AsyncSession, activity: Activity, own: SignUp, entry: SignUp, now: datetime
) -> None:
    """`own` stays with the person; it takes over what is better in `entry`, which ends."""
    await notices.withdraw_reminder(session, entry, now)
    if _worth(entry) > _worth(own):
        await notices.withdraw_reminder(session, own, now)
        session.add(note(own, own.state, entry.state, by="system", reason=REASON, now=now))
        for field in _TAKEN_OVER:
            setattr(own, field, getattr(entry, field))
        await team_rows.led_by(session, entry, own)
        await session.flush()
        if own.state in sittings.reminded(activity):
            notices.remind(session, activity, own, now)
    await arrivals.hand_over(session, entry, own)
    if entry.state in LIVE:
        session.add(note(entry, entry.state, SignUpState.CANCELLED, by="system", reason=REASON, now=now))
        entry.state, entry.offer_expires_at = SignUpState.CANCELLED, None
    await session.flush()
    if activity.is_ahead(now):
        await waiting_lists.settle(session, activity, now)


_UNSEATED = [SignUpState.FORMING, SignUpState.ENTERED, SignUpState.WAITLISTED, SignUpState.OFFERED]
_WORTH = [*_UNSEATED, SignUpState.PENDING_APPROVAL, SignUpState.CONFIRMED, SignUpState.CHECKED_IN]


def _worth(entry: SignUp) -> tuple[int, float]:
    """The greater the better; of equals the earlier."""
    rank = _WORTH.index(entry.state) if entry.state in _WORTH else -1
    return rank, -entry.signed_up_at.timestamp()


async def _live_visits(session: AsyncSession, this: Merge) -> None:
    await live_visits.hand_over(session, this.gone, this.stays, this.now)


async def _cases(session: AsyncSession, this: Merge) -> None:
    """Of two open 入会申请 the newer goes on."""
    await cases.hand_over(session, this.gone, this.stays)
    await applications.keep_one(session, this.stays, this.now)


async def _consents(session: AsyncSession, this: Merge) -> None:
    await consents.hand_over(session, this.gone, this.stays, this.now)


async def _appointments(session: AsyncSession, this: Merge) -> None:
    await appointment_forgetting.hand_over(session, this.gone, this.stays, this.now)


async def _campaigns(session: AsyncSession, this: Merge) -> None:
    await campaign_forgetting.hand_over(session, this.gone, this.stays, this.now)


async def _digests(session: AsyncSession, this: Merge) -> None:
    await digest_forgetting.hand_over(session, this.gone, this.stays, this.now)


async def _nothing(session: AsyncSession, this: Merge) -> None:
    """The record of merges itself stays as it was written."""


# By table and column. A refusal comes first: then nothing has been moved in vain.
RULES: Mapping[str, Rule] = {
    "member.person_id": _member,
    "staff.person_id": _staff,
    "sign_up.person_id": _sign_ups,
    "sign_up_help.helper_id": _handed(sign_up_help.hand_over),
    "account_binding.person_id": _handed(customer_moves.hand_over),
    "follower.person_id": _repoint(Follower.person_id),
    "outbox.person_id": _repoint(Outbox.person_id),
    "campaign_delivery.person_id": _campaigns,
    "campaign_refusal.person_id": _handed(campaign_forgetting.hand_over_refusal),
    "digest_wish.person_id": _handed(digest_forgetting.hand_over_wish),
    "digest_copy.person_id": _digests,
    "crisis_alert.person_id": _repoint(CrisisAlert.person_id),
    "guess.person_id": _repoint(Guess.person_id),
    "member_change.holder_id": _repoint(MemberChange.holder_id),
    "poster_scan.person_id": _handed(posters.hand_over),
    "live_visit.person_id": _live_visits,
    "album_photo.giver_id": _handed(album_forgetting.hand_over_photos),
    "feedback_answer.person_digest": _handed(activity_feedback.hand_over),
    "photo_objection.person_id": _handed(album_forgetting.hand_over_objections),
    "interest.person_id": _handed(interests.hand_over),
    "article_visit.person_id": _handed(reading_history.hand_over),
    # After the interests: who said no keeps none.
    "interest_choice.person_id": _handed(interests.hand_over_choice),
    "article_like.person_id": _handed(article_marks.hand_over_likes),
    "article_favourite.person_id": _handed(article_marks.hand_over_favourites),
    "stored_file.owner_id": _repoint(StoredFile.owner_id),
    "case_reporter.person_digest": _cases,
    "consent.person_digest": _consents,
    "appointment.person_digest": _appointments,
    "board_post.author_digest": _handed(board_forgetting.hand_over_posts),
    "board_like.person_digest": _handed(board_forgetting.hand_over_likes),
    "board_report.person_digest": _handed(board_forgetting.hand_over_reports),
    "article_comment.author_digest": _handed(comment_forgetting.hand_over),
    "comment_report.person_digest": _handed(comment_forgetting.hand_over_reports),
    "clarification_report.person_digest": _handed(clarification_forgetting.hand_over),
    "privacy_request.person_id": _repoint(PrivacyRequest.person_id),
    "person.merged_into_id": _repoint(Person.merged_into_id),
    "person_merge.stays_id": _nothing,
    "person_merge.gone_id": _nothing,
}
