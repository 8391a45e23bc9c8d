"""Signing in to the console: tries, passwords, sessions.

A try is a row before anything is compared, so that many at once count as many; a sign-in takes its
tries away. Tries are counted by the login that was typed, whether or not somebody has it.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.errors import DomainError
from app.services import passwords, permissions, second_step, staff
from app.services.audit import does
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Right, Standing
from models import DeviceKind, Staff, StaffSession, StaffState, StaffTry
from models.sealing import digest_of_random, keyring

TRIES: Final = 5
TRIES_SPAN: Final = timedelta(minutes=15)
SESSION_FOR: Final = timedelta(hours=12)
IDLE_FOR: Final = timedelta(hours=2)
TICKET_FOR: Final = timedelta(minutes=2)
SEEN_EVERY: Final = timedelta(minutes=5)


class TooManyTries(DomainError):
    status = 429

    def __init__(self) -> None:
        super().__init__(
            f"这个账号输错的次数太多了，请 {TRIES_SPAN.seconds // 60} 分钟后再试；忘了密码可以请管理员重置。"
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that is signed in."""

    session_id: int
    login: str
    standing: Standing
    has_second_step: bool
    is_stale: bool  # `seen_at` is worth a write


async def note_try(session: AsyncSession, login: str, now: datetime) -> None:
    """Put down that somebody tries.

    Raises: TooManyTries: so many failed lately that this one is not even looked at.
    """
    digest = _digest(login)
    # Two at once on one account are counted one after the other.
    await session.execute(sa.select(Staff.id).where(Staff.login == staff.spelled(login)).with_for_update())
    lately = sa.select(sa.func.count()).where(StaffTry.login_digest == digest, StaffTry.at > now - TRIES_SPAN)
    if int(await session.scalar(lately) or 0) >= TRIES:
        raise TooManyTries
    session.add(StaffTry(login_digest=digest, at=now))
    await session.flush()


async def forget_tries_of(session: AsyncSession, login: str) -> None:
    """The last one was right."""
    await session.execute(sa.delete(StaffTry).where(StaffTry.login_digest == _digest(login)))


async def find(session: AsyncSession, login: str) -> Staff | None:
    """The account with this login, if it may sign in."""
    chosen = sa.select(Staff).where(Staff.login == staff.spelled(login), Staff.state == StaffState.ACTIVE)
    found: Staff | None = await session.scalar(chosen)
    return found


async def begin(
    session: AsyncSession, found: Staff, *, device: DeviceKind, address: str, now: datetime
) -> str:
    """The secret that the browser keeps. Tries of this login are forgotten."""
    mark = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            staff_id=found.id,
            mark_digest=digest_of_random(mark),
            device=device,
            address=address,
            started_at=now,
            seen_at=now,
        )
    )
    await forget_tries_of(session, found.login)
    await session.flush()
    does(session, "staff.sign_in", found.login)
    return mark


async def ticket(session: AsyncSession, found: Staff, now: datetime) -> str:
    """A secret that stands for the password for some minutes: WeChat has said whose phone it is.

    Raises: DomainError: who may change accounts or keys needs more than a phone.
    """
    standing = await permissions.standing_of(session, found)
    needs_more = permissions.may(standing, Right.STAFF_EDIT) or permissions.may(standing, Right.KEYS_ROTATE)
    if needs_more and found.totp_secret is None:
        raise DomainError("这个账号能管账号或密钥，先在电脑上「我的账号」里开两步验证，才能用微信登录。")
    return await staff.new_link(session, found, staff.SIGN_IN, now, TICKET_FOR)


async def spend_ticket(session: AsyncSession, secret: str, now: datetime) -> Staff | None:
    """Whose ticket it is; None where it is no good any more. The second step, if there is one, follows."""
    found = await staff.find_by_link(session, secret, staff.SIGN_IN, now, lock=True)
    if found is None or found.state is not StaffState.ACTIVE:
        return None
    await staff.spend_links(session, found, staff.SIGN_IN)
    return found


async def pass_second_step(
    session: AsyncSession, staff_id: int, version: int, code: str, now: datetime
) -> Staff | None:
    """The account, locked, if the code opens its second step.

    `version` is the account's when the password was right: changed meanwhile, the first step is void.
    """
    chosen = sa.select(Staff).where(Staff.id == staff_id, Staff.state == StaffState.ACTIVE)
    found: Staff | None = await session.scalar(chosen.with_for_update())
    if found is None or found.version != version or not await second_step.passes(session, found, code, now):
        return None
    return found


