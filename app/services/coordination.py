"""What processes agree on through the database: leases, shared versions, accounts and their access tokens.

Every function is one short transaction by itself or part of the caller's; Redis is not needed for any of it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database, insert_into
from app.wechat.tokens import StoredToken
from models import AccessToken, Account, AccountKind, Lease, SharedVersion
from models.sealing import SealBroken


def upsert(session: AsyncSession, model: Any) -> Any:
    """An INSERT that can say ON CONFLICT, for the database at hand."""
    return insert_into(session.get_bind().dialect.name, model.__table__)


async def take_lease(session: AsyncSession, name: str, holder: str, *, seconds: float, now: datetime) -> bool:
    """Whether `holder` alone may do `name` for `seconds`; `now` is real time."""
    insert = upsert(session, Lease).values(name=name, holder=holder, until=now + timedelta(seconds=seconds))
    table = Lease.__table__
    taken = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
        where=sa.or_(table.c.until <= now, table.c.holder == holder),
    ).returning(table.c.id)
    return await session.scalar(taken) is not None


async def give_back(session: AsyncSession, name: str, holder: str) -> None:
    await session.execute(sa.delete(Lease).where(Lease.name == name, Lease.holder == holder))


async def bump(session: AsyncSession, name: str) -> None:
    """Tell every process that what it keeps under `name` is old."""
    insert = upsert(session, SharedVersion).values(name=name, value=1)
    await session.execute(
        insert.on_conflict_do_update(
            index_elements=["name"], set_={"value": SharedVersion.__table__.c.value + 1}
        )
    )


async def queue_for(session: AsyncSession, name: str) -> None:
    """Wait for others who change what goes by `name`, until the transaction ends."""
    value = SharedVersion.__table__.c.value
    insert = upsert(session, SharedVersion).values(name=name, value=0)
    await session.execute(
        insert.on_conflict_do_update(index_elements=["name"], set_={"value": value})  # changes nothing: locks
    )


async def version(session: AsyncSession, name: str) -> int:
    return await session.scalar(sa.select(SharedVersion.value).where(SharedVersion.name == name)) or 0


async def account_id(session: AsyncSession, app_id: str, kind: AccountKind) -> int:
    """The row of one of our accounts, made when it is new."""
    await session.execute(
        upsert(session, Account)
        .values(app_id=app_id, kind=kind)
        .on_conflict_do_nothing(index_elements=["app_id"])
    )
    found = await session.scalar(sa.select(Account.id).where(Account.app_id == app_id))
    if found is None:
        raise LookupError(f"no account {app_id}")
    return found


async def gh_id(session: AsyncSession, account_id: int) -> str | None:
    """The account's original id (原始ID), once a callback has told it."""
    return await session.scalar(sa.select(Account.gh_id).where(Account.id == account_id))


async def learn_gh_id(session: AsyncSession, account_id: int, told: str) -> str:
    """Keep `told` as the account's original id unless it has one; returns the one that is kept."""
    unknown = sa.update(Account).where(Account.id == account_id, Account.gh_id.is_(None))
    await session.execute(unknown.values(gh_id=told))
    return await gh_id(session, account_id) or told


class DatabaseTokenStore:
    """`app.wechat.tokens.TokenStore` over the tables all processes share."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def load(self, app_id: str) -> StoredToken | None:
        async with self._database.reading() as session:
            try:
                row = await session.scalar(sa.select(AccessToken).where(AccessToken.app_id == app_id))
            except SealBroken:
                # Sealed with a key that is gone: as good as none, and the next one takes its place.
                return None
        return StoredToken(row.value, row.expires_at.timestamp()) if row else None

    async def drop(self, app_id: str, value: str) -> None:
        async with self._database.transaction() as session:
            try:
                row = await session.scalar(
                    sa.select(AccessToken).where(AccessToken.app_id == app_id).with_for_update()
                )
            except SealBroken:
                return
            if row is not None and row.value == value:
                await session.delete(row)

    async def lease(self, app_id: str, holder: str, seconds: float) -> bool:
        async with self._database.transaction() as session:
            now = self._clock.real_now()
            return await take_lease(session, _lease(app_id), holder, seconds=seconds, now=now)

    async def save(self, app_id: str, token: StoredToken, holder: str) -> bool:
        async with self._database.transaction() as session:
            held = await session.scalar(
                sa.select(Lease.id)
                .where(Lease.name == _lease(app_id), Lease.holder == holder)
                .with_for_update()
            )
            if held is None:
                return False
            expires_at = datetime.fromtimestamp(token.expires_at, UTC)
            insert = upsert(session, AccessToken).values(
                app_id=app_id, value=token.value, expires_at=expires_at
            )
            await session.execute(
                insert.on_conflict_do_update(
                    index_elements=["app_id"],
                    set_={"value": insert.excluded.value, "expires_at": insert.excluded.expires_at},
                )
            )
            return True

    async def release(self, app_id: str, holder: str) -> None:
        async with self._database.transaction() as session:
            await give_back(session, _lease(app_id), holder)


def _lease(app_id: str) -> str:
    return f"wechat-token:{app_id}"
