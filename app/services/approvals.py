"""Where staff look at each sign-up first: who is let in, who is turned down; each is told.

A seat was held meanwhile; one that is turned down goes to the next who waits. As in `sign_ups`, the
activity's row is locked first, and functions flush and never commit.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import activities, waiting_lists
from app.services import sign_up_notices as notices
from app.services.sign_up_moves import move
from models import Activity, SignUp, SignUpState


async def approve(
    session: AsyncSession,
    public_id: str,
    codes: Collection[str] = (),
    *,
    by: str,
    channel: str = "cli",
    now: datetime,
) -> Sequence[SignUp]:
    """Let in the sign-ups of these codes, or all that wait. Returns those that were; twice is no error.

    Raises:
        NotFound: no such activity, or a code is none of its sign-ups.
        DomainError: it has begun or was called off; somebody cancelled meanwhile.
    """
    activity, entries = await _locked(session, public_id, codes, now)
    let_in = [each for each in entries if each.state is not SignUpState.CONFIRMED]
    for entry in let_in:
        _check_waits(entry, SignUpState.CONFIRMED)
        move(session, entry, SignUpState.CONFIRMED, by=by, channel=channel, now=now)
        await session.flush()
        notices.receipt(session, activity, entry, now)
    await session.flush()
    return let_in


async def reject(
    session: AsyncSession,
    public_id: str,
    code: str,
    *,
    by: str,
    reason: str,
    channel: str = "cli",
    now: datetime,
) -> SignUp:
    """Turn one down and say why; its seat goes to the next who waits. Twice is no error.

    Raises:
        NotFound, DomainError: as `approve`; no reason was given.
    """
    reason = reason.strip()
    if not reason:
        raise DomainError("请写明原因，会告诉本人。")
    activity, (entry,) = await _locked(session, public_id, [code], now)
    if entry.state is SignUpState.REJECTED:
        return entry
    _check_waits(entry, SignUpState.REJECTED)
    move(session, entry, SignUpState.REJECTED, by=by, channel=channel, reason=reason[:200], now=now)
    await session.flush()
    notices.rejected(session, activity, entry, reason, now)
    await waiting_lists.settle(session, activity, now)
    return entry


async def _locked(
    session: AsyncSession, public_id: str, codes: Collection[str], now: datetime
) -> tuple[Activity, Sequence[SignUp]]:
    activity = await activities.get(session, public_id, lock=True)
    if not activity.is_ahead(now):
        raise DomainError(f"「{activity.title}」已经开始或取消，不用再审核。")
    chosen = (
        sa.select(SignUp).where(SignUp.activity_id == activity.id).order_by(SignUp.signed_up_at, SignUp.id)
    )
    wanted = SignUp.public_id.in_(codes) if codes else SignUp.state == SignUpState.PENDING_APPROVAL
    found = (await session.scalars(chosen.where(wanted))).all()
    unknown = set(codes) - {each.public_id for each in found}
    if unknown:
        raise NotFound(f"「{activity.title}」没有代号为 {'、'.join(sorted(unknown))} 的报名，请核对。")
    return activity, found


def _check_waits(entry: SignUp, to: SignUpState) -> None:
    """Who cancelled could sign up again himself, but nobody else brings him back."""
    if entry.state is not SignUpState.PENDING_APPROVAL:
        raise DomainError(f"{entry.state.label}的报名不能改为{to.label}。")
