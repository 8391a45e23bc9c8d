"""What somebody does with his own question to an adviser, of whichever kind: tell more, withdraw it.

Not here: bringing one, which asks for other facts in each kind (`consultations`, `care`).
"""

from datetime import datetime
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_clocks, cases, crisis, own_numbers, rating_invitations
from app.services.advice_kinds import ADVICE
from app.services.case_clocks import REOPENS_FOR
from app.services.case_moves import MOVES
from app.services.cases import Blocks, Mine, move
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind

_ALL = 1000


class Added(Enum):
    """What became of a case that somebody told more about."""

    NOTED = auto()
    GOES_ON = auto()  # we had waited for it
    REOPENED = auto()
    KEPT = auto()  # beside a reply, which is not made anew; somebody reads it
    COURTESY = auto()  # thanks: kept, and nothing moved


def can_be_withdrawn(case: Case) -> bool:
    return CaseState.CANCELLED in MOVES[case.kind][case.state]


def takes_more(case: Case, now: datetime) -> bool:
    if case.state is CaseState.CLOSED and case.closed_at is not None:
        return now < case.closed_at + REOPENS_FOR
    return case.state not in OVER


async def get_mine(
    session: AsyncSession, person_id: int, number: str, *kinds: CaseKind, lock: bool = False
) -> Mine:
    """The person's own of that number; somebody else's is as if it did not exist.

    Raises:
        NotFound
    """
    found = await cases.find_mine(session, person_id, number.strip().upper(), *kinds, lock=lock)
    if found is None:
        words = f"没有找到这件咨询，请回复「{ADVICE[kinds[0]].own}」，点编号查看。"
        raise await own_numbers.not_found(session, person_id, number, words)
    return found


async def add(
    session: AsyncSession,
    person_id: int,
    number: str,
    blocks: Blocks,
    *kinds: CaseKind,
    channel: str,
    now: datetime,
) -> tuple[Case, Added]:
    """The member tells more: we go on where we waited for it; soon after an answer it is opened again.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it is over for more than seven days, was handed on or withdrawn.
    """
    case = (await get_mine(session, person_id, number, *kinds, lock=True)).case
    if not takes_more(case, now):
        raise DomainError(f"{case.number} {case.state.label}，不能再补充。有新情况请重新咨询。")
    entry = CaseEntry(
        case_id=case.id,
        kind=EntryKind.MEMBER,
        blocks=list(blocks),
        by="",
        channel=channel,
        created_at=now,
    )
    added = _take_up(case, entry, now)
    session.add(entry)
    if added is Added.REOPENED:
        await rating_invitations.withdraw(session, case, now)
    await crisis.lies_in(session, person_id, case.number, blocks, now)
    await session.flush()
    return case, added


def _take_up(case: Case, entry: CaseEntry, now: datetime) -> Added:
    match case.state:
        case CaseState.WAITING_USER:
            move(case, CaseState.IN_PROGRESS, entry)
            case_clocks.go_on(case, now)
            return Added.GOES_ON
        case CaseState.ANSWERED | CaseState.CLOSED:
            move(case, CaseState.REOPENED, entry)
            case.closed_at = None
            case_clocks.reopen(case, now)
            return Added.REOPENED
    return Added.NOTED


async def cancel_unanswered(
    session: AsyncSession, person_id: int, kind: CaseKind, *, channel: str, now: datetime
) -> int:
    """Withdraw all that can be withdrawn; how many there were."""
    found = await cases.list_mine(session, person_id, _ALL, kind)
    numbers = [mine.case.number for mine in found if can_be_withdrawn(mine.case)]
    for number in numbers:
        await cancel(session, person_id, number, kind, channel=channel, now=now)
    return len(numbers)


async def cancel(
    session: AsyncSession, person_id: int, number: str, *kinds: CaseKind, channel: str, now: datetime
) -> Case:
    """The member withdraws it. A second time changes nothing.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it was answered already, or is over.
    """
    case = (await get_mine(session, person_id, number, *kinds, lock=True)).case
    if case.state is CaseState.CANCELLED:
        return case
    if not can_be_withdrawn(case):
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
