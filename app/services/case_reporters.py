"""Who brought a case, for staff who must know: with a reason, kept in the thread and in the record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_notices, case_work, members
from models import Case, Person

REASON_LENGTH = 100  # characters


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of somebody: as a member of the roster, or only that he is there."""

    name: str
    staff_number: str
    branch: str  # all names of it
    person: str  # public id


async def reveal(
    session: AsyncSession, case: Case, why: str, by: str, now: datetime, *, danger: bool = False
) -> Known:
    """`danger`: `by` states that somebody's life is in danger; without one, some kinds stay closed.

    Raises: DomainError: no reason, the case is anonymous, or it was forgotten; there is no danger.
    """
    why = why.strip()
    if not why or len(why) > REASON_LENGTH:
        raise DomainError(f"请写明为什么要看，1 到 {REASON_LENGTH} 个字。")
    noted = f"查看了当事人是谁{'（说明有生命危险）' if danger else ''}：{why}"
    person_id = await case_work.open_reporter(session, case.number, noted, by, now, danger=danger)
    case_work.put_down(session, "case.reporter", case, reason=why, **({"danger": True} if danger else {}))
    person = await session.get_one(Person, person_id)
    member = await members.find_of_person(session, person_id)
    if member is None:  # whom staff wrote down for, has at least a name
        name = str((await case_notices.reporter(session, case)).get("name", ""))
        return Known(name, "", "", person.public_id)
    return Known(member.name, member.staff_number, member.branch.way, person.public_id)
