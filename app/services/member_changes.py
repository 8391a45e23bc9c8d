"""Changes of a member's data that staff approve (资料变更), for those who ask and those whom it touches.

Two kinds: another phone number, asked for by who is bound; and moving a binding to another WeChat account,
asked for by who gave the right proof. Who has the binding is told at once and may object. Not here: objecting
(`binding_claims`) and what staff decide (`member_change_work`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, shanghai
from app.errors import DomainError, NotFound
from app.services import binding, binding_claims, case_notices, cases, guesses, members
from app.services.application_facts import Incomplete
from app.services.binding import Bound, Proof
from app.services.calendar import CLOSING_TIME, after_working_days
from app.services.cases import Mine, move
from app.services.forgetting import Ids, Rule, Where, change
from app.services.guesses import NotFitting
from app.services.roster_rows import COLUMNS
from app.services.sheet_cells import Wrong, cell
from models import (
    OVER,
    Case,
    CaseEntry,
    CaseKind,
    CaseState,
    ChangeKind,
    EntryKind,
    Member,
    MemberChange,
)

KIND = CaseKind.MEMBER_CHANGE
DECISION_DAYS = 3  # working days; of a move after the time for objections
FACTS_FOR = timedelta(days=180)  # after the decision
_FEW = 8
_PHONE = next(column for column in COLUMNS if column.field == "phone")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, or the one that was open already."""

    number: str
    due_at: datetime | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """One of a person's own requests."""

    mine: Mine
    change: MemberChange

    @property
    def case(self) -> Case:
        return self.mine.case

    @property
    def is_open(self) -> bool:
        return self.case.state not in OVER


# --- asking ------------------------------------------------------------------------------------------------


async def ask_phone(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    phone: str,
    *,
    channel: str,
    now: datetime,
) -> Asked:
    """Ask for another phone number in the roster. While one is open, the newest number counts.

    Raises:
        Incomplete: no mobile number, or the one the roster has.
        DomainError: not bound, or has left.
    """
    open_one = await find_open(
        session, person_id, ChangeKind.PHONE, lock=True
    )  # staff lock the case first too
    await guesses.lock_person(session, person_id)
    member = await members.find_of_person(session, person_id)
    if member is None:
        raise DomainError("您还没有绑定工号，绑定以后才能改手机号。绑定时可以用出生日期核对。")
    _refuse_leaver(member, now)
    phone = _mobile(phone, now)
    if phone == member.phone:
        raise Incomplete({"phone": "花名册里就是这个手机号，不用改。"})
    if open_one is not None:
        await _replace(session, open_one, phone, channel, now)
    open_one = open_one or await find_open(session, person_id, ChangeKind.PHONE)
    if open_one is not None:
        return Asked(open_one.case.number, open_one.case.first_answer_due_at, again=True)
    due_at = cases.first_answer_due(now)
    asked = await _open(
        session, person_id, follower_id, ChangeKind.PHONE, "申请改手机号", due_at, channel, now
    )
    session.add(
        MemberChange(case_id=asked.id, member_id=member.id, what=ChangeKind.PHONE, facts={"phone": phone})
    )
    await session.flush()
    return Asked(asked.number, due_at)


def _mobile(phone: str, now: datetime) -> str:
    try:
        said, found = cell(_PHONE, phone, civil_date(now))
    except Wrong as refused:
        raise Incomplete({"phone": f"手机号{refused.message}。"}) from None
    if not said or found is None:
        raise Incomplete({"phone": "请填新的手机号。"})
    return str(found)


async def _replace(session: AsyncSession, own: Own, phone: str, channel: str, now: datetime) -> None:
    facts: Any = own.change.facts
    if facts == {"phone": phone}:
        return
    own.change.facts = {"phone": phone}
    session.add(_words(own.case, "改成了另一个新号码", channel, now))
    await session.flush()


