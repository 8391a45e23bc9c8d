"""法律援助申请 as those who apply see it: applying, bringing papers, withdrawing, objecting.

Not here: what staff do (`legal_aid_work`), what time does (`legal_aid_timers`), the questions asked
(`legal_aid_facts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, due_day
from app.errors import DomainError, NotFound
from app.services import (
    case_notices,
    cases,
    consents,
    consultations,
    crisis,
    guesses,
    hotlines,
    legal_aid_clocks,
    staff_notices,
)
from app.services.case_moves import MOVES
from app.services.cases import Blocks, Mine, move
from app.services.consultation_facts import Opponent
from app.services.hotlines import Subject
from app.services.legal_aid_clocks import DECIDE, REVIEW
from app.services.legal_aid_facts import AidIntake, Carried, Ground, carry, to_details
from app.services.purposes import AID
from app.services.statutory_deadlines import nearest
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind, LegalAid

KIND: Final = CaseKind.LEGAL_AID
MINE_WORD, PAPERS_WORD, OBJECT_WORD = "我的援助申请", "补交援助材料", "对援助决定提出异议"  # said in the chat
MOST: Final = 3  # open ones of one person
SAME: Final = timedelta(minutes=10)  # in which the same form, sent again, is the same application
LONGEST: Final = 1000  # characters of why somebody objects
_ALL: Final = 1000
_OBJECTS_TO: Final = (CaseState.REJECTED, CaseState.TERMINATED)


@dataclass(frozen=True, slots=True)
class Applied:
    """A new application, or the one that was there already."""

    number: str
    due_at: datetime | None
    fast_track: bool
    again: bool = False


class Supplied(Enum):
    """What papers that came did."""

    NOTED = auto()
    GOES_ON = auto()  # we had waited for them


def can_be_withdrawn(case: Case) -> bool:
    """While nothing is decided."""
    return CaseState.CANCELLED in MOVES[KIND][case.state]


def takes_papers(case: Case) -> bool:
    return case.state not in OVER


def may_object(case: Case, row: LegalAid, now: datetime) -> bool:
    until = row.objection_until
    return case.state in _OBJECTS_TO and until is not None and now < until


# --- applying ----------------------------------------------------------------------------------------------


async def apply(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    intake: AidIntake,
    *,
    channel: str,
    now: datetime,
) -> Applied:
    """Open an application, by consent to `purposes.AID` and, on that ground, a promise; both are kept here.

    The same again, or another from the same consultation while that is open, is the one there was.

    Raises:
        NotFound: no such consultation of this person.
        DomainError: too many open ones.
    """
    await guesses.lock_person(session, person_id)
    source = await _source(session, person_id, intake.consultation)
    open_ones = await _open_ones(session, person_id)
    for case, row in open_ones:
        if await _is_same(session, case, row, source, intake, now):
            return Applied(case.number, row.due_at, row.fast_track, again=True)
    if len(open_ones) >= MOST:
        raise DomainError(f"您已有 {MOST} 件法律援助申请在办，请先等办完，或回复「{MINE_WORD}」补充情况。")
    await consents.give(session, person_id, AID, channel=channel, now=now)
    opened = await cases.open_case(
        session,
        KIND,
        person_id,
        follower_id,
        topic=intake.matter.value,
        blocks=intake.parts,
        contact=intake.contact,
        due_at=legal_aid_clocks.ours(now, DECIDE),
        channel=channel,
        now=now,
    )
    case = (await session.scalars(sa.select(Case).where(Case.number == opened.number))).one()
    row = _row(case, intake, source, now)
    if row.fast_track:
        legal_aid_clocks.owe_at_once(case, row, now)
    else:
        legal_aid_clocks.owe(case, row, now, DECIDE)
    session.add(row)
    await session.flush()
    await _confirm(session, case, row, now)
    return Applied(opened.number, row.due_at, row.fast_track)


def _row(case: Case, intake: AidIntake, source: Case | None, now: datetime) -> LegalAid:
    today = civil_date(now)
    deadline = nearest(intake.deadlines, today)
    near = deadline is not None and deadline.is_near(today)
    return LegalAid(
        case_id=case.id,
        consultation_id=source and source.id,
        matter=intake.matter,
        own_company=intake.opponent is Opponent.OWN_COMPANY,
        details=to_details(intake),
        deadline_on=deadline and deadline.on,
        deadline_basis=deadline and deadline.basis,
        preservation=intake.preservation,
        fast_track=near or intake.preservation,
        consent_version=AID.version,
        consent_at=now,
        promised_at=now if intake.ground is Ground.PROMISE else None,
    )


async def _source(session: AsyncSession, person_id: int, number: str) -> Case | None:
    """The consultation it comes from, if any."""
    if not number:
        return None
    found = await cases.find_mine(session, person_id, number, CaseKind.CONSULTATION)
    if found is None:
        raise NotFound("没有找到这件咨询，请回复「我的咨询」，点编号查看。")
    return found.case


async def _open_ones(session: AsyncSession, person_id: int) -> list[tuple[Case, LegalAid]]:
    found = [mine.case for mine in await cases.list_mine(session, person_id, _ALL, KIND)]
    rows = await rows_of(session, found)
    return [(case, rows[case.id]) for case in found if case.state not in OVER]


async def _is_same(
    session: AsyncSession, case: Case, row: LegalAid, source: Case | None, intake: AidIntake, now: datetime
) -> bool:
    if source is not None:
        return row.consultation_id == source.id
    if now - case.opened_at > SAME or (row.matter, row.details) != (intake.matter, to_details(intake)):
        return False
    return await cases.first_words(session, case) == "\n".join(
        str(part.get("text") or "") for part in intake.parts
    )


def is_hurried(case: Case, row: LegalAid) -> bool:
    """Whether help comes first and papers later, and is still to come."""
    return row.fast_track and case.state in (CaseState.SUBMITTED, CaseState.ASSIGNED)


def hurry_lines() -> str:
    """The numbers to call when there is no time to wait."""
    return hotlines.lines(Subject.UNION, Subject.LAW, but=("12333",))


async def _confirm(session: AsyncSession, case: Case, row: LegalAid, now: datetime) -> None:
    first = sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id).limit(1)
    entry = (await session.scalars(first)).one()
    assert row.due_at is not None
    by = f"最迟 {due_day(row.due_at)}"
    if row.fast_track:
        said = f"离期限很近，先帮您办、后补材料，{by}指派律师。请现在就打电话：\n{hurry_lines()}"
        await staff_notices.aid(session, case, entry, "离法定期限很近，要马上指派律师", now)
    else:
        said = f"{by}答复同意不同意，会发到这里。"
    words = (
        f"已收到您的法律援助申请，编号 {case.number}。\n{said}\n"
        f"进度随时回复「{MINE_WORD}」查看，材料回复「{PAPERS_WORD}」发来。"
    )
    await case_notices.tell(session, case, entry, case_notices.RECEIVED, words, "", now)


# --- afterwards --------------------------------------------------------------------------------------------


async def supply(
    session: AsyncSession, person_id: int, number: str, blocks: Blocks, *, channel: str, now: datetime
) -> tuple[Case, Supplied]:
    """Papers and words come. Where we waited for papers, our days to decide begin.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it is over.
    """
    case, row = await get_mine(session, person_id, number, lock=True)
    if not takes_papers(case):
        raise DomainError(f"{case.number} {case.state_said}，不能再补交。")
    entry = _entry(case, EntryKind.MEMBER, blocks, channel, now)
    became = Supplied.GOES_ON if row.supplement_due_at is not None else Supplied.NOTED
    if case.state is CaseState.SUPPLEMENT:
        move(case, CaseState.REVIEWING, entry)
        legal_aid_clocks.owe(case, row, now, DECIDE)
    if became is Supplied.GOES_ON:
        legal_aid_clocks.came(row)
        row.papers_at = now
        await case_notices.withdraw(session, case, now)
    session.add(entry)
    await crisis.lies_in(session, person_id, case.number, blocks, now)
    await session.flush()
    return case, became


async def cancel(session: AsyncSession, person_id: int, number: str, *, channel: str, now: datetime) -> Case:
    """The member withdraws it. A second time changes nothing.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it is decided already, or over.
    """
    case, row = await get_mine(session, person_id, number, lock=True)
    if case.state is CaseState.CANCELLED:
        return case
    if not can_be_withdrawn(case):
        raise DomainError(f"{case.number} {case.state_said}，不能撤回。不想再办，请回复「人工」告诉我们。")
    entry = _entry(case, EntryKind.EVENT, [], channel, now)
    move(case, CaseState.CANCELLED, entry)
    case.closed_at = now
    legal_aid_clocks.end(case, row)
    session.add(entry)
    await session.flush()
    await case_notices.withdraw(session, case, now)
    return case


async def cancel_undecided(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> int:
    """Withdraw all that can be withdrawn; how many there were."""
    numbers = [c.number for c, _ in await _open_ones(session, person_id) if can_be_withdrawn(c)]
    for number in numbers:
        await cancel(session, person_id, number, channel=channel, now=now)
    return len(numbers)


async def object_to(
    session: AsyncSession, person_id: int, number: str, blocks: Blocks, *, channel: str, now: datetime
) -> Case:
    """Object to a refusal, or to the end of the aid; somebody else looks at it. Twice is one objection.

    Raises:
        NotFound: not one of the person's own.
        DomainError: nothing to object to, or too late.
    """
    case, row = await get_mine(session, person_id, number, lock=True)
    if case.state is CaseState.OBJECTION:
        return case
    if case.state not in _OBJECTS_TO:
        raise DomainError(f"{case.number} {case.state_said}，没有可以提出异议的决定。")
    if not may_object(case, row, now):
        raise DomainError(f"{case.number} 提出异议的时间已过。可以重新申请，也可以打 12348 问司法行政机关。")
    entry = _entry(case, EntryKind.MEMBER, blocks, channel, now)
    move(case, CaseState.OBJECTION, entry)
    case.closed_at = row.objection_until = None
    legal_aid_clocks.owe(case, row, now, REVIEW)
    session.add(entry)
    await session.flush()
    await staff_notices.aid(session, case, entry, "本人提出了异议，要由另一位同事复核", now)
    return case


def reason_of(text: str) -> Blocks:
    """Why somebody objects, as the thread keeps it; "" is no reason given. Raises: DomainError: too long."""
    text = text.strip()
    if len(text) > LONGEST:
        raise DomainError(f"最多 {LONGEST} 个字，现在是 {len(text)} 个字，请缩短。")
    return [{"type": "text", "text": text or "不同意这个决定"}]


# --- looking -----------------------------------------------------------------------------------------------


async def get_mine(
    session: AsyncSession, person_id: int, number: str, *, lock: bool = False
) -> tuple[Case, LegalAid]:
    """The person's own of that number. Raises: NotFound."""
    mine = await find_mine(session, person_id, number, lock=lock)
    return mine.case, await row_of(session, mine.case)


