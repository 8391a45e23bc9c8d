"""What stands in an export of the posters that somebody scanned; of its own, since chapters are many."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import Activity, Poster, PosterScan


@chapter(
    "poster_scans",
    "扫过的活动海报",
    "poster_scan.person_id",
    activity="活动",
    place="张贴地点",
    scanned_at="扫码时间",
)
async def _poster_scans(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = (
        sa.select(Activity.title, Poster.place, PosterScan.scanned_at)
        .join(Poster, Poster.id == PosterScan.poster_id)
        .join(Activity, Activity.id == Poster.activity_id)
        .where(PosterScan.person_id == person_id)
        .order_by(PosterScan.id)
    )
    return [
        {"activity": title, "place": place, "scanned_at": time(at)}
        for title, place, at in (await session.execute(mine)).all()
    ]
