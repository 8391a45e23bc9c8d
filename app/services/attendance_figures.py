"""How many signed up and came, by branch: over a period, or of one activity. No names, and no small groups.

Of a group of fewer than five people it could be told who stayed away: such groups are put together, and as
long as these are too few, with the next larger one; else the total would tell what is left out. Of an
activity with several sittings each counts, as long as anybody at all was checked in to it: who was expected
at three and came to two is three and two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, shanghai
from app.services import arrivals
from app.services.attendance import EXPECTED
from app.services.participants import UNKNOWN
from app.services.permissions import Scope
from models import LINEAGE, Activity, ActivityState, Branch, Member, SignUp, SignUpState, SittingArrival

FEWEST: Final = 5  # people
LEVEL: Final = 2  # of the organisation: the union and its branches
SMALL: Final = "人数少的组织（合计）"
OVER: Final = (ActivityState.ENDED, ActivityState.ARCHIVED)
LATELY: Final = timedelta(days=365)
MOST: Final = 500  # activities of a period


@dataclass(frozen=True, slots=True)
class Line:
    """Of one group or activity. `people` are different ones; the others are sign-ups that had a seat, once
    for each sitting.
    """

    name: str
    people: int
    signed_up: int
    came: int

    @property
    def absent(self) -> int:
        return self.signed_up - self.came

    @property
    def rate(self) -> float:
        """Of those who had a seat, how many came: 0 to 1."""
        return self.came / self.signed_up if self.signed_up else 0.0

    @property
    def is_shown(self) -> bool:
        return self.people >= FEWEST


@dataclass(frozen=True, slots=True)
class Figures:
    branches: Sequence[Line]
    activities: Sequence[tuple[Activity, Line]]  # the newest first
    total: Line
    unchecked: int  # activities at which nobody was checked in: of these nobody knows who came


@dataclass(frozen=True, slots=True)
class Period:
    """Days in China, both counted; of activities that begin on them."""

    since: date
    until: date

    @classmethod
    def of(cls, since: str, until: str, now: datetime) -> "Period":
        """What a form says; where it says nothing, or no day, the last year."""
        last = _day(until) or shanghai(now).date()
        return cls(_day(since) or last - LATELY, last)

    @property
    def moments(self) -> tuple[datetime, datetime]:
        first = datetime.combine(self.since, datetime.min.time(), SHANGHAI)
        return first, datetime.combine(self.until + timedelta(days=1), datetime.min.time(), SHANGHAI)


async def read(session: AsyncSession, scope: Scope, period: Period, activity: str = "") -> Figures:
    """Of what is over, within `scope`; with the public id of one activity, of that alone."""
    first, last = period.moments
    over = sa.select(Activity).where(Activity.state.in_(OVER), scope.holds(Activity.branch_id))
    if activity:
        over = over.where(Activity.public_id == activity)
    else:
        over = over.where(Activity.starts_at >= first, Activity.starts_at < last)
    found = (await session.scalars(over.order_by(Activity.starts_at.desc(), Activity.id).limit(MOST))).all()
    times = await _times(session, [each.id for each in found])
    checked = await _by_activity(session, [each.id for each in found], times)
    held = [(each, checked[each.id]) for each in found if each.id in checked]
    groups = await _by_branch(session, [each.id for each, _ in held], times)
    total = Line("合计", await _people(session, [each.id for each, _ in held]), *_sums(groups))
    return Figures(pooled(groups), held, total, len(found) - len(held))


def pooled(groups: Iterable[Line]) -> list[Line]:
    """By size; those that are too small as one, which is not too small itself, or as nothing at all."""
    rest = sorted(groups, key=lambda line: (line.people, line.name))
    small: list[Line] = []
    while rest and (rest[0].people < FEWEST or 0 < sum(each.people for each in small) < FEWEST):
        small.append(rest.pop(0))
    people = sum(each.people for each in small)
    together = [Line(SMALL, people, *_sums(small))] if people >= FEWEST else []
    return [*reversed(rest), *together]


HEADS: Final = ("组织", "人数", "报名", "到场", "缺席", "到场率")
ACTIVITY_HEADS: Final = ("活动", "日期", "人数", "报名", "到场", "缺席", "到场率")


def cells(line: Line) -> list[str]:
    """Behind the name, under `HEADS`; of too few people nothing."""
    if not line.is_shown:
        return ["不足 5 人", "", "", "", ""]
    return [str(line.people), str(line.signed_up), str(line.came), str(line.absent), f"{line.rate:.0%}"]


def rows(figures: Figures) -> list[list[str]]:
    """Of a sheet: branches under `HEADS`, then activities under heads of their own."""
    lines = [[line.name, *cells(line)] for line in [*figures.branches, figures.total]]
    listed = [
        [activity.title, f"{shanghai(activity.starts_at):%Y-%m-%d}", *cells(line)]
        for activity, line in figures.activities
    ]
    return [*lines, [], list(ACTIVITY_HEADS), *listed]


# --- parts -------------------------------------------------------------------------------------------------

# Where there are several sittings, how many somebody came to; else whether he came.
_ONCE: Final = sa.case((SignUp.state == SignUpState.CHECKED_IN, 1), else_=0)
_CAME: Final = sa.func.coalesce(sa.func.sum(sa.func.coalesce(arrivals.TIMES.c.times, _ONCE)), 0)
_PEOPLE: Final = sa.func.count(SignUp.person_id.distinct())


async def _times(session: AsyncSession, ids: Sequence[int]) -> dict[int, int]:
    """By activity, of those with several sittings: to how many of these anybody was checked in."""
    chosen = sa.select(SignUp.activity_id, sa.func.count(SittingArrival.sitting.distinct()))
    chosen = chosen.join(SittingArrival, SittingArrival.sign_up_id == SignUp.id)
    chosen = chosen.where(SignUp.activity_id.in_(ids)).group_by(SignUp.activity_id)
    return dict((await session.execute(chosen)).all())


def _expected(times: Mapping[int, int]) -> Any:
    """How often those who had a seat were expected."""
    if not times:
        return sa.func.count()
    return sa.func.sum(sa.case(times, value=SignUp.activity_id, else_=1))


async def _by_activity(
    session: AsyncSession, ids: Sequence[int], times: Mapping[int, int]
) -> dict[int, Line]:
    """Those at which somebody was checked in."""
    chosen = _counted(SignUp.activity_id, _PEOPLE, _expected(times), _CAME, ids=ids)
    rows_ = (await session.execute(chosen.group_by(SignUp.activity_id))).all()
    return {
        number: Line("", people, int(signed), int(came)) for number, people, signed, came in rows_ if came
    }


async def _by_branch(session: AsyncSession, ids: Sequence[int], times: Mapping[int, int]) -> list[Line]:
    chosen = _counted(Branch.lineage, _PEOPLE, _expected(times), _CAME, ids=ids)
    chosen = chosen.outerjoin(Member, Member.person_id == SignUp.person_id)
    chosen = chosen.outerjoin(Branch, Branch.id == Member.branch_id).group_by(Branch.lineage)
    found: dict[str, Line] = {}
    for lineage, people, signed, came in (await session.execute(chosen)).all():
        name = " › ".join(lineage.split(LINEAGE)[:LEVEL]) if lineage else UNKNOWN
        before = found.get(name, Line(name, 0, 0, 0))
        # Nobody is in two branches, so that people of branches below add up.
        signed_up, here = before.signed_up + int(signed), before.came + int(came)
        found[name] = Line(name, before.people + people, signed_up, here)
    return list(found.values())


async def _people(session: AsyncSession, ids: Sequence[int]) -> int:
    return int((await session.execute(_counted(_PEOPLE, ids=ids))).scalar_one())


def _counted(*columns: Any, ids: Sequence[int]) -> sa.Select[Any]:
    chosen: sa.Select[Any] = sa.select(*columns).select_from(SignUp)
    chosen = chosen.outerjoin(arrivals.TIMES, arrivals.TIMES.c.sign_up_id == SignUp.id)
    return chosen.where(SignUp.activity_id.in_(ids), SignUp.state.in_(EXPECTED))


def _sums(lines: Sequence[Line]) -> tuple[int, int]:
    return sum(each.signed_up for each in lines), sum(each.came for each in lines)


def _day(words: str) -> date | None:
    try:
        day = date.fromisoformat(words)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
