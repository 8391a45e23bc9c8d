"""What processes agree on through the database: leases, versions, accounts, and the one access token."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import coordination
from app.services.coordination import DatabaseTokenStore
from app.wechat.tokens import StoredToken, TokenSource
from models import AccessToken, Account, AccountKind, Lease
from models.sealing import Keyring, use_keyring
from tests.conftest import TEST_LOOKUP, FakeClock

APP = "wx0123456789abcdef"


@pytest.fixture
async def other(database_url: str, database: Database) -> AsyncIterator[Database]:
    """Another process's connections to the same database."""
    opened = Database(database_url)
    yield opened
    await opened.close()


async def take(database: Database, clock: FakeClock, holder: str, seconds: float = 30) -> bool:
    async with database.transaction() as session:
        return await coordination.take_lease(session, "menus", holder, seconds=seconds, now=clock.real_now())


# --- leases -------------------------------------------------------------------------------------------------


async def test_a_lease_has_one_holder_until_it_runs_out(database: Database, clock: FakeClock) -> None:
    assert await take(database, clock, "a")
    assert not await take(database, clock, "b")

    clock.advance(29)
    assert not await take(database, clock, "b")
    clock.advance(1)
    assert await take(database, clock, "b")
    assert not await take(database, clock, "a")


async def test_its_holder_may_prolong_a_lease(database: Database, clock: FakeClock) -> None:
    await take(database, clock, "a")
    clock.advance(20)
    assert await take(database, clock, "a")
    clock.advance(20)
    assert not await take(database, clock, "b")


async def test_a_lease_given_back_is_free_and_only_its_holder_gives_it(
    database: Database, clock: FakeClock
) -> None:
    await take(database, clock, "a")
    for holder, free in (("b", False), ("a", True)):
        async with database.transaction() as session:
            await coordination.give_back(session, "menus", holder)
        async with database.reading() as session:
            assert (await session.scalar(sa.select(Lease.id)) is None) is free


async def test_of_many_who_ask_at_once_one_gets_the_lease(
    database: Database, other: Database, clock: FakeClock
) -> None:
    asked = [take(each, clock, f"{n}{each is other}") for n in range(8) for each in (database, other)]

    assert sum(await asyncio.gather(*asked)) == 1


# --- versions and accounts ----------------------------------------------------------------------------------


async def test_a_version_grows_by_one_for_every_change_however_many_come_at_once(
    database: Database, other: Database
) -> None:
    async def bump(each: Database) -> None:
        async with each.transaction() as session:
            await coordination.bump(session, "tips")

    async with database.reading() as session:
        assert await coordination.version(session, "tips") == 0
    await asyncio.gather(*(bump(each) for _ in range(10) for each in (database, other)))
    async with database.reading() as session:
        assert await coordination.version(session, "tips") == 20
        assert await coordination.version(session, "menus") == 0


async def test_an_account_has_one_row_however_many_processes_start_at_once(
    database: Database, other: Database
) -> None:
    async def start(each: Database) -> int:
        async with each.transaction() as session:
            return await coordination.account_id(session, APP, AccountKind.OFFICIAL)

    assert len(set(await asyncio.gather(*(start(each) for each in (database, other) * 3)))) == 1
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Account)) == 1


# --- the token ----------------------------------------------------------------------------------------------


def token(value: str, clock: FakeClock, seconds: float = 7200) -> StoredToken:
    return StoredToken(value, (clock.real_now() + timedelta(seconds=seconds)).timestamp())


async def keep(store: DatabaseTokenStore, value: str, clock: FakeClock, holder: str = "a") -> bool:
    await store.lease(APP, holder, 30)
    kept = await store.save(APP, token(value, clock), holder)
    await store.release(APP, holder)
    return kept


async def test_a_token_saved_by_one_process_is_read_by_all(
    database: Database, other: Database, clock: FakeClock
) -> None:
    assert await DatabaseTokenStore(database, clock).load(APP) is None

    assert await keep(DatabaseTokenStore(database, clock), "t-1", clock)

    assert await DatabaseTokenStore(other, clock).load(APP) == token("t-1", clock)
    assert await DatabaseTokenStore(other, clock).load("wxffffffffffffffff") is None


async def test_a_token_lies_sealed_in_the_database(database: Database, clock: FakeClock) -> None:
    await keep(DatabaseTokenStore(database, clock), "t-in-clear", clock)

    async with database.reading() as session:
        (stored,) = (await session.scalars(sa.text("SELECT value FROM access_token"))).all()
    assert b"t-in-clear" not in bytes(stored)


async def test_a_process_overtaken_while_it_fetched_saves_nothing(
    database: Database, other: Database, clock: FakeClock
) -> None:
    slow, quick = DatabaseTokenStore(database, clock), DatabaseTokenStore(other, clock)
    await slow.lease(APP, "slow", 30)
    clock.advance(31)
    await quick.lease(APP, "quick", 30)
    assert await quick.save(APP, token("new", clock), "quick")

    assert not await slow.save(APP, token("old", clock), "slow")
    await quick.release(APP, "quick")
    assert not await slow.save(APP, token("old", clock), "slow")
    assert await slow.load(APP) == token("new", clock)


async def test_only_the_token_that_was_refused_is_forgotten(database: Database, clock: FakeClock) -> None:
    store = DatabaseTokenStore(database, clock)
    await keep(store, "t-2", clock)

    await store.drop(APP, "t-1")  # somebody has renewed it meanwhile
    assert await store.load(APP) is not None
    await store.drop(APP, "t-2")
    assert await store.load(APP) is None


async def test_a_token_that_no_key_opens_is_replaced(
    database: Database, clock: FakeClock, keyring: Keyring
) -> None:
    store = DatabaseTokenStore(database, clock)
    use_keyring(Keyring({"gone": b"g" * 32}, TEST_LOOKUP))
    await keep(store, "old", clock)
    use_keyring(keyring)

    assert await store.load(APP) is None
    await store.drop(APP, "old")
    assert await keep(store, "new", clock)
    assert await store.load(APP) == token("new", clock)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(AccessToken)) == 1


async def test_many_processes_without_a_token_fetch_it_once(
    database: Database, other: Database, clock: FakeClock
) -> None:
    fetched: list[str] = []

    async def wechat(request: httpx.Request) -> httpx.Response:
        fetched.append(request.url.path)
        await asyncio.sleep(0)
        return httpx.Response(200, json={"access_token": f"t-{len(fetched)}", "expires_in": 7200})

    async def soon(seconds: float) -> None:
        await asyncio.sleep(0.01)

    async with httpx.AsyncClient(transport=httpx.MockTransport(wechat)) as http:
        sources = [
            TokenSource(
                DatabaseTokenStore(each, clock),
                http,
                APP,
                "secret",
                "https://api.weixin.qq.com",
                lambda: clock.real_now().timestamp(),
                pause=soon,
            )
            for each in (database, other) * 3
        ]
        assert set(await asyncio.gather(*(source.token() for source in sources))) == {"t-1"}
    assert len(fetched) == 1
