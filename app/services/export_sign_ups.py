"""What somebody signed up for and came to, as a chapter of what one may take along."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.services import arrivals, sittings
from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import Poster, SignUp


@chapter(
    "sign_ups",
    "活动报名",
    "sign_up.person_id",
    activity="活动",
    state="状态",
    seats="名额",
    answers="填的内容",
    party="同伴和监护人的同意",
    notice_at="同意安全须知的时间",
    signed_up_at="报名时间",
    checked_in_at="签到时间",
    arrived="实到人数",
    sittings="分几次办的，来了哪几次",
    poster="从哪里的海报来",
)
async def _sign_ups(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(SignUp, Poster.place).outerjoin(Poster, Poster.id == SignUp.poster_id)
    mine = mine.options(joinedload(SignUp.activity)).where(SignUp.person_id == person_id)
    rows = (await session.execute(mine.order_by(SignUp.id))).all()
    return [
        {
            "activity": entry.activity.title,
            "state": entry.state.label,
            "seats": entry.people,
            "answers": entry.answers,
            "party": entry.party,
            "notice_at": time(entry.notice_at),
            "signed_up_at": time(entry.signed_up_at),
            "checked_in_at": time(entry.checked_in_at),
            "arrived": entry.arrived,
            "sittings": await _sittings(session, entry),
            "poster": place,
        }
        for entry, place in rows
    ]


async def _sittings(session: AsyncSession, entry: SignUp) -> list[Row]:
    """To which sittings somebody came; none where there is one."""
    if not entry.activity.sittings:
        return []
    came = await arrivals.of_entry(session, entry.activity, entry)
    found = [(each, came[each.key]) for each in sittings.of(entry.activity) if each.key in came]
    return [{"which": each.name, "at": time(here.at), "arrived": here.arrived} for each, here in found]
