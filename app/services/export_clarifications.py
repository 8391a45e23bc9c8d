"""What an export reads of the claims that one person brought to 辟谣."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services.clarification_rows import digest_of
from app.services.export_sources import Row, chapter
from app.services.export_values import day
from models import Clarification, ClarificationReport


@chapter(
    "clarifications",
    "反映的传言",
    "clarification_report.person_digest",
    number="编号",
    words="您写的",
    heard="从哪里听到的",
    pictures="附了几张截图",
    on="日期",
    state="办到哪一步",
)
async def _reports(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(ClarificationReport, Clarification).join(Clarification)
    mine = mine.where(ClarificationReport.person_digest == digest_of(person_id))
    return [
        {
            "number": row.number,
            "words": report.words,
            "heard": report.heard.label,
            "pictures": len(report.files),
            "on": day(shanghai(report.at).date()),
            "state": row.state.label,
        }
        for report, row in await session.execute(mine.order_by(ClarificationReport.id))
    ]
