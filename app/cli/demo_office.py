"""The office of the demonstration: who of staff there is, departments, the rota, times to book, canned words.

All through the services that the console's forms call, each act in the record under the name of who did it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date, time, timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.assembly import House
from app.content_files import read_yaml
from app.services import (
    appointment_slots,
    audit,
    branches,
    canned_replies,
    case_branches,
    departments,
    passwords,
    permissions,
    rota,
    staff,
    staff_sign_in,
    staff_skills,
)
from app.services.appointment_slots import Offer
from app.services.calendar import is_working_day
from app.services.canned_replies import Filled
from app.services.permissions import Standing
from app.services.staff import Wanted
from app.services.staff_skills import Work
from models import CaseKind, DutyRoom, Half, Role, SlotPlace

BY: Final = "演示"
_KINDS: Final = {
    Role.COUNSELLOR: CaseKind.COUNSELLING,
    Role.DOCTOR: CaseKind.HEALTH,
    Role.LAWYER: CaseKind.CONSULTATION,
}


class _Part(BaseModel):
    """Unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Colleague(_Part):
    login: str
    name: str
    roles: list[Role]
    branch: str = ""
    department: str = ""
    skills: list[tuple[CaseKind, str]] = []


class Opened(_Part):
    """Times that an adviser opens; `day` counts working days from today."""

    by: str
    day: int
    begins: time
    until: time
    minutes: int
    place: SlotPlace
    room: str = ""


class Words(_Part):
    """Canned ones, everybody's unless they are somebody's own."""

    by: str
    title: str
    text: str
    rooms: list[str]
    own: bool = False


class Office(_Part):
    staff: list[Colleague] = Field(min_length=1)
    departments: list[str] = []
    duty: dict[DutyRoom, list[str]] = {}
    slots: list[Opened] = []
    canned: list[Words] = []

    @property
    def logins(self) -> list[str]:
        return [each.login for each in self.staff]


def load(path: Path) -> Office:
    return Office.model_validate(read_yaml(path))


def password_of(secret_key: str) -> str:
    """The one that all accounts of the demonstration have: other on every machine, kept nowhere."""
    made = hashlib.sha256(f"demonstration:{secret_key}".encode()).hexdigest()
    return "-".join(made[at : at + 4] for at in (0, 4, 8))


async def how_to_sign_in(house: House, office: Office) -> str:
    """For the terminal; empty where this database has other staff."""
    async with house.database.reading() as session:
        there = [each for each in await staff.list_all(session) if each.login in office.logins]
    if not there:
        return ""
    found = sorted(there, key=lambda each: office.logins.index(each.login))
    logins = "、".join(f"{each.login}（{each.grants[0].role.label}）" for each in found)
    password = password_of(house.settings.secret_key.get_secret_value())
    return f"工作台里别的账号，密码都是 {password}（自己改过的除外）：\n{logins}"


def working_day(today: date, count: int) -> date:
    """The `count`-th working day after `today`, or before it where `count` is negative; 0 is today."""
    step, day = timedelta(days=1 if count > 0 else -1), today
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def acts(house: House, who: Standing) -> AbstractAsyncContextManager[AsyncSession]:
    """A transaction of this person of staff, as one of the console."""
    actor = audit.Actor(who.name, "console", who)
    return audit.acting(house.database, house.clock, actor, otherwise="cli.command", subject="demo")


async def people(house: House, office: Office) -> Mapping[str, Standing]:
    """Make the accounts and departments; by login."""
    now = house.clock.now()
    digest = await passwords.digest(password_of(house.settings.secret_key.get_secret_value()))
    server = audit.acting(
        house.database, house.clock, audit.Actor(BY), otherwise="cli.command", subject="demo"
    )
    async with server as session:
        for name in office.departments:
            await departments.add(session, name, None, now)
        known = {}
        for each in office.staff:
            branch = await branches.get(session, each.branch) if each.branch else None
            if branch is not None:
                await case_branches.turn(session, branch, True)
            wanted = [Wanted(role, branch.id if branch is not None else None) for role in each.roles]
            made = await staff.invite(session, each.login, each.name, wanted, by=None, now=now)
            await staff_sign_in.choose_password(session, made.secret, digest, now)
            if each.department:
                department = await departments.get_named(session, each.department)
                await departments.put_in(session, department, made.staff, now)
            known[each.login] = await permissions.standing_of(session, made.staff)
    return known


async def furnish(house: House, office: Office, known: Mapping[str, Standing], today: date) -> None:
    """What the rooms need before anybody comes: skills, canned words, the rota, times to book."""
    now, lead = house.clock.now(), known[office.staff[0].login]
    for each in office.staff:
        if each.skills:
            async with acts(house, lead) as session:
                own = await staff.get_by_login(session, each.login)
                await staff_skills.change_work(session, own, Work(frozenset(each.skills), None), by=lead)
    for words in office.canned:
        who = known[words.by]
        async with acts(house, who) as session:
            filled = Filled(words.title, words.text, words.rooms, who.staff_id if words.own else None)
            await canned_replies.add(session, who, filled, now)
    await _fill_rota(house, office, known, today)
    await _open_slots(house, office, known, today)


async def _fill_rota(house: House, office: Office, known: Mapping[str, Standing], today: date) -> None:
    """Of this week and the next, each half of a working day to the next in turn."""
    now, lead = house.clock.now(), known[office.staff[0].login]
    cells = list(_cells(rota.monday_of(today)))
    for room, logins in office.duty.items():
        async with acts(house, lead) as session:
            for number, login in enumerate(logins):
                own = await staff.get_by_login(session, login)
                turns = [cell for at, cell in enumerate(cells) if (at + at // 2) % len(logins) == number]
                if turns:  # two weeks of holidays have none
                    await rota.add(session, room, own, turns, lead, now)


def _cells(monday: date) -> Iterator[rota.Cell]:
    for days in range(14):
        day = monday + timedelta(days=days)
        if is_working_day(day):
            yield from ((day, half) for half in Half)


async def _open_slots(house: House, office: Office, known: Mapping[str, Standing], today: date) -> None:
    now = house.clock.now()
    for number, each in enumerate(office.slots):
        who, day = known[each.by], working_day(today, each.day)
        kind = next(_KINDS[grant.role] for grant in who.grants if grant.role in _KINDS)
        asked = Offer(
            kind, day, each.begins, each.until, each.minutes, each.place, each.room, once=f"demo{number}"
        )
        async with acts(house, who) as session:
            await appointment_slots.offer(session, who, asked, now)
