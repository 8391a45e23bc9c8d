"""抽签: where an organiser lets chance decide who gets the seats of an activity.

While signing up is open everybody only enters. After the closing all are put in an order by a seed that was
fixed when the activity was announced, and get seats in that order; who is left waits in it. The fingerprint
of the seed is shown from the first day and the seed itself after the draw, so that anybody can count again:
SHA-256 over `seed:number of the sign-up`, smallest first; those who had a seat of the kind lately come after
the others, where the organiser chose so. Nobody reads the seed before, and nobody chooses
his number. As in `sign_ups`, the activity's row is locked first, and functions flush and never commit.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import sign_up_notices as notices
from app.services import waiting_lists
from app.services.sign_up_moves import move
from models import ANNOUNCED, Activity, ActivityMove, Allocation, SignUp, SignUpState

BATCH: Final = 100  # people in one transaction: nobody waits long who writes meanwhile
SIGN_UP: Any = SignUp.__table__
_S = SignUpState


def check(activity: Activity) -> None:
    """Raises: DomainError: a lot about seats without a number."""
    if activity.allocation is Allocation.LOT and activity.capacity is None:
        raise DomainError("抽签的活动要写名额。")


def fix_seed(activity: Activity) -> None:
    """Before anybody enters. Once fixed it stays."""
    if activity.allocation is Allocation.LOT and activity.lot_seed is None:
        activity.lot_seed = secrets.token_hex(16)


def is_open(activity: Activity) -> bool:
    """Whether who signs up now only enters."""
    return activity.allocation is Allocation.LOT and activity.lot_drawn_at is None


def fingerprint(activity: Activity) -> str:
    """What everybody may see before the draw; empty where nothing was fixed."""
    return hashlib.sha256(activity.lot_seed.encode()).hexdigest() if activity.lot_seed else ""


def order(seed: str, codes: Iterable[str]) -> list[str]:
    """Numbers of sign-ups in the order in which they are drawn."""
    return sorted(codes, key=lambda code: hashlib.sha256(f"{seed}:{code}".encode()).digest())


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of activities that are to be drawn, or whose draw is still to be carried out."""
    entered = sa.exists().where(SignUp.activity_id == Activity.id, SignUp.state == _S.ENTERED)
    due = sa.select(Activity.id).where(
        Activity.allocation == Allocation.LOT,
        Activity.closes_at <= now,
        Activity.state.in_(ANNOUNCED),
        sa.or_(Activity.lot_drawn_at.is_(None), entered),
    )
    return (await session.scalars(due.order_by(Activity.id).limit(limit))).all()


async def draw(session: AsyncSession, activity: Activity, now: datetime) -> int:
    """Decide the order, once; tell the next hundred what they got. Returns how many were told."""
    if activity.allocation is not Allocation.LOT or activity.closes_at > now:
        return 0
    if activity.lot_drawn_at is None:
        await _decide(session, activity, now)
    chosen = sa.select(SignUp).where(SignUp.activity_id == activity.id, SignUp.state == _S.ENTERED)
    found = (await session.scalars(chosen.order_by(SignUp.priority.desc(), SignUp.id).limit(BATCH))).all()
    left = await waiting_lists.seats_left(session, activity, now)
    for entry in found:
        wins = entry.seats <= left
        left -= entry.seats if wins else 0
        won = _S.PENDING_APPROVAL if activity.approval else _S.CONFIRMED
        move(session, entry, won if wins else _S.WAITLISTED, by="system", reason="lot", now=now)
        await session.flush()
        notices.drawn(session, activity, entry, now)
    await session.flush()
    waiting_lists.forget(session, activity.id)
    return len(found)


async def _decide(session: AsyncSession, activity: Activity, now: datetime) -> None:
    fix_seed(activity)
    entered = sa.select(SignUp.public_id, SignUp.id, SignUp.priority).where(
        SignUp.activity_id == activity.id, SignUp.state == _S.ENTERED
    )
    rows = (await session.execute(entered)).all()
    ids = {row.public_id: row.id for row in rows}
    behind = {row.public_id for row in rows if row.priority < 0}
    ranked = sorted(order(activity.lot_seed or "", ids), key=behind.__contains__)
    activity.lot_drawn_at = now
    last = f"，其中 {len(behind)} 份去过同类活动，排在最后" if behind else ""
    said = f"抽签：{len(ranked)} 份报名{last}，种子 {activity.lot_seed}"
    state = activity.state
    session.add(
        ActivityMove(
            activity_id=activity.id, from_state=state, to_state=state, by="system", reason=said, at=now
        )
    )
    await session.flush()
    if ranked:
        rank = (
            sa.update(SIGN_UP).where(SIGN_UP.c.id == sa.bindparam("row")).values(priority=sa.bindparam("at"))
        )
        first = len(ranked) - len(behind)  # places of the others are above 0, theirs below
        places = [
            {"row": ids[code], "at": first - index - (index >= first)} for index, code in enumerate(ranked)
        ]
        await (await session.connection()).execute(rank, places)
