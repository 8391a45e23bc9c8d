"""Who signed up for an activity, for staff: names of members, answers with telephone numbers hidden."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.clock import shanghai
from app.errors import NotFound
from app.services import parties, safety_notices, sign_up_help, sittings
from app.services.member_words import mask_phone
from app.services.permissions import Scope
from app.services.sign_up_questions import questions_of
from models import (
    ANNOUNCED,
    LIVE,
    Activity,
    Branch,
    Member,
    SignUp,
    SignUpHelp,
    SignUpMove,
    SignUpState,
    Team,
)

UNKNOWN: Final = "未绑定的关注者"
HEADS: Final = ("姓名", "组织", "状态", "人数", "报名时间")
_Helper = aliased(Member)
_COLUMNS: Final[tuple[Any, ...]] = (SignUp, Member.name, Branch, SignUpHelp.id, _Helper.name, Team)
_BATCH: Final = 500  # rows
_DIGITS: Final = re.compile(r"\d{7,}")


@dataclass(frozen=True, slots=True)
class Participant:
    """A sign-up and whose it is; `id` is that of the sign-up."""

    entry: SignUp
    name: str
    branch: str
    helper: str = ""  # the colleague who signed him up; empty where he did so himself

    team: Team | None = None

    @property
    def place_in_team(self) -> str:
        """Of which team, and whether he leads it; empty where he is in none."""
        if self.team is None:
            return ""
        return f"{self.team.name}（队长）" if self.team.captain_id == self.entry.id else self.team.name

    @property
    def id(self) -> int:
        return self.entry.id


def chosen(activity: Activity, state: SignUpState | None = None) -> sa.Select[Any]:
    """Rows of a sign-up, the member's name and branch, who signed him up, and his team."""
    wanted = SignUp.activity_id == activity.id
    if state is not None:
        wanted = sa.and_(wanted, SignUp.state == state)
    rows: sa.Select[Any] = sa.select(*_COLUMNS)
    rows = rows.outerjoin(Member, Member.person_id == SignUp.person_id)
    rows = rows.outerjoin(Branch, Branch.id == Member.branch_id)
    rows = rows.outerjoin(Team, Team.id == SignUp.team_id)
    rows = rows.outerjoin(SignUpHelp, SignUpHelp.sign_up_id == SignUp.id)
    return rows.outerjoin(_Helper, _Helper.person_id == SignUpHelp.helper_id).where(wanted)


def participant(row: Any) -> Participant:
    entry, name, branch, helped, helper, team = row
    by = (helper or sign_up_help.SOMEBODY) if helped else ""
    way = branch.way if branch is not None else ""
    return Participant(entry, name or UNKNOWN, way, by, team if entry.state in LIVE else None)


async def get(session: AsyncSession, activity: Activity, code: str) -> Participant:
    """Raises: NotFound."""
    found = (await session.execute(chosen(activity).where(SignUp.public_id == code))).first()
    if found is None:
        raise NotFound("没有找到这次报名。")
    return participant(found)


def answers(activity: Activity, entry: SignUp, *, hidden: bool = True) -> list[tuple[str, str]]:
    """Question and answer; long numbers in answers masked, unless they are not to be."""
    given: dict[str, object] = dict(entry.answers)  # type: ignore[call-overload]
    prompts = {question.key: question.prompt for question in questions_of(activity)}
    said = [(prompts.get(key, key), str(value or "")) for key, value in given.items()]
    if not hidden:
        return said
    return [(prompt, _DIGITS.sub(lambda found: mask_phone(found[0]), words)) for prompt, words in said]


def agreed(activity: Activity, entry: SignUp) -> list[tuple[str, str]]:
    """Who comes along and what was agreed to, where the organiser asked."""
    found = parties.lines(entry.party) if activity.names_guests or entry.party else []
    if activity.safety_notice or entry.notice_at:
        found = [("安全须知", safety_notices.said_of(activity, entry)), *found]
    return found


def hides(activity: Activity, entry: SignUp) -> bool:
    return answers(activity, entry) != answers(activity, entry, hidden=False)


