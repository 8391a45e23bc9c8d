"""Teams as their rows stand: who is in one, and what follows for it from how its captain's sign-up stands.

A team is one unit of the waiting list: until it is seated its captain's sign-up takes as many seats as it has
people, and the others take none; then each has his own. So there is one rule for seats (`waiting_lists`).
Not here: what people do with teams (`teams`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import sign_up_notices as notices
from app.services.sign_up_moves import move
from models import LIVE, Activity, SignUp, SignUpState, Team

S = SignUpState
SEATED: Final = frozenset({S.CONFIRMED, S.CHECKED_IN, S.NO_SHOW})
WAITING: Final = frozenset({S.WAITLISTED, S.OFFERED})
GAVE_UP: Final = "队长退出了"


async def people(session: AsyncSession, team: Team) -> Sequence[SignUp]:
    """Who is in it, the captain first, then as they came."""
    chosen = sa.select(SignUp).where(SignUp.team_id == team.id, SignUp.state.in_(LIVE))
    captain_first = sa.case((SignUp.id == team.captain_id, 0), else_=1)
    return (await session.scalars(chosen.order_by(captain_first, SignUp.signed_up_at, SignUp.id))).all()


async def settle(session: AsyncSession, activity: Activity, now: datetime) -> None:
    """Let every team of a locked activity follow its captain's sign-up. Twice changes nothing more."""
    if not activity.team_most:
        return
    await session.flush()
    open_ones = sa.select(Team).where(
        Team.activity_id == activity.id, Team.seated_at.is_(None), Team.dropped_at.is_(None)
    )
    for team in (await session.scalars(open_ones.order_by(Team.id))).all():
        entries = await people(session, team)
        captain = next((each for each in entries if each.id == team.captain_id), None)
        if captain is None:
            await drop(session, activity, team, GAVE_UP, now)
        elif captain.state in SEATED:
            await _seat(session, activity, team, captain, entries, now)
        elif captain.state in WAITING and len(entries) < (activity.team_least or 0):
            await _gather_again(session, activity, team, captain, entries, now)
        elif captain.state in WAITING:
            captain.seats = len(entries)
    await session.flush()


async def led_by(session: AsyncSession, before: SignUp, after: SignUp) -> None:
    """One sign-up took over what another was (`merging`): with it the team which that one led."""
    led = sa.update(Team).where(Team.captain_id == before.id).values(captain_id=after.id)
    await session.execute(led.execution_options(synchronize_session="fetch"))


async def drop(session: AsyncSession, activity: Activity, team: Team, why: str, now: datetime) -> int:
    """Nobody of it is signed up any more; each is told, kindly. Returns how many were in it."""
    entries = await people(session, team)
    team.dropped_at = now
    for entry in entries:
        entry.seats = 1
        move(session, entry, S.CANCELLED, by="system", reason=f"「{team.name}」队解散：{why}", now=now)
        await session.flush()
        then = "谢谢您愿意来，欢迎参加以后的活动。"
        if activity.takes_sign_ups(now):
            then = "报名还没有截止，可以再建一支队，或者加入别的队。"
        words = f"「{activity.title}」：「{team.name}」队解散了，{why}。{then}"
        notices.team(session, entry, words, now, mark="dropped")
    await session.flush()
    return len(entries)


async def _seat(
    session: AsyncSession,
    activity: Activity,
    team: Team,
    captain: SignUp,
    entries: Sequence[SignUp],
    now: datetime,
) -> None:
    """From one sign-up that takes the seats of all to one seat each."""
    captain.seats, team.seated_at = 1, now
    team.submitted_at = team.submitted_at or now
    for entry in entries:
        if entry.state is S.FORMING:
            move(session, entry, S.CONFIRMED, by="system", reason=f"「{team.name}」队报上了", now=now)
            await session.flush()
            notices.receipt(session, activity, entry, now)


async def _gather_again(
    session: AsyncSession,
    activity: Activity,
    team: Team,
    captain: SignUp,
    entries: Sequence[SignUp],
    now: datetime,
) -> None:
    captain.seats, team.submitted_at = 1, None
    move(session, captain, S.FORMING, by="system", reason="人数不够了", now=now)
    await session.flush()
    words = (
        f"「{activity.title}」：「{team.name}」队有人退出，现在 {len(entries)} 人，"
        f"不够 {activity.team_least} 人，不再候补。请补齐以后再提交。"
    )
    notices.team(session, captain, words, now, mark="short")
