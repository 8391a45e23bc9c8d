"""Checking in: what a ticket that is shown is answered, who came, and who did not.

The one home of these rules, for the door, the list and the venue's code. As in `sign_ups`, the activity's
row is locked first, so that of two phones which read one ticket at once the second hears of the first.
Functions flush and never commit. A party is checked in as a whole; of how many really came staff may say less
(`came_with`), and seats of those who stayed away are not given to others. Of several sittings a ticket is
good for each: when it was read says for which.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import arrivals, check_in_codes, check_in_words, participants, sign_ups, sittings
from app.services.arrivals import Arrival, Arrivals
from app.services.forgetting import Ids, Rule, Where, change
from app.services.participants import Participant
from app.services.sign_up_moves import note
from app.services.sign_ups import Applicant
from app.services.sittings import Sitting
from models import (
    Activity,
    ActivityState,
    CheckInAnswer,
    CheckInScan,
    SignUp,
    SignUpState,
)

A, S = CheckInAnswer, SignUpState
# Ways, as histories have them; LATER: `check_ins_later`.
SCAN, HAND, VENUE, LATER = "scan", "hand", "venue", "later"
OLDEST: Final = timedelta(days=7)  # of a scan that waited in a phone
WAITED: Final = timedelta(seconds=60)  # longer than a request takes: there was no signal
KEPT_FOR: Final = timedelta(days=180)  # scans; the moves of a sign-up stay

_BY_STATE: Final = {
    S.PENDING_APPROVAL: A.NOT_APPROVED,
    S.REJECTED: A.NOT_APPROVED,
    S.WAITLISTED: A.WAITLISTED,
    S.FORMING: A.WAITLISTED,
    S.ENTERED: A.WAITLISTED,
    S.OFFERED: A.WAITLISTED,
    S.OFFER_EXPIRED: A.CANCELLED,
    S.DECLINED: A.CANCELLED,
    S.CANCELLED: A.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Scan:
    """What a phone of staff has read: a ticket's code or address; by hand also a number or a sign-up's id."""

    request_id: str
    words: str
    at: datetime  # within the bounds of our clock: `moment_of`
    by_hand: bool = False  # somebody of staff typed or chose it: no camera is taken in by a number on paper
    said_at: datetime | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer; whose ticket it is, where that is known; for which sitting, and how he came to it."""

    answer: CheckInAnswer
    activity: Activity
    sitting: Sitting
    who: Participant | None = None
    arrival: Arrival | None = None
    words: str = ""
    is_new: bool = True  # false where the same scan was answered before

    @property
    def entry(self) -> SignUp | None:
        return None if self.who is None else self.who.entry


def moment_of(said_at: datetime | None, sent_at: datetime | None, now: datetime) -> tuple[datetime, bool]:
    """When a scan was made, and whether it waited for a signal.

    Both times are by the phone's clock, so that how long it waited is right even where that clock is wrong.
    """
    waited = timedelta() if said_at is None or sent_at is None else sent_at - said_at
    waited = min(max(waited, timedelta()), OLDEST)
    return now - waited, waited > WAITED


async def scan(session: AsyncSession, activity_id: int, read: Scan, *, by: str, now: datetime) -> Outcome:
    """Answer what was read at the door of an activity; who may come in is checked in.

    The same scan, sent again, is answered as before and counts once.

    Raises: NotFound: no such activity.
    """
    activity = await sign_ups.lock(session, activity_id)
    known = await session.scalar(
        sa.select(CheckInScan).where(
            CheckInScan.activity_id == activity.id, CheckInScan.request_id == read.request_id
        )
    )
    if known is not None:
        return await _again(session, activity, known, now)
    answer, who, channel = await _read(session, activity, read)
    sitting = sittings.for_moment(activity, read.at)
    if answer is None and who is not None:
        answer = judged(activity, who.entry, await arrivals.of_entry(session, activity, who.entry), read.at)
        if answer is A.OK:
            await arrive(session, activity, who.entry, sitting, read.at, by=by, channel=channel, now=now)
    answer = answer or A.NOT_FOUND
    session.add(
        CheckInScan(
            activity_id=activity.id,
            request_id=read.request_id,
            sign_up_id=who.id if who is not None else None,
            sitting=sitting.key,
            answer=answer,
            by=by,
            channel=channel,
            said_at=read.said_at,
            at=read.at,
            offline=read.offline,
            received_at=now,
        )
    )
    await session.flush()
    return await _told(session, activity, answer, sitting, who, now)


