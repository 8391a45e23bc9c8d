"""What is kept of a sign-up that a colleague made: by whom, and whether it is in the member's own hands yet.

Until he himself has done something with it, the colleague may take it back; the history tells, nothing else
is kept. Not here: who may sign whom up (`colleagues`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.sign_up_moves import note
from models import Member, SignUp, SignUpHelp, SignUpMove

SOMEBODY = "同事"  # whose name nobody knows any more


@dataclass(frozen=True, slots=True)
class Made:
    """By whom a sign-up was made; `is_open`: whose it is has done nothing with it himself yet."""

    helper: str
    is_open: bool


async def find(session: AsyncSession, entry: SignUp) -> SignUpHelp | None:
    return await session.scalar(sa.select(SignUpHelp).where(SignUpHelp.sign_up_id == entry.id))


async def is_open(session: AsyncSession, entry: SignUp) -> bool:
    """Whether a colleague made it and the member himself has done nothing with it yet."""
    help_of = sa.select(SignUpHelp.id).where(SignUpHelp.sign_up_id == entry.id, ~_taken_over())
    return await session.scalar(help_of) is not None


async def list_made(session: AsyncSession, entries: Sequence[SignUp]) -> dict[int, Made]:
    """Of those that a colleague made, by the id of the sign-up: who did, and whether it is open."""
    chosen = (
        sa.select(SignUpHelp.sign_up_id, Member.name, sa.case((_taken_over(), 0), else_=1))
        .outerjoin(Member, Member.person_id == SignUpHelp.helper_id)
        .where(SignUpHelp.sign_up_id.in_([each.id for each in entries]))
    )
    found = await session.execute(chosen)
    return {entry_id: Made(name or SOMEBODY, bool(is_open)) for entry_id, name, is_open in found.all()}


def _taken_over() -> sa.ColumnElement[bool]:
    own = SignUpMove.sign_up_id == SignUpHelp.sign_up_id, SignUpMove.by == "member"
    return sa.exists().where(*own)


async def take_over(session: AsyncSession, entry: SignUp, channel: str, now: datetime) -> None:
    """The member wants it himself; from here on it is as if he had signed up. Twice is no error."""
    if await is_open(session, entry):
        state = entry.state
        said = "本人确认参加"
        session.add(note(entry, state, state, by="member", channel=channel, reason=said, now=now))


async def helper_name(session: AsyncSession, entry: SignUp) -> str:
    """Who signed him up, as the roster has it; empty where he did so himself."""
    row = await find(session, entry)
    return "" if row is None else await name_of(session, row.helper_id)


async def name_of(session: AsyncSession, person_id: int | None) -> str:
    if person_id is None:
        return SOMEBODY
    name = await session.scalar(sa.select(Member.name).where(Member.person_id == person_id))
    return name or SOMEBODY


# --- what becomes of it ------------------------------------------------------------------------------------


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """To whom the helper became, once their sign-ups are settled. Of two that became one nothing is left."""
    theirs = sa.update(SignUpHelp).where(SignUpHelp.helper_id == gone).values(helper_id=stays)
    await session.execute(theirs.execution_options(synchronize_session=False))
    settled = sa.select(SignUp.activity_id).where(SignUp.person_id == gone)
    own = sa.select(SignUp.id).where(SignUp.person_id == stays)
    joined = own.where(SignUp.activity_id.in_(settled))
    needless = sa.or_(SignUpHelp.helper_id == stays, SignUpHelp.sign_up_id.in_(joined))
    await _forget(session, SignUpHelp.sign_up_id.in_(own), needless)


async def forget(session: AsyncSession, sign_up_ids: Sequence[int]) -> None:
    await _forget(session, SignUpHelp.sign_up_id.in_(sign_up_ids))


async def forget_person(session: AsyncSession, person_id: int) -> None:
    """Nobody signed up whom he did; nobody signed him up."""
    own = sa.select(SignUp.id).where(SignUp.person_id == person_id)
    await _forget(session, SignUpHelp.sign_up_id.in_(own))
    theirs = sa.update(SignUpHelp).where(SignUpHelp.helper_id == person_id).values(helper_id=None)
    await session.execute(theirs.execution_options(synchronize_session=False))


async def _forget(session: AsyncSession, *which: sa.ColumnElement[bool]) -> None:
    gone = sa.delete(SignUpHelp).where(*which)
    await session.execute(gone.execution_options(synchronize_session=False))
