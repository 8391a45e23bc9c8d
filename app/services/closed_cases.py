"""Cases that ended long ago: words, files and who brought them go.

Number, kind, topic, state and dates stay, and the thread's moves with them, so that figures of past years
still add up; and how our clocks went, but none of what was answered. That the reporter is
gone is the mark that a case has been through here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.advice_kinds import CARE
from app.services.forgetting import Ids, Rule, Where, change
from app.services.stored_files import mark_deleted
from models import (
    OVER,
    Care,
    Case,
    CaseDraft,
    CaseEntry,
    CaseKind,
    CaseKnowledge,
    CaseMention,
    CaseQueue,
    CaseRating,
    CaseReminder,
    CaseReporter,
    CaseSeen,
    Complaint,
    ComplaintPart,
    Consultation,
    LegalAid,
    MemberChange,
    MembershipApplication,
)
from models.sealing import SealBroken
from models.types import unseal_json

log = structlog.get_logger(__name__)

THREE_YEARS = timedelta(days=3 * 365 + 1)
ONE_YEAR = timedelta(days=366)
# After their end.
KEPT_FOR = dict.fromkeys(CaseKind, THREE_YEARS) | dict.fromkeys(CARE, ONE_YEAR)

_ANSWERED = ("happened_on", "known_on", "employment", "left_on", "details", "deadline_on", "deadline_basis")


def kept_until(case: Case) -> datetime | None:
    """When words, files and who brought it go; None while it is under way."""
    if case.state not in OVER or case.closed_at is None:
        return None
    return case.closed_at + KEPT_FOR[case.kind]


def _is_due(now: datetime) -> Where:
    ended = [sa.and_(Case.kind == kind, Case.closed_at <= now - kept) for kind, kept in KEPT_FOR.items()]
    known = sa.exists().where(CaseReporter.case_id == Case.id)
    return Case.state.in_(OVER), sa.or_(*ended), known


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    due = sa.select(Case.id).where(Case.id.in_(ids), *_is_due(now)).order_by(Case.id).with_for_update()
    return await empty(session, (await session.scalars(due)).all())


async def empty(session: AsyncSession, ids: Ids) -> int:
    """Take words, files and reporters of these cases, which the caller has locked; how many there were."""
    thread = CaseEntry.case_id.in_(ids)
    sealed = sa.select(sa.type_coerce(CaseEntry.blocks, sa.LargeBinary)).where(thread)
    words = (await session.scalars(sealed)).all()
    await mark_deleted(session, [name for each in words for name in _files(bytes(each))])
    await change(session, sa.update(CaseEntry).where(thread).values(blocks=[]))
    facts = sa.update(Consultation).where(Consultation.case_id.in_(ids))
    await change(session, facts.values(dict.fromkeys(_ANSWERED)))
    for beside in (CaseMention, CaseReminder, CaseDraft, CaseKnowledge, CaseQueue, CaseSeen):
        await change(session, sa.delete(beside).where(beside.case_id.in_(ids)))
    rating = sa.update(CaseRating).where(CaseRating.case_id.in_(ids))
    never = dict.fromkeys(("invite_due_at", "remind_due_at", "end_due_at"))
    await change(session, rating.values(words=None, **never))
    await change(session, sa.update(Care).where(Care.case_id.in_(ids)).values(details=None))
    aid = sa.update(LegalAid).where(LegalAid.case_id.in_(ids))
    await change(session, aid.values(dict.fromkeys(("details", "deadline_on", "deadline_basis"))))
    complaint = sa.update(Complaint).where(Complaint.case_id.in_(ids))
    await change(session, complaint.values(nickname=None, about=None))
    part = sa.update(ComplaintPart).where(ComplaintPart.case_id.in_(ids))
    await change(session, part.values(question=None, answer=None))
    for told in (MembershipApplication, MemberChange):
        await change(session, sa.update(told).where(told.case_id.in_(ids)).values(facts=None))
    return await change(session, sa.delete(CaseReporter).where(CaseReporter.case_id.in_(ids)))


def _files(sealed: bytes) -> Iterator[str]:
    """The files of one entry; one that no key opens any more must not keep all others."""
    try:
        blocks: Any = unseal_json(sealed, "case_entry.blocks")
    except SealBroken as error:
        log.error("case_files_unknown", error=str(error))
        return
    yield from (str(block["file"]) for block in blocks if "file" in block)


forget = Rule("closed_cases", Case.id, _is_due, _forget)
