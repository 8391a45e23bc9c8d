"""What people were asked first when they brought a case, of whatever kind, as an export shows it to them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import (
    application_facts,
    applications,
    care,
    care_facts,
    consultation_facts,
    consultations,
    legal_aid,
    legal_aid_facts,
)
from models import Case, CaseKind


async def of_cases(session: AsyncSession, own: Sequence[Case]) -> dict[int, dict[str, str]]:
    """By the id of the case, as name and value; of kinds that are asked nothing there is none."""
    legal = await consultations.facts_of_all(session, own)
    cared_for = await care.facts_of_all(session, own)
    aid = await legal_aid.rows_of(session, own)
    asked = [case for case in own if case.kind is CaseKind.APPLICATION]
    joining = await applications.of_cases(session, asked)
    return {
        **{case_id: dict(consultation_facts.read(each)) for case_id, each in legal.items()},
        **{case_id: dict(care_facts.read(each)) for case_id, each in cared_for.items()},
        **{case_id: dict(legal_aid_facts.read(each)) for case_id, each in aid.items()},
        **{case_id: dict(application_facts.lines(each, whole=True)) for case_id, each in joining.items()},
    }
