"""组队报名: a captain gathers a team, colleagues join by its link, he hands it in when it is large enough.

Each in it has a sign-up of his own, judged by the rules of `sign_ups`; none has a seat before the team is
handed in and fits as a whole (`team_rows`). As in `sign_ups`, the activity's row is locked first, and
functions flush and never commit. Not here: who is in which (`team_rosters`), what time does (`team_timers`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import activities, eligibility, followers, sign_up_help, sign_ups, team_rows, waiting_lists
from app.services import sign_up_notices as notices
from app.services.addresses import with_page
from app.services.sign_up_moves import move, note
from app.services.sign_ups import Applicant, SignUpClosed
from app.services.team_rosters import Roster, get_activity_id, of_entry, page_of
from models import LIVE, Activity, SignUp, SignUpState, Team

S = SignUpState
NAME: Final = 20  # characters
ELSEWHERE: Final = "您已经在另一支队伍里，或者已经报上名了。要换队，请先退出原来的。"
WARNED_BEFORE: Final = timedelta(days=1)  # of the closing of sign-ups


class BadName(DomainError):
    status = 422


class NotCaptain(DomainError):
    status = 403

    def __init__(self) -> None:
        super().__init__("这件事由队长办。")


async def create(
    session: AsyncSession,
    activity_public_id: str,
    who: Applicant,
    name: str,
    *,
    answers: dict[str, Any],
    accepted: str = "",
    now: datetime,
) -> Team:
    """A team with its captain in it. Twice is no error: who is captain of one gets that.

    Raises:
        NotFound: no such activity.
        BadName: no name, or one that another team has.
        DomainError: no teams here; he is in another; whatever `sign_ups.sign_up` says.
    """
    activity = await activities.get(session, activity_public_id, lock=True)
    check(activity, who)
    own = await sign_ups.find_own(session, activity.id, who.person_id)
    if own is not None and own.state in LIVE:
        team = await of_entry(session, own)
        if team is not None and team.captain_id == own.id and team.gathers:
            return team
        raise DomainError("您已经在一支队伍里，或者已经报上名了，不用再建队。")
    said = _name(name)
    others = sa.select(Team.name).where(Team.activity_id == activity.id, Team.dropped_at.is_(None))
    if said in (await session.scalars(others)).all():
        raise BadName(f"已经有「{said}」队了，请换一个名字。")
    entry = await sign_ups.sign_up(
        session, activity.id, who, answers=answers, accepted=accepted, team_id=0, now=now
    )
    team = Team(activity_id=activity.id, name=said, captain_id=entry.id, created_at=now)
    if activity.closes_at - now <= WARNED_BEFORE:
        team.warned_at = now  # its page says so: nobody is reminded of what he did a moment ago
    session.add(team)
    await session.flush()
    entry.team_id = team.id
    await session.flush()
    return team


async def join(
    session: AsyncSession,
    public_id: str,
    who: Applicant,
    *,
    answers: dict[str, Any],
    accepted: str = "",
    now: datetime,
) -> SignUp:
    """Come into a team that gathers. Twice is no error.

    Raises:
        NotFound: no such team.
        DomainError: it is full, handed in or dropped; he is in another; whatever `sign_ups.sign_up` says.
    """
    activity, team = await _locked(session, public_id)
    check(activity, who)
    own = await sign_ups.find_own(session, activity.id, who.person_id)
    if own is not None and own.state in LIVE:
        if own.team_id == team.id:
            return own
        raise DomainError(ELSEWHERE)
    if obstacle := closed(activity, team, now):
        raise DomainError(obstacle)
    if len(await team_rows.people(session, team)) >= (activity.team_most or 0):
        raise DomainError(full(activity, team))
    return await sign_ups.sign_up(
        session, activity.id, who, answers=answers, accepted=accepted, team_id=team.id, now=now
    )


async def submit(session: AsyncSession, public_id: str, who: Applicant, *, now: datetime) -> Team:
    """Hand a team in: all get seats, or all wait. Twice is no error.

    Raises:
        NotFound: no such team.
        SignUpClosed: too late.
        NotCaptain: by somebody else.
        DomainError: too few; somebody may not come any more.
    """
    activity, team = await _locked(session, public_id)
    known = await waiting_lists.settle(session, activity, now)
    captain = await _captain(session, team, who)
    if not team.gathers:
        return team
    if not activity.takes_sign_ups(now):
        raise SignUpClosed(activity, now)
    entries = await team_rows.people(session, team)
    if len(entries) < (activity.team_least or 0):
        raise DomainError(f"「{team.name}」队现在 {len(entries)} 人，要 {activity.team_least} 人才能提交。")
    behind = await _judged(session, activity, entries, now)
    fits = len(entries) <= known.seats.left(None) and not behind
    captain.seats, captain.signed_up_at, team.submitted_at = len(entries), now, now
    captain.priority = waiting_lists.BEHIND if behind else 0
    state = S.CONFIRMED if fits else S.WAITLISTED
    move(session, captain, state, by=who.by, channel=who.channel, reason="全队提交", now=now)
    await session.flush()
    notices.receipt(session, activity, captain, now)
    await team_rows.settle(session, activity, now)
    if not fits:
        for entry in entries:
            if entry is not captain:
                words = (
                    f"「{activity.title}」：「{team.name}」队提交了，名额不够全队，一起候补，有了会通知您。"
                )
                notices.team(session, entry, words, now, mark="waits")
    waiting_lists.forget(session, activity.id)
    await session.flush()
    return team


async def remove(session: AsyncSession, public_id: str, code: str, who: Applicant, *, now: datetime) -> None:
    """The captain asks somebody out of a team that has no seats yet; he is told. Twice is no error.

    Raises: NotFound; NotCaptain; DomainError: himself, or the team is seated.
    """
    activity, team = await _locked(session, public_id)
    captain = await _captain(session, team, who)
    entry = await _one_of(session, team, code)
    if entry.state not in LIVE:
        return
    if entry is captain:
        raise DomainError("队长不能请自己出队。要退出，请先把队长交给别人，或者解散队伍。")
    if entry.state is not S.FORMING:
        raise DomainError("已经报上名了，要退出由他自己取消。")
    move(session, entry, S.CANCELLED, by="captain", channel=who.channel, reason="队长请出队伍", now=now)
    await session.flush()
    words = f"「{activity.title}」：队长调整了「{team.name}」队的人，您不在队里了，可以加入别的队或自己建队。"
    notices.team(session, entry, words, now, mark="removed")
    await waiting_lists.settle(session, activity, now)


async def hand_over(
    session: AsyncSession, public_id: str, code: str, who: Applicant, *, now: datetime
) -> Team:
    """Make somebody else of a team that gathers its captain. Twice is no error.

    Raises: NotFound; NotCaptain; DomainError: the other is not in it; it is handed in already.
    """
    activity, team = await _locked(session, public_id)
    entry = await _one_of(session, team, code)
    before = await session.get_one(SignUp, team.captain_id)
    if entry.id == team.captain_id and before.person_id != who.person_id:
        return team
    await _captain(session, team, who)
    if not team.gathers:
        raise DomainError("队伍已经提交，不能再换队长。")
    if entry.state is not S.FORMING:
        raise DomainError("他不在队里了，请换一位。")
    team.captain_id = entry.id
    state = entry.state
    session.add(note(entry, state, state, by="captain", channel=who.channel, reason="接任队长", now=now))
    words = with_page(
        f"「{activity.title}」：您现在是「{team.name}」队的队长，凑够人数请提交。", page_of(team)
    )
    notices.team(session, entry, words, now, mark="captain")
    await session.flush()
    return team


# --- looking -----------------------------------------------------------------------------------------------


def check(activity: Activity, who: Applicant) -> None:
    """Raises: DomainError: no teams here, or he is no member."""
    if not activity.team_most:
        raise DomainError(f"「{activity.title}」不用组队，请直接报名。")
    if who.facts.membership is None:
        raise DomainError("职工才能组队报名。请先在公众号里回复「绑定」绑定工号。")


async def outlook(session: AsyncSession, activity: Activity, who: Applicant, now: datetime) -> str:
    """Before anything is filled in: why he may not make a team, or come into one; empty where he may."""
    try:
        check(activity, who)
    except DomainError as refusal:
        return refusal.message
    return (await sign_ups.outlook(session, activity, who, now, in_team=True))[0]


async def joining(session: AsyncSession, found: Roster, who: Applicant, now: datetime) -> str:
    """Why he, who is not in it, may not come into this team; empty where he may."""
    if obstacle := closed(found.activity, found.team, now):
        return obstacle
    own = await sign_ups.find_own(session, found.activity.id, who.person_id)
    if own is not None and own.state in LIVE:
        return ELSEWHERE
    if obstacle := await outlook(session, found.activity, who, now):
        return obstacle
    return "" if found.room else full(found.activity, found.team)


def full(activity: Activity, team: Team) -> str:
    return f"「{team.name}」队满了，每队最多 {activity.team_most} 人。可以加入别的队，或者自己建一支。"


def closed(activity: Activity, team: Team, now: datetime) -> str:
    """Why nobody joins it any more; empty where one may."""
    if team.dropped_at is not None:
        return f"「{team.name}」队已经解散。"
    if not team.gathers:
        return f"「{team.name}」队已经提交，不能再加人。"
    return "" if activity.takes_sign_ups(now) else SignUpClosed(activity, now).message


# --- parts -------------------------------------------------------------------------------------------------


async def _locked(session: AsyncSession, public_id: str) -> tuple[Activity, Team]:
    activity = await sign_ups.lock(session, await get_activity_id(session, public_id))
    chosen = sa.select(Team).where(Team.public_id == public_id).execution_options(populate_existing=True)
    return activity, (await session.scalars(chosen)).one()


async def _captain(session: AsyncSession, team: Team, who: Applicant) -> SignUp:
    entry = await session.get_one(SignUp, team.captain_id, populate_existing=True)
    if entry.person_id != who.person_id:
        raise NotCaptain
    return entry


async def _one_of(session: AsyncSession, team: Team, code: str) -> SignUp:
    entry = await session.scalar(sa.select(SignUp).where(SignUp.public_id == code, SignUp.team_id == team.id))
    if entry is None:
        raise NotFound("他不在这支队里。")
    return entry


async def _judged(
    session: AsyncSession, activity: Activity, entries: Sequence[SignUp], now: datetime
) -> bool:
    """Whether any of them would wait behind all others. Raises: DomainError: somebody may not come."""
    behind = False
    for entry in sorted(entries, key=lambda each: each.person_id):
        facts = await followers.facts_of(session, entry.person_id, now)
        try:
            if facts is None or facts.membership is None:
                raise eligibility.NotEligible("")
            found = await eligibility.check(session, activity, entry.person_id, facts, now, lock=True)
        except eligibility.NotEligible:
            name = await sign_up_help.name_of(session, entry.person_id)
            raise DomainError(
                f"{name}现在不符合这个活动的条件，请他打开活动页看原因；来不了的，请他出队再提交。"
            ) from None
        behind = behind or bool(found)
    return behind


def _name(said: str) -> str:
    name = " ".join("".join(letter for letter in said if letter.isprintable()).split())
    if not name or len(name) > NAME:
        raise BadName(f"请写队名，最多 {NAME} 个字。")
    return name
