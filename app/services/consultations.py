"""Consultations as those who ask see them: bringing one, telling more, withdrawing.

Not here: what lawyers and staff do (`consultation_work`), what time does (`case_timers`), what the
law says about deadlines (`statutory_deadlines`).
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import advice, case_clocks, cases, consents
from app.services.advice import Added
from app.services.cases import Blocks, Opened
from app.services.consultation_facts import Hurry, Intake, Opponent, to_details
from app.services.purposes import LEGAL_AID
from app.services.statutory_deadlines import nearest
from models import Case, CaseKind, Consultation, Urgency

KIND = CaseKind.CONSULTATION


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
    due_at = case_clocks.answer_due(KIND, now)
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
    _keep(session, case_id, intake, now)
    await session.flush()
    return opened


async def begin(
    session: AsyncSession, person_id: int, case_id: int, intake: Intake, *, channel: str, now: datetime
) -> None:
    """A case that came to another desk is a consultation from now on; its person has agreed to that."""
    await consents.give(session, person_id, LEGAL_AID, channel=channel, now=now)
    _keep(session, case_id, intake, now)
    await session.flush()


def _keep(session: AsyncSession, case_id: int, intake: Intake, now: datetime) -> None:
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
    """As `advice.add`, of a consultation."""
    _, added = await advice.add(session, person_id, number, blocks, KIND, channel=channel, now=now)
    return added


async def cancel_unanswered(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> int:
    return await advice.cancel_unanswered(session, person_id, KIND, channel=channel, now=now)


async def cancel(session: AsyncSession, person_id: int, number: str, *, channel: str, now: datetime) -> Case:
    """As `advice.cancel`, of a consultation."""
    return await advice.cancel(session, person_id, number, KIND, channel=channel, now=now)
