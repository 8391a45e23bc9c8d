"""Who came to an activity, who came late and who is still missing: counts, lists, and a sheet to take away.

Each is of one sitting; the sheet has a column for each where there are several. Names alone: what somebody
answered when he signed up is for who may see the list of participants.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import arrivals, check_in_codes, participants, sittings
from app.services.arrivals import Arrival, Arrivals
from app.services.check_ins import HAND, LATER, SCAN, VENUE
from app.services.participants import Participant
from app.services.sittings import Sitting
from models import Activity, Member, SignUp, SignUpState, SittingArrival

S = SignUpState
EXPECTED: Final = (S.CONFIRMED, S.CHECKED_IN, S.NO_SHOW)  # who had a seat and might come
WAYS: Final[Mapping[str, str]] = {SCAN: "扫票", HAND: "手工签到", VENUE: "扫现场码", LATER: "补签"}
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


async def count(session: AsyncSession, activity: Activity, sitting: Sitting) -> Counts:
    here = _of(sitting)
    found: sa.Select[Any] = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(SignUp.seats), 0),
        sa.func.coalesce(sa.func.sum(sa.case((here.came, 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((here.came, here.arrived), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((here.late, 1), else_=0)), 0),
    )
    found = here.beside(found).where(SignUp.activity_id == activity.id, SignUp.state.in_(EXPECTED))
    return Counts(*(int(value) for value in (await session.execute(found)).one()))


def chosen(
    activity: Activity, sitting: Sitting, words: str = "", which: Which | None = None
) -> sa.Select[Any]:
    """Rows as `participants.participant` takes them: of who is expected, by name or number, of `which`."""
    here = _of(sitting)
    found = here.beside(participants.chosen(activity)).where(SignUp.state.in_(EXPECTED))
    if which is not None:
        found = found.where({Which.MISSING: ~here.came, Which.HERE: here.came, Which.LATE: here.late}[which])
    if words:
        start = check_in_codes.read_number(words)
        named = Member.name.icontains(words, autoescape=True)
        found = found.where(named if start is None else SignUp.public_id.startswith(start))
    return found


async def find(session: AsyncSession, activity: Activity, words: str) -> Sequence[Participant]:
    """The first that `words` fit, by name."""
    found = chosen(activity, sittings.of(activity)[0], words)
    rows = await session.execute(found.order_by(Member.name, SignUp.id).limit(LISTED))
    return [participants.participant(row) for row in rows]


def is_late(sitting: Sitting, came: Arrival | None) -> bool:
    return came is not None and came.at is not None and came.at > sitting.starts_at


def is_later(came: Arrival | None) -> bool:
    """Whether it was said afterwards: then nobody knows the hour at which he came."""
    return came is not None and came.channel == LATER


def share(activity: Activity, came: Arrivals) -> str:
    """2/3: to how many of the sittings somebody came; empty where there is one."""
    return f"{len(came)}/{len(activity.sittings)}" if activity.sittings else ""


def heads(activity: Activity) -> list[str]:
    """Of the columns of a line."""
    if not activity.sittings:
        return list(HEADS)
    times = [f"{each.name} {_minute(each.starts_at)}" for each in sittings.of(activity)]
    return [*HEADS[:4], "参加", *times]


async def each(session: AsyncSession, activity: Activity) -> AsyncIterator[list[str]]:
    """A line of the sheet for everybody who had a seat, in the order in which they signed up first."""
    async for who, came in everybody(session, activity):
        yield _line(activity, who, came)


async def everybody(session: AsyncSession, activity: Activity) -> AsyncIterator[tuple[Participant, Arrivals]]:
    """Who had a seat, and to what they came."""
    last = 0
    while True:
        batch = participants.chosen(activity).where(SignUp.state.in_(EXPECTED), SignUp.id > last)
        rows = (await session.execute(batch.order_by(SignUp.id).limit(_BATCH))).all()
        came = await arrivals.by_entry(session, activity, [row[0] for row in rows])
        for row in rows:
            yield participants.participant(row), came.get(row[0].id, {})
        if len(rows) < _BATCH:
            return
        last = rows[-1][0].id


# --- parts -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Here:
    """Conditions and columns that say of a sign-up who came to one sitting, and what has to be joined."""

    came: sa.ColumnElement[bool]
    late: sa.ColumnElement[bool]
    arrived: Any
    key: str

    def beside(self, chosen: sa.Select[Any]) -> sa.Select[Any]:
        if not self.key:
            return chosen
        its = SittingArrival.sign_up_id == SignUp.id, SittingArrival.sitting == self.key
        return chosen.outerjoin(SittingArrival, sa.and_(*its))


def _of(sitting: Sitting) -> _Here:
    here: sa.ColumnElement[bool] = SignUp.state == S.CHECKED_IN
    late, arrived = SignUp.checked_in_at > sitting.starts_at, SignUp.arrived
    if sitting.key:
        here = SittingArrival.id.is_not(None)
        late, arrived = SittingArrival.at > sitting.starts_at, SittingArrival.arrived
    return _Here(here, sa.and_(here, late), arrived, sitting.key)


def _line(activity: Activity, who: Participant, came: Arrivals) -> list[str]:
    entry, found = who.entry, sittings.of(activity)
    facts = [who.name, who.branch, entry.state.label, str(entry.seats)]
    if activity.sittings:
        return [*facts, share(activity, came), *[cell(entry, each, came.get(each.key)) for each in found]]
    one = came.get("")
    if one is None:
        return [*facts, "0", "", "", "", ""]
    return [
        *facts,
        str(one.arrived),
        "" if is_later(one) else _minute(one.at),
        "迟到" if is_late(found[0], one) else "",
        WAYS.get(one.channel, one.channel),
        "本人" if one.by == "member" else one.by,
    ]


def cell(entry: SignUp, sitting: Sitting, came: Arrival | None) -> str:
    """What a sheet says of one person at one sitting."""
    if came is None or came.at is None:
        return ""
    at = shanghai(came.at)
    words = f"{at:%H:%M}" if at.date() == shanghai(sitting.starts_at).date() else f"{at:%m-%d %H:%M}"
    if is_later(came):
        words = WAYS[LATER]
    late = " 迟到" if is_late(sitting, came) else ""
    return f"{words}{late}" + (f" 实到 {came.arrived}" if came.arrived != entry.seats else "")


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{shanghai(moment):%Y-%m-%d %H:%M}"
