"""Who did not come: noted some time after the end, so that phones which were out of reach can tell before."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.check_ins import LATER
from app.services.forgetting import change
from models import Activity, ActivityState, SignUp, SignUpMove, SignUpState

S = SignUpState


async def list_due(session: AsyncSession, ended_by: datetime, limit: int) -> list[int]:
    """Activities that were over then, and of which nobody has noted yet who did not come.

    While somebody types in a list on paper, who comes further down has not stayed away: that waits as long.
    """
    typing = sa.select(SignUpMove.id).join(SignUp, SignUp.id == SignUpMove.sign_up_id)
    typing = typing.where(SignUp.activity_id == Activity.id, SignUpMove.channel == LATER)
    due = sa.select(Activity.id).where(
        Activity.state == ActivityState.ENDED,
        Activity.absent_noted_at.is_(None),
        Activity.ends_at <= ended_by,
        ~typing.where(SignUpMove.at > ended_by).exists(),
    )
    return list(await session.scalars(due.order_by(Activity.id).limit(limit)))


async def note(session: AsyncSession, activity: Activity, now: datetime) -> int:
    """Who has a seat and was not checked in did not come; returns how many. The activity is locked.

    Where nobody at all was checked in, nobody stood at the door: then nobody is said to have stayed away.
    """
    activity.absent_noted_at = now
    await session.flush()
    anybody = sa.select(SignUp.id).where(SignUp.activity_id == activity.id, SignUp.state == S.CHECKED_IN)
    if await session.scalar(anybody.limit(1)) is None:
        return 0
    absent = (SignUp.activity_id == activity.id, SignUp.state == S.CONFIRMED)
    from_select = sa.select(
        SignUp.id,
        sa.literal(S.CONFIRMED.value),
        sa.literal(S.NO_SHOW.value),
        sa.literal("system"),
        sa.literal(""),
        sa.literal(""),
        sa.literal(now, SignUpMove.__table__.c.at.type),
    ).where(*absent)
    columns = ["sign_up_id", "from_state", "to_state", "by", "channel", "reason", "at"]
    await session.execute(sa.insert(SignUpMove).from_select(columns, from_select))
    gone = sa.update(SignUp).where(*absent).values(state=S.NO_SHOW, version=SignUp.version + 1)
    return await change(session, gone)
