"""Who is staff: inviting, roles, disabling; and the links by which somebody chooses a password.

Not here: signing in (`staff_sign_in`), the second step (`second_step`), what a role may do (`permissions`).
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.errors import DomainError, NotFound
from app.services import case_owners
from app.services.audit import does
from app.services.forgetting import Ids, Rule, Where, change
from app.services.permissions import Standing, may_give
from models import (
    Role,
    Staff,
    StaffGrant,
    StaffLink,
    StaffRecoveryCode,
    StaffSession,
    StaffState,
)
from models.sealing import digest_of_random

LINK_FOR: Final = timedelta(hours=72)
SOONER: Final = timedelta(minutes=15)  # a link that says which WeChat is whose
PASSWORD, WECHAT, SIGN_IN = "password", "wechat", "sign_in"  # purposes of links
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,31}")
_NAME_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """A role for a branch, or for the whole union."""

    role: Role
    branch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    staff: Staff
    secret: str  # of the link; nobody can read it again


class LastAdmin(DomainError):
    def __init__(self) -> None:
        super().__init__(
            "这是最后一位管理整个工会的管理员，停用或改掉角色以后就没有人能管理了。请先再设一位。"
        )


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> Staff:
    """With roles. Raises: NotFound."""
    chosen = sa.select(Staff).where(Staff.public_id == public_id).options(selectinload(Staff.grants))
    found = await session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None:
        raise NotFound("没有找到这位工作人员。")
    return found


async def get_by_login(session: AsyncSession, login: str) -> Staff:
    """With roles. Raises: NotFound."""
    found = await session.scalar(
        sa.select(Staff).where(Staff.login == spelled(login)).options(selectinload(Staff.grants))
    )
    if found is None:
        raise NotFound(f"没有叫 {login} 的账号。")
    return found


async def list_all(session: AsyncSession) -> Sequence[Staff]:
    """Everybody with roles: who works now before who does not."""
    chosen = sa.select(Staff).options(selectinload(Staff.grants))
    gone = sa.case((Staff.state == StaffState.DISABLED, 1), else_=0)
    return (await session.scalars(chosen.order_by(gone, Staff.name, Staff.id))).all()


async def find_invited(session: AsyncSession, login: str) -> Staff | None:
    """The account with this login, with roles, while its owner has chosen no password."""
    chosen = sa.select(Staff).where(Staff.login == spelled(login), Staff.state == StaffState.INVITED)
    return await session.scalar(chosen.options(selectinload(Staff.grants)))


async def any_at_all(session: AsyncSession) -> bool:
    return await session.scalar(sa.select(Staff.id).limit(1)) is not None


def spelled(login: str) -> str:
    """A login as it is kept."""
    return login.strip().lower()


async def invite(
    session: AsyncSession,
    login: str,
    name: str,
    wanted: Sequence[Wanted],
    *,
    by: Standing | None,
    now: datetime,
) -> Invited:
    """A new account, and the link by which its owner chooses a password. `by` None: an operator's command.

    Raises: DomainError: the login is taken or is none, no name, no role, or a role `by` may not give.
    """
    login, name = spelled(login), name.strip()
    if not _LOGIN.fullmatch(login):
        raise DomainError(
            "登录名用小写字母开头，只含小写字母、数字、点、- 和 _，2 到 32 个字符，例如 li.na。"
        )
    if not name or len(name) > _NAME_LENGTH:
        raise DomainError(f"请写姓名，最多 {_NAME_LENGTH} 个字。")
    if await session.scalar(sa.select(Staff.id).where(Staff.login == login)) is not None:
        raise DomainError(f"登录名 {login} 已经有人用了，请换一个。")
    made = Staff(login=login, name=name, state=StaffState.INVITED, created_at=now, grants=[])
    session.add(made)
    await session.flush()
    _give(made, wanted, by, now)
    secret = await new_link(session, made, PASSWORD, now, LINK_FOR)
    does(session, "staff.invite", login)
    return Invited(made, secret)


async def set_roles(
    session: AsyncSession, staff: Staff, wanted: Sequence[Wanted], *, by: Standing | None, now: datetime
) -> None:
    """These roles and no others.

    Raises: DomainError: one's own, none, one that `by` may not give or take, or the last administrator's.
    """
    _refuse_oneself(staff, by)
    before = {(grant.role, grant.branch_id): grant for grant in staff.grants}
    after = {(each.role, each.branch_id) for each in wanted}
    gone = [grant for key, grant in before.items() if key not in after]
    for grant in gone:
        _refuse_giving(by, grant.role, grant.branch_id)
    _give(staff, [each for each in wanted if (each.role, each.branch_id) not in before], by, now, kept=after)
    for grant in gone:
        staff.grants.remove(grant)
        await session.delete(grant)
    await session.flush()
    await _refuse_last(session)
    does(session, "staff.roles", staff.login)


async def rename(session: AsyncSession, staff: Staff, name: str, *, by: Standing | None) -> None:
    """Raises: DomainError: no name, a long one, or somebody over whom `by` is not set."""
    name = name.strip()
    refuse_over(by, staff)
    if not name or len(name) > _NAME_LENGTH:
        raise DomainError(f"请写姓名，最多 {_NAME_LENGTH} 个字。")
    staff.name = name
    does(session, "staff.rename", staff.login)


async def disable(
    session: AsyncSession, staff: Staff, *, by: Standing | None, now: datetime, reason: str = ""
) -> None:
    """Nobody signs in with it any more, and who is signed in is not; cases go back to all. Twice is no error.

    Raises: DomainError: oneself, somebody over whom `by` is not set, or the last administrator.
    """
    _refuse_oneself(staff, by)
    refuse_over(by, staff)
    staff.state = StaffState.DISABLED
    await case_owners.take_back_all(session, staff.id, now)
    await _end_everywhere(session, staff)
    await session.flush()
    await _refuse_last(session)
    does(session, "staff.disable", staff.login, reason=reason or None)


async def reset(session: AsyncSession, staff: Staff, *, by: Standing | None, now: datetime) -> str:
    """The secret of a new link: password, second step, recovery codes and sign-ins of before are gone.

    Also brings a disabled account back.

    Raises: DomainError: oneself, or somebody over whom `by` is not set.
    """
    _refuse_oneself(staff, by)
    refuse_over(by, staff)
    act = "staff.enable" if staff.state is StaffState.DISABLED else "staff.reset"
    staff.state, staff.password, staff.totp_secret = StaffState.INVITED, None, None
    await session.execute(sa.delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id))
    await _end_everywhere(session, staff)
    secret = await new_link(session, staff, PASSWORD, now, LINK_FOR)
    does(session, act, staff.login)
    return secret


async def wechat_link(session: AsyncSession, staff: Staff, now: datetime) -> str:
    """The secret of a link that, opened in WeChat, says which person this is."""
    return await new_link(session, staff, WECHAT, now, SOONER)


async def find_of_person(session: AsyncSession, person_id: int) -> Staff | None:
    """Whose WeChat this is, if he works here now."""
    chosen = sa.select(Staff).where(Staff.person_id == person_id, Staff.state == StaffState.ACTIVE)
    found: Staff | None = await session.scalar(chosen)
    return found


async def find_by_link(
    session: AsyncSession, secret: str, purpose: str, now: datetime, *, lock: bool = False
) -> Staff | None:
    """Whose link this is, while it is good."""
    chosen = sa.select(Staff).join(StaffLink, StaffLink.staff_id == Staff.id)
    chosen = chosen.where(StaffLink.secret_digest == digest_of_random(secret), StaffLink.purpose == purpose)
    chosen = chosen.where(StaffLink.expires_at > now, Staff.state != StaffState.DISABLED)
    found: Staff | None = await session.scalar(chosen.with_for_update(of=Staff) if lock else chosen)
    return found


async def spend_links(session: AsyncSession, staff: Staff, purpose: str) -> None:
    """Once one was used, none of its kind is good any more."""
    await session.execute(
        sa.delete(StaffLink).where(StaffLink.staff_id == staff.id, StaffLink.purpose == purpose)
    )


async def bind_person(session: AsyncSession, secret: str, person_id: int, now: datetime) -> Staff | None:
    """This person is who opened the link; None where it is no good any more.

    Raises: DomainError: the person is somebody else of staff.
    """
    staff = await find_by_link(session, secret, WECHAT, now, lock=True)
    if staff is None:
        return None
    other = await session.scalar(sa.select(Staff.id).where(Staff.person_id == person_id))
    if other is not None and other != staff.id:
        raise DomainError("这个微信已经关联了另一个工作账号，请先在那个账号里解除。")
    staff.person_id = person_id
    await spend_links(session, staff, WECHAT)
    does(session, "staff.wechat", staff.login)
    return staff


async def new_link(session: AsyncSession, staff: Staff, purpose: str, now: datetime, lasts: timedelta) -> str:
    """The secret of a new link; older ones of its purpose are no good any more."""
    await spend_links(session, staff, purpose)
    secret = secrets.token_urlsafe(24)
    session.add(
        StaffLink(
            staff_id=staff.id,
            purpose=purpose,
            secret_digest=digest_of_random(secret),
            expires_at=now + lasts,
        )
    )
    await session.flush()
    return secret


def _give(
    staff: Staff,
    wanted: Sequence[Wanted],
    by: Standing | None,
    now: datetime,
    *,
    kept: object = (),
) -> None:
    if not wanted and not kept:
        raise DomainError("请至少选一个角色。")
    for each in dict.fromkeys(wanted):
        _refuse_giving(by, each.role, each.branch_id)
        staff.grants.append(StaffGrant(role=each.role, branch_id=each.branch_id, given_at=now))


def _refuse_oneself(staff: Staff, by: Standing | None) -> None:
    if by is not None and by.staff_id == staff.id:
        raise DomainError("自己的角色和状态不能自己改，请另一位管理员来办。")


def _refuse_giving(by: Standing | None, role: Role, branch_id: int | None) -> None:
    if by is not None and not may_give(by, role, branch_id):
        raise DomainError(f"您不能给予或收回「{role.label}」这个角色（或不在这个分会的范围内）。")


def refuse_over(by: Standing | None, staff: Staff) -> None:
    """`staff` has its roles. Raises: DomainError: somebody over whom `by` is not set."""
    for grant in staff.grants:
        _refuse_giving(by, grant.role, grant.branch_id)


async def _refuse_last(session: AsyncSession) -> None:
    """Somebody must be left who administers the whole union, if there ever was one."""
    admins = sa.select(StaffGrant.id).join(Staff, Staff.id == StaffGrant.staff_id)
    admins = admins.where(StaffGrant.role == Role.UNION_ADMIN, StaffGrant.branch_id.is_(None))
    if await session.scalar(admins.where(Staff.state != StaffState.DISABLED).limit(1)) is None:
        raise LastAdmin


async def _end_everywhere(session: AsyncSession, staff: Staff) -> None:
    for table in (StaffSession, StaffLink):
        await session.execute(sa.delete(table).where(table.staff_id == staff.id))


def _is_over(now: datetime) -> Where:
    return (StaffLink.expires_at <= now,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(StaffLink).where(StaffLink.id.in_(ids), *_is_over(now)))


forget_links = Rule("staff_links", StaffLink.id, _is_over, _forget)
