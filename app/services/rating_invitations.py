"""When people are asked how a case went: an hour after staff closed it, then after two days, for a week.

Nobody is asked about what ended by itself, was never answered or was opened again, nor who was in danger
lately (`crisis`). Nor about anonymous cases: one remembers of its person's doings the day only, and an
invitation, due an hour after the closing, would name its reader at a moment that leads back to the case; so
would a bad score that staff hear of at the moment of the tap. Not here: what is answered (`case_ratings`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import crisis, rating_notices
from app.services.case_notices import reporter
from app.services.cases import CORRECTION
from app.services.quiet_hours import is_quiet
from app.services.rating_notices import INVITED, REMINDED, Tap
from models import Case, CaseKind, CaseRating, CaseReporter, CaseState, Follower

INVITE_AFTER: Final = timedelta(hours=1)
REMIND_AFTER: Final = timedelta(hours=48)  # counted from the invitation
OPEN_FOR: Final = timedelta(days=7)  # after the closing
RATED: Final = frozenset({CaseKind.DESK, CaseKind.FEEDBACK, CaseKind.CONSULTATION, CaseKind.COMPLAINT})


async def expect(session: AsyncSession, case: Case, now: datetime) -> None:
    """Somebody of staff has just closed `case`: its person is asked, if that is to be. `case` is locked."""
    if case.kind not in RATED or case.topic == CORRECTION or case.anonymous:
        return
    if case.first_answered_at is None or not await _can_hear(session, case):
        return
    row = await find(session, case)
    if row is None:
        row = CaseRating(case_id=case.id)
        session.add(row)
    row.invite_due_at = now + INVITE_AFTER
    row.remind_due_at = row.invited_at = None
    row.end_due_at = row.ends_at = now + OPEN_FOR
    await session.flush()


async def _can_hear(session: AsyncSession, case: Case) -> bool:
    """Of whom staff wrote it down for (`case_callers`) we may know no WeChat."""
    known = await reporter(session, case)
    theirs = sa.select(Follower.id).where(Follower.person_id == known["person_id"]).limit(1)
    return "written_by" not in known or await session.scalar(theirs) is not None


async def withdraw(session: AsyncSession, case: Case, now: datetime) -> None:
    """The case is opened again: what was said of it before stands, and nobody is asked. `case` is locked."""
    row = await find(session, case)
    if row is None:
        return
    row.invite_due_at = row.remind_due_at = row.end_due_at = None
    row.ends_at = min(row.ends_at, now)
    if row.is_unhappy:
        row.called_back_at = row.called_back_at or now  # it is worked on again
    await rating_notices.withdraw(session, (await reporter(session, case))["person_id"], now, case)
    await session.flush()


async def find(session: AsyncSession, case: Case) -> CaseRating | None:
    """As it stands now; who changes it has locked the case."""
    chosen = sa.select(CaseRating).where(CaseRating.case_id == case.id)
    return await session.scalar(chosen.execution_options(populate_existing=True))


async def list_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[int]:
    """Ids of cases about which somebody is to be asked, or not any more; none while people sleep."""
    if is_quiet(now):
        return []
    due = [CaseRating.invite_due_at <= now, CaseRating.remind_due_at <= now, CaseRating.end_due_at <= now]
    chosen = sa.select(CaseRating.case_id).where(sa.or_(*due)).order_by(CaseRating.case_id)
    return (await session.scalars(chosen.limit(limit))).all()


async def advance(session: AsyncSession, case_id: int, now: datetime, *, tap: Tap) -> tuple[Case, list[str]]:
    """Do what is due; returns the case and what was done, in one word each. Twice is no error."""
    chosen = sa.select(Case).where(Case.id == case_id).with_for_update()
    case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    row = await find(session, case)
    if row is None:
        return case, []
    known = sa.select(CaseReporter.reporter).where(CaseReporter.case_id == case.id)
    who: Any = await session.scalar(known)
    if who is None or case.state is not CaseState.CLOSED:  # forgotten, or moved where nobody withdrew it
        row.invite_due_at = row.remind_due_at = row.end_due_at = None
        return case, []
    done = await _step(session, case, row, who["person_id"], tap, now)
    await session.flush()
    return case, done


async def _step(
    session: AsyncSession, case: Case, row: CaseRating, to: int, tap: Tap, now: datetime
) -> list[str]:
    if row.ends_at <= now:
        row.invite_due_at = row.remind_due_at = row.end_due_at = None
        await rating_notices.withdraw(session, to, now, case)
        return ["ended"]
    is_first = row.invite_due_at is not None and row.invite_due_at <= now
    if not is_first and not (row.remind_due_at is not None and row.remind_due_at <= now):
        return []
    row.invite_due_at = row.remind_due_at = None
    if await crisis.in_crisis(session, to, now):
        return ["spared"]
    if is_first:
        row.invited_at, row.remind_due_at = now, now + REMIND_AFTER
        rating_notices.tell(session, case, row, INVITED, to, tap, now)
        return ["invited"]
    await rating_notices.withdraw(session, to, now, case)  # it comes in place of what was not read
    rating_notices.tell(session, case, row, REMINDED, to, tap, now)
    return ["reminded"]
