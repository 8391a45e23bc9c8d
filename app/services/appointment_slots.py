"""Times that advisers offer: opening them, taking them back, and which of them may still be booked.

A slot is its adviser's own: to another it is as if it did not exist. Who books locks the slot's row first, so
that all who want it queue. Functions flush and never commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.clock import SHANGHAI, civil_date, day_begins, spoken
from app.errors import DomainError, NotFound
from app.services import permissions
from app.services.audit import does
from app.services.calendar import is_working_day
from app.services.permissions import Right, Standing
from models import AdviceSlot, CaseKind, SlotPlace, SlotState, Staff

ANSWERED_BY: Final[Mapping[CaseKind, Right]] = {
    CaseKind.COUNSELLING: Right.COUNSEL_ANSWER,
    CaseKind.HEALTH: Right.HEALTH_ANSWER,
    CaseKind.CONSULTATION: Right.LEGAL_ANSWER,
}
KINDS: Final = tuple(ANSWERED_BY)
AHEAD: Final = 14  # days that somebody may book ahead
SOONEST: Final = timedelta(hours=2)  # before it begins; until then it can be cancelled too
SHORTEST, LONGEST = 15, 180  # minutes of one
WEEKS: Final = 12  # of one series
FARTHEST: Final = timedelta(days=120)
MOST: Final = 120  # slots of one form
ROOM_LENGTH: Final = 60
GONE: Final = "没有找到这个时段，可能已经删除。"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form asks to be opened."""

    kind: CaseKind
    day: date
    begins: time  # on a clock in China
    until: time
    minutes: int
    place: SlotPlace
    room: str = ""
    weeks: int = 1
    once: str = ""  # the form's own: sent twice it opens nothing twice


def offer_of(
    kind: str, day: str, begins: str, until: str, minutes: str, place: str, room: str, weeks: str, once: str
) -> Offer:
    """What was typed. Raises: DomainError."""
    try:
        which, where = CaseKind(kind), SlotPlace(place)
        times = [_o_clock(each) for each in (begins, until)]
        on = date.fromisoformat(day)
    except ValueError:
        raise DomainError("请填好日期、从几点到几点，例如 2026-12-01、09:00、11:30。") from None
    length, count = _number(minutes), _number(weeks)
    if which not in KINDS:
        raise DomainError("请选是哪一类预约。")
    if not SHORTEST <= length <= LONGEST:
        raise DomainError(f"每个时段要在 {SHORTEST} 到 {LONGEST} 分钟之间。")
    if not 1 <= count <= WEEKS:
        raise DomainError(f"每周重复的周数要在 1 到 {WEEKS} 之间。")
    room = " ".join(room.split())
    if where is not SlotPlace.PHONE and not 1 <= len(room) <= ROOM_LENGTH:
        raise DomainError(f"能当面谈的，请写明地点，1 到 {ROOM_LENGTH} 个字。")
    room = "" if where is SlotPlace.PHONE else room
    if times[0] >= times[1]:
        raise DomainError("结束的时间要晚于开始，都在同一天。")
    return Offer(which, on, times[0], times[1], length, where, room, count, once[:16])


def _o_clock(words: str) -> time:
    return time.fromisoformat(words).replace(tzinfo=None, second=0, microsecond=0)


def _number(words: str) -> int:
    return int(words) if words.isascii() and words.isdecimal() and len(words) < 5 else 0


