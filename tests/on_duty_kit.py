"""Staff on a rota, for stories of how a case finds somebody: Monday 23 November 2026, nine in the morning."""

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.jobs import case_clocks as job
from app.services import case_work, duty_rooms, permissions, rota, staff
from app.services.staff import Wanted
from models import Case, DutyRoom, Half, Role, Staff, StaffState
from tests.conftest import FakeClock
from tests.consulting import consult, person

AM, PM = Half.MORNING, Half.AFTERNOON


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


MONDAY = at("2026-11-23 09:00")
TODAY = date(2026, 11, 23)


async def employ(session: AsyncSession, name: str, *roles: Role | Wanted, wechat: bool = False) -> Staff:
    wanted = [each if isinstance(each, Wanted) else Wanted(each) for each in roles]
    login = f"s{secrets.token_hex(4)}"
    made = (await staff.invite(session, login, name, wanted, by=None, now=MONDAY)).staff
    made.state, made.person_id = StaffState.ACTIVE, await person(session) if wechat else None
    await session.flush()
    return made


class Office:
    """A database with somebody who leads all rooms, and days that pass."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.lead: Staff
        clock.set(MONDAY)

    async def opens(self, *rooms: DutyRoom) -> None:
        async with self.database.transaction() as session:
            self.lead = await employ(session, "王主席", Role.UNION_ADMIN, wechat=True)
            by = await permissions.standing_of(session, self.lead)
            for room in rooms:
                await duty_rooms.turn(session, room, True, 0, by, self.clock.now())

    async def hires(self, name: str, *roles: Role | Wanted, wechat: bool = False, **changed: Any) -> Staff:
        async with self.database.transaction() as session:
            made = await employ(session, name, *(roles or (Role.LAWYER,)), wechat=wechat)
            for column, value in changed.items():
                setattr(made, column, value)
            return made

    async def puts(self, who: Staff, *cells: tuple[date, Half], room: DutyRoom = DutyRoom.LEGAL) -> None:
        """On duty; where no half day is said, the whole of this Monday."""
        async with self.database.transaction() as session:
            by = await permissions.standing_of(session, self.lead)
            chosen = cells or ((TODAY, AM), (TODAY, PM))
            await rota.add(session, room, await session.get_one(Staff, who.id), chosen, by, self.clock.now())

    async def asks(self, **changed: Any) -> str:
        async with self.database.transaction() as session:
            return (await consult(session, await person(session), now=self.clock.now(), **changed)).number

    async def passes(self, until: str = "") -> None:
        if until:
            self.clock.set(at(until))
        await job.run(self.database, self.clock)

    async def case(self, number: str) -> Case:
        async with self.database.reading() as session:
            return await case_work.get_case(session, number)

    async def whose(self, number: str) -> int | None:
        return (await self.case(number)).owner_id
