"""What time does to teams: captains are reminded a day before sign-ups close, who is late is dropped then."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.services import sign_up_notices as notices
from app.services import team_rows
from app.services.addresses import with_page
from app.services.team_rosters import page_of
from app.services.teams import WARNED_BEFORE
from models import ANNOUNCED, Activity, SignUp, Team

LATE: Final = "报名截止时还没有提交"


async def list_due(session: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Activities with teams to be warned or dropped."""
    late = Activity.closes_at <= now
    soon = sa.and_(Activity.closes_at <= now + WARNED_BEFORE, Team.warned_at.is_(None))
    found = await session.scalars(
        sa.select(Team.activity_id)
        .join(Activity, Activity.id == Team.activity_id)
        .where(Team.submitted_at.is_(None), Team.dropped_at.is_(None), sa.or_(late, soon))
        .where(Activity.state.in_(ANNOUNCED))
        .distinct()
        .limit(limit)
    )
    return list(found)


async def look(session: AsyncSession, activity: Activity, now: datetime) -> int:
    """Warn captains a day before sign-ups close, drop what is not handed in then. Returns how many teams."""
    waiting = sa.select(Team).where(
        Team.activity_id == activity.id, Team.submitted_at.is_(None), Team.dropped_at.is_(None)
    )
    found = (await session.scalars(waiting.order_by(Team.id))).all()
    for team in found:
        if activity.closes_at <= now:
            await team_rows.drop(session, activity, team, LATE, now)
        elif team.warned_at is None:
            team.warned_at = now
            captain = await session.get_one(SignUp, team.captain_id)
            count = len(await team_rows.people(session, team))
            lacks = max(0, (activity.team_least or 0) - count)
            what = f"还差 {lacks} 人" if lacks else "人够了，还没有提交"
            words = (
                f"「{activity.title}」{spoken(activity.closes_at, now)}截止报名，"
                f"「{team.name}」队{what}；到时没有提交，队伍就解散了。"
            )
            notices.team(session, captain, with_page(words, page_of(team)), now, mark="warned")
    await session.flush()
    return len(found)
