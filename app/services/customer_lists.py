"""Accounts of the register as staff look for them: by whole number, area and state; and one of them."""

from datetime import date
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import customer_accounts
from models import CustomerAccount

IN_USE, CLOSED = "in", "closed"
STATES: Final = {IN_USE: "在用", CLOSED: "销户"}


def chosen(today: date, *, number: str = "", area: str = "", state: str = "") -> sa.Select[CustomerAccount]:
    """Accounts as staff look for them; `number` is a whole one, and none fits what is no number."""
    asked = sa.select(CustomerAccount)
    if number:
        try:
            found = customer_accounts.digest(customer_accounts.written(number))
        except DomainError:
            return asked.where(sa.false())
        asked = asked.where(CustomerAccount.number_digest == found)
    if area:
        asked = asked.where(CustomerAccount.area == area)
    if state:
        is_closed = sa.and_(CustomerAccount.closed_on.is_not(None), CustomerAccount.closed_on <= today)
        asked = asked.where(is_closed if state == CLOSED else sa.not_(is_closed))
    return asked


async def get(session: AsyncSession, public_id: str) -> CustomerAccount:
    """Raises: NotFound."""
    found = await session.scalar(sa.select(CustomerAccount).where(CustomerAccount.public_id == public_id))
    if found is None:
        raise NotFound("登记里没有这个户号。")
    return found
