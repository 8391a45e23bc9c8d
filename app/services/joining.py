"""Joining (入会申请): somebody applies, brings what is missing, or takes it back.

One open application per person. Who is in the roster binds instead; that he is, only he hears who shows it
by number, name and one more fact, and such tries are counted like those of a binding.
"""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, shanghai
from app.errors import DomainError
from app.services import application_clocks, applications, binding, case_notices, cases, guesses, members
from app.services.application_clocks import WORKING_DAYS
from app.services.application_facts import DECLARATION_VERSION, Facts, Incomplete
from app.services.applications import KIND, Own
from app.services.binding import Proof
from app.services.cases import Blocks, move
from models import Branch, Case, CaseEntry, CaseState, EntryKind, Member, MembershipApplication

APPLY_WORD, MINE_WORD, ADD_WORD = "入会申请", "我的申请", "补正"  # what one says in the chat
MAX_WORDS = 1000  # characters of what is brought later


@dataclass(frozen=True, slots=True)
class Applied:
    """A new application, or the one that was open already."""

    number: str
    due_at: datetime | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """He is in the roster: nothing was opened, binding is his way."""


async def check_may_apply(session: AsyncSession, person_id: int, today: date) -> None:
    """Raises: DomainError: a member already."""
    own = await members.find_of_person(session, person_id)
    if own is not None and not own.has_left(today):
        raise DomainError(f"您已经是会员（工号 {own.staff_number}），不用再申请。")


async def apply(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    facts: Facts,
    branch: Branch | None,
    *,
    working_days: int = WORKING_DAYS,
    channel: str,
    now: datetime,
) -> Applied | Listed:
    """Open an application; who calls has shown `DECLARATION` and got a yes. Twice is the same one.

    Raises:
        DomainError: a member already.
    """
    await guesses.lock_person(session, person_id)
    await check_may_apply(session, person_id, civil_date(now))
    open_one = await applications.find_open(session, person_id)
    if open_one is not None:
        return Applied(open_one.case.number, open_one.application.due_at, again=True)
    listed = await _listed(session, person_id, facts, now)
    if listed is not None and not listed.has_left(civil_date(now)):
        return Listed()
    due_at = application_clocks.due(now, working_days)
    opened = await cases.open_case(
        session,
        KIND,
        person_id,
        follower_id,
        blocks=[{"type": "text", "text": "提交了入会申请"}],
        due_at=due_at,
        channel=channel,
        now=now,
    )
    case = (await session.scalars(sa.select(Case).where(Case.number == opened.number))).one()
    application = MembershipApplication(
        case_id=case.id,
        branch_id=branch and branch.id,
        kind=facts.kind,
        facts=facts.kept(),
        declaration_version=DECLARATION_VERSION,
        declared_at=now,
    )
    application_clocks.start(application, due_at, now)
    session.add(application)
    await session.flush()
    await _confirm(session, case, due_at, now)
    return Applied(opened.number, due_at)


async def _listed(session: AsyncSession, person_id: int, facts: Facts, now: datetime) -> Member | None:
    if not facts.staff_number:
        return None
    proofs = [
        Proof(facts.staff_number, facts.name, phone_end=facts.phone[-4:]),
        Proof(facts.staff_number, facts.name, born_on=facts.born_on),
    ]
    return await binding.recognise(session, person_id, proofs, now)


async def _confirm(session: AsyncSession, case: Case, due_at: datetime, now: datetime) -> None:
    first = sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id).limit(1)
    entry = (await session.scalars(first)).one()
    local = shanghai(due_at)
    words = (
        f"已收到您的入会申请，编号 {case.number}。\n"
        f"最迟 {local.month}月{local.day}日答复，会发到这里。进度随时回复「{MINE_WORD}」查看。"
    )
    await case_notices.tell(session, case, entry, case_notices.RECEIVED, words, "", now)


async def supplement(
    session: AsyncSession, person_id: int, blocks: Blocks, *, channel: str, now: datetime
) -> Own:
    """What was missing comes; we go on with what was left of our time.

    Raises:
        NotFound: no open application.
        DomainError: nothing is asked for just now.
        Incomplete: nothing was written, or too much.
    """
    own = await applications.get_open(session, person_id)
    if not own.takes_supplement:
        raise DomainError(f"{own.case.number} {own.case.state.said_to_member}，现在不用补正。")
    entry = CaseEntry(
        case_id=own.case.id,
        kind=EntryKind.MEMBER,
        blocks=list(blocks),
        by="",
        channel=channel,
        created_at=now,
    )
    move(own.case, CaseState.REVIEWING, entry)
    application_clocks.go_on(own.application, now)
    own.case.first_answer_due_at = own.application.due_at
    session.add(entry)
    await session.flush()
    await case_notices.withdraw(session, own.case, now)
    return own


def written(text: str) -> Blocks:
    """What was typed into a form, as the thread keeps it. Raises: Incomplete."""
    text = text.strip()
    if not text:
        raise Incomplete({"text": "请写上要补正的内容。"})
    if len(text) > MAX_WORDS:
        raise Incomplete({"text": f"最多 {MAX_WORDS} 个字，现在是 {len(text)} 个字，请缩短。"})
    return [{"type": "text", "text": text}]


async def cancel(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> Case:
    """Take the open one back.

    Raises:
        NotFound: no open application.
    """
    own = await applications.get_open(session, person_id)
    await applications.withdraw(session, own.case, now, channel=channel)
    return own.case
