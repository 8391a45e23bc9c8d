"""投诉建议 and departments a story needs, with everything filled in that it leaves out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.jobs import case_clocks as job
from app.services import case_work, complaint_ending, complaint_work, complaints, departments, permissions
from app.services.case_work import get_case
from app.services.cases import Opened
from app.services.complaint_topics import ComplaintTopic
from app.services.complaints import Filing
from app.services.permissions import Standing
from models import (
    Case,
    Complaint,
    ComplaintSort,
    Department,
    Naming,
    Outbox,
    Person,
    Role,
    Staff,
    StaffGrant,
    StaffState,
)
from tests.conftest import NOON, FakeClock

DAY = timedelta(days=1)
MORE = [{"type": "text", "text": "今天又这样"}]
WORDS = [{"type": "text", "text": "食堂的肉不新鲜"}]
FILING = Filing(ComplaintSort.COMPLAINT, ComplaintTopic.SUPPORT, WORDS, Naming.NAMED, contact="13812345678")


async def person(session: AsyncSession) -> int:
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    return row.id


async def complain(
    session: AsyncSession, person_id: int, *, now: datetime = NOON, channel: str = "chat", **changed: Any
) -> Opened:
    filing = replace(FILING, **changed)
    return await complaints.file(session, person_id, None, filing, channel=channel, now=now)


async def look(session: AsyncSession, number: str) -> tuple[Case, Complaint]:
    case = await get_case(session, number)
    return case, await complaints.facts_of(session, case)


async def employ(
    session: AsyncSession,
    name: str,
    login: str,
    role: Role = Role.HANDLER,
    branch_id: int | None = None,
    *,
    with_wechat: bool = True,
) -> Standing:
    person_id = await person(session) if with_wechat else None
    row = Staff(
        login=login, name=name, state=StaffState.ACTIVE, totp_step=0, person_id=person_id, created_at=NOON
    )
    session.add(row)
    await session.flush()
    session.add(StaffGrant(staff_id=row.id, role=role, branch_id=branch_id, given_at=NOON))
    await session.flush()
    return await permissions.standing_of(session, row)


async def department(
    session: AsyncSession, name: str = "后勤部", *people: Standing, branch_id: int | None = None
) -> Department:
    made = await departments.add(session, name, branch_id, NOON)
    for each in people:
        staff = await session.get_one(Staff, each.staff_id)
        await departments.put_in(session, made, staff, NOON)
    return made


@dataclass
class Office:
    """A union office with one department, and one complaint of Monday noon."""

    database: Database
    clock: FakeClock
    person: int = 0
    number: str = ""
    department: Department = field(default_factory=Department)
    chen: Standing = field(default_factory=lambda: Standing(0, ""))

    async def opens(self, **changed: Any) -> None:
        async with self.database.transaction() as session:
            self.chen = await employ(session, "陈晨", "chen.chen")
            self.department = await department(session, "后勤部", self.chen)
            await self.hears(session, **changed)

    async def hears(self, session: AsyncSession, **changed: Any) -> str:
        self.person = await person(session)
        opened = await complain(session, self.person, now=self.clock.now(), **changed)
        self.number = opened.number
        return self.number

    async def does(self, *steps: str) -> None:
        for step in steps:
            async with self.database.transaction() as session:
                await self.step(session, step)

    async def step(self, session: AsyncSession, step: str) -> None:
        case = await case_work.get_case(session, self.number, lock=True)
        now, by = self.clock.now(), "王强"
        match step:
            case "accept":
                await complaint_work.accept(session, case, by, now)
            case "refuse":
                await complaint_work.refuse(session, case, "不归工会管", "12345", by, now)
            case "dispatch":
                await complaint_work.dispatch(session, case, self.department, by, now)
            case "take":
                await complaint_work.take(session, case, self.chen, now)
            case "return":
                await complaint_work.give_back(session, case, "不归我们管", "陈晨", now)
            case "extend":
                await complaint_work.extend(session, case, "要等检测结果", by, now)
            case "suspend":
                until = (now + 3 * DAY).astimezone(SHANGHAI).date()
                await complaint_work.suspend(session, case, "等检测", until, "陈晨", now)
            case "resume":
                await complaint_work.resume(session, case, "陈晨", now)
            case "reply":
                await complaint_work.reply(session, case, "已经换了供货的。", "陈晨", now)
            case "close":
                await case_work.close(session, case.number, by, now)
            case "cancel":
                await complaint_ending.cancel(session, self.person, self.number, channel="chat", now=now)
            case "add":
                await complaints.add(session, self.person, self.number, MORE, channel="chat", now=now)

    async def passes(self, time: timedelta) -> None:
        self.clock.advance(time.total_seconds())
        await job.run(self.database, self.clock)

    async def look(self, number: str = "") -> tuple[Case, Complaint]:
        async with self.database.reading() as session:
            return await look(session, number or self.number)

    async def told(self, to: int | None = None) -> list[str]:
        """What its person, or somebody else, was told, oldest first."""
        async with self.database.reading() as session:
            chosen = sa.select(Outbox).where(Outbox.person_id == (to or self.person)).order_by(Outbox.id)
            payloads: list[Any] = [row.payload for row in await session.scalars(chosen)]
            return [each["content"] for each in payloads]


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    made = Office(database, clock)
    await made.opens()
    yield made
