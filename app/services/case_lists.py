"""Lists of cases for those who answer them: what waits for an answer first, the earliest due before the rest.

Not here: applications and changes of members' data, which are decided and have lists of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import NotFound
from app.services import (
    case_conflicts,
    case_facts,
    case_narrowing,
    case_owners,
    case_ratings,
    case_seen,
    cases,
)
from app.services.case_facts import NOTHING, Facts
from app.services.case_moves import UNANSWERED
from app.services.permissions import Right, Scope
from models import Care, Case, CaseEntry, CaseKind, CaseState, Consultation, EntryKind

FIRST = 100  # of those that wait; who has more answers these before looking further
EXCERPT = 30  # characters of a title


@dataclass(frozen=True, slots=True)
class Room:
    """Which cases lie together: kinds, and whether those that ask for a correction."""

    kinds: tuple[CaseKind, ...]
    corrections: bool = False

    @property
    def holds(self) -> sa.ColumnElement[bool]:
        is_correction = Case.topic == cases.CORRECTION
        return Case.kind.in_(self.kinds) & (is_correction if self.corrections else ~is_correction)


class Unhappy(StrEnum):
    """Cases whose person was not satisfied."""

    ALL = "bad"
    WAITING = "call"  # nobody has called back yet


DESK = Room((CaseKind.DESK, CaseKind.FEEDBACK))
LEGAL = Room((CaseKind.CONSULTATION,))
COUNSEL = Room((CaseKind.COUNSELLING,))
HEALTH = Room((CaseKind.HEALTH,))
COMPLAINTS = Room((CaseKind.COMPLAINT,))
CORRECTIONS = Room((CaseKind.DESK,), corrections=True)


class Place(NamedTuple):
    """A room of the console in which people are answered, and what it takes there."""

    room: Room
    reads: Right
    answers: Right


PLACES: Final[Mapping[str, Place]] = {  # by what the address of its page ends with
    "cases": Place(DESK, Right.DESK_READ, Right.DESK_ANSWER),
    "consultations": Place(LEGAL, Right.LEGAL_READ, Right.LEGAL_ANSWER),
    "counselling": Place(COUNSEL, Right.COUNSEL_READ, Right.COUNSEL_ANSWER),
    "health": Place(HEALTH, Right.HEALTH_READ, Right.HEALTH_ANSWER),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see of a room, as far as he may. Empty words narrow nothing."""

    room: Room
    scope: Scope
    now: datetime
    kind: CaseKind | None = None
    state: CaseState | None = None
    topic: str = ""
    number: str = ""
    late: bool = False
    today: bool = False  # due by the end of today, or late
    owner_id: int | None = None
    owner_login: str = ""
    is_free: bool = False  # nobody has taken it
    named_id: int | None = None  # of staff: a note names him, and he has not looked since
    reminded_id: int | None = None  # of staff: he wanted to look at it again by now
    unhappy: Unhappy | None = None
    longest_first: bool = False  # by how long the oldest words have waited, not by when they are due

    def waiting(self) -> sa.Select[Case]:
        """Unanswered ones: near a deadline of the law, or in danger, first; then the earliest due.

        Or, where that is asked, who has waited longest.
        """
        # Few have a due time; they are found by the index of those that have one.
        owed = (Case.answer_due_at.is_not(None), Case.state.in_(UNANSWERED))
        chosen = _joined(Case).where(*self._narrowed(), *owed)
        until = self.until
        chosen = chosen if until is None else chosen.where(Case.answer_due_at < until)
        if self.longest_first:
            return chosen.order_by(Case.waiting_since, Case.id)
        first = sa.case((sa.or_(Consultation.fast_track.is_(True), Care.urgent.is_(True)), 0), else_=1)
        return chosen.order_by(first, Case.answer_due_at, Case.id)

    def others(self) -> sa.Select[Case]:
        """All that waits for nothing of ours; no order yet."""
        chosen = sa.select(Case).where(*self._narrowed(), Case.state.not_in(UNANSWERED))
        return chosen if self.until is None else chosen.where(sa.false())

    def everything(self) -> sa.Select[Case]:
        return sa.select(Case).where(*self._narrowed())

    @property
    def until(self) -> datetime | None:
        """An answer must be owed before then."""
        if self.late:
            return self.now
        return start_of_day(self.now) + timedelta(days=1) if self.today else None

    def _narrowed(self) -> list[sa.ColumnElement[bool]]:
        found = [self.room.holds, case_conflicts.within(self.scope)]
        for column, wanted in ((Case.kind, self.kind), (Case.state, self.state), (Case.topic, self.topic)):
            if wanted:
                found.append(column == wanted)
        found += case_narrowing.owned(self.owner_id, self.owner_login, is_free=self.is_free)
        found += case_narrowing.waiting_for(self.named_id, self.reminded_id, self.now)
        if self.unhappy:
            found.append(case_ratings.is_unhappy(waiting=self.unhappy is Unhappy.WAITING))
        return [*found, *case_narrowing.numbered(self.number)]


