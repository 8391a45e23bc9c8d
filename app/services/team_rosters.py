"""Who is in which team and how it stands, for who is in it and for staff. What they may do: `teams`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import sign_up_help, team_rows
from models import Activity, SignUp, Team

GONE: Final = "没有找到这支队伍，可能已经解散。"


@dataclass(frozen=True, slots=True)
class Person:
    """One of a team, for who is in it and for staff; `code`: of the sign-up."""

    entry: SignUp
    name: str
    is_captain: bool

    @property
    def code(self) -> str:
        return self.entry.public_id


@dataclass(frozen=True, slots=True)
class Roster:
    """A team and who is in it, the captain first."""

    team: Team
    activity: Activity
    people: Sequence[Person]

    @property
    def captain(self) -> Person | None:
        return next((each for each in self.people if each.is_captain), None)

    @property
    def missing(self) -> int:
        """How many more it needs."""
        return max(0, (self.activity.team_least or 0) - len(self.people))

    @property
    def room(self) -> int:
        return max(0, (self.activity.team_most or 0) - len(self.people))

    @property
    def label(self) -> str:
        if self.team.dropped_at is not None:
            return "已解散"
        if self.team.seated_at is not None:
            return "已报名"
        if self.team.gathers:
            return "组队中"
        return self.captain.entry.state.label if self.captain else "已提交"

    def own(self, person_id: int) -> Person | None:
        return next((each for each in self.people if each.entry.person_id == person_id), None)


def page_of(team: Team) -> str:
    return f"/teams/{team.public_id}"


async def of_entry(session: AsyncSession, entry: SignUp) -> Team | None:
    return await session.get(Team, entry.team_id) if entry.team_id is not None else None


async def roster(session: AsyncSession, public_id: str) -> Roster:
    """Raises: NotFound."""
    team = await session.scalar(sa.select(Team).where(Team.public_id == public_id))
    if team is None:
        raise NotFound(GONE)
    return await _roster(session, team, await session.get_one(Activity, team.activity_id))


async def list_all(session: AsyncSession, activity: Activity) -> list[Roster]:
    """Those that were not dropped, as they were made; for staff."""
    if not activity.team_most:
        return []
    chosen = sa.select(Team).where(Team.activity_id == activity.id, Team.dropped_at.is_(None))
    return [
        await _roster(session, each, activity) for each in await session.scalars(chosen.order_by(Team.id))
    ]


# --- parts --------------------------------------------------------------------------------------------------


async def _roster(session: AsyncSession, team: Team, activity: Activity) -> Roster:
    found = [
        Person(each, await sign_up_help.name_of(session, each.person_id), each.id == team.captain_id)
        for each in await team_rows.people(session, team)
    ]
    return Roster(team, activity, found)
