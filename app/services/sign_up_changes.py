"""Saying otherwise after one has signed up: other answers, other people, until the organiser's deadline.

Where as many or fewer come, seat and place stay as they are, and what is free goes to who waits. More take
seats that nobody waiting could use; on the waiting list they go to its end. As in `sign_ups`, the activity's
row is locked first, and functions flush and never commit.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.errors import DomainError, NotFound
from app.services import parties, sign_ups, waiting_lists
from app.services.parties import NOBODY, Party
from app.services.sign_up_moves import note
from app.services.sign_ups import Applicant
from models import ANNOUNCED, Activity, SignUp, SignUpState

S = SignUpState
_STANDING: Final = frozenset({S.ENTERED, S.PENDING_APPROVAL, S.CONFIRMED, S.WAITLISTED})
_SEATED: Final = frozenset({S.PENDING_APPROVAL, S.CONFIRMED})


def may_change(activity: Activity, entry: SignUp, now: datetime) -> bool:
    return not _obstacle(activity, entry, now)


def check(activity: Activity, entry: SignUp, now: datetime) -> None:
    """Raises: DomainError: not now; the words say why."""
    if words := _obstacle(activity, entry, now):
        raise DomainError(words)


def caution(entry: SignUp, seats: int) -> str:
    """What it would cost; empty where nothing."""
    goes_back = entry.state is S.WAITLISTED and seats > entry.seats
    return "人数变多，要排到候补最后。" if goes_back else ""


async def change(
    session: AsyncSession,
    activity_id: int,
    who: Applicant,
    *,
    seats: int,
    answers: dict[str, Any],
    party: Party = NOBODY,
    now: datetime,
) -> SignUp:
    """Keep what is said now. The same again changes nothing.

    Raises:
        NotFound: never signed up.
        DomainError: not now; more people than there are seats, or than are allowed.
        BadParty: of who comes along not all is said.
    """
    activity = await sign_ups.lock(session, activity_id)
    known = await waiting_lists.settle(session, activity, now)
    entry = await sign_ups.find_own(session, activity.id, who.person_id)
    if entry is None:
        raise NotFound(f"您没有报名「{activity.title}」。")
    check(activity, entry, now)
    _check_seats(activity, entry, seats, known.seats.left(entry.quota_branch_id))
    stays = parties.is_kept(party, entry.party)  # and with it the consent there was
    along = entry.party if stays else parties.stored(activity, seats, party, now)
    said = _said(entry, seats, answers, along)
    if not said:
        return entry
    if caution(entry, seats):
        entry.signed_up_at = now
    entry.seats, entry.answers, entry.party = seats, answers, along
    state = entry.state
    session.add(note(entry, state, state, by="member", channel=who.channel, reason=said, now=now))
    await waiting_lists.settle(session, activity, now)
    return entry


def _said(entry: SignUp, seats: int, answers: dict[str, Any], along: object) -> str:
    """What is other than before, for the history: of answers and people only that they are."""
    told = [f"改为 {seats} 人（原来 {entry.seats} 人）"] if seats != entry.seats else []
    told += ["改了报名时的回答"] if _given(answers) != _given(entry.answers) else []
    told += ["改了同伴"] if along != entry.party and seats == entry.seats else []
    return "，".join(told)


def _given(answers: Any) -> dict[str, Any]:
    """Without those that were skipped: a chat keeps that they were, a page does not."""
    return {key: value for key, value in answers.items() if value}


def _check_seats(activity: Activity, entry: SignUp, seats: int, left: int) -> None:
    most = max(1 + activity.guests, entry.seats)  # fewer guests were allowed since: nobody is sent home
    if not 1 <= seats <= most:
        raise DomainError(f"「{activity.title}」每人最多带 {most - 1} 位同伴。", question="guests")
    more = seats - entry.seats
    if more <= 0 or entry.state not in _SEATED:
        return
    if activity.approval and entry.state is S.CONFIRMED:
        raise DomainError("审核通过以后只能减少人数。要多带人，请联系组织者。", question="guests")
    if more > left:
        words = f"还有 {left} 个名额" if left else "名额已满"
        raise DomainError(f"{words}，加不了 {more} 位。您原来的报名没有变。", question="guests")


def _obstacle(activity: Activity, entry: SignUp, now: datetime) -> str:
    until = activity.changes_until
    if until is None:
        return f"「{activity.title}」报名以后不能改，要改请取消了重新报名。"
    if activity.team_most and entry.state is S.WAITLISTED:
        return "队伍在候补，等报上了再改。"
    if entry.state is S.OFFERED:
        return "现在有空位留给您，请先接受或放弃。"
    if entry.state not in _STANDING:
        return f"您的报名状态是「{entry.state.label}」，不能改。"
    if activity.state not in ANNOUNCED or now >= min(until, activity.starts_at):
        return f"「{activity.title}」的报名只能改到{spoken(until, now)}，来不了请取消。"
    return ""
