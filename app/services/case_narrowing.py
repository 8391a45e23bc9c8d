"""What lists of cases of any kind are narrowed by alike: who has one, whom it waits for, and its number.

Not here: what somebody may see at all (each list says that itself).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.gathered import memory
from app.services import case_mentions, case_reminders
from models import Case, Staff

Conditions = list[sa.ColumnElement[bool]]


def owned(owner_id: int | None, login: str, *, is_free: bool) -> Conditions:
    """Who of staff has it; nothing given narrows nothing."""
    found: Conditions = []
    if owner_id is not None:
        found.append(Case.owner_id == owner_id)
    if login:
        his = sa.select(Staff.id).where(Staff.login == login.lower()).scalar_subquery()
        found.append(Case.owner_id == his)
    if is_free:
        found.append(Case.owner_id.is_(None))
    return found


def waiting_for(named_id: int | None, reminded_id: int | None, now: datetime) -> Conditions:
    """Ids of staff: whom a note names who has not looked since; who wanted to look at it again by `now`."""
    found: Conditions = []
    if named_id is not None:
        found.append(Case.id.in_(case_mentions.cases_naming(named_id)))
    if reminded_id is not None:
        found.append(Case.id.in_(case_reminders.cases_due(reminded_id, now)))
    return found


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """Whether any case of any kind waits for somebody so; where none does, no list need be counted."""

    named: bool
    reminded: bool


async def waited_for(session: AsyncSession, staff_id: int, now: datetime) -> WaitedFor:
    """Asked once for all rooms of a page."""
    key = f"waited-for:{staff_id}"
    known: WaitedFor | None = memory(session).get(key)
    if known is None:
        named = case_mentions.cases_naming(staff_id).exists()
        reminded = case_reminders.cases_due(staff_id, now).exists()
        row = (await session.execute(sa.select(named.label("named"), reminded.label("reminded")))).one()
        known = memory(session)[key] = WaitedFor(row.named, row.reminded)
    return known


def numbered(number: str) -> Conditions:
    """By the whole number, however it is spelled; none narrows nothing."""
    return [Case.number == number.replace(" ", "").upper()] if number else []
