"""Asking WeChat for unionids: who uses the mini-program and follows the account is one person.

Only where there is a mini-program; without one a unionid is of no use and is not asked for. Each follower is
asked about once; who has left is forgotten and asked about anew when he comes back.
"""

from collections.abc import Sequence

import sqlalchemy as sa
import structlog

from app.clock import Clock
from app.database import Database
from app.services import merging
from app.wechat.api.users import User, UsersApi
from app.wechat.errors import OurMistake, PersonUnreachable, WeChatError
from models import Follower

log = structlog.get_logger(__name__)

AT_ONCE = 100  # openids in one call


async def ask(database: Database, users: UsersApi, clock: Clock, account_id: int) -> int:
    """Ask about the next followers of the official account; returns about how many."""
    async with database.reading() as session:
        unknown = sa.select(Follower.id, Follower.openid).where(
            Follower.account_id == account_id, Follower.subscribed, Follower.asked_at.is_(None)
        )
        rows = (await session.execute(unknown.order_by(Follower.id).limit(AT_ONCE))).all()
    if not rows:
        return 0
    try:
        found = await _ask(users, [row.openid for row in rows])
    except WeChatError as error:
        log.warning("unionids_not_asked", error=str(error))
        return 0
    ids = {row.openid: row.id for row in rows}
    for user in found:
        if user.unionid and user.openid in ids:
            await merging.learn_unionid(database, ids[user.openid], user.unionid, clock.now())
    await _note(database, list(ids.values()), clock)
    return len(rows)


async def _ask(users: UsersApi, openids: Sequence[str]) -> list[User]:
    """One whom WeChat does not know must not keep 99 others waiting."""
    try:
        return list(await users.batch_get(openids))
    except (PersonUnreachable, OurMistake):
        if len(openids) == 1:
            return []
        half = len(openids) // 2
        return [*await _ask(users, openids[:half]), *await _ask(users, openids[half:])]


async def _note(database: Database, follower_ids: Sequence[int], clock: Clock) -> None:
    """Also those of whom WeChat knows no unionid, or nothing at all: asking again would tell no more."""
    async with database.transaction() as session:
        asked = sa.update(Follower).where(Follower.id.in_(follower_ids), Follower.asked_at.is_(None))
        await session.execute(asked.values(asked_at=clock.now()))