async def find_mine(session: AsyncSession, person_id: int, number: str, *, lock: bool = False) -> Mine:
    """The same, with the newest words of staff. Raises: NotFound."""
    found = await cases.find_mine(session, person_id, number.strip().upper(), KIND, lock=lock)
    if found is None:
        raise NotFound(f"没有找到这件法律援助申请，请回复「{MINE_WORD}」，点编号查看。")
    return found


async def row_of(session: AsyncSession, case: Case) -> LegalAid:
    """As it stands now; who changes it has locked the case."""
    chosen = sa.select(LegalAid).where(LegalAid.case_id == case.id)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def rows_of(session: AsyncSession, found: Sequence[Case]) -> dict[int, LegalAid]:
    """By the id of the case; cases of other kinds have none."""
    ids = [case.id for case in found if case.kind is KIND]
    if not ids:
        return {}
    chosen = sa.select(LegalAid).where(LegalAid.case_id.in_(ids))
    return {each.case_id: each for each in await session.scalars(chosen)}


async def carried(session: AsyncSession, person_id: int, number: str) -> Carried | None:
    """What a consultation of the person's own told; its pictures stay with it. None: nothing any more.

    Raises: NotFound.
    """
    case = await _source(session, person_id, number.strip().upper())
    if case is None:
        return None
    facts = await consultations.facts_of(session, case)
    words = await cases.first_words(session, case)
    contact = str((await case_notices.reporter(session, case)).get("contact", ""))
    return carry(case, facts, words, contact)


def _entry(case: Case, kind: EntryKind, blocks: Blocks, channel: str, now: datetime) -> CaseEntry:
    return CaseEntry(case_id=case.id, kind=kind, blocks=list(blocks), by="", channel=channel, created_at=now)