async def ask_move(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    proof: Proof,
    *,
    channel: str,
    now: datetime,
) -> Asked | Bound | NotFitting:
    """Ask that the binding comes to this person, who shows by `proof` that it is his; twice is one request.

    Where nobody has it any more, he is bound at once.

    Raises:
        DomainError: bound to another number, has left, too many failed tries.
    """
    found = await binding.bind(session, person_id, proof, channel=channel, now=now)
    if isinstance(found, Bound | NotFitting):
        return found
    member = found.member
    open_one = await find_open(session, person_id, ChangeKind.MOVE)
    if open_one is not None:
        if open_one.change.member_id != member.id:
            raise DomainError(f"您另有一件换微信号的申请 {open_one.case.number} 正在办，办完再申请。")
        return Asked(open_one.case.number, open_one.case.first_answer_due_at, again=True)
    until = now + binding_claims.OBJECTION_FOR
    due_at = datetime.combine(after_working_days(civil_date(until), DECISION_DAYS), CLOSING_TIME, SHANGHAI)
    case = await _open(
        session, person_id, follower_id, ChangeKind.MOVE, "申请把绑定换到这个微信", due_at, channel, now
    )
    change = MemberChange(
        case_id=case.id,
        member_id=member.id,
        what=ChangeKind.MOVE,
        facts={"proof": "phone" if proof.phone_end else "birth"},
        holder_id=member.person_id,
        objections_until=until,
    )
    session.add(change)
    await session.flush()
    binding_claims.tell_holder(session, case, change, now)
    await session.flush()
    return Asked(case.number, due_at)


async def _open(
    session: AsyncSession,
    person_id: int,
    follower_id: int | None,
    what: ChangeKind,
    words: str,
    due_at: datetime,
    channel: str,
    now: datetime,
) -> Case:
    opened = await cases.open_case(
        session,
        KIND,
        person_id,
        follower_id,
        topic=what.value,
        blocks=[{"type": "text", "text": words}],
        due_at=due_at,
        channel=channel,
        now=now,
    )
    case = (await session.scalars(sa.select(Case).where(Case.number == opened.number))).one()
    first = sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id).limit(1)
    entry = (await session.scalars(first)).one()
    local = shanghai(due_at)
    received = (
        f"已收到您{what.label}的申请，编号 {case.number}。\n"
        f"最迟 {local.month}月{local.day}日答复，会发到这里。"
    )
    await case_notices.tell(session, case, entry, case_notices.RECEIVED, received, "", now)
    return case


def _refuse_leaver(member: Member, now: datetime) -> None:
    if member.has_left(civil_date(now)):
        raise DomainError("花名册里您已经离开，资料不能再改。有疑问请回复「人工」。")


def _words(case: Case, text: str, channel: str, now: datetime) -> CaseEntry:
    return CaseEntry(
        case_id=case.id,
        kind=EntryKind.MEMBER,
        blocks=[{"type": "text", "text": text}],
        by="",
        channel=channel,
        created_at=now,
    )


# --- one's own ---------------------------------------------------------------------------------------------


async def list_own(session: AsyncSession, person_id: int) -> Sequence[Own]:
    """Newest first."""
    found = await cases.list_mine(session, person_id, _FEW, KIND)
    chosen = sa.select(MemberChange).where(MemberChange.case_id.in_([mine.case.id for mine in found]))
    rows = {each.case_id: each for each in await session.scalars(chosen)}
    return [Own(mine, rows[mine.case.id]) for mine in found]


async def find_open(
    session: AsyncSession, person_id: int, what: ChangeKind, *, lock: bool = False
) -> Own | None:
    for own in await list_own(session, person_id):
        if own.is_open and own.change.what is what:
            if not lock:
                return own
            locked = await cases.find_mine(session, person_id, own.case.number, KIND, lock=True)
            if locked is not None and locked.case.state not in OVER:
                return Own(locked, own.change)
    return None


async def cancel(session: AsyncSession, person_id: int, number: str, *, channel: str, now: datetime) -> Case:
    """Take a request back. A second time changes nothing.

    Raises:
        NotFound: not one of the person's own.
        DomainError: it was decided already.
    """
    found = await cases.find_mine(session, person_id, number.strip().upper(), KIND, lock=True)
    if found is None:
        raise NotFound("没有找到这件申请，请核对编号。")
    case = found.case
    if case.state is CaseState.CANCELLED:
        return case
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不用撤销了。")
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.EVENT, blocks=[], by="", channel=channel, created_at=now
    )
    move(case, CaseState.CANCELLED, entry)
    case.closed_at = now
    session.add(entry)
    await session.flush()
    return case


# --- forgetting --------------------------------------------------------------------------------------------


def _is_decided_long_ago(now: datetime) -> Where:
    ended = sa.select(Case.id).where(Case.state.in_(OVER), Case.closed_at <= now - FACTS_FOR)
    return MemberChange.facts.is_not(None), MemberChange.case_id.in_(ended)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(MemberChange).where(MemberChange.id.in_(ids), *_is_decided_long_ago(now))
    return await change(session, old.values(facts=None, holder_id=None))


forget_facts = Rule("member_change_facts", MemberChange.id, _is_decided_long_ago, _forget)
