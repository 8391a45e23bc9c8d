"""Who came to an activity, who came late and who is still missing: counts, lists, and a sheet to take away.

Names alone: what somebody answered when he signed up is for who may see the list of participants.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import check_in_codes, participants
from app.services.check_ins import HAND, SCAN, VENUE
from app.services.participants import Participant
from models import Activity, Member, SignUp, SignUpMove, SignUpState

S = SignUpState
EXPECTED: Final = (S.CONFIRMED, S.CHECKED_IN, S.NO_SHOW)  # who had a seat and might come
WAYS: Final[Mapping[str, str]] = {SCAN: "扫票", HAND: "手工签到", VENUE: "扫现场码"}
HEADS: Final = ("姓名", "组织", "状态", "人数", "实到", "签到时间", "迟到", "方式", "经办人")
LISTED: Final = 20
_BATCH: Final = 500  # rows


class Which(StrEnum):
    """Of whom a list is."""

    MISSING = "missing"
    HERE = "here"
    LATE = "late"

    @property
    def label(self) -> str:
        return {Which.MISSING: "未到", Which.HERE: "已到", Which.LATE: "迟到"}[self]


@dataclass(frozen=True, slots=True)
class Counts:
    """Sign-ups and seats: of those that are expected, those that came; and sign-ups that came late."""

    expected: int
    expected_seats: int
    here: int
    here_seats: int
    late: int

    @property
    def missing(self) -> int:
        return self.expected - self.here


async def count(session: AsyncSession, activity: Activity) -> Counts:
    is_here = SignUp.state == S.CHECKED_IN
    is_late = sa.and_(is_here, SignUp.checked_in_at > activity.starts_at)
    found = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(SignUp.seats), 0),
        sa.func.coalesce(sa.func.sum(sa.case((is_here, 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((is_here, SignUp.arrived), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((is_late, 1), else_=0)), 0),
    ).where(SignUp.activity_id == activity.id, SignUp.state.in_(EXPECTED))
    return Counts(*(int(value) for value in (await session.execute(found)).one()))


def chosen(activity: Activity, words: str = "", which: Which | None = None) -> sa.Select[Any]:
    """Rows as `participants.participant` takes them: of who is expected, by name or number, of `which`."""
    states = EXPECTED if which is None else _STATES[which]
    found = participants.chosen(activity).where(SignUp.state.in_(states))
    if which is Which.LATE:
        found = found.where(SignUp.checked_in_at > activity.starts_at)
    if words:
        start = check_in_codes.read_number(words)
        named = Member.name.icontains(words, autoescape=True)
        found = found.where(named if start is None else SignUp.public_id.startswith(start))
    return found


async def find(session: AsyncSession, activity: Activity, words: str) -> Sequence[Participant]:
    """The first that `words` fit, by name."""
    rows = await session.execute(chosen(activity, words).order_by(Member.name, SignUp.id).limit(LISTED))
    return [participants.participant(row) for row in rows]


_STATES: Final = {
    Which.MISSING: (S.CONFIRMED, S.NO_SHOW),
    Which.HERE: (S.CHECKED_IN,),
    Which.LATE: (S.CHECKED_IN,),
}


def is_late(activity: Activity, entry: SignUp) -> bool:
    return entry.checked_in_at is not None and entry.checked_in_at > activity.starts_at


async def each(session: AsyncSession, activity: Activity) -> AsyncIterator[list[str]]:
    """A line of the sheet for everybody who had a seat, in the order in which they signed up first."""
    last = 0
    while True:
        batch = participants.chosen(activity).where(SignUp.state.in_(EXPECTED), SignUp.id > last)
        rows = (await session.execute(batch.order_by(SignUp.id).limit(_BATCH))).all()
        moves = await _check_ins(session, [row[0].id for row in rows])
        for row in rows:
            yield _line(activity, participants.participant(row), moves)
        if len(rows) < _BATCH:
            return
        last = rows[-1][0].id


async def _check_ins(session: AsyncSession, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """By sign-up: the way and by whom it was checked in last."""
    chosen = sa.select(SignUpMove.sign_up_id, SignUpMove.channel, SignUpMove.by).where(
        SignUpMove.sign_up_id.in_(ids),
        SignUpMove.to_state == S.CHECKED_IN,
        SignUpMove.from_state != S.CHECKED_IN,
    )
    rows: Sequence[Any] = (await session.execute(chosen.order_by(SignUpMove.id))).all()
    return {sign_up_id: (channel, by) for sign_up_id, channel, by in rows}


def _line(activity: Activity, who: Participant, moves: Mapping[int, tuple[str, str]]) -> list[str]:
    entry = who.entry
    facts = [who.name, who.branch, entry.state.label, str(entry.seats)]
    if entry.state is not S.CHECKED_IN:
        return [*facts, "0", "", "", "", ""]
    channel, by = moves.get(entry.id, ("", ""))
    return [
        *facts,
        str(entry.arrived),
        _minute(entry.checked_in_at),
        "迟到" if is_late(activity, entry) else "",
        WAYS.get(channel, channel),
        "本人" if by == "member" else by,
    ]


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{shanghai(moment):%Y-%m-%d %H:%M}"
