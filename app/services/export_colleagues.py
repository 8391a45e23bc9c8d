"""What an export reads of teams, and of sign-ups made for others: their names are not one's own to take."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import Activity, SignUp, SignUpHelp, Team


@chapter("helped", "替同事报的名", "sign_up_help.helper_id", activity="活动", made_at="报名时间")
async def _helped(session: AsyncSession, person_id: int) -> Sequence[Row]:
    made = (
        sa.select(Activity.title, SignUpHelp.made_at)
        .join(SignUp, SignUp.id == SignUpHelp.sign_up_id)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(SignUpHelp.helper_id == person_id)
        .order_by(SignUpHelp.id)
    )
    return [
        {"activity": title, "made_at": time(made_at)}
        for title, made_at in (await session.execute(made)).all()
    ]


@chapter("teams", "参加的队伍", activity="活动", name="队名", captain="队长")
async def _teams(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = (
        sa.select(Activity.title, Team.name, Team.captain_id == SignUp.id)
        .join(SignUp, SignUp.team_id == Team.id)
        .join(Activity, Activity.id == Team.activity_id)
        .where(SignUp.person_id == person_id)
        .order_by(Team.id)
    )
    return [
        {"activity": title, "name": name, "captain": bool(captain)}
        for title, name, captain in (await session.execute(mine)).all()
    ]
