"""Who of staff has a case: taken by one, handed to another, given back to all.

A case without an owner lies before everybody who may answer it. Whoever takes one and says nothing loses it
again; the clock of the answer that is owed runs on all the while.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import (
    case_conflicts,
    case_queue,
    case_work,
    duty_rooms,
    legal_aid_carrying,
    permissions,
    staff_notices,
)
from app.services.case_clocks import return_due
from app.services.case_moves import MOVES, way
from app.services.cases import moment_kept
from app.services.permissions import Right, Standing
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind, Staff

SYSTEM: Final = "system"
MOST: Final = 20  # unanswered cases that one person may have taken
_TO_BE_ASSIGNED: Final = (CaseState.SUBMITTED, CaseState.TRIAGED, CaseState.REOPENED)
ANSWERED_BY: Final = {
    CaseKind.DESK: Right.DESK_ANSWER,
    CaseKind.FEEDBACK: Right.DESK_ANSWER,
    CaseKind.CONSULTATION: Right.LEGAL_ANSWER,
    CaseKind.COUNSELLING: Right.COUNSEL_ANSWER,
    CaseKind.HEALTH: Right.HEALTH_ANSWER,
    CaseKind.COMPLAINT: Right.COMPLAINTS_WORK,
}


async def take(
    session: AsyncSession, case: Case, who: Standing, now: datetime, *, channel: str = "cli"
) -> None:
    """Of two who take it at once the second hears of the first. A second time changes nothing.

    `case` is locked.

    Raises: DomainError: it is another's, over or answered; `who` has enough, or is of the company against
        which it is.
    """
    if case.owner_id == who.staff_id:
        return
    _refuse_done(case)
    if case.owner_id is not None:
        name = await name_of(session, case)
        way = "请先退回待接" if case.kind is CaseKind.COMPLAINT else "请点「转给别人」"
        raise DomainError(f"{case.number} 已由{name}接手。要换人办，{way}。")
    own = await lock_staff(session, who.staff_id)
    await case_conflicts.refuse(session, case, own, now)
    if await count_taken(session, own.id) >= limit_of(own):
        raise DomainError(f"您手上已有 {limit_of(own)} 件没答复的，请先办完几件，或转给别人。")
    await _own(session, case, who.staff_id, f"{who.name}接手", who.name, now, channel)
    case_work.put_down(session, "case.take", case)


async def answers(session: AsyncSession, case: Case, who: Standing, now: datetime) -> None:
    """Whoever answers a case that nobody has taken has it from then on, for what comes after.

    Raises: DomainError: it is against the company, and he is of it.
    """
    await case_conflicts.refuse(session, case, await session.get_one(Staff, who.staff_id), now)
    if case.owner_id is None:
        case.owner_id, case.owned_at = who.staff_id, moment_kept(now, anonymous=case.anonymous)


async def hand_to(
    session: AsyncSession,
    case: Case,
    to: Staff,
    why: str,
    by: Standing,
    now: datetime,
    *,
    channel: str = "cli",
) -> None:
    """Give it to somebody, whoever has it now; that person hears of it. `case` is locked.

    Raises: DomainError: it is over or answered, `to` has it already or may not answer it, or is of the
        company against which it is.
    """
    _refuse_done(case)
    if case.owner_id == to.id:
        raise DomainError(f"{case.number} 已经在{to.name}手上。")
    standing = await permissions.standing_of(session, to)
    if not permissions.may(standing, ANSWERED_BY[case.kind], case.branch_id):
        raise DomainError(f"{to.name}不能办这类事项，请选别人。")
    await case_conflicts.refuse(session, case, to, now)
    said = f"{by.name}转给{to.name}" + (f"：{why}" if why else "")
    await _own(session, case, to.id, said, by.name, now, channel)
    case_work.put_down(session, "case.hand", case, reason=why or None, to=to.login)
    if to.id != by.staff_id:
        await staff_notices.handed(session, case, to, now)


async def assign(session: AsyncSession, case: Case, to: Staff, now: datetime) -> None:
    """By the rota, whoever had it before; that person hears of it. `case` is locked, and `to` found fit."""
    had = await name_of(session, case)
    said = f"{had}不在岗，按值班表转给{to.name}" if had else f"按值班表派给{to.name}"
    await _own(session, case, to.id, said, SYSTEM, now, "")
    await staff_notices.assigned(session, case, to, now)


async def release(session: AsyncSession, case: Case, now: datetime) -> None:
    """Its owner is not on duty, and nobody who is fits. `case` is locked."""
    name = await name_of(session, case)
    await _let_go(session, case, f"{name}不在岗，退回待接", SYSTEM, now, "", passes=False)


async def give_back(
    session: AsyncSession, case: Case, by: Standing, now: datetime, *, why: str = "", channel: str = "cli"
) -> None:
    """Back to all. `case` is locked. Raises: DomainError: nobody has it, or nothing is left to be done."""
    _refuse_done(case)
    if case.owner_id is None:
        raise DomainError(f"{case.number} 没有人接手。")
    said = f"{by.name}退回待接" + (f"：{why}" if why else "")
    await _let_go(session, case, said, by.name, now, channel)
    case_work.put_down(session, "case.return", case, reason=why or None)


async def take_back(session: AsyncSession, case: Case, now: datetime) -> None:
    """Its owner has said nothing for too long: it goes back to all, and they hear of it.

    Where the rota finds somebody else, only who leads the room does.
    """
    name = await name_of(session, case)
    room = duty_rooms.room_of(case)
    owes = "答复" if room is None else duty_rooms.PLACES[room].owes
    entry = await _let_go(session, case, f"{name}接手后没有{owes}，退回待接", SYSTEM, now, "")
    if room is not None and await duty_rooms.assigns(session, case):
        await staff_notices.silent(session, case, entry, room, now)
        return
    await staff_notices.returned(session, case, entry, ANSWERED_BY[case.kind], now)


async def take_back_all(session: AsyncSession, staff_id: int, now: datetime) -> int:
    """Somebody is out of service; how many cases went back."""
    chosen = sa.select(Case).where(Case.owner_id == staff_id, Case.state.not_in(OVER)).order_by(Case.id)
    found = (await session.scalars(chosen.with_for_update())).all()
    for case in found:
        if case.kind is CaseKind.LEGAL_AID:
            await legal_aid_carrying.is_left(session, case, now)
        elif case.answer_due_at is None:
            case.owner_id = case.owned_at = case.return_due_at = None
        else:
            await _let_go(session, case, "原来办的同事停用了，退回待接", SYSTEM, now, "")
    return len(found)


# --- looking -----------------------------------------------------------------------------------------------


async def count_taken(session: AsyncSession, staff_id: int) -> int:
    """Cases of this owner for which an answer is owed."""
    taken = sa.select(sa.func.count(Case.id)).where(
        Case.owner_id == staff_id, Case.answer_due_at.is_not(None)
    )
    return int(await session.scalar(taken) or 0)


async def counts_taken(session: AsyncSession, staff_ids: Collection[int]) -> dict[int, int]:
    """As `count_taken`, of several at once; who has none is not there."""
    taken = sa.select(Case.owner_id, sa.func.count(Case.id)).where(
        Case.owner_id.in_(staff_ids), Case.answer_due_at.is_not(None)
    )
    rows: Any = (await session.execute(taken.group_by(Case.owner_id))).all()
    return dict(rows)


def limit_of(staff: Staff) -> int:
    """Unanswered cases that he may have taken at once."""
    return staff.most_cases or MOST


async def lock_staff(session: AsyncSession, staff_id: int) -> Staff:
    """So that of two cases that come to somebody at once the second counts the first."""
    await session.execute(sa.select(Staff.id).where(Staff.id == staff_id).with_for_update())
    return await session.get_one(Staff, staff_id)


async def name_of(session: AsyncSession, case: Case) -> str:
    """Of the owner; empty where there is none."""
    return (await names_of(session, [case])).get(case.id, "")


async def names_of(session: AsyncSession, found: Sequence[Case]) -> dict[int, str]:
    """The owners' names by the case's id."""
    ids = {case.owner_id for case in found if case.owner_id is not None}
    if not ids:
        return {}
    rows = await session.execute(sa.select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    names: dict[int, str] = dict(rows.all())
    return {case.id: names.get(case.owner_id, "") for case in found if case.owner_id is not None}


@dataclass(frozen=True, slots=True)
class Able:
    """Somebody to whom a case may be handed; `away`: he is not there today."""

    staff: Staff
    taken: int  # unanswered cases that he has
    away: bool


async def list_able(session: AsyncSession, case: Case, now: datetime) -> list[Able]:
    """To whom it may be handed, the one with the fewest unanswered cases first; who is away comes last."""
    able = await permissions.list_able(session, ANSWERED_BY[case.kind], case.branch_id)
    if await case_conflicts.only_outside(session, case):
        able = [each for each in able if not await case_conflicts.of_company(session, each, now)]
    counts = await counts_taken(session, [each.id for each in able])
    today = civil_date(now)
    others = [
        Able(each, counts.get(each.id, 0), each.is_away(today)) for each in able if each.id != case.owner_id
    ]
    return sorted(others, key=lambda one: (one.away, one.taken, one.staff.id))


# --- parts -------------------------------------------------------------------------------------------------


def _refuse_done(case: Case) -> None:
    if case.kind not in ANSWERED_BY:
        raise DomainError(f"{case.number} 是{case.kind.label}，不用接手。")
    if case.state in OVER or case.state is CaseState.ANSWERED:
        raise DomainError(f"{case.number} {case.state.label}，不用接手了。")


async def _own(
    session: AsyncSession, case: Case, owner_id: int, said: str, by: str, now: datetime, channel: str
) -> None:
    at = moment_kept(now, anonymous=case.anonymous)
    if case.state in _TO_BE_ASSIGNED and CaseState.ASSIGNED in MOVES[case.kind]:
        for state in way(case.kind, case.state, CaseState.ASSIGNED):
            session.add(case_work.moved(case, state, by, at, channel=channel))
    session.add(_said(case, said, by, at, channel))
    case.owner_id, case.owned_at = owner_id, at
    case.return_due_at = return_due(now) if case.answer_due_at is not None else None
    await session.flush()


async def _let_go(
    session: AsyncSession,
    case: Case,
    said: str,
    by: str,
    now: datetime,
    channel: str,
    *,
    passes: bool = True,
) -> CaseEntry:
    """`passes`: who had it is not given it by the rota again."""
    had = case.owner_id
    at = moment_kept(now, anonymous=case.anonymous)
    if case.state is CaseState.ASSIGNED:
        session.add(case_work.moved(case, CaseState.TRIAGED, by, at, channel=channel))
    entry = _said(case, said, by, at, channel)
    session.add(entry)
    case.owner_id = case.owned_at = case.return_due_at = None
    await session.flush()
    await case_queue.freed(session, case, had if passes else None)
    return entry


def _said(case: Case, said: str, by: str, at: datetime, channel: str) -> CaseEntry:
    """What happened among staff: it moves nothing, and the person whose case it is does not read it."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": said}]
    return CaseEntry(
        case_id=case.id, kind=EntryKind.EVENT, blocks=blocks, by=by, channel=channel, created_at=at
    )
