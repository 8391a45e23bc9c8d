"""Consultations as those who ask see them: bringing one, one's own, telling more, withdrawing.

Not here: what lawyers and staff do (`consultation_work`), what time does (`case_timers`), what the
law says about deadlines (`statutory_deadlines`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError, NotFound
from app.services import case_clocks, cases, consents, rating_invitations
from app.services.case_clocks import REOPENS_FOR
from app.services.case_moves import MOVES
from app.services.cases import Blocks, Mine, Opened, move
from app.services.consultation_facts import Hurry, Intake, Opponent, to_details
from app.services.purposes import LEGAL_AID
from app.services.statutory_deadlines import nearest
from models import OVER, Case, CaseEntry, CaseKind, CaseState, Consultation, EntryKind, Urgency

KIND = CaseKind.CONSULTATION
_ALL = 1000


class Added(Enum):
    """What became of a consultation that somebody told more about."""

    NOTED = auto()
    GOES_ON = auto()  # we had waited for it
    REOPENED = auto()


@dataclass(frozen=True, slots=True)
class Own:
    """One of a person's own consultations."""

    mine: Mine
    facts: Consultation

    @property
    def case(self) -> Case:
        return self.mine.case

    @property
    def state_label(self) -> str:
        """As the member reads it; only this one is worded for staff."""
        return self.case.state.said_to_member

    @property
    def can_be_withdrawn(self) -> bool:
        return CaseState.CANCELLED in MOVES[KIND][self.case.state]

    def takes_more(self, now: datetime) -> bool:
        if self.case.state is CaseState.CLOSED and self.case.closed_at is not None:
            return now < self.case.closed_at + REOPENS_FOR
        return self.case.state not in OVER


async def open_consultation(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    intake: Intake,
    *,
    channel: str,
    now: datetime,
) -> Opened:
    """Keep a new one, with the nearest deadline the law sets and the time by which it is answered.

    Who calls has asked for consent (`purposes.LEGAL_AID`); it is kept here.
    """
    await consents.give(session, person_id, LEGAL_AID, channel=channel, now=now)
    due_at = case_clocks.first_answer_due(now)
    opened = await cases.open_case(
        session,
        KIND,
        person_id,
        follower_id,
        topic=intake.topic.value,
        blocks=intake.parts,
        contact=intake.contact,
        due_at=due_at,
        channel=channel,
        now=now,
    )
    case_id = (await session.scalars(sa.select(Case.id).where(Case.number == opened.number))).one()
    dates, deadline = intake.dates, nearest(intake.deadlines, civil_date(now))
    near = deadline is not None and deadline.is_near(civil_date(now))
    session.add(
        Consultation(
            case_id=case_id,
            happened_on=dates.happened_on,
            known_on=dates.known_on,
            employment=dates.employment,
            left_on=dates.left_on,
            own_company=intake.opponent is Opponent.OWN_COMPANY,
            details=to_details(intake),
            deadline_on=deadline and deadline.on,
            deadline_basis=deadline and deadline.basis,
            urgency=Urgency.URGENT if near or intake.hurry is Hurry.PRESSING else Urgency.NORMAL,
            fast_track=near,
            consent_version=LEGAL_AID.version,
            consent_at=now,
        )
    )
    await session.flush()
    return opened


async def list_mine(session: AsyncSession, person_id: int, limit: int) -> Sequence[Own]:
    """Newest first."""
    found = await cases.list_mine(session, person_id, limit, KIND)
    facts = await facts_of_all(session, [mine.case for mine in found])
    return [Own(mine, facts[mine.case.id]) for mine in found]


async def get_mine(session: AsyncSession, person_id: int, number: str, *, lock: bool = False) -> Own:
    """The person's own of that number; somebody else's is as if it did not exist.

    Raises:
        NotFound
    """
    found = await cases.find_mine(session, person_id, number.strip().upper(), KIND, lock=lock)
    if found is None:
        raise NotFound("没有找到这件咨询，请回复「我的咨询」，点编号查看。")
    return Own(found, await facts_of(session, found.case))


async def facts_of(session: AsyncSession, case: Case) -> Consultation:
    """As they stand now; who changes them has locked the case."""
    chosen = sa.select(Consultation).where(Consultation.case_id == case.id)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def facts_of_all(session: AsyncSession, found: Sequence[Case]) -> dict[int, Consultation]:
    """By the id of the case; cases of other kinds have none."""
    ids = [case.id for case in found if case.kind is KIND]
    if not ids:
        return {}
    chosen = sa.select(Consultation).where(Consultation.case_id.in_(ids))
    return {each.case_id: each for each in await session.scalars(chosen)}


async def add(
    session: AsyncSession, person_id: int, number: str, blocks: Blocks, *, channel: str, now: datetime
) -> Added:
    """The member tells more: we go on where we waited for it; soon after an answer it is opened again.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it is over for more than seven days, was handed on or withdrawn.
    """
    own = await get_mine(session, person_id, number, lock=True)
    if not own.takes_more(now):
        raise DomainError(f"{own.case.number} {own.case.state.label}，不能再补充。有新情况请重新咨询。")
    entry = CaseEntry(
        case_id=own.case.id,
        kind=EntryKind.MEMBER,
        blocks=list(blocks),
        by="",
        channel=channel,
        created_at=now,
    )
    added = _take_up(own, entry, now)
    session.add(entry)
    if added is Added.REOPENED:
        await rating_invitations.withdraw(session, own.case, now)
    await session.flush()
    return added


def _take_up(own: Own, entry: CaseEntry, now: datetime) -> Added:
    match own.case.state:
        case CaseState.WAITING_USER:
            move(own.case, CaseState.IN_PROGRESS, entry)
            case_clocks.go_on(own.case, now)
            return Added.GOES_ON
        case CaseState.ANSWERED | CaseState.CLOSED:
            move(own.case, CaseState.REOPENED, entry)
            own.case.closed_at = None
            case_clocks.reopen(own.case, now)
            return Added.REOPENED
    return Added.NOTED


async def cancel_unanswered(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> int:
    """Withdraw all that can be withdrawn; how many there were."""
    numbers = [own.case.number for own in await list_mine(session, person_id, _ALL) if own.can_be_withdrawn]
    for number in numbers:
        await cancel(session, person_id, number, channel=channel, now=now)
    return len(numbers)


async def cancel(session: AsyncSession, person_id: int, number: str, *, channel: str, now: datetime) -> Case:
    """The member withdraws it. A second time changes nothing.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it was answered already, or is over.
    """
    own = await get_mine(session, person_id, number, lock=True)
    case = own.case
    if case.state is CaseState.CANCELLED:
        return case
    if not own.can_be_withdrawn:
        raise DomainError(f"{case.number} {case.state.label}，不用撤销了。")
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.EVENT, blocks=[], by="", channel=channel, created_at=now
    )
    move(case, CaseState.CANCELLED, entry)
    case.closed_at = now
    case_clocks.end(case)
    session.add(entry)
    await session.flush()
    return case
