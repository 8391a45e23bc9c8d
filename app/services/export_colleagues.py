"""What an export reads of the sign-ups somebody made for others. Whose they are is not his to take away."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import Activity, SignUp, SignUpHelp


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
