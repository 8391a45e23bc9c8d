"""Who earned points over a period, as lines of a sheet for the union's office."""

from collections.abc import AsyncIterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import points
from app.services.attendance_figures import Period
from app.services.participants import UNKNOWN
from app.services.permissions import Scope
from models import Activity, Branch, Member, SignUp

HEADS: Final = ("工号", "姓名", "组织", "活动", "日期", "来了几次", "积分")
_BATCH: Final = 500  # rows


async def each(session: AsyncSession, scope: Scope, period: Period) -> AsyncIterator[list[str]]:
    """Under `HEADS`, of every sign-up that earned any at an activity within `scope` that began in `period`,
    in the order in which they were made.
    """
    first, until = period.moments
    wanted = points.chosen(SignUp.id, Member.staff_number, Member.name, Branch, Activity, points.TIMES)
    wanted = wanted.outerjoin(Member, Member.person_id == SignUp.person_id)
    wanted = wanted.outerjoin(Branch, Branch.id == Member.branch_id)
    wanted = wanted.where(
        sa.and_(Activity.starts_at >= first, Activity.starts_at < until), scope.holds(Activity.branch_id)
    )
    last = 0
    while True:
        batch = wanted.where(SignUp.id > last).order_by(SignUp.id).limit(_BATCH)
        rows = (await session.execute(batch)).all()
        for number, staff_number, name, branch, activity, times in rows:
            last = number
            who = [staff_number or "", name or UNKNOWN, branch.way if branch is not None else ""]
            day = f"{shanghai(activity.starts_at):%Y-%m-%d}"
            yield [*who, activity.title, day, str(times), str(times * activity.points)]
        if len(rows) < _BATCH:
            return
