"""投诉建议 as lists show them: to the union all, to a department what was handed to it or asked of it.

Whoever of staff has roles only in the branch a complaint is about finds nothing of it, wherever he looks.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.clock import start_of_day
from app.errors import NotFound
from app.services import (
    case_lists,
    case_narrowing,
    case_owners,
    case_ratings,
    cases,
    complaints,
    departments,
)
from app.services.case_moves import MOVES, WITH_UNION
from app.services.permissions import Right, Standing, may
from models import Case, CaseKind, CaseState, Complaint, ComplaintPart, ComplaintSort

FIRST: Final = 100  # of those that are worked on; who has more works on these before looking further
SOON: Final = timedelta(days=3)
OURS: Final = WITH_UNION
THEIRS: Final = (  # a department's
    CaseState.DISPATCHED,
    CaseState.IN_PROGRESS,
    CaseState.EXTENDED,
    CaseState.REOPENED,
)
OPEN: Final = (*OURS, *THEIRS, CaseState.SUSPENDED)
DONE: Final = tuple(state for state in MOVES[CaseKind.COMPLAINT] if state not in OPEN)


@dataclass(frozen=True, slots=True)
class Desk:
    """From where somebody looks: the union (None), or the departments he works in."""

    standing: Standing
    department_ids: frozenset[int] | None = None
    kept: tuple[int, ...] = ()  # branches of which he sees nothing that is about them
    hidden: tuple[int, ...] = ()  # ids of cases that are about them in words alone

    @property
    def within(self) -> Hashable:
        """The same for two who see the same."""
        if self.department_ids is None:
            return may(self.standing, Right.COMPLAINTS_READ, None)
        return self.department_ids, self.kept, self.hidden

    @property
    def sees(self) -> sa.ColumnElement[bool]:
        if self.department_ids is None:
            return sa.true() if may(self.standing, Right.COMPLAINTS_READ, None) else sa.false()
        theirs: sa.ColumnElement[bool] = Case.id.in_(_theirs(self.department_ids))
        if self.hidden:
            theirs = sa.and_(theirs, Case.id.not_in(self.hidden))
        about = Complaint.about_branch_id
        return sa.and_(theirs, sa.or_(about.is_(None), about.not_in(self.kept))) if self.kept else theirs


def _theirs(department_ids: frozenset[int]) -> sa.CompoundSelect[int]:
    """Ids of cases, each half by its index: with OR, all that ever ended would be walked through."""
    handed_one = aliased(Complaint)
    handed = sa.select(handed_one.case_id).where(handed_one.department_id.in_(department_ids))
    asked = sa.select(ComplaintPart.case_id).where(ComplaintPart.department_id.in_(department_ids))
    return sa.union(handed, asked)


def of_union(standing: Standing) -> Desk:
    return Desk(standing)


async def of_departments(session: AsyncSession, standing: Standing) -> Desk:
    kept = await departments.kept_from(session, standing)
    own = frozenset(await departments.ids_of(session, standing.staff_id))
    if kept is None:
        return Desk(standing, own)
    in_words = sa.select(Complaint).where(
        Complaint.case_id.in_(_theirs(own)), Complaint.about_branch_id.is_(None), Complaint.about.is_not(None)
    )
    rows = (await session.scalars(in_words)).all()
    hidden = tuple(sorted(each.case_id for each in rows if departments.is_kept_from(standing, each)))
    return Desk(standing, own, tuple(sorted(kept)), hidden)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see, as far as he may. Empty words narrow nothing."""

    desk: Desk
    now: datetime
    state: CaseState | None = None
    sort: ComplaintSort | None = None
    topic: str = ""
    number: str = ""
    department_id: int | None = None
    late: bool = False
    today: bool = False  # due by the end of today, or late
    soon: bool = False
    owner_id: int | None = None  # of staff of the union who has it now
    owner_login: str = ""
    is_free: bool = False  # it is the union's move, and nobody has taken it
    unhappy: case_lists.Unhappy | None = None
    named_id: int | None = None  # of staff: a note names him, and he has not looked since
    reminded_id: int | None = None  # of staff: he wanted to look at it again by now

    def worked_on(self) -> sa.Select[Case]:
        """The earliest due first; suspended ones last."""
        chosen = self.chosen().where(Case.state.in_(OPEN))
        if self.late:
            chosen = chosen.where(self._is_late)
        if self.today:
            chosen = chosen.where(self._due < start_of_day(self.now) + timedelta(days=1))
        if self.soon:
            chosen = chosen.where(self._due <= self.now + SOON)
        return chosen.order_by(sa.case((self._due.is_(None), 1), else_=0), self._due, Case.id)

    def others(self) -> sa.Select[Case]:
        """Nothing is to be done; no order yet."""
        chosen = self.chosen().where(Case.state.in_(DONE))  # by the index of kinds and states
        return chosen.where(sa.false()) if self.late or self.today or self.soon else chosen

    @property
    def _due(self) -> sa.ColumnElement[datetime]:
        return sa.func.coalesce(Complaint.step_due_at, Case.answer_due_at)

    @property
    def _is_late(self) -> sa.ColumnElement[bool]:
        return sa.or_(Complaint.step_due_at < self.now, Case.answer_due_at < self.now)

    def counted(self, *states: CaseState) -> sa.Select[int, int]:
        late = sa.func.count(sa.case((self._is_late, 1)))
        found = self.worked_on().where(Case.state.in_(states)).order_by(None)
        return found.with_only_columns(sa.func.count(), late)

    def chosen(self) -> sa.Select[Case]:
        chosen = sa.select(Case).join(Complaint, Complaint.case_id == Case.id)
        chosen = chosen.where(Case.kind == CaseKind.COMPLAINT, self.desk.sees)
        for column, wanted in (
            (Case.state, self.state),
            (Complaint.sort, self.sort),
            (Case.topic, self.topic),
            (Complaint.department_id, self.department_id),
        ):
            if wanted:
                chosen = chosen.where(column == wanted)
        chosen = chosen.where(*self._whose(), *case_narrowing.numbered(self.number))
        chosen = chosen.where(*case_narrowing.waiting_for(self.named_id, self.reminded_id, self.now))
        if self.unhappy is not None:
            waiting = self.unhappy is case_lists.Unhappy.WAITING
            chosen = chosen.where(case_ratings.is_unhappy(waiting=waiting))
        return chosen

    def _whose(self) -> list[sa.ColumnElement[bool]]:
        """Who of the union has it, while it is the union's move."""
        found = case_narrowing.owned(self.owner_id, self.owner_login, is_free=self.is_free)
        return [*found, Case.state.in_(OURS)] if found else []