async def here(session: AsyncSession, activity_id: int, applicant: Applicant, *, now: datetime) -> Outcome:
    """Check somebody in who has just seen the code of the venue. Twice is no error.

    Raises:
        NotFound: no such activity.
        DomainError: not signed up.
    """
    activity = await sign_ups.lock(session, activity_id)
    entry = await sign_ups.find_own(session, activity.id, applicant.person_id)
    if entry is None:
        raise DomainError(f"您没有报名「{activity.title}」。")
    answer = judged(activity, entry, await arrivals.of_entry(session, activity, entry), now)
    if answer is A.OK:
        present = sittings.for_moment(activity, now)
        await arrive(session, activity, entry, present, now, by="member", channel=VENUE, now=now)
    who = await participants.get(session, activity, entry.public_id)
    return await _told(session, activity, answer, sittings.for_moment(activity, now), who, now)


def judged(activity: Activity, entry: SignUp, came: Arrivals, at: datetime) -> CheckInAnswer:
    """What the holder of this sign-up, at the right door at that moment, is answered; `came`: to what he
    came already.
    """
    if activity.state is ActivityState.CANCELLED:
        return A.CANCELLED
    if (refused := _BY_STATE.get(entry.state)) is not None:
        return refused
    sitting = sittings.for_moment(activity, at)
    if sitting.key in came:
        return A.ALREADY_CHECKED_IN
    if at < sitting.opens_at:
        return A.TOO_EARLY
    return A.TOO_LATE if at > sitting.closes_at else A.OK


async def undo(
    session: AsyncSession,
    activity_id: int,
    code: str,
    *,
    sitting: str = "",
    by: str,
    reason: str,
    channel: str,
    now: datetime,
) -> Participant:
    """Take back a check-in that was a mistake; the reason stays in the history. `sitting`: its key.

    Raises:
        NotFound: no such activity, sign-up or sitting.
        DomainError: no reason; not checked in.
    """
    reason = reason.strip()
    if not reason:
        raise DomainError("请写明为什么撤销，会留在记录里。")
    who, which, came = await _of_sitting(session, activity_id, code, sitting)
    if came is None:
        raise DomainError(f"{who.name}{which.name}没有签到（{who.entry.state.label}），不用撤销。")
    await arrivals.take_back(session, who.entry, which, by=by, channel=channel, reason=reason, now=now)
    return who


async def came_with(
    session: AsyncSession,
    activity_id: int,
    code: str,
    seats: int,
    *,
    sitting: str = "",
    by: str,
    channel: str,
    now: datetime,
) -> Participant:
    """How many of a party that is checked in really came. `sitting`: its key.

    Raises:
        NotFound: no such activity, sign-up or sitting.
        DomainError: not checked in; nobody, or more than its seats.
    """
    who, which, came = await _of_sitting(session, activity_id, code, sitting)
    entry = who.entry
    if came is None:
        raise DomainError(f"{who.name}{which.name}还没有签到。")
    if not 1 <= seats <= entry.seats:
        raise DomainError(f"实到人数应是 1 到 {entry.seats}；一个也没来，请撤销签到。")
    if seats != came.arrived:
        said = f"{which.name}实到 {seats} 人（原来 {came.arrived} 人）"
        session.add(note(entry, entry.state, entry.state, by=by, channel=channel, reason=said, now=now))
        await arrivals.set_arrived(session, entry, which, seats)
    return who


