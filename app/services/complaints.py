"""投诉建议 as those who bring them see them: bringing one, telling more, withdrawing.

The branch it is about never gets it (`departments`). Not here: what staff do (`complaint_work`), what time
does (`complaint_timers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import (
    branches,
    case_notices,
    cases,
    complaint_clocks,
    crisis,
    departments,
    own_numbers,
    permissions,
    rating_invitations,
    staff_notices,
    stored_files,
)
from app.services.advice import Added
from app.services.case_moves import MOVES
from app.services.cases import Blocks, Mine, Opened, moment_kept, move
from app.services.complaint_clocks import REOPENED_AGAIN_AFTER, REOPENS_FOR
from app.services.complaint_topics import ComplaintTopic
from app.services.permissions import Right
from models import (
    OVER,
    Branch,
    Case,
    CaseEntry,
    CaseKind,
    CaseState,
    Complaint,
    ComplaintSort,
    EntryKind,
    Naming,
)

KIND = CaseKind.COMPLAINT
SYSTEM = "system"
CALLED, ABOUT = 20, 40  # characters of a nickname, of the name of a unit
MINE_WORD, ADD_WORD = own_numbers.OWN[KIND], "补充投诉"


@dataclass(frozen=True, slots=True)
class Filing:
    """What somebody brings. `branch_id` or `about` says which unit it is about, or neither."""

    sort: ComplaintSort
    topic: ComplaintTopic
    parts: Blocks
    naming: Naming
    nickname: str = ""
    contact: str = ""  # a telephone number; an anonymous one leaves none
    branch_id: int | None = None
    about: str = ""


# --- bringing ----------------------------------------------------------------------------------------------


async def file(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    filing: Filing,
    *,
    channel: str,
    now: datetime,
) -> Opened:
    """Keep a new one, with the time by which its person hears whether it is taken up."""
    anonymous = filing.naming is Naming.ANONYMOUS
    opened = await cases.open_case(
        session,
        KIND,
        person_id,
        follower_id,
        topic=filing.topic.value,
        blocks=filing.parts,
        anonymous=anonymous,
        contact="" if anonymous else filing.contact,
        due_at=complaint_clocks.accept_due(now),
        channel=channel,
        now=now,
    )
    case_id = (await session.scalars(sa.select(Case.id).where(Case.number == opened.number))).one()
    await begin(session, case_id, filing, opened.first_answer_due_at, now)
    if anonymous:
        await _disown(session, person_id, filing.parts, now)
    await session.flush()
    return opened


async def begin(
    session: AsyncSession, case_id: int, filing: Filing, due_at: datetime, came_at: datetime
) -> None:
    """Keep what is known of it beside its case, which came at `came_at`: until `due_at` its person hears."""
    branch_id = filing.branch_id
    if branch_id is None and filing.about:  # written in words, it is kept from there all the same
        named = await branches.find(session, filing.about)
        named = named or await branches.find_named_in(session, filing.about)
        branch_id = named.id if named is not None else None
    complaint = Complaint(
        case_id=case_id,
        sort=filing.sort,
        naming=filing.naming,
        nickname=filing.nickname[:CALLED] or None if filing.naming is Naming.NICKNAME else None,
        about_branch_id=branch_id,
        about=filing.about[:ABOUT] or None,
        reminded=False,
    )
    complaint_clocks.file(complaint, due_at, came_at)
    session.add(complaint)
    await session.flush()


async def _disown(session: AsyncSession, person_id: int, blocks: Blocks, now: datetime) -> None:
    files = [str(block["file"]) for block in blocks if "file" in block]
    await stored_files.disown(session, person_id, files, moment_kept(now, anonymous=True))


# --- one's own ---------------------------------------------------------------------------------------------


async def get_mine(session: AsyncSession, person_id: int, number: str, *, lock: bool = False) -> Mine:
    """Somebody else's is as if it did not exist. Raises: NotFound."""
    found = await cases.find_mine(session, person_id, number.strip().upper(), KIND, lock=lock)
    if found is None:
        words = f"没有找到这件投诉建议，请回复「{MINE_WORD}」，点编号查看。"
        raise await own_numbers.not_found(session, person_id, number, words)
    return found


def takes_more(case: Case, now: datetime) -> bool:
    if case.state is CaseState.CLOSED and case.closed_at is not None:
        return now < case.closed_at + REOPENS_FOR
    return case.state not in OVER


def can_be_withdrawn(case: Case) -> bool:
    return CaseState.CANCELLED in MOVES[KIND][case.state]


