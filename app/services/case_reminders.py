"""跟进提醒: somebody of staff wants to look at a case again, on a day, for a reason of his own.

It is due until he says that it is done. It is given up once the case is over, or not his to work on any
more (`reminder_timers`).
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.errors import DomainError, NotFound
from app.services import case_work
from app.services.cases import moment_kept
from app.services.permissions import Standing
from models import OVER, Case, CaseReminder

WHY_LENGTH: Final = 100  # characters
MOST: Final = 10  # open ones of one person in one case
FARTHEST: Final = timedelta(days=366)
HOUR: Final = time(9)  # where no time was said; of anonymous cases always


def moment_of(case: Case, day: str, hour: str) -> datetime:
    """`day` as 2026-11-30 and `hour` as 14:30, on a clock in China; no hour is nine o'clock.

    Raises: DomainError: they are none.
    """
    try:
        at = time.fromisoformat(hour) if hour and not case.anonymous else HOUR
        return datetime.combine(date.fromisoformat(day), at.replace(tzinfo=None), SHANGHAI)
    except ValueError:
        raise DomainError("请写哪天提醒，例如 2026-11-30；几点可以不写，就是早上 9 点。") from None


async def add(
    session: AsyncSession, case: Case, who: Standing, due_at: datetime, why: str, now: datetime
) -> CaseReminder:
    """The same form a second time changes nothing. `case` is locked.

    Raises: DomainError: no reason, a moment that has passed or is too far, or the case is over.
    """
    why = why.strip()
    if not why or len(why) > WHY_LENGTH:
        raise DomainError(f"请写明要跟进什么，1 到 {WHY_LENGTH} 个字。")
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不用再提醒。")
    if not now < due_at <= now + FARTHEST:
        raise DomainError("提醒的时间要在现在以后、一年以内。")
    found = await list_open(session, case, who.staff_id)
    for each in found:
        if each.due_at == due_at and each.why == why:
            return each
    if len(found) >= MOST:
        raise DomainError(f"这件事已经有 {MOST} 个提醒，请先了结几个。")
    at = moment_kept(now, anonymous=case.anonymous)
    made = CaseReminder(case_id=case.id, staff_id=who.staff_id, why=why, due_at=due_at, created_at=at)
    session.add(made)
    await session.flush()
    case_work.put_down(session, "case.remind", case)
    return made


async def end(session: AsyncSession, case: Case, who: Standing, public_id: str, now: datetime) -> None:
    """Done, or not wanted any more; a second time changes nothing. Raises: NotFound: none of his."""
    chosen = sa.select(CaseReminder).where(
        CaseReminder.public_id == public_id,
        CaseReminder.case_id == case.id,
        CaseReminder.staff_id == who.staff_id,
    )
    found = await session.scalar(chosen.with_for_update())
    if found is None:
        raise NotFound("没有找到这个提醒。")
    if found.ended_at is None:
        found.ended_at = moment_kept(now, anonymous=case.anonymous)
        await session.flush()
    case_work.put_down(session, "case.remind_end", case)


async def end_all(session: AsyncSession, case: Case, now: datetime) -> None:
    """It went to another desk, with what was to be looked at again."""
    at = moment_kept(now, anonymous=case.anonymous)
    still = sa.update(CaseReminder).where(CaseReminder.case_id == case.id, CaseReminder.ended_at.is_(None))
    await session.execute(still.values(ended_at=at).execution_options(synchronize_session=False))


# --- looking -----------------------------------------------------------------------------------------------


async def list_open(session: AsyncSession, case: Case, staff_id: int) -> Sequence[CaseReminder]:
    """His own of this case, the next first."""
    chosen = sa.select(CaseReminder).where(
        CaseReminder.case_id == case.id, CaseReminder.staff_id == staff_id, CaseReminder.ended_at.is_(None)
    )
    return (await session.scalars(chosen.order_by(CaseReminder.due_at, CaseReminder.id))).all()


def cases_due(staff_id: int, now: datetime) -> sa.Select[int]:
    """Ids of cases that he wanted to look at again by now and that are not over."""
    return (
        sa.select(CaseReminder.case_id)
        .join(Case, Case.id == CaseReminder.case_id)
        .where(CaseReminder.staff_id == staff_id, CaseReminder.ended_at.is_(None), CaseReminder.due_at <= now)
        .where(Case.state.not_in(OVER))
    )
