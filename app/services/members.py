"""Members as rules and pages see them: who somebody is in the roster, and whether he still is.

Not here: how the roster comes in (`rosters`), how a person becomes a member of it (`binding`).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.errors import NotFound
from app.services.audience_rows import is_active
from models import Branch, Member, MemberEvent, MemberMove, Membership


async def find_of_person(session: AsyncSession, person_id: int) -> Member | None:
    """The row of the roster this person has bound, with its branch; also of one who has left."""
    found: Member | None = await session.scalar(_with_branch().where(Member.person_id == person_id))
    return found


async def find_membership(session: AsyncSession, person_id: int, today: date) -> Membership | None:
    """What rules ask of this person; None unless he is a member today."""
    chosen = sa.select(Member.kind, Branch.lineage, Member.sex).join(Branch, Branch.id == Member.branch_id)
    chosen = chosen.where(Member.person_id == person_id, is_active(today))
    row = (await session.execute(chosen)).one_or_none()
    return None if row is None else Membership(row.kind, row.lineage, row.sex)


async def get_by_staff_number(session: AsyncSession, staff_number: str, *, lock: bool = False) -> Member:
    """Raises: NotFound."""
    chosen = _with_branch().where(Member.staff_number == staff_number)
    if lock:
        chosen = chosen.with_for_update(of=Member).execution_options(populate_existing=True)
    found: Member | None = await session.scalar(chosen)
    if found is None:
        raise NotFound(f"花名册里没有工号 {staff_number}，请核对。")
    return found


def note(
    session: AsyncSession,
    member: Member,
    what: MemberEvent,
    *,
    by: str,
    channel: str,
    now: datetime,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    """Keep what happened to a member; `changes` by field, before and after."""
    told = {field: list(pair) for field, pair in changes.items()} if changes else None
    session.add(MemberMove(member_id=member.id, what=what, changes=told, by=by, channel=channel, at=now))


def _with_branch() -> sa.Select[Member]:
    return sa.select(Member).join(Member.branch).options(contains_eager(Member.branch))
