"""心理疏导 and 健康咨询 as those who ask see them: bringing one, telling more, withdrawing.

Words of danger put a case before all others, said when it is brought, later on, or lately anywhere else; that
people on duty hear of them is the business of whoever takes the words in (`crisis`). Not here: what
counsellors and doctors do (`case_work`, `consultation_work`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import advice, care_facts, case_clocks, cases, consents, crisis
from app.services.advice import Added
from app.services.advice_kinds import CARE
from app.services.care_facts import Intake
from app.services.cases import Blocks, Opened
from app.services.purposes import COUNSELLING, HEALTH
from models import Care, Case, CaseKind

PURPOSES = {CaseKind.COUNSELLING: COUNSELLING, CaseKind.HEALTH: HEALTH}


@dataclass(frozen=True, slots=True)
class Brought:
    """A new case; `urgent` where words of danger were said."""

    opened: Opened
    urgent: bool


async def bring(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    intake: Intake,
    *,
    channel: str,
    now: datetime,
) -> Brought:
    """Keep a new one, with the time by which it is answered.

    Who calls has asked for consent (`PURPOSES`); it is kept here.
    """
    kind, purpose = intake.kind, PURPOSES[intake.kind]
    await consents.give(session, person_id, purpose, channel=channel, now=now)
    opened = await cases.open_case(
        session,
        kind,
        person_id,
        follower_id,
        topic=intake.topic.value,
        blocks=intake.parts,
        contact=intake.contact,
        due_at=case_clocks.answer_due(kind, now),
        channel=channel,
        now=now,
    )
    case_id = (await session.scalars(sa.select(Case.id).where(Case.number == opened.number))).one()
    urgent = await _in_danger(session, person_id, intake.parts, now)
    session.add(
        Care(
            case_id=case_id,
            details=care_facts.to_details(intake),
            urgent=urgent,
            consent_version=purpose.version,
            consent_at=consents.moment_kept(purpose, now),
        )
    )
    await session.flush()
    return Brought(opened, urgent)


async def add(
    session: AsyncSession, person_id: int, number: str, blocks: Blocks, *, channel: str, now: datetime
) -> Added:
    """As `advice.add`; words of danger bring the case to the front."""
    case, added = await advice.add(session, person_id, number, blocks, *CARE, channel=channel, now=now)
    if await _in_danger(session, person_id, blocks, now):
        (await facts_of(session, case)).urgent = True
        await session.flush()
    return added


async def cancel(session: AsyncSession, person_id: int, number: str, *, channel: str, now: datetime) -> Case:
    """As `advice.cancel`, of these kinds."""
    return await advice.cancel(session, person_id, number, *CARE, channel=channel, now=now)


async def facts_of(session: AsyncSession, case: Case) -> Care:
    """As they stand now; who changes them has locked the case."""
    chosen = sa.select(Care).where(Care.case_id == case.id)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def facts_of_all(session: AsyncSession, found: Sequence[Case]) -> dict[int, Care]:
    """By the id of the case; cases of other kinds have none."""
    ids = [case.id for case in found if case.kind in CARE]
    if not ids:
        return {}
    chosen = sa.select(Care).where(Care.case_id.in_(ids))
    return {each.case_id: each for each in await session.scalars(chosen)}


async def _in_danger(session: AsyncSession, person_id: int, blocks: Blocks, now: datetime) -> bool:
    """Whether there is danger in these words, or was lately in others of this person."""
    said = "\n".join(str(block.get("text") or "") for block in blocks)
    return crisis.watch(said) is not None or await crisis.is_open(session, person_id, now)
