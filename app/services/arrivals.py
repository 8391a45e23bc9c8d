"""Who came to which sitting of an activity: read and written for one sign-up or many.

Where an activity takes place once, the sign-up itself and its moves say so; the shape is the same. Not here:
who may be checked in (`check_ins`), and how many came (`attendance`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services.sign_up_moves import move, note
from app.services.sittings import Sitting
from models import Activity, SignUp, SignUpMove, SignUpState, SittingArrival

S = SignUpState


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many of the seats, when, by whom, and by which way."""

    arrived: int
    at: datetime | None
    by: str = ""
    channel: str = ""


Arrivals = Mapping[str, Arrival]  # by the key of the sitting

# Where there are several sittings: by sign-up, to how many of them somebody came.
TIMES: Final = (
    sa.select(SittingArrival.sign_up_id, sa.func.count().label("times"))
    .group_by(SittingArrival.sign_up_id)
    .subquery("here")
)


async def of_entry(session: AsyncSession, activity: Activity, entry: SignUp) -> Arrivals:
    return (await by_entry(session, activity, [entry])).get(entry.id, {})


async def by_entry(
    session: AsyncSession, activity: Activity, entries: Sequence[SignUp]
) -> dict[int, Arrivals]:
    """By the id of the sign-up; who came to none is left out."""
    if not activity.sittings:
        return await _of_one(session, entries)
    rows = await session.scalars(
        sa.select(SittingArrival)
        .where(SittingArrival.sign_up_id.in_([each.id for each in entries]))
        .order_by(SittingArrival.at)
    )
    found: dict[int, dict[str, Arrival]] = {}
    for row in rows:
        arrival = Arrival(row.arrived, row.at, row.by, row.channel)
        found.setdefault(row.sign_up_id, {})[row.sitting] = arrival
    return dict(found)


async def any_of(session: AsyncSession, activity: Activity, keys: Sequence[str]) -> str | None:
    """The key of one of these sittings to which somebody came already."""
    mine = sa.select(SittingArrival.sitting).join(SignUp, SignUp.id == SittingArrival.sign_up_id)
    if not activity.sittings:
        once = sa.select(SignUp.id).where(SignUp.activity_id == activity.id, SignUp.state == S.CHECKED_IN)
        return "" if "" in keys and await session.scalar(once.limit(1)) is not None else None
    mine = mine.where(SignUp.activity_id == activity.id, SittingArrival.sitting.in_(keys))
    return (await session.scalars(mine.limit(1))).first()


async def check_stay(session: AsyncSession, activity: Activity, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raises: DomainError: somebody was checked in to a sitting that would be no more."""
    before, after = _keys(activity.sittings), _keys(rows)
    gone = [key for key in before if key not in after]
    found = await any_of(session, activity, gone) if gone else None
    if found is None:
        return
    if not found or not rows:
        raise DomainError("已经有人签到，不能再改成分几次办，或者改回只办一次。")
    raise DomainError(f"第 {before.index(found) + 1} 次已经有人签到，不能去掉。")


async def add(
    session: AsyncSession,
    entry: SignUp,
    sitting: Sitting,
    at: datetime,
    *,
    by: str,
    channel: str,
    reason: str = "",
    now: datetime,
) -> None:
    """The whole party came. The caller has seen that it was not there yet."""
    words = "：".join(each for each in (sitting.name, reason) if each)
    if entry.state is S.CHECKED_IN:
        session.add(note(entry, S.CHECKED_IN, S.CHECKED_IN, **_said(by, channel, words, now)))
    else:
        move(session, entry, S.CHECKED_IN, **_said(by, channel, words, now))
        entry.arrived, entry.checked_in_at = entry.seats, at
    if sitting.key:
        session.add(
            SittingArrival(
                sign_up_id=entry.id, sitting=sitting.key, arrived=entry.seats, at=at, by=by, channel=channel
            )
        )
        await _sum_up(session, entry)
    await session.flush()


async def take_back(
    session: AsyncSession,
    entry: SignUp,
    sitting: Sitting,
    *,
    by: str,
    channel: str,
    reason: str,
    now: datetime,
) -> None:
    """It was a mistake. Who has come to no other sitting has not come at all."""
    if sitting.key:
        await session.execute(sa.delete(SittingArrival).where(*_is(entry, sitting)))
        reason = f"{sitting.name}：{reason}"
        if await _sum_up(session, entry):
            session.add(note(entry, S.CHECKED_IN, S.CHECKED_IN, **_said(by, channel, f"撤销{reason}", now)))
            await session.flush()
            return
    move(session, entry, S.CONFIRMED, **_said(by, channel, reason, now))
    entry.arrived, entry.checked_in_at = 0, None
    await session.flush()


async def set_arrived(session: AsyncSession, entry: SignUp, sitting: Sitting, seats: int) -> None:
    """How many of the party came."""
    if not sitting.key:
        entry.arrived = seats
    else:
        await session.execute(sa.update(SittingArrival).where(*_is(entry, sitting)).values(arrived=seats))
        await _sum_up(session, entry)
    await session.flush()


async def hand_over(session: AsyncSession, gone: SignUp, stays: SignUp) -> None:
    """Of two sign-ups of one person: what either has come to."""
    there = sa.select(SittingArrival.sitting).where(SittingArrival.sign_up_id == stays.id)
    twice = SittingArrival.sign_up_id == gone.id, SittingArrival.sitting.in_(there)
    await session.execute(sa.delete(SittingArrival).where(*twice))
    moved = sa.update(SittingArrival).where(SittingArrival.sign_up_id == gone.id)
    await session.execute(moved.values(sign_up_id=stays.id))
    await _sum_up(session, stays)


# --- parts -------------------------------------------------------------------------------------------------


async def _of_one(session: AsyncSession, entries: Sequence[SignUp]) -> dict[int, Arrivals]:
    here = {each.id: each for each in entries if each.state is S.CHECKED_IN}
    if not here:
        return {}
    chosen = sa.select(SignUpMove.sign_up_id, SignUpMove.by, SignUpMove.channel).where(
        SignUpMove.sign_up_id.in_(here),
        SignUpMove.to_state == S.CHECKED_IN,
        SignUpMove.from_state != S.CHECKED_IN,
    )
    moves: Sequence[Any] = (await session.execute(chosen.order_by(SignUpMove.id))).all()
    said = {number: (by, channel) for number, by, channel in moves}
    return {
        number: {"": Arrival(entry.arrived, entry.checked_in_at, *said.get(number, ("", "")))}
        for number, entry in here.items()
    }


async def _sum_up(session: AsyncSession, entry: SignUp) -> int:
    """What the sign-up itself says of its sittings; returns how many it came to."""
    await session.flush()
    columns = sa.func.count(), sa.func.max(SittingArrival.arrived), sa.func.min(SittingArrival.at)
    chosen = sa.select(*columns).where(SittingArrival.sign_up_id == entry.id)
    count, most, first = (await session.execute(chosen)).one()
    if count:
        entry.arrived, entry.checked_in_at = most, first
    return int(count)


def _is(entry: SignUp, sitting: Sitting) -> tuple[sa.ColumnElement[bool], ...]:
    return SittingArrival.sign_up_id == entry.id, SittingArrival.sitting == sitting.key


def _keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["key"] for row in rows] or [""]


def _said(by: str, channel: str, reason: str, now: datetime) -> dict[str, Any]:
    return {"by": by, "channel": channel, "reason": reason[:200], "now": now}
