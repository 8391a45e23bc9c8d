"""The database goes away, is locked, is full or read-only while messages come: no false word to WeChat."""

import asyncio
import random
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.database import Database
from app.dialogue.outages import is_database_away
from models import Message, MessageState
from tests.pairs import Pair, desk_cases_of, kept, looking_into, shared_pair
from tests.running import Push, WeChat, openids, until, wechat_of
from tests.servers import run_apart

AWAY = 3.0  # seconds
DESK, KEYWORD, LEAVE = "人工", "12398", "留言"
UNDER_WAY = 0.3  # seconds: what was committed just before may still be on its way
ANSWERED_LATE = {MessageState.DEFERRED, MessageState.DELIVERED, MessageState.UNDELIVERABLE}


@dataclass
class Town:
    """Many people who write all the time; each message is pushed as WeChat does."""

    wechat: WeChat
    pair: Pair
    story: str
    pushes: list[Push] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    answered_at: list[float] = field(default_factory=list)
    _begun: list[int] = field(init=False)
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._begun = [len(service.log) for service in self.pair.services]

    async def member(self, people: list[str]) -> None:
        for openid in people:
            if self._done.is_set():
                return
            push = self.wechat.text(openid, (DESK, KEYWORD, LEAVE)[len(self.pushes) % 3])
            self.pushes.append(push)
            answer = await self.wechat.insist(push, self.pair.services)
            assert answer is not None, "WeChat gave up"
            self.answers[push.key] = answer
            self.answered_at.append(time.monotonic())

    async def answered(self, more: int) -> None:
        enough = len(self.answers) + more
        await until(lambda: len(self.answers) >= enough)

    def logs(self) -> list[str]:
        """What the services logged since the story began."""
        return [service.log[begun:] for service, begun in zip(self.pair.services, self._begun, strict=True)]

    def between(self, start: float, end: float) -> int:
        return sum(start < moment < end for moment in self.answered_at)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        everybody = openids(40_000, self.story)
        members = [asyncio.create_task(self.member(everybody[n::6])) for n in range(6)]
        try:
            yield
        finally:
            self._done.set()
            await asyncio.gather(*members)

    async def check(self, database: Database) -> None:
        """Everybody was answered rightly, and every message had its effect once."""
        assert not any("message_not_handled" in log for log in self.logs()), "taken for a bug"
        assert await kept(database, self.pushes) == len(self.pushes)
        # Who was told `success`, as a slow machine may, is answered late and not by nobody.
        late = [push for push in self.pushes if not self.answers[push.key]]
        assert len(late) < len(self.pushes) / 10
        assert await states_of(database, late) <= ANSWERED_LATE
        for push in self.pushes:
            assert push in late or any(
                words in self.answers[push.key] for words in ("RG-", "95598", "您想留言")
            ), push
        asked = [push.openid for push in self.pushes if "RG-" in self.answers[push.key]]
        assert await desk_cases_of(database, asked) == [(1, 0)] * len(asked)
        some = random.Random(3).sample(self.pushes, 40)
        again = await asyncio.gather(*(self.wechat.insist(push, self.pair.services) for push in some))
        assert again == [self.answers[push.key] for push in some]


async def states_of(database: Database, pushes: list[Push]) -> set[MessageState]:
    async with database.reading() as session:
        keys = [push.key for push in pushes]
        return set(await session.scalars(sa.select(Message.state).where(Message.key.in_(keys))))


@pytest.fixture
def sqlite_pair(request: pytest.FixtureRequest) -> Pair:
    return shared_pair("sqlite", request.config)


@pytest.fixture
def postgres_pair(request: pytest.FixtureRequest) -> Pair:
    return shared_pair("postgres", request.config)


async def test_postgres_away_for_three_seconds_under_load(postgres_pair: Pair) -> None:
    server, wechat = postgres_pair.postgres, wechat_of(postgres_pair.settings)
    assert server is not None
    town = Town(wechat, postgres_pair, "Away")

    async with town.writing():
        await town.answered(60)
        await asyncio.to_thread(server.stop)
        gone = time.monotonic()
        await asyncio.sleep(AWAY)
        back = time.monotonic()
        server.start()
        await town.answered(60)

    assert town.between(gone + UNDER_WAY, back) == 0
    async with looking_into(postgres_pair.settings) as database:
        await town.check(database)


