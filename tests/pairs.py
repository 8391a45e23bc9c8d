"""Two service processes on one database, for tests of what breaks; and a look at what they stored there.

The pairs, one on SQLite and one on PostgreSQL, are started once and shared by all such tests.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import migrations
from app.database import Database
from app.settings import Settings
from models import Case, CaseEntry, CaseKind, CaseReporter, EntryKind, Follower, Message
from models.sealing import Keyring, keyring, use_keyring
from tests.running import Push, Service, WeChat, start_all, wechat_of
from tests.servers import Missing, PostgresServer, run_apart, start_postgres


@dataclass
class Pair:
    """Two service processes on one database; the PostgreSQL is their own and may be stopped."""

    services: list[Service]
    postgres: PostgresServer | None

    @property
    def settings(self) -> Settings:
        return self.services[0].settings


_pairs: dict[str, Pair | str] = {}


def shared_pair(kind: str, config: pytest.Config) -> Pair:
    """The pair on `kind` (sqlite, postgres) that all fault tests share; both processes run."""
    if kind not in _pairs:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        try:
            _pairs[kind] = _make_pair(kind, stack)
        except Missing as reason:
            _pairs[kind] = str(reason)
    pair = _pairs[kind]
    if isinstance(pair, str):
        pytest.skip(pair)
    start_all(pair.services)  # a test before this one may have killed them
    return pair


def _make_pair(kind: str, stack: ExitStack) -> Pair:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gonghui-pair-")))
    server, url = None, f"sqlite+aiosqlite:///{folder / 'gonghui.db'}"
    if kind == "postgres":
        server = stack.enter_context(start_postgres())
        url = server.url
        run_apart(lambda: _migrate(url))
    pair = Pair([Service(folder, url) for _ in range(2)], server)
    for service in pair.services:
        stack.callback(service.kill)
    start_all(pair.services)  # on SQLite both migrate the same empty file
    return pair


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrations.upgrade(database)
    await database.close()


@asynccontextmanager
async def looking_into(settings: Settings) -> AsyncIterator[Database]:
    """The database of a running service, with its keys."""
    assert settings.encryption_keys is not None
    assert settings.lookup_key is not None
    use_keyring(
        Keyring.parse(settings.encryption_keys.get_secret_value(), settings.lookup_key.get_secret_value())
    )
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return shared_pair(request.param, request.config)


@pytest.fixture
def wechat(pair: Pair) -> WeChat:
    return wechat_of(pair.settings)


@pytest.fixture
async def database(pair: Pair) -> AsyncIterator[Database]:
    async with looking_into(pair.settings) as opened:
        yield opened


async def desk_cases_of(database: Database, people: list[str]) -> list[tuple[int, int]]:
    """Of each person: how many 人工 cases there are, and how many times 人工 was noted in one again."""
    entries = sa.func.count(CaseEntry.id).filter(CaseEntry.kind == EntryKind.EVENT)
    async with database.reading() as session:
        person = dict((await session.execute(sa.select(Follower.openid, Follower.person_id))).all())
        rows = await session.execute(
            sa.select(CaseReporter.person_digest, sa.func.count(Case.id.distinct()), entries)
            .join(Case, Case.id == CaseReporter.case_id)
            .join(CaseEntry, CaseEntry.case_id == Case.id)
            .where(Case.kind == CaseKind.DESK)
            .group_by(CaseReporter.person_digest)
        )
        counts = {digest: (found, again) for digest, found, again in rows}
    digests = [keyring().digest(str(person[openid]), "case-reporter") for openid in people]
    return [counts.get(digest, (0, 0)) for digest in digests]


async def kept(database: Database, pushes: list[Push]) -> int:
    """How many of these pushes are in the journal; each is there at most once."""
    async with database.reading() as session:
        keys = set(await session.scalars(sa.select(Message.key)))
    return len(keys & {push.key for push in pushes})
