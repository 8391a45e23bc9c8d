"""What stands in an export of the broadcasts that somebody watched or wanted to be reminded of."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import LiveSession, LiveVisit


@chapter(
    "lives",
    "直播",
    "live_visit.person_id",
    live="直播",
    starts_at="开始时间",
    reminds="要提醒",
    watched_at="第一次看",
)
async def _lives(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = (
        sa.select(LiveVisit, LiveSession)
        .join(LiveSession, LiveSession.id == LiveVisit.live_id)
        .where(LiveVisit.person_id == person_id)
        .order_by(LiveVisit.id)
    )
    return [
        {
            "live": live.title,
            "starts_at": time(live.starts_at),
            "reminds": visit.reminds,
            "watched_at": time(visit.watched_at),
        }
        for visit, live in (await session.execute(mine)).all()
    ]
