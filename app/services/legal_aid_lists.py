"""法律援助申请 as staff look for them: what is owed first, what is urgent before all; and one of them.

Who decides reads all of his branches, who carries what is assigned to him, and nothing else. The company's
own lawyers, whatever else they are, read nothing that is against it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import case_narrowing, case_threads, permissions
from app.services.legal_aid import KIND
from app.services.permissions import Right, Scope, Standing
from models import OVER, Case, CaseEntry, CaseState, EntryKind, LegalAid, Staff

OPEN_SHOWN: Final = 200  # open ones are listed by when they are due
SOON: Final = timedelta(days=2)


class Due(StrEnum):
    """What of the open ones somebody wants to see."""

    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see, as far as he may. What is empty narrows nothing."""

    scope: Scope  # of what he decides
    own_id: int  # of staff: what is assigned to him
    now: datetime
    state: CaseState | None = None
    due: Due | None = None
    fast_track: bool = False
    mine: bool = False
    named_id: int | None = None  # of staff: a note names him, and he has not looked since
    reminded_id: int | None = None  # of staff: he wanted to look at it again by now

    @property
    def is_over(self) -> bool:
        return self.state in OVER if self.state is not None else False


@dataclass(frozen=True, slots=True)
class Listed:
    case: Case
    row: LegalAid
    lawyer: str = ""

    @property
    def id(self) -> int:
        """By which the list goes on."""
        return self.case.id

    @property
    def is_over(self) -> bool:
        return self.case.state in OVER

    def is_late(self, now: datetime) -> bool:
        return self.row.due_at is not None and self.row.due_at <= now

    def is_soon(self, now: datetime) -> bool:
        return self.row.due_at is not None and now < self.row.due_at <= now + SOON


def asked_by(standing: Standing, now: datetime) -> Asked:
    return Asked(permissions.scope(standing, Right.AID_DECIDE), standing.staff_id, now)


async def list_open(session: AsyncSession, asked: Asked) -> list[Listed]:
    """Urgent ones first, then the earliest due, those for which nothing is owed last."""
    rank = sa.case((sa.and_(LegalAid.fast_track, LegalAid.due_at.is_not(None)), 0), else_=1)
    waits = sa.case((LegalAid.due_at.is_(None), 1), else_=0)
    chosen = _chosen(asked).where(Case.state.not_in(OVER)).order_by(rank, waits, LegalAid.due_at, Case.id)
    return [_listed(row) for row in await session.execute(chosen.limit(OPEN_SHOWN))]


async def list_over(session: AsyncSession, asked: Asked, before: int | None, limit: int) -> list[Listed]:
    """The newest first, those with ids below `before`."""
    chosen = _chosen(asked).where(Case.state.in_(OVER)).order_by(Case.id.desc()).limit(limit)
    chosen = chosen if before is None else chosen.where(Case.id < before)
    return [_listed(row) for row in await session.execute(chosen)]


async def count_open(session: AsyncSession, asked: Asked) -> tuple[int, int]:
    """How many wait for an act of ours, and how many of them are late."""
    late = sa.func.sum(sa.case((LegalAid.due_at <= asked.now, 1), else_=0))
    owed = _chosen(asked).where(LegalAid.due_at.is_not(None))
    count, overdue = (await session.execute(owed.with_only_columns(sa.func.count(), late))).one()
    return int(count), int(overdue or 0)


async def count(session: AsyncSession, asked: Asked) -> int:
    """Whatever state they are in."""
    return int(await session.scalar(_chosen(asked).with_only_columns(sa.func.count())) or 0)


async def count_mine(session: AsyncSession, asked: Asked) -> int:
    """Of those assigned to who asks, how many are still to be carried."""
    carried = _chosen(replace(asked, mine=True)).where(
        Case.state.in_((CaseState.ASSIGNED, CaseState.IN_PROGRESS))
    )
    return int(await session.scalar(carried.with_only_columns(sa.func.count())) or 0)


async def get(session: AsyncSession, asked: Asked, number: str, *, lock: bool = False) -> Listed:
    """As it stands now. Raises: NotFound: none, or not his matter."""
    number = number.strip().upper()
    if lock:
        await session.execute(sa.select(Case.id).where(Case.number == number).with_for_update())
    chosen = _chosen(asked).where(Case.number == number)
    row = (await session.execute(chosen.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {number[:24]} 的法律援助申请。")
    return _listed(row)


async def mark_of(session: AsyncSession, case: Case) -> str:
    """Changes with the case and with every word and paper of the member; not when staff only look."""
    said = sa.select(sa.func.max(CaseEntry.id)).where(
        CaseEntry.case_id == case.id, CaseEntry.kind == EntryKind.MEMBER
    )
    return f"{case.version}.{await session.scalar(said) or 0}"


async def refuse_moved(session: AsyncSession, case: Case, mark: str) -> None:
    """Whether it is as it was when the form was made. Raises: MovedOn: says what happened since."""
    if mark == await mark_of(session, case):
        return
    raise await case_threads.moved_meanwhile(session, case, case.state_label)


def _chosen(asked: Asked) -> sa.Select[Case, LegalAid, str | None]:
    own = Case.owner_id == asked.own_id
    chosen = (
        sa.select(Case, LegalAid, Staff.name)
        .join(LegalAid, LegalAid.case_id == Case.id)
        .outerjoin(Staff, Staff.id == Case.owner_id)
        .where(Case.kind == KIND, sa.or_(asked.scope.holds(Case.branch_id), own))
    )
    if not asked.scope.against_company:
        chosen = chosen.where(~LegalAid.own_company)
    if asked.state is not None:
        chosen = chosen.where(Case.state == asked.state)
    if asked.due is Due.LATE:
        chosen = chosen.where(LegalAid.due_at <= asked.now)
    if asked.due is Due.SOON:
        chosen = chosen.where(LegalAid.due_at > asked.now, LegalAid.due_at <= asked.now + SOON)
    if asked.fast_track:
        chosen = chosen.where(LegalAid.fast_track)
    chosen = chosen.where(*case_narrowing.waiting_for(asked.named_id, asked.reminded_id, asked.now))
    return chosen.where(own) if asked.mine else chosen


def _listed(row: sa.Row[Case, LegalAid, str | None]) -> Listed:
    case, aid, lawyer = row
    return Listed(case, aid, lawyer or "")
