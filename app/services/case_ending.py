"""How a case of any kind ends when its person goes away for good: withdrawn, closed, or left as it stands."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import (
    application_clocks,
    applications,
    case_clocks,
    cases,
    complaint_clocks,
    complaint_ending,
    complaints,
    legal_aid,
    legal_aid_clocks,
)
from app.services.case_moves import MOVES
from models import Case, CaseEntry, CaseKind, CaseState, EntryKind

# The first that is a move: withdrawn where nothing was answered yet.
_ENDS = (CaseState.CANCELLED, CaseState.CLOSED, CaseState.TERMINATED, CaseState.UPHELD)


async def end_alone(
    session: AsyncSession, case: Case, *, channel: str, now: datetime, own: Collection[int] = ()
) -> None:
    """Nobody waits for it any more. `case` is locked and not over; `own`: ids of all cases of this person."""
    to = next(each for each in _ENDS if each in MOVES[case.kind][case.state])
    at = cases.moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.EVENT, blocks=[], by="system", channel=channel, created_at=at
    )
    cases.move(case, to, entry)
    case.closed_at = at
    if case.kind is CaseKind.COMPLAINT:
        if to is CaseState.CANCELLED:  # nobody was answered yet
            session.add(entry)
            await session.flush()
            await complaint_ending.lift(session, case, now, but=own)
        complaint_clocks.stop(await complaints.facts_of(session, case))
    case_clocks.end(case)
    if case.kind is CaseKind.APPLICATION:
        application_clocks.end(await applications.of_case(session, case))
    if case.kind is CaseKind.LEGAL_AID:
        legal_aid_clocks.end(case, await legal_aid.row_of(session, case))
    session.add(entry)
