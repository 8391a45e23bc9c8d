"""How a complaint ends by its person: withdrawn, or he goes away. What was merged into it goes on."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import due_day
from app.errors import DomainError
from app.services import (
    case_notices,
    case_work,
    complaint_clocks,
    complaint_merging,
    complaint_notices,
    complaints,
)
from app.services.cases import moment_kept, move
from app.services.complaints import SYSTEM
from models import Case, CaseEntry, CaseState, Complaint, EntryKind


async def cancel(session: AsyncSession, person_id: int, number: str, *, channel: str, now: datetime) -> Case:
    """Its person withdraws it. A second time changes nothing.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it was replied to already, or is over.
    """
    case = (await complaints.get_mine(session, person_id, number, lock=True)).case
    if case.state is CaseState.CANCELLED:
        return case
    if not complaints.can_be_withdrawn(case):
        raise DomainError(f"{case.number} {case.state.said_to_member}，不用撤销了。")
    at = moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(case_id=case.id, kind=EntryKind.EVENT, blocks=[], by="", channel=channel, created_at=at)
    move(case, CaseState.CANCELLED, entry)
    case.closed_at = at
    session.add(entry)
    await session.flush()
    await lift(session, case, now)
    complaint_clocks.end(case, await complaints.facts_of(session, case))
    await case_notices.withdraw(session, case, now, kinds=(case_notices.MOVED,))
    await session.flush()
    return case


async def lift(session: AsyncSession, case: Case, now: datetime, *, but: Collection[int] = ()) -> None:
    """`case` ends before anybody replied: the oldest that was merged into it is worked on, with its clocks.

    The others belong to that one from now on; all their people hear it. Before the clocks of `case` end.
    `but`: ids of cases that end together with it.
    """
    if case.first_answered_at is not None:  # and so were they
        return
    found = await complaint_merging.merged_into(session, case, lock=True)
    left = [(each, complaint) for each, complaint in found if each.id not in but]
    if not left:
        return
    (first, complaint), *others = left
    before = await complaints.facts_of(session, case)
    promised = case.answer_due_at if await _was_taken_up(session, case) else None
    at = moment_kept(now, anonymous=first.anonymous)
    entry = case_work.moved(first, CaseState.ACCEPTED, SYSTEM, at, reason="接着单独办理", channel="")
    session.add(entry)
    first.closed_at = complaint.merged_into_id = first.owner_id = first.owned_at = None
    complaint_clocks.go_on(first, complaint, before, promised, now)
    moved = [each.id for each, _ in others]
    along = sa.update(Complaint).where(Complaint.case_id.in_(moved))
    await session.execute(along.values(merged_into_id=first.id).execution_options(synchronize_session=False))
    await case_work.note(session, first, "原来并入的那一件撤销了，这一件接着办", SYSTEM, now)
    due = due_day(first.answer_due_at)
    said = f"合并办理的另一件撤销了，您这件接着办理，最迟 {due}答复您。"
    await complaint_notices.tell(session, first, complaint, entry, said, now)
    for each, its in others:
        note = await case_work.note(session, each, "改并到接着办的那一件", SYSTEM, now)
        said = f"合并办理的另一件撤销了，您反映的事接着办理，最迟 {due}答复您。"
        await complaint_notices.tell(session, each, its, note, said, now)


async def _was_taken_up(session: AsyncSession, case: Case) -> bool:
    taken_up = sa.select(CaseEntry.id).where(
        CaseEntry.case_id == case.id, CaseEntry.to_state == CaseState.ACCEPTED
    )
    return await session.scalar(taken_up.limit(1)) is not None