async def offer(session: AsyncSession, who: Standing, asked: Offer, now: datetime) -> Sequence[AdviceSlot]:
    """Open these times, those of every week. The same form a second time changes nothing.

    Raises:
        Forbidden: no adviser of this kind.
        DomainError: a time has passed or is too far, one's own overlap, too many.
    """
    permissions.demand(who, ANSWERED_BY[asked.kind], None)
    # All that one adviser opens at once queues here: else two forms could overlap.
    await session.execute(sa.select(Staff.id).where(Staff.id == who.staff_id).with_for_update())
    if asked.once and (known := await _of_series(session, who, asked.once)):
        return known
    spans = _spans(asked)
    if not spans:
        raise DomainError(f"从几点到几点之间放不下一个 {asked.minutes} 分钟的时段。")
    if len(spans) > MOST:
        raise DomainError(f"一次最多开放 {MOST} 个时段，现在是 {len(spans)} 个，请减少周数。")
    if spans[0][0] <= now:
        raise DomainError(f"{spoken(spans[0][0], now)} 已经过去，不能再开放。")
    if spans[-1][0] > now + FARTHEST:
        raise DomainError(f"最远开放到 {FARTHEST.days} 天以内。")
    await _refuse_overlap(session, who.staff_id, spans, now)
    series = asked.once or spans[0][0].strftime("%y%m%d%H%M%S")
    made = [
        AdviceSlot(
            staff_id=who.staff_id,
            kind=asked.kind,
            series=series,
            starts_at=starts_at,
            ends_at=ends_at,
            place=asked.place,
            room=asked.room,
            state=SlotState.FREE,
        )
        for starts_at, ends_at in spans
    ]
    session.add_all(made)
    await session.flush()
    does(session, "slots.offer", f"{asked.kind.label} {spoken(spans[0][0], now, read_later=True)}")
    return made


def days_off(slots: Sequence[AdviceSlot]) -> list[date]:
    """On which of these days the office does not work: no mistake, but worth a word."""
    days = sorted({civil_date(each.starts_at) for each in slots})
    return [day for day in days if not is_working_day(day)]


def _spans(asked: Offer) -> list[tuple[datetime, datetime]]:
    length, found = timedelta(minutes=asked.minutes), []
    for week in range(asked.weeks):
        day = asked.day + timedelta(weeks=week)
        at, end = (datetime.combine(day, each, SHANGHAI) for each in (asked.begins, asked.until))
        while at + length <= end:
            found.append((at, at + length))
            at += length
    return found


async def _refuse_overlap(
    session: AsyncSession, staff_id: int, spans: Sequence[tuple[datetime, datetime]], now: datetime
) -> None:
    mine = sa.select(AdviceSlot.starts_at, AdviceSlot.ends_at).where(
        AdviceSlot.staff_id == staff_id,
        AdviceSlot.state != SlotState.WITHDRAWN,
        # None is longer than this, so one that began earlier cannot reach into the first.
        AdviceSlot.starts_at > spans[0][0] - timedelta(minutes=LONGEST),
        AdviceSlot.starts_at < spans[-1][1],
    )
    for starts_at, ends_at in (await session.execute(mine.order_by(AdviceSlot.starts_at))).all():
        if any(starts_at < end and begin < ends_at for begin, end in spans):
            raise DomainError(f"和您已经开放的 {spoken(starts_at, now)} 重叠，请换个时间，或先撤回那一个。")


async def _of_series(session: AsyncSession, who: Standing, series: str) -> Sequence[AdviceSlot]:
    mine = sa.select(AdviceSlot).where(AdviceSlot.series == series, AdviceSlot.staff_id == who.staff_id)
    return (await session.scalars(mine.order_by(AdviceSlot.starts_at))).all()


# --- one's own ---------------------------------------------------------------------------------------------


async def get_own(session: AsyncSession, who: Standing, public_id: str, *, lock: bool = False) -> AdviceSlot:
    """Another's is as if it did not exist. Raises: NotFound."""
    chosen = sa.select(AdviceSlot).where(
        AdviceSlot.public_id == public_id, AdviceSlot.staff_id == who.staff_id
    )
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    slot = await session.scalar(chosen)
    if slot is None:
        raise NotFound(GONE)
    return slot