@dataclass(frozen=True, slots=True)
class Row:
    """A complaint as a list shows it."""

    case: Case
    complaint: Complaint
    title: str  # the first words
    department: str
    due_at: datetime | None  # of the next step; None: nothing is to be done
    is_late: bool
    owner: str = ""  # of the union, while it is its move

    @property
    def topic(self) -> str:
        return cases.topic_of(self.case)

    @property
    def whose(self) -> str:
        """Where it lies, as the union reads it; empty where nobody has anything to do with it."""
        return self.department or self.owner or ("待接" if self.case.state in OURS else "")


def due_of_case() -> sa.ColumnElement[datetime]:
    """When something is to be done about a complaint, by its own clock or the case's."""
    step = sa.select(Complaint.step_due_at).where(Complaint.case_id == Case.id).scalar_subquery()
    return sa.case((step < Case.answer_due_at, step), else_=Case.answer_due_at)


async def list_worked_on(session: AsyncSession, asked: Asked) -> Sequence[Case]:
    return (await session.scalars(asked.worked_on().limit(FIRST))).all()


async def count(session: AsyncSession, asked: Asked, *states: CaseState) -> tuple[int, int]:
    """How many are in these states, and how many of them late."""
    found, late = (await session.execute(asked.counted(*states))).one()
    return int(found), int(late)


async def count_all(session: AsyncSession, asked: Asked) -> int:
    """Whatever state they are in."""
    chosen = asked.chosen().with_only_columns(sa.func.count(Case.id))
    return int(await session.scalar(chosen) or 0)


async def count_parts(session: AsyncSession, desk: Desk, now: datetime) -> tuple[int, int]:
    """Answers that other departments ask of one's own, and how many are late."""
    late = sa.func.count(sa.case((ComplaintPart.due_at < now, 1)))
    chosen = (
        sa.select(sa.func.count(), late)
        .select_from(ComplaintPart)
        .join(Case, Case.id == ComplaintPart.case_id)
        .join(Complaint, Complaint.case_id == Case.id)
        .where(ComplaintPart.department_id.in_(desk.department_ids or ()), desk.sees)
        .where(ComplaintPart.answered_at.is_(None), Case.state.in_(OPEN))
    )
    found, late_ones = (await session.execute(chosen)).one()
    return int(found), int(late_ones)


async def get(session: AsyncSession, desk: Desk, number: str, *, lock: bool = False) -> Case:
    """One that may be seen from there; any other is as if it did not exist. Raises: NotFound."""
    chosen = (
        sa.select(Case)
        .join(Complaint, Complaint.case_id == Case.id)
        .where(Case.kind == CaseKind.COMPLAINT, Case.number == number.strip().upper(), desk.sees)
    )
    if lock:
        chosen = chosen.with_for_update(of=Case).execution_options(populate_existing=True)
    found: Case | None = await session.scalar(chosen)
    if found is None:
        raise NotFound("没有找到这件投诉建议，请核对编号。")
    return found


async def rows(session: AsyncSession, found: Sequence[Case], now: datetime) -> list[Row]:
    known = await complaints.facts_of_all(session, found)
    names = await departments.names_of(session, [each.department_id for each in known.values()])
    titles = await case_lists.titles_of(session, found)
    owners = await case_owners.names_of(session, [case for case in found if case.state in OURS])
    return [
        row_of(case, known[case.id], now, titles.get(case.id, ""), names, owners.get(case.id, ""))
        for case in found
    ]


def row_of(
    case: Case,
    complaint: Complaint,
    now: datetime,
    title: str = "",
    names: dict[int, str] | None = None,
    owner: str = "",
) -> Row:
    department = (names or {}).get(complaint.department_id or 0, "")
    dues = [each for each in (complaint.step_due_at, case.answer_due_at) if each is not None]
    due_at = min(dues) if dues and case.state in OPEN else None
    return Row(case, complaint, title, department, due_at, due_at is not None and due_at < now, owner)
