"""请人参加: an organiser gives somebody a seat himself, past the limit where he knows that it is.

Who is invited need not meet what is asked of those who sign up: the organiser answers for it, by name, in the
history. As in `sign_ups`, the activity's row is locked first, and functions flush and never commit.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import activities, members, participants, sign_ups, team_rows, waiting_lists
from app.services import sign_up_notices as notices
from app.services.sign_up_moves import move, note
from models import Activity, Member, SignUp, SignUpState

S = SignUpState
GIVEN: Final = "工作人员给的名额"
BEYOND: Final = "工作人员给的名额，超出了名额"
MAY_GET: Final = frozenset({S.WAITLISTED, S.OFFERED, S.OFFER_EXPIRED, S.DECLINED, S.CANCELLED, S.REJECTED})
_SEATED: Final = frozenset({S.CONFIRMED, S.CHECKED_IN})


class Full(DomainError):
    """No seat is left; the organiser may insist."""

    def __init__(self, activity: Activity) -> None:
        super().__init__(
            f"「{activity.title}」没有空名额了（共 {activity.capacity} 个）。"
            "一定要请他来，请勾选「超出名额也请」，不会取消别人的。"
        )


async def give_seat(
    session: AsyncSession, public_id: str, code: str, *, by: str, beyond: bool, now: datetime
) -> SignUp:
    """Confirm a sign-up that has no seat. Twice is no error.

    Raises:
        NotFound: no such activity or sign-up.
        Full: and `beyond` was not said.
        DomainError: it has begun or was called off; a lot is to be drawn; it waits for approval.
    """
    activity, known = await _settled(session, public_id, now)
    entry = (await participants.get(session, activity, code)).entry
    if entry.state in _SEATED:
        return entry
    return await _seat(session, known, entry, by=by, beyond=beyond, now=now)


async def invite(
    session: AsyncSession,
    public_id: str,
    staff_number: str,
    name: str,
    *,
    by: str,
    beyond: bool,
    now: datetime,
) -> SignUp:
    """Sign a member up who did not himself; he is told, and may give it up. Twice is no error.

    Raises:
        NotFound: no such activity or member.
        Full, DomainError: as `give_seat`; the name is another's; nobody has bound this member.
    """
    activity, known = await _settled(session, public_id, now)
    member = await members.get(session, staff_number)
    person_id = _person_of(member, name)
    entry = await sign_ups.find_own(session, activity.id, person_id)
    if entry is not None and entry.state in _SEATED:
        return entry
    if entry is not None:
        return await _seat(session, known, entry, by=by, beyond=beyond, now=now)
    membership = await members.find_membership(session, person_id, civil_date(now))
    pool = known.seats.pool_of(membership)
    is_beyond = _check_left(known, pool, 1, beyond=beyond)
    entry = SignUp(
        activity_id=activity.id,
        person_id=person_id,
        state=S.CONFIRMED,
        seats=1,
        answers={},
        signed_up_at=now,
        quota_branch_id=pool,
    )
    session.add(entry)
    await session.flush()
    waiting_lists.learn(session, entry)
    reason = BEYOND if is_beyond else GIVEN
    session.add(note(entry, None, S.CONFIRMED, by=by, channel="console", reason=reason, now=now))
    return await _told(session, activity, entry, now)


async def _seat(
    session: AsyncSession,
    known: waiting_lists.Settled,
    entry: SignUp,
    *,
    by: str,
    beyond: bool,
    now: datetime,
) -> SignUp:
    if entry.state is S.ENTERED:
        raise DomainError("还没有抽签。请等抽签以后，再请没抽中的人。")
    if entry.state is S.FORMING:
        raise DomainError("他的队伍还没有名额。请等队长提交，再给队长名额，全队一起报上。")
    if entry.state is S.PENDING_APPROVAL:
        raise DomainError("这份报名在等审核，请点「通过」。")
    is_beyond = entry.state is not S.OFFERED and _check_left(
        known, entry.quota_branch_id, entry.seats, beyond=beyond
    )
    reason = BEYOND if is_beyond else GIVEN
    move(session, entry, S.CONFIRMED, by=by, channel="console", reason=reason, now=now)
    await session.flush()
    await team_rows.settle(session, known.activity, now)
    return await _told(session, known.activity, entry, now)


def _check_left(known: waiting_lists.Settled, pool: int | None, seats: int, *, beyond: bool) -> bool:
    """Whether it is more than there are."""
    is_beyond = seats > known.seats.left(pool)
    if is_beyond and not beyond:
        raise Full(known.activity)
    return is_beyond


def _person_of(member: Member, name: str) -> int:
    if member.name != name.strip():
        raise DomainError("工号和姓名对不上，请核对。")
    if member.left_on is not None:
        raise DomainError(f"{member.name}已经不是会员。")
    if member.person_id is None:
        raise DomainError(f"{member.name}还没有在公众号里绑定工号，通知不到本人。请他先绑定，再请他参加。")
    return member.person_id


async def _settled(
    session: AsyncSession, public_id: str, now: datetime
) -> tuple[Activity, waiting_lists.Settled]:
    activity = await activities.get(session, public_id, lock=True)
    if not activity.is_ahead(now):
        raise DomainError(f"「{activity.title}」已经开始或取消，不能再请人。")
    return activity, await waiting_lists.settle(session, activity, now)


async def _told(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> SignUp:
    waiting_lists.forget(session, activity.id)
    await session.flush()
    notices.invited(session, activity, entry, now)
    await session.flush()
    return entry
