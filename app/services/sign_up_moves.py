"""Which moves a sign-up and an activity may make, each with its trace. One that is not here is an error."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from models import Activity, ActivityMove, ActivityState, SignUp, SignUpMove, SignUpState

S, A = SignUpState, ActivityState

# signing up again
_GIVEN_UP = frozenset({S.FORMING, S.ENTERED, S.PENDING_APPROVAL, S.CONFIRMED, S.WAITLISTED})

SIGN_UP_MOVES: dict[SignUpState, frozenset[SignUpState]] = {
    S.FORMING: frozenset({S.CONFIRMED, S.WAITLISTED, S.CANCELLED}),
    S.ENTERED: frozenset({S.PENDING_APPROVAL, S.CONFIRMED, S.WAITLISTED, S.CANCELLED}),
    S.PENDING_APPROVAL: frozenset({S.CONFIRMED, S.REJECTED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.CANCELLED, S.CHECKED_IN, S.NO_SHOW}),
    # confirmed by an organiser; forming again is a team that lost somebody
    S.WAITLISTED: frozenset({S.OFFERED, S.CONFIRMED, S.FORMING, S.CANCELLED}),
    S.OFFERED: frozenset({S.CONFIRMED, S.FORMING, S.DECLINED, S.OFFER_EXPIRED, S.CANCELLED}),
    S.OFFER_EXPIRED: _GIVEN_UP,
    S.DECLINED: _GIVEN_UP,
    S.CANCELLED: _GIVEN_UP,
    S.REJECTED: _GIVEN_UP,
    S.CHECKED_IN: frozenset({S.CONFIRMED}),  # a mistake at the door, taken back
    S.NO_SHOW: frozenset({S.CHECKED_IN}),  # noted too early
}

ACTIVITY_MOVES: dict[ActivityState, frozenset[ActivityState]] = {
    A.DRAFT: frozenset({A.IN_REVIEW, A.PUBLISHED, A.CANCELLED}),
    A.IN_REVIEW: frozenset({A.DRAFT, A.PUBLISHED, A.CANCELLED}),
    # Time does not wait for a process that was down: a step may be left out, never gone back.
    A.PUBLISHED: frozenset({A.REGISTRATION_OPEN, A.REGISTRATION_CLOSED, A.ONGOING, A.ENDED, A.CANCELLED}),
    A.REGISTRATION_OPEN: frozenset({A.REGISTRATION_CLOSED, A.ONGOING, A.ENDED, A.CANCELLED}),
    A.REGISTRATION_CLOSED: frozenset({A.REGISTRATION_OPEN, A.ONGOING, A.ENDED, A.CANCELLED}),
    A.ONGOING: frozenset({A.ENDED, A.CANCELLED}),
    A.ENDED: frozenset({A.ARCHIVED}),
    A.ARCHIVED: frozenset(),
    A.CANCELLED: frozenset(),
}


def move(
    session: AsyncSession,
    entry: SignUp,
    to: SignUpState,
    *,
    by: str,
    channel: str = "",
    reason: str = "",
    now: datetime,
) -> None:
    """Raises: DomainError."""
    if to not in SIGN_UP_MOVES[entry.state]:
        raise DomainError(f"{entry.state.label}的报名不能改为{to.label}。")
    session.add(note(entry, entry.state, to, by=by, channel=channel, reason=reason, now=now))
    entry.state = to
    if to is not S.OFFERED:
        entry.offer_expires_at = None


def note(
    entry: SignUp,
    from_state: SignUpState | None,
    to: SignUpState,
    *,
    by: str,
    channel: str = "",
    reason: str = "",
    now: datetime,
) -> SignUpMove:
    return SignUpMove(
        sign_up_id=entry.id, from_state=from_state, to_state=to, by=by, channel=channel, reason=reason, at=now
    )


def move_activity(
    session: AsyncSession,
    activity: Activity,
    to: ActivityState,
    *,
    by: str,
    reason: str = "",
    now: datetime,
) -> None:
    """Raises: DomainError."""
    if to not in ACTIVITY_MOVES[activity.state]:
        raise DomainError(f"「{activity.title}」{activity.state.label}，不能改为{to.label}。")
    session.add(
        ActivityMove(
            activity_id=activity.id, from_state=activity.state, to_state=to, by=by, reason=reason, at=now
        )
    )
    activity.state = to
