"""Who is on duty for alerts about people in danger: openids of the settings, and staff with their WeChat.

An alert belongs to no branch: of staff those hear of it who may take alerts for the whole union.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import permissions
from app.services.permissions import RIGHTS, Right, Standing
from models import Account, Follower, Staff, StaffGrant, StaffState

_ROLES = [role for role, rights in RIGHTS.items() if Right.ALERTS_TAKE in rights]


async def list_openids(session: AsyncSession, fixed: Collection[str], app_id: str) -> Sequence[str]:
    """To whom the account `app_id` sends alerts now, `fixed` ones first, each once."""
    chosen = (
        sa.select(Follower.openid)
        .join(Account, Account.id == Follower.account_id)
        .join(Staff, Staff.person_id == Follower.person_id)
        .where(Account.app_id == app_id, Follower.subscribed.is_(True), *_may_take())
        .order_by(Staff.id, Follower.id)
    )
    return list(dict.fromkeys([*fixed, *await session.scalars(chosen)]))


async def find_staff(session: AsyncSession, person_id: int) -> Staff | None:
    """The one of staff who is this person, if he may take alerts."""
    found: Staff | None = await session.scalar(
        sa.select(Staff).where(Staff.person_id == person_id, *_may_take())
    )
    return found


async def find_standing(session: AsyncSession, app_id: str, openid: str) -> Standing | None:
    """Of the one of staff whose WeChat on the account `app_id` this is, if he may take alerts."""
    whose = sa.select(Follower.person_id).join(Account, Account.id == Follower.account_id)
    person_id = await session.scalar(whose.where(Account.app_id == app_id, Follower.openid == openid))
    staff = None if person_id is None else await find_staff(session, person_id)
    return None if staff is None else await permissions.standing_of(session, staff)


def _may_take() -> tuple[sa.ColumnElement[bool], ...]:
    grants = sa.exists().where(
        StaffGrant.staff_id == Staff.id, StaffGrant.branch_id.is_(None), StaffGrant.role.in_(_ROLES)
    )
    return Staff.state == StaffState.ACTIVE, grants


def name_of(staff: Staff) -> str:
    """What an alert says of who took it: the login too, since two may have one name."""
    return taker(staff.name, staff.login)


def taker(name: str, login: str) -> str:
    return f"{name[:28]}（{login}）"
