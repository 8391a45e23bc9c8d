"""Members as rules and pages see them: who somebody is in the roster, and whether he still is; lists of them.

Not here: how the roster comes in (`rosters`), how a person becomes a member of it (`binding`).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.clock import civil_date
from app.errors import DomainError, NotFound
from app.services.audience_rows import is_active
from models import LINEAGE, Branch, Member, MemberEvent, MemberKind, MemberMove, Membership


def written(staff_number: str) -> str:
    """A staff number that somebody typed, as the roster has it: half-width, capitals, no space."""
    return "".join(unicodedata.normalize("NFKC", staff_number).split()).upper()


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


async def find(session: AsyncSession, staff_number: str, *, lock: bool = False) -> Member | None:
    """By the staff number as people type it, with the branch."""
    chosen = _with_branch().where(Member.staff_number == written(staff_number))
    if lock:
        chosen = chosen.with_for_update(of=Member).execution_options(populate_existing=True)
    found: Member | None = await session.scalar(chosen)
    return found


async def get(session: AsyncSession, staff_number: str, *, lock: bool = False) -> Member:
    """Raises: NotFound."""
    found = await find(session, staff_number, lock=lock)
    if found is None:
        raise NotFound(f"花名册里没有工号「{staff_number}」。")
    return found


async def list_all(
    session: AsyncSession,
    today: date,
    *,
    branch: Branch | None = None,
    kind: MemberKind | None = None,
    left: bool = False,
) -> Sequence[Member]:
    """Members of today, or those who have `left`; of a branch with all below it; by branch and number."""
    asked = _with_branch().where(sa.not_(is_active(today)) if left else is_active(today))
    if branch is not None:
        below = Branch.lineage.startswith(branch.lineage + LINEAGE, autoescape=True)
        asked = asked.where(sa.or_(Branch.id == branch.id, below))
    if kind is not None:
        asked = asked.where(Member.kind == kind)
    return (await session.scalars(asked.order_by(Branch.id, Member.staff_number))).all()


async def admit(
    session: AsyncSession,
    staff_number: str,
    values: Mapping[str, Any],
    *,
    by: str,
    channel: str,
    now: datetime,
) -> Member:
    """A new member, or one who left and is back; `values` are columns of `Member`.

    Raises:
        DomainError: somebody else has the number, or it is a member's already.
    """
    member = await find(session, staff_number, lock=True)
    if member is None:
        return await _add(session, staff_number, values, by=by, channel=channel, now=now)
    if not member.has_left(civil_date(now)) or member.name != values["name"]:
        raise DomainError(
            f"花名册里已经有工号 {member.staff_number}（{member.name}）。请核对工号；确是本人的，"
            "按「未通过」办，写明请他直接绑定。"
        )
    after = {**values, "left_on": None}
    changes = {
        field: (plain(getattr(member, field)), plain(value))
        for field, value in after.items()
        if field != "branch_id" and getattr(member, field) != value
    }
    for field, value in after.items():
        setattr(member, field, value)
    member.updated_at = now
    note(session, member, MemberEvent.RETURNED, by=by, channel=channel, now=now, changes=changes)
    await session.flush()
    return member


async def _add(
    session: AsyncSession,
    staff_number: str,
    values: Mapping[str, Any],
    *,
    by: str,
    channel: str,
    now: datetime,
) -> Member:
    member = Member(staff_number=staff_number, updated_at=now, **values)
    try:
        async with session.begin_nested():
            session.add(member)
            await session.flush()
    except IntegrityError:  # an import, or another approval, had it just now
        raise DomainError(f"工号 {staff_number} 刚刚已经登记，请再看一遍。") from None
    note(session, member, MemberEvent.JOINED, by=by, channel=channel, now=now)
    return member


async def any_at_all(session: AsyncSession) -> bool:
    return await session.scalar(sa.select(Member.id).limit(1)) is not None


async def list_moves(session: AsyncSession, member: Member) -> Sequence[MemberMove]:
    """What happened to the member, the first thing first."""
    asked = sa.select(MemberMove).where(MemberMove.member_id == member.id)
    return (await session.scalars(asked.order_by(MemberMove.id))).all()


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


def plain(value: Any) -> Any:
    """A value as a move keeps it."""
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value


def _with_branch() -> sa.Select[Member]:
    return sa.select(Member).join(Member.branch).options(contains_eager(Member.branch))
