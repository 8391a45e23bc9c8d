"""What is left of members a year after they left."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.jobs import retention
from app.services import cases, members
from models import CaseKind, Member, MemberEvent, MemberMove
from tests import making
from tests.conftest import NOON, FakeClock

WORDS = [{"type": "text", "text": "灯坏了"}]


async def facts(session: AsyncSession) -> list[tuple[str, str | None, str | None]]:
    rows = await session.execute(
        sa.select(Member.staff_number, Member.born_on, Member.phone).order_by(Member.id)
    )
    return [(number, born_on, phone) for number, born_on, phone in rows]


async def test_birth_and_phone_go_a_year_after_leaving_and_the_rest_stays(
    database: Database, clock: FakeClock
) -> None:
    today = civil_date(NOON)
    async with database.transaction() as session:
        who = (await making.person(session)).person_id
        left = await making.member(session, left_on=today, person_id=who)
        await making.member(session, "王强", staff_number="10002")
        phone = {"phone": ("13700000000", "13812345678")}
        members.note(session, left, MemberEvent.CHANGED, by="王强", channel="cli", now=NOON, changes=phone)
        await cases.open_case(session, CaseKind.FEEDBACK, who, None, blocks=WORDS, now=NOON)
    kept = [("10001", "1985-03-05", "13812345678"), ("10002", "1985-03-05", "13812345678")]

    clock.advance(timedelta(days=364).total_seconds())
    await retention.run(database, clock)
    async with database.reading() as session:
        assert await facts(session) == kept
    clock.advance(timedelta(days=1).total_seconds())
    await retention.run(database, clock)

    async with database.reading() as session:
        assert await facts(session) == [("10001", None, None), kept[1]]
        (row,) = await session.scalars(sa.select(Member).where(Member.left_on.is_not(None)))
        assert (row.name, row.left_on, row.person_id) == ("李娜", today, who)
        (move,) = await session.scalars(sa.select(MemberMove))
        assert (move.what, move.changes) == (MemberEvent.CHANGED, None)
        assert len(await cases.list_mine(session, who, 8)) == 1
