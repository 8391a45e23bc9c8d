"""What waits in the database, and how far menus are: the same for every process that looks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.advice_kinds import ADVICE
from models import (
    Case,
    CrisisAlert,
    LegalAid,
    MembershipApplication,
    MenuPushStep,
    MenuRevision,
    Outbox,
    StepState,
)

WAITING: Final = ("queued", "sending", "failed_retry")


@dataclass(frozen=True, slots=True)
class Figures:
    waiting: dict[str, int]  # effects not settled, by state
    late_seconds: float  # how long the oldest due one has waited
    alerts_untaken: int
    alerts_unreached: int  # the last round reached nobody within a minute
    consultations_overdue: int  # of all kinds: law, mind, health
    applications_overdue: int  # 入会 and 法律援助
    menu_applied: int  # number of the live revision
    menu_pushed: int  # the newest that WeChat shows, or may show at all


async def read(session: AsyncSession, now: datetime) -> Figures:
    waiting, late = await _waiting(session, now)
    untaken, unreached = await _alerts(session, now)
    applied, pushed = await _menus(session)
    consultations = sa.select(sa.func.count(Case.id)).where(Case.kind.in_(ADVICE), Case.answer_due_at <= now)
    applications = sa.select(sa.func.count()).where(MembershipApplication.due_at <= now)
    aid = sa.select(sa.func.count()).where(LegalAid.due_at <= now)
    return Figures(
        *(waiting, late, untaken, unreached),
        await session.scalar(consultations) or 0,
        (await session.scalar(applications) or 0) + (await session.scalar(aid) or 0),
        *(applied, pushed),
    )


async def _waiting(session: AsyncSession, now: datetime) -> tuple[dict[str, int], float]:
    # Written out: neither database uses a partial index for states that come as parameters.
    waiting = sa.text("state IN ('queued', 'sending', 'failed_retry')")
    rows = await session.execute(
        sa.select(Outbox.state, sa.func.count(), sa.func.min(Outbox.due_at))
        .where(waiting)
        .group_by(Outbox.state)
    )
    found = {str(state): (count, oldest) for state, count, oldest in rows}
    oldest = min((at for _, at in found.values()), default=now)
    counts = {state: found.get(state, (0, None))[0] for state in WAITING}
    return counts, max(0.0, (now - oldest).total_seconds())


async def _alerts(session: AsyncSession, now: datetime) -> tuple[int, int]:
    counts = sa.select(sa.func.count(), sa.func.count(sa.case((CrisisAlert.unheard(now), 1))))
    row = (await session.execute(counts.where(sa.text("state = 'waiting'")))).one()
    return row[0], row[1]


async def _menus(session: AsyncSession) -> tuple[int, int]:
    steps = sa.select(MenuPushStep.id).where(MenuPushStep.revision_id == MenuRevision.id)
    newest = sa.select(sa.func.max(MenuRevision.number))
    applied = await session.scalar(newest) or 0
    # The newest with nothing left to do is as far as it will ever get: steps of its own that were dropped
    # belong to an earlier try, or to an account that has no menu calls.
    left = sa.exists(steps.where(MenuPushStep.state.in_((StepState.WAITING, StepState.FAILED))))
    undone = sa.exists(steps.where(MenuPushStep.state != StepState.DONE))
    settled = sa.case((MenuRevision.number == applied, ~left), else_=~undone)
    return applied, await session.scalar(newest.where(sa.exists(steps), settled)) or 0
