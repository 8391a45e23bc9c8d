"""Members as the roster has them: finding one, listing them by branch and kind, and what happened to one.

How they come in is in `app.services.rosters`; who is behind a chat is in `app.services.binding`.
"""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.errors import NotFound
from app.services import roster_rows
from models import LINEAGE, Branch, Member, MemberKind, MemberMove


async def find(session: AsyncSession, staff_number: str) -> Member | None:
    """By the staff number as people type it, with the branch."""
    try:
        number = roster_rows.staff_number(staff_number.strip())
    except roster_rows.Wrong:
        return None
    asked = sa.select(Member).where(Member.staff_number == number)
    return (await session.scalars(asked.options(joinedload(Member.branch)))).one_or_none()


async def get(session: AsyncSession, staff_number: str) -> Member:
    """Raises: NotFound."""
    found = await find(session, staff_number)
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
    asked = sa.select(Member).join(Member.branch).options(joinedload(Member.branch))
    gone = sa.and_(Member.left_on.is_not(None), Member.left_on <= today)
    asked = asked.where(gone if left else sa.not_(gone))
    if branch is not None:
        below = Branch.lineage.startswith(branch.lineage + LINEAGE, autoescape=True)
        asked = asked.where(sa.or_(Branch.id == branch.id, below))
    if kind is not None:
        asked = asked.where(Member.kind == kind)
    return (await session.scalars(asked.order_by(Branch.id, Member.staff_number))).all()


async def any_at_all(session: AsyncSession) -> bool:
    return await session.scalar(sa.select(Member.id).limit(1)) is not None


async def list_moves(session: AsyncSession, member: Member) -> Sequence[MemberMove]:
    """What happened to the member, the first thing first."""
    asked = sa.select(MemberMove).where(MemberMove.member_id == member.id)
    return (await session.scalars(asked.order_by(MemberMove.id))).all()