async def lock(session: AsyncSession, *slot_ids: int) -> dict[int, AdviceSlot]:
    """In the order of ids, as everybody does who locks several."""
    chosen = sa.select(AdviceSlot).where(AdviceSlot.id.in_(slot_ids)).order_by(AdviceSlot.id)
    found = await session.scalars(chosen.with_for_update().execution_options(populate_existing=True))
    return {each.id: each for each in found}


async def list_rest_of_series(session: AsyncSession, slot: AdviceSlot) -> list[int]:
    """Ids of this one and of all later ones of the same form, where not withdrawn."""
    rest = sa.select(AdviceSlot.id).where(
        AdviceSlot.series == slot.series,
        AdviceSlot.staff_id == slot.staff_id,
        AdviceSlot.starts_at >= slot.starts_at,
        AdviceSlot.state != SlotState.WITHDRAWN,
    )
    return list(await session.scalars(rest.order_by(AdviceSlot.id)))


async def list_between(
    session: AsyncSession, staff_id: int, start: datetime, end: datetime
) -> Sequence[AdviceSlot]:
    """One's own that begin in this span and were not taken back, the earliest first."""
    mine = sa.select(AdviceSlot).where(
        AdviceSlot.staff_id == staff_id,
        AdviceSlot.starts_at >= start,
        AdviceSlot.starts_at < end,
        AdviceSlot.state != SlotState.WITHDRAWN,
    )
    return (await session.scalars(mine.order_by(AdviceSlot.starts_at, AdviceSlot.id))).all()


async def find_next(session: AsyncSession, staff_id: int, after: datetime) -> AdviceSlot | None:
    """One's own first one from then on that was not taken back."""
    mine = sa.select(AdviceSlot).where(
        AdviceSlot.staff_id == staff_id,
        AdviceSlot.starts_at >= after,
        AdviceSlot.state != SlotState.WITHDRAWN,
    )
    found: AdviceSlot | None = await session.scalar(mine.order_by(AdviceSlot.starts_at).limit(1))
    return found


async def list_own_free(
    session: AsyncSession, who: Standing, kind: CaseKind, now: datetime, limit: int = 60
) -> Sequence[AdviceSlot]:
    """Where an appointment can be moved to."""
    mine = sa.select(AdviceSlot).where(
        AdviceSlot.staff_id == who.staff_id,
        AdviceSlot.kind == kind,
        AdviceSlot.starts_at > now,
        sa.text("advice_slot.state = 'free'"),
    )
    return (await session.scalars(mine.order_by(AdviceSlot.starts_at).limit(limit))).all()


# --- what may be booked ------------------------------------------------------------------------------------


def span_open(now: datetime) -> tuple[datetime, datetime]:
    """From when until when a slot must begin to be booked now: days are days in China."""
    return now + SOONEST, day_begins(civil_date(now), days=AHEAD + 1)


async def list_free(
    session: AsyncSession, kind: CaseKind, now: datetime, limit: int = 300
) -> Sequence[AdviceSlot]:
    """The earliest first, each with its adviser; of who advises no more there is none."""
    able = [each.id for each in await permissions.list_able(session, ANSWERED_BY[kind], None)]
    begin, end = span_open(now)
    free = (
        sa.select(AdviceSlot)
        .options(joinedload(AdviceSlot.staff))
        .where(
            sa.text("advice_slot.state = 'free'"),
            AdviceSlot.kind == kind,
            AdviceSlot.starts_at >= begin,
            AdviceSlot.starts_at < end,
            AdviceSlot.staff_id.in_(able),
        )
    )
    return (await session.scalars(free.order_by(AdviceSlot.starts_at, AdviceSlot.id).limit(limit))).all()


async def adviser_of(session: AsyncSession, slot: AdviceSlot) -> Staff:
    return await session.get_one(Staff, slot.staff_id)


async def still_advises(session: AsyncSession, slot: AdviceSlot) -> bool:
    standing = await permissions.standing_of(session, await adviser_of(session, slot))
    return permissions.may(standing, ANSWERED_BY[slot.kind], None)