def asked_of(room: Room, scope: Scope, staff_id: int, given: Mapping[str, str], now: datetime) -> Asked:
    """What a list's filters say, as words; `staff_id` is who looks.

    Raises: ValueError: a filter has a value that it cannot have.
    """
    kind, state, whose, why = (given.get(name, "") for name in ("kind", "state", "owner", "for"))
    return Asked(
        room,
        scope,
        now,
        kind=CaseKind(kind) if kind else None,
        state=CaseState(state) if state else None,
        topic=given.get("topic", ""),
        number=given.get("number", ""),
        late=given.get("due") == "late",
        today=given.get("due") == "today",
        owner_login=given.get("login", ""),
        owner_id=staff_id if whose == "mine" else None,
        is_free=whose == "free",
        named_id=staff_id if why == "named" else None,
        reminded_id=staff_id if why == "reminded" else None,
        unhappy=Unhappy(given["rated"]) if given.get("rated") else None,
        longest_first=given.get("order") == "waiting",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A case as a list shows it."""

    case: Case
    title: str  # the first words, of 人工 the newest
    due_at: datetime | None  # None: no answer is owed
    is_late: bool
    is_urgent: bool
    owner: str = ""
    is_new: bool = False  # words of its person that nobody has opened (`case_seen`)

    @property
    def topic(self) -> str:
        return cases.topic_of(self.case)

    @property
    def is_open(self) -> bool:
        """Whether an answer is owed; who has it can change."""
        return self.case.state in UNANSWERED


@dataclass(frozen=True, slots=True)
class Count:
    waiting: int
    late: int
    mine: int = 0  # of those that wait, taken by who asks
    mine_late: int = 0


async def list_waiting(session: AsyncSession, asked: Asked) -> Sequence[Case]:
    """The first hundred; `count` tells how many there are."""
    return (await session.scalars(asked.waiting().limit(FIRST))).all()


async def count(session: AsyncSession, asked: Asked, staff_id: int | None = None) -> Count:
    """`staff_id`: who asks."""
    is_late, is_mine = Case.answer_due_at < asked.now, Case.owner_id == staff_id
    few = (sa.func.count(sa.case((each, 1))) for each in (is_late, is_mine, sa.and_(is_mine, is_late)))
    chosen = asked.waiting().order_by(None).with_only_columns(sa.func.count(), *few)
    counted: Any = (await session.execute(chosen)).one()
    return Count(*counted)


async def count_all(session: AsyncSession, asked: Asked) -> int:
    """Whatever state they are in."""
    return int(await session.scalar(asked.everything().with_only_columns(sa.func.count(Case.id))) or 0)


async def get(session: AsyncSession, room: Room, scope: Scope, number: str, *, lock: bool = False) -> Case:
    """A case of this room within the scope; any other is as if it did not exist. Raises: NotFound."""
    wanted = sa.select(Case).where(Case.number == number.strip().upper(), room.holds)
    wanted = wanted.where(case_conflicts.within(scope))
    found: Case | None = await session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFound("没有找到这件事项，请核对编号。")
    return found


async def rows(session: AsyncSession, found: Sequence[Case], now: datetime) -> list[Row]:
    facts = await case_facts.read_all(session, found, now)
    titles = await titles_of(session, found)
    names = await case_owners.names_of(session, found)
    new = await case_seen.new_among(session, [case.id for case in found if case.state in UNANSWERED])
    return [
        row_of(
            *(case, facts.get(case.id, NOTHING), now, titles.get(case.id, ""), names.get(case.id, "")),
            is_new=case.id in new,
        )
        for case in found
    ]


def row_of(
    case: Case, facts: Facts, now: datetime, title: str = "", owner: str = "", *, is_new: bool = False
) -> Row:
    due = case.answer_due_at if case.state in UNANSWERED else None
    is_late, is_urgent = due is not None and due < now, due is not None and facts.is_urgent
    return Row(case, title, due, is_late, is_urgent, owner, is_new)


async def titles_of(session: AsyncSession, found: Sequence[Case]) -> dict[int, str]:
    """What a case was opened with; who asked for 人工 says later what it is about."""
    talks = [case.id for case in found if case.kind is CaseKind.DESK]
    others = [case.id for case in found if case.kind is not CaseKind.DESK]
    ids = [
        *await _chosen_entries(session, sa.func.min(CaseEntry.id), others),
        *await _chosen_entries(session, sa.func.max(CaseEntry.id), talks),
    ]
    entries = await session.scalars(sa.select(CaseEntry).where(CaseEntry.id.in_(ids)))
    return {entry.case_id: _short(cases.text_of(entry)) for entry in entries}


async def _chosen_entries(
    session: AsyncSession, which: sa.ColumnElement[int], case_ids: Sequence[int]
) -> Sequence[int]:
    if not case_ids:
        return ()
    theirs = sa.select(which).where(CaseEntry.case_id.in_(case_ids), CaseEntry.kind == EntryKind.MEMBER)
    return (await session.scalars(theirs.group_by(CaseEntry.case_id))).all()


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= EXCERPT else f"{plain[:EXCERPT]}…"


def _joined(*columns: Any) -> sa.Select[Any]:
    chosen = sa.select(*columns).outerjoin(Consultation, Consultation.case_id == Case.id)
    return chosen.outerjoin(Care, Care.case_id == Case.id)