async def each(session: AsyncSession, activity: Activity) -> AsyncIterator[Participant]:
    """Everybody, in the order in which they signed up first."""
    last = 0
    while True:
        batch = chosen(activity).where(SignUp.id > last).order_by(SignUp.id).limit(_BATCH)
        rows = (await session.execute(batch)).all()
        for row in rows:
            yield participant(row)
        if len(rows) < _BATCH:
            return
        last = rows[-1][0].id


def heads(activity: Activity) -> list[str]:
    asked = [question.prompt for question in questions_of(activity)]
    notice = ["安全须知"] if activity.safety_notice else []
    besides = ["谁替他报的"] if activity.colleagues else ["队伍"] if activity.team_most else []
    return [*HEADS, *besides, *asked, *notice, *_party_heads(activity)]


def _party_heads(activity: Activity) -> list[str]:
    return [heading for heading, _ in parties.lines(None)] if activity.names_guests else []


def line(activity: Activity, who: Participant) -> list[str]:
    given: dict[str, object] = dict(who.entry.answers)  # type: ignore[call-overload]
    at = f"{shanghai(who.entry.signed_up_at):%Y-%m-%d %H:%M}"
    facts = [who.name, who.branch, who.entry.state.label, str(who.entry.seats), at]
    said = [str(given.get(question.key) or "") for question in questions_of(activity)]
    notice = [safety_notices.said_of(activity, who.entry)] if activity.safety_notice else []
    party = [words for _, words in parties.lines(who.entry.party)] if activity.names_guests else []
    besides = [who.helper] if activity.colleagues else [who.place_in_team] if activity.team_most else []
    return [*facts, *besides, *said, *notice, *party]


async def count_seats(session: AsyncSession, activity_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """By activity: how many seats are in which state, by its label."""
    found = await session.execute(
        sa.select(SignUp.activity_id, SignUp.state, sa.func.sum(SignUp.seats))
        .where(SignUp.activity_id.in_(activity_ids), SignUp.state.in_(LIVE))
        .group_by(SignUp.activity_id, SignUp.state)
        .order_by(SignUp.activity_id, SignUp.state)
    )
    counts: dict[int, dict[str, int]] = {}
    for activity_id, state, seats in found.all():
        counts.setdefault(activity_id, {})[state.label] = int(seats)
    return counts


async def count_live(session: AsyncSession, activity: Activity) -> int:
    """How many people would be told if it changed or were called off."""
    told = SignUp.activity_id == activity.id, SignUp.state.in_(sittings.hearers(activity))
    return await session.scalar(sa.select(sa.func.count()).select_from(SignUp).where(*told)) or 0


async def count_states(session: AsyncSession, activity: Activity) -> Sequence[tuple[SignUpState, int, int]]:
    """State, sign-ups, seats."""
    found = sa.select(SignUp.state, sa.func.count(), sa.func.sum(SignUp.seats))
    rows = await session.execute(found.where(SignUp.activity_id == activity.id).group_by(SignUp.state))
    order = list(SignUpState)
    return sorted(
        ((state, int(count), int(seats)) for state, count, seats in rows), key=lambda row: order.index(row[0])
    )


def has_to_approve() -> sa.ColumnElement[bool]:
    """As a condition on activities: somebody waits for staff."""
    pending = SignUp.state == SignUpState.PENDING_APPROVAL
    return sa.exists().where(SignUp.activity_id == Activity.id, pending)


async def list_moves(session: AsyncSession, entry: SignUp) -> Sequence[SignUpMove]:
    """Oldest first."""
    chosen = sa.select(SignUpMove).where(SignUpMove.sign_up_id == entry.id).order_by(SignUpMove.id)
    return (await session.scalars(chosen)).all()


async def count_to_approve(session: AsyncSession, scope: Scope, now: datetime) -> int:
    """Sign-ups that wait for staff, of activities that are ahead."""
    ahead = sa.select(Activity.id).where(
        Activity.state.in_(ANNOUNCED), Activity.starts_at > now, scope.holds(Activity.branch_id)
    )
    waits = sa.select(sa.func.count()).select_from(SignUp).where(SignUp.activity_id.in_(ahead))
    return await session.scalar(waits.where(SignUp.state == SignUpState.PENDING_APPROVAL)) or 0
