"""What lists of cases of any kind are narrowed by alike: who has one, whom it waits for, and its number.

Not here: what somebody may see at all (each list says that itself).
"""

from datetime import datetime

import sqlalchemy as sa

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


def numbered(number: str) -> Conditions:
    """By the whole number, however it is spelled; none narrows nothing."""
    return [Case.number == number.replace(" ", "").upper()] if number else []