async def look_up(session: AsyncSession, mark: str, now: datetime) -> SignedIn | None:
    """Who is signed in with this secret, with the rights of this moment."""
    return (await look_up_all(session, (mark,), now)).get(mark)


async def look_up_all(session: AsyncSession, marks: Collection[str], now: datetime) -> dict[str, SignedIn]:
    """Who is signed in with each of these secrets; who is not is left out."""
    of_digest = {digest_of_random(mark): mark for mark in marks}
    chosen = (
        sa.select(StaffSession)
        .join(StaffSession.staff)
        .options(contains_eager(StaffSession.staff))
        .where(StaffSession.mark_digest.in_(of_digest), *_is_live(now), Staff.state == StaffState.ACTIVE)
    )
    rows = (await session.scalars(chosen)).all()
    grants = await permissions.grants_of_all(session, {row.staff_id for row in rows})
    return {
        of_digest[row.mark_digest]: SignedIn(
            row.id,
            row.staff.login,
            Standing(row.staff_id, row.staff.name, grants.get(row.staff_id, ())),
            row.staff.totp_secret is not None,
            row.seen_at < now - SEEN_EVERY,
        )
        for row in rows
    }


async def saw(session: AsyncSession, session_id: int, now: datetime) -> None:
    """A sign of life: an idle session ends by itself."""
    await session.execute(sa.update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


async def end(session: AsyncSession, mark: str) -> None:
    """A browser signs out. Twice is no error."""
    await session.execute(sa.delete(StaffSession).where(StaffSession.mark_digest == digest_of_random(mark)))


async def list_sessions(session: AsyncSession, staff_id: int, now: datetime) -> Sequence[StaffSession]:
    """Where somebody is signed in, the latest first."""
    chosen = sa.select(StaffSession).where(StaffSession.staff_id == staff_id, *_is_live(now))
    return (await session.scalars(chosen.order_by(StaffSession.seen_at.desc(), StaffSession.id))).all()


async def revoke(session: AsyncSession, staff_id: int, public_id: str) -> None:
    """End one session of this staff. Twice is no error."""
    gone = sa.delete(StaffSession).where(StaffSession.staff_id == staff_id)
    await session.execute(gone.where(StaffSession.public_id == public_id))


async def revoke_others(session: AsyncSession, staff_id: int, session_id: int) -> None:
    """End every session of this staff but one."""
    gone = sa.delete(StaffSession).where(StaffSession.staff_id == staff_id)
    await session.execute(gone.where(StaffSession.id != session_id))


async def choose_password(session: AsyncSession, secret: str, digest: str, now: datetime) -> Staff | None:
    """By the link somebody was given; None where it is no good any more. `digest` is made beforehand."""
    found = await staff.find_by_link(session, secret, staff.PASSWORD, now, lock=True)
    if found is None:
        return None
    found.password, found.state = digest, StaffState.ACTIVE
    await staff.spend_links(session, found, staff.PASSWORD)
    await session.execute(sa.delete(StaffSession).where(StaffSession.staff_id == found.id))
    await forget_tries_of(session, found.login)
    does(session, "staff.password", found.login)
    return found


async def change_password(session: AsyncSession, found: Staff, digest: str, session_id: int) -> None:
    """Other browsers are signed out: whoever changes it may have a reason."""
    found.password = digest
    await revoke_others(session, found.id, session_id)
    does(session, "staff.password", found.login)


async def knows_password(found: Staff | None, password: str) -> bool:
    """Takes as long for nobody."""
    return await passwords.fits(password, None if found is None else found.password)


def _digest(login: str) -> bytes:
    return keyring().digest(staff.spelled(login)[:200], "staff-login")


def _is_live(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return StaffSession.started_at > now - SESSION_FOR, StaffSession.seen_at > now - IDLE_FOR


def _is_over(now: datetime) -> Where:
    return (StaffSession.started_at <= now - SESSION_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(StaffSession).where(StaffSession.id.in_(ids), *_is_over(now)))


def _is_old(now: datetime) -> Where:
    return (StaffTry.at <= now - TRIES_SPAN,)


async def _forget_tries(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(StaffTry).where(StaffTry.id.in_(ids), *_is_old(now)))


forget_sessions = Rule("staff_sessions", StaffSession.id, _is_over, _forget)
forget_tries = Rule("staff_tries", StaffTry.id, _is_old, _forget_tries)
