"""The rooms for which somebody is on duty: what lies in each, who answers there, who leads it, and whether
new cases are given to who is on duty. Complaints are answered by departments: on duty is who takes them up
and hands them out, and he has one only while it is the union's move.

Not here: who is on duty (`rota`), who gets a case (`case_assigning`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import permissions
from app.services.audit import does
from app.services.case_moves import UNANSWERED, WITH_UNION
from app.services.cases import CORRECTION
from app.services.coordination import upsert
from app.services.permissions import RIGHTS, Right, Standing, may
from models import Case, CaseKind, CaseState, DutyRoom, DutySetting, Role, Staff


@dataclass(frozen=True, slots=True)
class Place:
    kinds: tuple[CaseKind, ...]
    reads: Right
    answers: Right
    owed: tuple[CaseState, ...] = UNANSWERED  # in these somebody of the room is to do something
    owes: str = "答复"


PLACES: Final[Mapping[DutyRoom, Place]] = {
    DutyRoom.DESK: Place((CaseKind.DESK, CaseKind.FEEDBACK), Right.DESK_READ, Right.DESK_ANSWER),
    DutyRoom.LEGAL: Place((CaseKind.CONSULTATION,), Right.LEGAL_READ, Right.LEGAL_ANSWER),
    DutyRoom.COUNSEL: Place((CaseKind.COUNSELLING,), Right.COUNSEL_READ, Right.COUNSEL_ANSWER),
    DutyRoom.HEALTH: Place((CaseKind.HEALTH,), Right.HEALTH_READ, Right.HEALTH_ANSWER),
    DutyRoom.COMPLAINTS: Place(
        *((CaseKind.COMPLAINT,), Right.COMPLAINTS_READ, Right.COMPLAINTS_WORK),
        owed=WITH_UNION,
        owes="办理",
    ),
}
_OF_KIND: Final = {kind: room for room, place in PLACES.items() for kind in place.kinds}


def room_of(case: Case) -> DutyRoom | None:
    """From which it is given to somebody; None for what is given to nobody so."""
    return None if case.topic == CORRECTION else _OF_KIND.get(case.kind)


def holds(room: DutyRoom) -> sa.ColumnElement[bool]:
    return Case.kind.in_(PLACES[room].kinds) & (Case.topic != CORRECTION)


def owed(rooms: Collection[DutyRoom]) -> sa.ColumnElement[bool]:
    """Which cases wait for somebody of these rooms."""
    waiting = (holds(room) & Case.state.in_(PLACES[room].owed) for room in rooms)
    return sa.and_(Case.answer_due_at.is_not(None), sa.or_(sa.false(), *waiting))


def is_owed(case: Case) -> bool:
    """Whether it waits for somebody of its room."""
    room = room_of(case)
    return room is not None and case.answer_due_at is not None and case.state in PLACES[room].owed


def answered_by(standing: Standing) -> list[DutyRoom]:
    """The rooms in which he answers something."""
    return [room for room, place in PLACES.items() if may(standing, place.answers)]


def leads(standing: Standing, room: DutyRoom) -> bool:
    """An administrator of the whole union leads every room; 值班组长 those in which he answers himself."""
    wide = [grant.role for grant in standing.grants if grant.branch_id is None]
    leading = {role for role in wide if Right.DUTY_LEAD in RIGHTS[role]}
    return bool(leading - {Role.LEAD}) or (bool(leading) and may(standing, PLACES[room].answers))


def led_by(standing: Standing) -> list[DutyRoom]:
    return [room for room in PLACES if leads(standing, room)]


async def list_leads(session: AsyncSession, room: DutyRoom) -> list[Staff]:
    able = await permissions.list_able(session, Right.DUTY_LEAD, None)
    return [each for each in able if leads(await permissions.standing_of(session, each), room)]


async def setting(session: AsyncSession, room: DutyRoom) -> DutySetting:
    """Locked: who holds it alone gives cases of this room, or changes its rota. Made where it lacks."""
    row: dict[str, Any] = {"room": room, "assigns": False, "changed_by": "", "version": 1}
    await session.execute(
        upsert(session, DutySetting).values(row).on_conflict_do_nothing(index_elements=["room"])
    )
    chosen = sa.select(DutySetting).where(DutySetting.room == room).with_for_update()
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def find_setting(session: AsyncSession, room: DutyRoom) -> DutySetting | None:
    """None where nobody has touched it: nothing is given to anybody."""
    found: DutySetting | None = await session.scalar(sa.select(DutySetting).where(DutySetting.room == room))
    return found


async def list_assigning(session: AsyncSession) -> list[DutyRoom]:
    chosen = sa.select(DutySetting.room).where(DutySetting.assigns.is_(True)).order_by(DutySetting.id)
    return list(await session.scalars(chosen))


async def assigns(session: AsyncSession, case: Case) -> bool:
    """Whether what lies free in the room of this case is given to who is on duty."""
    room = room_of(case)
    found = None if room is None else await find_setting(session, room)
    return found is not None and found.assigns


async def turn(
    session: AsyncSession, room: DutyRoom, on: bool, version: int, by: Standing, now: datetime
) -> None:
    """Give new cases to who is on duty, or no more. The same once more changes nothing.

    `version`: of the setting that `by` has seen; 0 for none.

    Raises: Forbidden; DomainError: somebody else has changed it meanwhile.
    """
    demand(by, room)
    found = await setting(session, room)
    does(session, "duty.assigns", room.value, assigns=on)
    if found.assigns is on:
        return
    if found.version != max(version, 1):
        raise DomainError(
            f"{found.changed_by}刚刚已经改过，现在是{'开' if found.assigns else '关'}的。请看清楚再点。"
        )
    found.assigns, found.changed_by, found.changed_at = on, by.name, now
    await session.flush()


def demand(by: Standing, room: DutyRoom) -> None:
    """Raises: Forbidden: somebody who does not lead this room."""
    if not leads(by, room):
        raise permissions.Forbidden(Right.DUTY_LEAD)