async def add(
    session: AsyncSession, person_id: int, number: str, blocks: Blocks, *, channel: str, now: datetime
) -> Added:
    """Its person tells more: to a reply, or soon after the closing, it is opened again, once in 30 days.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it is over, or closed and was opened again lately.
    """
    case = (await get_mine(session, person_id, number, lock=True)).case
    if not takes_more(case, now):
        raise DomainError(f"{case.number} {case.state.said_to_member}，不能再补充。有新情况请重新反映。")
    complaint = await facts_of(session, case)
    is_done = case.state in (CaseState.REPLIED, CaseState.CLOSED)
    opens_again = is_done and may_reopen(complaint, now)
    if case.state is CaseState.CLOSED and not opens_again:
        raise DomainError(
            f"{case.number} {REOPENED_AGAIN_AFTER.days} 天内已经重新办理过一次。"
            "还有不同意见，请打 12351 问上级工会，或者重新反映。"
        )
    at = moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.MEMBER, blocks=list(blocks), by="", channel=channel, created_at=at
    )
    if opens_again:
        await _reopen(session, case, complaint, entry, now)
        await rating_invitations.withdraw(session, case, now)
    session.add(entry)
    if case.anonymous:
        await _disown(session, person_id, blocks, now)
    else:
        await crisis.lies_in(session, person_id, case.number, blocks, now)
    await session.flush()
    if case.state is CaseState.REPLIED:
        await _keep(session, case, complaint, entry, now)
        return Added.KEPT
    return Added.REOPENED if opens_again else Added.NOTED


async def _keep(
    session: AsyncSession, case: Case, complaint: Complaint, entry: CaseEntry, now: datetime
) -> None:
    """Words to a second reply: it does not close by itself over them, and the union hears of it, once."""
    if case.close_due_at is None:
        return
    case.close_due_at = None
    complaint_clocks.watch(complaint, complaint_clocks.working_days(now, complaint_clocks.DISPATCH_DAYS))
    words = f"{KIND.label} {case.number} 答复以后本人又说了话。请到工作台看，看过再办结。"
    who = {
        each.id: each
        for right in (Right.COMPLAINTS_WORK, Right.COMPLAINTS_LEAD)
        for each in await permissions.list_able(session, right, None)
    }
    await staff_notices.complaint_due(session, case, entry, list(who.values()), words, now)


async def reopen_unhappy(session: AsyncSession, case: Case, now: datetime) -> bool:
    """A bad rating opens a closed one again, once in 30 days; whether it did. `case` is locked."""
    complaint = await facts_of(session, case)
    if case.state is not CaseState.CLOSED or not may_reopen(complaint, now):
        return False
    at = moment_kept(now, anonymous=case.anonymous)
    entry = CaseEntry(case_id=case.id, kind=EntryKind.EVENT, blocks=[], by=SYSTEM, channel="", created_at=at)
    await _reopen(session, case, complaint, entry, now)
    await session.flush()
    return True


def may_reopen(complaint: Complaint, now: datetime) -> bool:
    last = complaint.reopened_at
    return last is None or now >= last + REOPENED_AGAIN_AFTER


async def _reopen(
    session: AsyncSession, case: Case, complaint: Complaint, entry: CaseEntry, now: datetime
) -> None:
    move(case, CaseState.REOPENED, entry)
    case.closed_at = case.owner_id = case.owned_at = None
    complaint.reopened_at = moment_kept(now, anonymous=case.anonymous)
    complaint_clocks.take_up(case, complaint, now)
    session.add(entry)
    if complaint.department_id is not None and not case.anonymous:  # its moment would lead back to who spoke
        await session.flush()
        who = await departments.list_people(session, complaint.department_id, complaint)
        words = f"{KIND.label} {case.number} 要重新办理。请到工作台看。"
        await staff_notices.complaint_due(session, case, entry, who, words, now)
    await case_notices.withdraw(session, case, now, kinds=(case_notices.MOVED,))


# --- what is known -----------------------------------------------------------------------------------------


async def facts_of(session: AsyncSession, case: Case) -> Complaint:
    """As they stand now; who changes them has locked the case."""
    chosen = sa.select(Complaint).where(Complaint.case_id == case.id)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def facts_of_all(session: AsyncSession, found: Sequence[Case]) -> dict[int, Complaint]:
    """By the id of the case; cases of other kinds have none."""
    ids = [case.id for case in found if case.kind is KIND]
    if not ids:
        return {}
    chosen = sa.select(Complaint).where(Complaint.case_id.in_(ids))
    return {each.case_id: each for each in await session.scalars(chosen)}


async def units_of(session: AsyncSession, found: Sequence[Complaint]) -> dict[int, str]:
    """Whom each is about, in words, by the id of the case; empty where nobody was named."""
    ids = {each.about_branch_id for each in found if each.about_branch_id is not None}
    rows = (await session.scalars(sa.select(Branch).where(Branch.id.in_(ids)))).all() if ids else ()
    ways = {branch.id: branch.way for branch in rows}
    return {each.case_id: ways.get(each.about_branch_id or 0) or each.about or "" for each in found}


def signed(complaint: Complaint) -> str:
    """How it is signed, as staff read it."""
    if complaint.naming is Naming.NICKNAME:
        return f"昵称「{complaint.nickname}」" if complaint.nickname else Naming.NICKNAME.label
    return complaint.naming.label


async def read_all(session: AsyncSession, found: Sequence[Case]) -> dict[int, dict[str, str]]:
    """What was said first, by the id of the case; what was not said is left out."""
    known = await facts_of_all(session, found)
    units = await units_of(session, list(known.values()))
    told = {}
    for case_id, each in known.items():
        rows = {"投诉还是建议": each.sort.label, "反映的单位": units[case_id], "署名": signed(each)}
        told[case_id] = {name: value for name, value in rows.items() if value}
    return told
