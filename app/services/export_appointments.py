"""What an export reads of the times that somebody has booked."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.services.appointment_rows import digests
from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import AdviceSlot, Appointment, Case


@chapter(
    "appointments",
    "预约",
    "appointment.person_digest",
    kind="类别",
    starts_at="时间",
    way="方式",
    state="状态",
    called="称呼",
    phone="电话",
    words="想说的话",
    case="相关事项",
    booked_at="什么时候约的",
)
async def _appointments(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = (
        sa.select(Appointment, Case.number)
        .join(Appointment.slot)
        .outerjoin(Case, Case.id == Appointment.case_id)
        .options(contains_eager(Appointment.slot))
        .where(Appointment.person_digest.in_(digests(person_id)))
    )
    found = (await session.execute(mine.order_by(AdviceSlot.starts_at))).all()
    return [
        {
            "kind": each.kind.label,
            "starts_at": time(each.slot.starts_at),
            "way": "电话" if each.by_phone else "当面",
            "state": each.state.said_to_member,
            "called": each.called,
            "phone": each.phone,
            "words": each.words,
            "case": number,
            "booked_at": time(each.booked_at),
        }
        for each, number in found
    ]