# --- parts -------------------------------------------------------------------------------------------------


async def _of_sitting(
    session: AsyncSession, activity_id: int, code: str, key: str
) -> tuple[Participant, Sitting, Arrival | None]:
    """Somebody, one sitting, and how he came to it. Locks the activity. Raises: NotFound."""
    activity = await sign_ups.lock(session, activity_id)
    who = await participants.get(session, activity, code)
    sitting = sittings.get(activity, key)
    return who, sitting, (await arrivals.of_entry(session, activity, who.entry)).get(key)


async def _read(
    session: AsyncSession, activity: Activity, read: Scan
) -> tuple[CheckInAnswer | None, Participant | None, str]:
    """Whose it is; with an answer where the code itself says it already; and by which way it came."""
    ticket = check_in_codes.read_ticket(read.words)
    if ticket is None and read.by_hand:
        return None, await _by_hand(session, activity, read.words), HAND
    if ticket is None:
        return A.NOT_FOUND, None, SCAN
    try:
        who = await participants.get(session, activity, ticket.public_id)
    except NotFound:
        other = sa.select(SignUp.id).where(SignUp.public_id == ticket.public_id)
        is_known = await session.scalar(other) is not None
        return A.WRONG_ACTIVITY if is_known else A.NOT_FOUND, None, SCAN
    return (None if ticket.is_of(who.entry) else A.REVOKED), who, SCAN


async def _by_hand(session: AsyncSession, activity: Activity, words: str) -> Participant | None:
    """Staff have looked for somebody and mean him; a number that fits several is nobody's."""
    start = check_in_codes.read_number(words)
    if start is None:
        return None
    named = SignUp.activity_id == activity.id, SignUp.public_id.startswith(start)
    found = (await session.scalars(sa.select(SignUp.public_id).where(*named).limit(2))).all()
    return await participants.get(session, activity, found[0]) if len(found) == 1 else None


async def arrive(
    session: AsyncSession,
    activity: Activity,
    entry: SignUp,
    sitting: Sitting,
    at: datetime,
    *,
    by: str,
    channel: str,
    reason: str = "",
    now: datetime,
) -> None:
    """Of a locked activity. The caller has seen that he may come in, and was not there yet."""
    await arrivals.add(session, entry, sitting, at, by=by, channel=channel, reason=reason, now=now)
    if activity.absent_noted_at is not None:
        activity.absent_noted_at = None  # somebody was late: perhaps the first who says anybody came at all
    await session.flush()


async def _again(session: AsyncSession, activity: Activity, known: CheckInScan, now: datetime) -> Outcome:
    """What this scan was answered, whatever became of the sign-up since."""
    who = None
    if known.sign_up_id is not None:
        code = await session.scalar(sa.select(SignUp.public_id).where(SignUp.id == known.sign_up_id))
        who = await participants.get(session, activity, code or "")
    # A sitting that was taken away since: only who did not come to it was asked about it.
    sitting = sittings.find(activity, known.sitting) or sittings.for_moment(activity, known.at)
    return await _told(session, activity, known.answer, sitting, who, now, is_new=False)


async def _told(
    session: AsyncSession,
    activity: Activity,
    answer: CheckInAnswer,
    sitting: Sitting,
    who: Participant | None,
    now: datetime,
    *,
    is_new: bool = True,
) -> Outcome:
    entry, came = None, None
    if who is not None:
        entry = who.entry
        came = (await arrivals.of_entry(session, activity, entry)).get(sitting.key)
    words = check_in_words.told(activity, answer, entry, sitting, came, now)
    return Outcome(answer, activity, sitting, who, came, words, is_new)


# --- forgetting --------------------------------------------------------------------------------------------


def _is_old(now: datetime) -> Where:
    return (CheckInScan.received_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(CheckInScan).where(CheckInScan.id.in_(ids), *_is_old(now)))


forget_old = Rule("check_in_scans", CheckInScan.id, _is_old, _forget)