async def test_sqlite_locked_by_another_program_for_three_seconds_under_load(sqlite_pair: Pair) -> None:
    town = Town(wechat_of(sqlite_pair.settings), sqlite_pair, "Locked")
    path = sa.make_url(sqlite_pair.settings.database_url).database or ""
    other = sqlite3.connect(path, isolation_level=None, timeout=5)

    async with town.writing():
        await town.answered(60)
        other.execute("BEGIN EXCLUSIVE")
        gone = time.monotonic()
        await asyncio.sleep(AWAY)
        back = time.monotonic()
        other.execute("COMMIT")
        await town.answered(60)

    other.close()
    assert town.between(gone + UNDER_WAY, back) == 0
    async with looking_into(sqlite_pair.settings) as database:
        await town.check(database)


# --- nothing can be written


async def refuses_until(pair: Pair, story: str, broken: Callable[[bool], None]) -> None:
    """While `broken`, nobody is told anything, whatever he wrote; afterwards the same pushes are answered."""
    wechat = wechat_of(pair.settings)
    known = openids(6, story)
    await asyncio.gather(*(wechat.insist(wechat.text(openid, KEYWORD), pair.services) for openid in known))
    people = known + openids(6, f"{story}New")  # those nobody has met yet need a row before all else
    pushes = [wechat.text(openid, (DESK, KEYWORD, LEAVE)[n % 3]) for n, openid in enumerate(people)]

    broken(True)
    try:
        silence = await asyncio.gather(
            *(wechat.push(push, pair.services[n % 2]) for n, push in enumerate(pushes))
        )
        async with looking_into(pair.settings) as database:
            # Later is too late to look: who is still at it stores it then, and answers WeChat's next try.
            assert await kept(database, pushes) == 0
    finally:
        broken(False)
    assert silence == [None] * len(pushes)
    async with looking_into(pair.settings) as database:
        answers = await asyncio.gather(*(wechat.insist(push, pair.services) for push in pushes))
        for push, answer in zip(pushes, answers, strict=True):
            assert any(words in (answer or "") for words in ("RG-", "95598", "您想留言")), (push, answer)
        assert await desk_cases_of(database, people[::3]) == [(1, 0)] * 4


async def test_a_full_disk_is_met_with_silence(sqlite_pair: Pair) -> None:
    def full(is_full: bool) -> None:
        most = 4096 if is_full else resource.RLIM_INFINITY  # bytes of any file
        for service in sqlite_pair.services:
            resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    await refuses_until(sqlite_pair, "Full", full)


async def test_a_database_that_turned_read_only_is_met_with_silence(postgres_pair: Pair) -> None:
    def read_only(is_so: bool) -> None:
        run_apart(lambda: _turn_read_only(postgres_pair.settings.database_url, is_so))

    await refuses_until(postgres_pair, "ReadOnly", read_only)


async def _turn_read_only(url: str, is_so: bool) -> None:
    """As a failover to a standby does it: connections end, new ones may not write."""
    database = Database(url)
    async with database.writer.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(sa.text("SET default_transaction_read_only = off"))
        await connection.execute(
            sa.text(f"ALTER DATABASE postgres SET default_transaction_read_only = {'on' if is_so else 'off'}")
        )
        await connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"
            )
        )
    await database.close()


# --- telling outages from bugs


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nonsense FROM nowhere",
        "INSERT INTO person (public_id, created_at) VALUES (NULL, NULL)",
        "SELECT 1 FROM",
    ],
)
async def test_a_wrong_statement_is_no_outage(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as session:
            await session.execute(sa.text(statement))

    assert not is_database_away(caught.value)


async def test_a_lock_that_does_not_come_is_an_outage(sqlite_url: str) -> None:
    holder, waiter = Database(sqlite_url), Database(sqlite_url)
    async with holder.writer.begin() as held:
        await held.execute(sa.text("SELECT 1"))
        with pytest.raises(DBAPIError) as caught:
            async with waiter.transaction() as session:
                await session.execute(sa.text("SELECT 1"))
    await holder.close()
    await waiter.close()

    assert is_database_away(caught.value)
    assert is_database_away(caught.value.orig or caught.value)


async def test_a_deadlock_on_postgres_is_run_again_not_answered(postgres_url: str) -> None:
    database = Database(postgres_url)
    async with database.transaction() as session:
        await session.execute(
            sa.text("INSERT INTO lease (name, holder, until) VALUES ('a', '', now()), ('b', '', now())")
        )
    met = asyncio.Barrier(2)

    async def crosswise(first: str, second: str) -> None:
        async with database.transaction() as session:
            await session.execute(sa.text(f"UPDATE lease SET holder = 'x' WHERE name = '{first}'"))
            await met.wait()
            await session.execute(sa.text(f"UPDATE lease SET holder = 'x' WHERE name = '{second}'"))

    ends = await asyncio.gather(crosswise("a", "b"), crosswise("b", "a"), return_exceptions=True)
    await database.close()

    (error,) = [end for end in ends if end is not None]
    assert is_database_away(error)
