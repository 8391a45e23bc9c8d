"""Points (积分): what coming to an activity earns, for each time somebody was checked in.

They are counted from who came, and kept nowhere: a check-in that is taken back takes its points with it. Not
here: what they are good for, which is each union's own rule; its office takes a sheet (`point_sheets`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError
from app.services import arrivals
from models import Activity, SignUp, SignUpState

MOST: Final = 100  # for one time
# How often somebody came; where there is one sitting, the sign-up says it all.
TIMES: Final = sa.func.coalesce(arrivals.TIMES.c.times, 1)


@dataclass(frozen=True, slots=True)
class Earned:
    """By one sign-up. `times`: to how many sittings of it the person came; `points` for all of them."""

    sign_up: str  # public id
    title: str
    at: datetime  # the start of the activity, whose year in China it counts for
    times: int
    points: int

    @property
    def year(self) -> int:
        return shanghai(self.at).year


def words(activity: Activity) -> str:
    """签到得 5 分; empty where it earns none."""
    if not activity.points:
        return ""
    return f"每签到一次得 {activity.points} 分" if activity.sittings else f"签到得 {activity.points} 分"


async def check_stay(session: AsyncSession, activity: Activity, given: Mapping[str, Any]) -> None:
    """Raises: DomainError: somebody has earned what would be another number now."""
    if given.get("points", activity.points) == activity.points:
        return
    came = sa.select(SignUp.id).where(
        SignUp.activity_id == activity.id, SignUp.state == SignUpState.CHECKED_IN
    )
    if await session.scalar(came.limit(1)) is not None:
        raise DomainError("已经有人签到，积分不能再改。")


async def of_person(session: AsyncSession, person_id: int) -> Sequence[Earned]:
    """The newest first."""
    found = chosen(SignUp.public_id, Activity.title, Activity.starts_at, TIMES, Activity.points)
    found = found.where(SignUp.person_id == person_id)
    rows = await session.execute(found.order_by(Activity.starts_at.desc(), SignUp.id.desc()))
    return [Earned(code, title, at, times, times * points) for code, title, at, times, points in rows]


def this_year(earned: Sequence[Earned], now: datetime) -> int:
    return by_year(earned).get(shanghai(now).year, 0)


def total(earned: Sequence[Earned]) -> int:
    return sum(each.points for each in earned)


def by_year(earned: Sequence[Earned]) -> dict[int, int]:
    """Year → points, the latest first."""
    sums: Counter[int] = Counter()
    for each in earned:
        sums[each.year] += each.points
    return dict(sorted(sums.items(), reverse=True))


def chosen(*columns: Any) -> sa.Select[Any]:
    """Columns of sign-ups that earned something; `TIMES` among them says how often."""
    found: sa.Select[Any] = sa.select(*columns).select_from(SignUp)
    found = found.join(Activity, Activity.id == SignUp.activity_id)
    found = found.outerjoin(arrivals.TIMES, arrivals.TIMES.c.sign_up_id == SignUp.id)
    return found.where(SignUp.state == SignUpState.CHECKED_IN, Activity.points > 0)
