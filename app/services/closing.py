"""Closing an account (注销): what leads to a person is deleted or parted from him, at once and for good.

The follower's row loses its openid, so that the same openid, should it write again, begins as somebody new.
What becomes of each column is in `closing_rules`. Who still follows the official account is met anew at once,
and sees the menu of those we do not know.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError
from app.services import privacy_requests, tags
from app.services.closing_rules import RULES, Closing
from app.services.forgetting import change
from models import Follower, Person, PrivacyRequest, RequestKind


async def close(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> PrivacyRequest:
    """Close the account of a person; the receipt says what was deleted, what stays and why.

    `channel` is portal, api, or wechat where the person gave up his WeChat account.

    Raises:
        DomainError: it is closed already.
    """
    person, rows = await _lock(session, person_id)
    if person.closed_at is not None:
        raise DomainError("这个账号已经注销了。")
    this = Closing(person.id, [row.id for row in rows], channel, now)
    known = [(row.account_id, row.openid) for row in rows if row.subscribed]
    await _part(session, this)
    for rule in RULES.values():
        await rule(session, this)
        await session.flush()
    person.closed_at = start_of_day(now)
    receipt = await privacy_requests.done(session, RequestKind.CLOSE, None, this.lines, channel, now)
    if channel != "wechat":
        await tags.meet_anew(session, known, now)
    return receipt


async def _lock(session: AsyncSession, person_id: int) -> tuple[Person, Sequence[Follower]]:
    """The person and his followers; of one who became another meanwhile, that other."""
    while True:
        theirs = sa.select(Follower).where(Follower.person_id == person_id).order_by(Follower.id)
        rows = (await session.scalars(theirs.with_for_update())).all()
        person = await session.get_one(Person, person_id, with_for_update=True, populate_existing=True)
        if person.merged_into_id is None:
            return person, rows
        person_id = person.merged_into_id


async def _part(session: AsyncSession, this: Closing) -> None:
    """From whoever has the same unionid: unbinding below would join the two, and both would be closed."""
    theirs = sa.update(Follower).where(Follower.id.in_(this.follower_ids))
    await change(session, theirs.values(unionid=None))
