"""Who is in which team and how it stands, for who is in it and for staff. What they may do: `teams`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import sign_up_help
from models import LIVE, Activity, Member, SignUp, Team

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


async def of_entries(session: AsyncSession, entries: Sequence[SignUp]) -> dict[int, Team]:
    """Teams of those who are in one, by the id of the sign-up."""
    inside = {each.id: each.team_id for each in entries if each.team_id is not None and each.state in LIVE}
    found = await session.scalars(sa.select(Team).where(Team.id.in_(set(inside.values()))))
    teams = {each.id: each for each in found}
    return {entry_id: teams[team_id] for entry_id, team_id in inside.items()}


async def get_activity_id(session: AsyncSession, public_id: str) -> int:
    """For which activity a team is; loads neither, so that both are read once locked. Raises: NotFound."""
    found = await session.scalar(sa.select(Team.activity_id).where(Team.public_id == public_id))
    if found is None:
        raise NotFound(GONE)
    return found


async def roster(session: AsyncSession, public_id: str) -> Roster:
    """Raises: NotFound."""
    team = await session.scalar(sa.select(Team).where(Team.public_id == public_id))
    if team is None:
        raise NotFound(GONE)
    return (await _rosters(session, [team], await session.get_one(Activity, team.activity_id)))[0]


async def list_all(session: AsyncSession, activity: Activity) -> list[Roster]:
    """Those that were not dropped, as they were made; for staff."""
    if not activity.team_most:
        return []
    chosen = sa.select(Team).where(Team.activity_id == activity.id, Team.dropped_at.is_(None))
    return await _rosters(session, (await session.scalars(chosen.order_by(Team.id))).all(), activity)


async def _rosters(session: AsyncSession, teams: Sequence[Team], activity: Activity) -> list[Roster]:
    people: dict[int, list[Person]] = {each.id: [] for each in teams}
    captains = {each.captain_id for each in teams}
    found = await session.execute(
        sa.select(SignUp, Member.name)
        .outerjoin(Member, Member.person_id == SignUp.person_id)
        .where(SignUp.team_id.in_(people), SignUp.state.in_(LIVE))
        .order_by(SignUp.signed_up_at, SignUp.id)
    )
    for entry, name in found.all():
        person = Person(entry, name or sign_up_help.SOMEBODY, entry.id in captains)
        people[entry.team_id or 0].append(person)
    return [
        Roster(each, activity, sorted(people[each.id], key=lambda person: not person.is_captain))
        for each in teams
    ]
