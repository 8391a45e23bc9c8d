"""入会申请 and 资料变更 as staff look for them in one list: what is late first; and one of them to decide.

An application belongs to the branch it asks for, a change to the branch of the member. Whoever asks says of
which branches he may know; what has no branch is for the whole union's staff.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.errors import NotFound
from app.services import application_facts, case_threads
from app.services.permissions import Scope
from models import OVER, Branch, Case, CaseKind, Member, MemberChange, MembershipApplication

KINDS: Final = (CaseKind.APPLICATION, CaseKind.MEMBER_CHANGE)
OPEN_SHOWN: Final = 200  # open ones are listed by when they are due, and nobody lets more than these wait


@dataclass(frozen=True, slots=True)
class Listed:
    """One of either kind; `branch` is the one asked for, or of the member."""

    case: Case
    application: MembershipApplication | None
    change: MemberChange | None
    branch: Branch | None

    @property
    def id(self) -> int:
        """By which the list goes on."""
        return self.case.id

    @property
    def is_over(self) -> bool:
        return self.case.state in OVER

    @property
    def due_at(self) -> datetime | None:
        """Until when we decide; None while we wait for the applicant, and when it is over."""
        return None if self.is_over else self.case.first_answer_due_at

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at <= now

    @property
    def who(self) -> str:
        if self.change is not None:
            return f"{self.change.member.name} {self.change.member.staff_number}"
        kept = application_facts.facts_of(self.application) if self.application is not None else {}
        return kept.get("name") or "（资料已清除）"

    @property
    def what(self) -> str:
        if self.change is not None:
            return self.change.what.label
        return f"入会（{self.application.kind.label}）" if self.application is not None else ""

    @property
    def branch_id(self) -> int | None:
        return None if self.branch is None else self.branch.id


def _chosen(
    scope: Scope, kind: CaseKind | None
) -> sa.Select[Case, MembershipApplication, MemberChange, Branch]:
    branch = sa.func.coalesce(MembershipApplication.branch_id, Member.branch_id)
    chosen = (
        sa.select(Case, MembershipApplication, MemberChange, Branch)
        .outerjoin(MembershipApplication, MembershipApplication.case_id == Case.id)
        .outerjoin(MemberChange, MemberChange.case_id == Case.id)
        .outerjoin(Member, Member.id == MemberChange.member_id)
        .outerjoin(Branch, Branch.id == branch)
        .options(contains_eager(MemberChange.member))
    )
    chosen = chosen.where(Case.kind.in_(KINDS) if kind is None else Case.kind == kind)
    return chosen.where(scope.holds(branch))


async def list_open(session: AsyncSession, scope: Scope, kind: CaseKind | None = None) -> list[Listed]:
    """The earliest due first, so that late ones lead; those that wait for the applicant last."""
    due_at = Case.first_answer_due_at
    waits = sa.case((due_at.is_(None), 1), else_=0)
    chosen = _chosen(scope, kind).where(Case.state.not_in(OVER)).order_by(waits, due_at, Case.id)
    return [Listed(*row) for row in await session.execute(chosen.limit(OPEN_SHOWN))]


async def list_over(
    session: AsyncSession, scope: Scope, kind: CaseKind | None, before: int | None, limit: int
) -> list[Listed]:
    """The newest first, those with ids below `before`."""
    chosen = _chosen(scope, kind).where(Case.state.in_(OVER)).order_by(Case.id.desc()).limit(limit)
    if before is not None:
        chosen = chosen.where(Case.id < before)
    return [Listed(*row) for row in await session.execute(chosen)]


async def count_open(session: AsyncSession, scope: Scope, now: datetime) -> dict[CaseKind, tuple[int, int]]:
    """By kind how many are open, and how many of them late."""
    late = sa.func.sum(sa.case((Case.first_answer_due_at <= now, 1), else_=0))
    ours = _chosen(scope, None).where(Case.state.not_in(OVER))
    counted = ours.with_only_columns(Case.kind, sa.func.count(), late).group_by(Case.kind)
    return {row[0]: (int(row[1]), int(row[2] or 0)) for row in await session.execute(counted)}


async def get(session: AsyncSession, scope: Scope, number: str, *, lock: bool = False) -> Listed:
    """As it stands now. Raises: NotFound: none, or of a branch that is not his matter."""
    if lock:
        held = sa.select(Case.id).where(Case.number == number.strip().upper()).with_for_update()
        await session.execute(held)
    chosen = _chosen(scope, None).where(Case.number == number.strip().upper())
    row = (await session.execute(chosen.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {number[:24]} 的申请。")
    return Listed(*row)


async def find_by_words(session: AsyncSession, scope: Scope, words: str, limit: int) -> list[Listed]:
    """By the whole number; of changes also by the member's number or how his name begins."""
    called = sa.or_(Member.staff_number == words.upper(), Member.name.startswith(words, autoescape=True))
    of_member = (
        sa.select(MemberChange.case_id).join(Member, Member.id == MemberChange.member_id).where(called)
    )
    found = sa.or_(Case.number == words.upper(), Case.id.in_(of_member))
    chosen = _chosen(scope, None).where(found).order_by(Case.id.desc()).limit(limit)
    return [Listed(*row) for row in await session.execute(chosen)]


async def refuse_moved(session: AsyncSession, listed: Listed, version: str, now: datetime) -> None:
    """Whether it is as it was when the form was made. Raises: MovedOn: says what happened since."""
    case = listed.case
    if version == str(case.version):
        return
    raise await case_threads.moved_meanwhile(session, case, case.state.label, now)
