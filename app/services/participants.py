"""Who signed up for an activity, for staff: names of members, answers with telephone numbers hidden.

Everybody counts once. Of a team that was handed in and has no seats yet the rows say otherwise: its captain
waits with the seats of all, the others are still forming. Here each of them waits, and is one.
"""

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
_Helper, _Captain = aliased(Member), aliased(SignUp)
_LED: Final = sa.and_(SignUp.state == SignUpState.FORMING, Team.submitted_at.is_not(None))
_stands: Final[sa.ColumnElement[Any]] = sa.case((_LED, _Captain.state), else_=SignUp.state)
_counted: Final = sa.case((SignUp.team_id.is_not(None), 1), else_=SignUp.seats)  # as `SignUp.people`
_COLUMNS: Final[tuple[Any, ...]] = (
    *(SignUp, Member.name, Branch, SignUpHelp.id, _Helper.name, Team),
    _Captain.state,
)
_BATCH: Final = 500  # rows
_ORDER: Final = tuple(SignUpState)
_DIGITS: Final = re.compile(r"\d{7,}")


@dataclass(frozen=True, slots=True)
class Participant:
    """A sign-up and whose it is; `id` is that of the sign-up, `state` how he stands: as his team does."""

    entry: SignUp
    name: str
    branch: str
    state: SignUpState
    helper: str = ""  # the colleague who signed him up; empty where he did so himself
    team: Team | None = None

    @property
    def place_in_team(self) -> str:
        """Of which team, whether he leads it, and for how many he waits; empty where he is in none."""
        if self.team is None:
            return ""
        if self.team.captain_id != self.entry.id:
            return self.team.name
        all_of_it = f"，全队 {self.entry.seats} 人一起" if self.entry.seats > 1 else ""
        return f"{self.team.name}（队长{all_of_it}）"

    @property
    def id(self) -> int:
        return self.entry.id


def chosen(activity: Activity, state: SignUpState | None = None) -> sa.Select[Any]:
    """Rows of a sign-up, the member's name and branch, who signed him up, and his team."""
    wanted = SignUp.activity_id == activity.id
    if state is not None:
        wanted = sa.and_(wanted, _stands == state)
    rows: sa.Select[Any] = _with_team(sa.select(*_COLUMNS))
    rows = rows.outerjoin(Member, Member.person_id == SignUp.person_id)
    rows = rows.outerjoin(Branch, Branch.id == Member.branch_id)
    rows = rows.outerjoin(SignUpHelp, SignUpHelp.sign_up_id == SignUp.id)
    return rows.outerjoin(_Helper, _Helper.person_id == SignUpHelp.helper_id).where(wanted)


def participant(row: Any) -> Participant:
    entry, name, branch, helped, helper, team, led = row
    by = (helper or sign_up_help.SOMEBODY) if helped else ""
    way = branch.way if branch is not None else ""
    waits = entry.state is SignUpState.FORMING and team is not None and team.submitted_at is not None
    team = team if entry.state in LIVE else None
    return Participant(entry, name or UNKNOWN, way, led if waits else entry.state, by, team)


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
    facts = [who.name, who.branch, who.state.label, str(who.entry.people), at]
    said = [str(given.get(question.key) or "") for question in questions_of(activity)]
    notice = [safety_notices.said_of(activity, who.entry)] if activity.safety_notice else []
    party = [words for _, words in parties.lines(who.entry.party)] if activity.names_guests else []
    besides = [who.helper] if activity.colleagues else [who.place_in_team] if activity.team_most else []
    return [*facts, *besides, *said, *notice, *party]


async def count_people(session: AsyncSession, activity_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """By activity: how many people are in which state, by its label."""
    found: sa.Select[Any] = sa.select(SignUp.activity_id, _stands.label("stands"), sa.func.sum(_counted))
    found = _with_team(found).where(SignUp.activity_id.in_(activity_ids), SignUp.state.in_(LIVE))
    rows = await session.execute(found.group_by(SignUp.activity_id, "stands"))
    counts: dict[int, dict[str, int]] = {}
    for activity_id, state, people in sorted(rows, key=lambda row: (row[0], _ORDER.index(row[1]))):
        counts.setdefault(activity_id, {})[state.label] = int(people)
    return counts


async def count_live(session: AsyncSession, activity: Activity) -> int:
    """How many people would be told if it changed or were called off."""
    told = SignUp.activity_id == activity.id, SignUp.state.in_(sittings.hearers(activity))
    return await session.scalar(sa.select(sa.func.count()).select_from(SignUp).where(*told)) or 0


async def count_states(session: AsyncSession, activity: Activity) -> Sequence[tuple[SignUpState, int, int]]:
    """State, sign-ups, people."""
    found: sa.Select[Any] = sa.select(_stands.label("stands"), sa.func.count(), sa.func.sum(_counted))
    found = _with_team(found).where(SignUp.activity_id == activity.id)
    rows = (
        (state, int(count), int(people))
        for state, count, people in await session.execute(found.group_by("stands"))
    )
    return sorted(rows, key=lambda row: _ORDER.index(row[0]))


def _with_team(rows: sa.Select[Any]) -> sa.Select[Any]:
    """What `_stands` looks at."""
    rows = rows.outerjoin(Team, Team.id == SignUp.team_id)
    return rows.outerjoin(_Captain, _Captain.id == Team.captain_id)


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
