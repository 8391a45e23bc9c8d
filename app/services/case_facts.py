"""What is known of a case beyond its thread, whatever its kind, for those who work on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import (
    care,
    care_facts,
    complaints,
    consultation_facts,
    consultations,
    legal_aid,
    legal_aid_facts,
)
from models import Care, Case, Consultation, LegalAid, Urgency


@dataclass(frozen=True, slots=True)
class Facts:
    """Nothing, of a kind that is not asked anything first."""

    is_urgent: bool = False
    own_company: bool = False  # the opponent is the company itself
    warnings: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)  # what was answered first, as name and value
    agreed: list[tuple[str, str]] = field(default_factory=list)  # to what, and when
    called: str = ""  # the name somebody goes by

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [*self.told, *self.agreed]


NOTHING = Facts()


async def read(session: AsyncSession, case: Case, now: datetime) -> Facts:
    return (await read_all(session, [case], now)).get(case.id, NOTHING)


async def read_all(session: AsyncSession, found: Sequence[Case], now: datetime) -> dict[int, Facts]:
    """By the id of the case; cases of other kinds have none."""
    legal = await consultations.facts_of_all(session, found)
    cared_for = await care.facts_of_all(session, found)
    of_law = {case_id: _of_law(each, now) for case_id, each in legal.items()}
    aid, complained = await legal_aid.rows_of(session, found), await complaints.read_all(session, found)
    return (
        of_law
        | {case_id: _of_aid(each, now) for case_id, each in aid.items()}
        | {case_id: _of_care(each, now) for case_id, each in cared_for.items()}
        | {case_id: Facts(told=list(each.items())) for case_id, each in complained.items()}
    )


def _of_law(each: Consultation, now: datetime) -> Facts:
    return Facts(
        each.urgency is Urgency.URGENT,
        each.own_company,
        consultation_facts.warnings(each, civil_date(now)),
        consultation_facts.read(each),
        consultation_facts.agreed(each, now),
    )


def _of_aid(each: LegalAid, now: datetime) -> Facts:
    return Facts(
        each.fast_track,
        each.own_company,
        legal_aid_facts.warnings(each, civil_date(now)),
        legal_aid_facts.read(each),
        legal_aid_facts.agreed(each, now),
    )


def _of_care(each: Care, now: datetime) -> Facts:
    return Facts(
        each.urgent,
        warnings=care_facts.warnings(each),
        told=care_facts.read(each),
        agreed=care_facts.agreed(each, now),
        called=care_facts.called(each),
    )
