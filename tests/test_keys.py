"""`gonghui keys`: everything sealed anew with the first key, while others go on writing."""

import asyncio
import base64
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app import migrations
from app.cli import keys
from app.database import Database
from app.errors import OperatorError
from app.services import key_rotation
from app.services.key_rotation import Pace, Standing
from models import (
    Base,
    UnansweredQuestion,
)
from models.sealing import Keyring, keyring, use_keyring
from tests import servers
from tests.conftest import NOON
from tests.sealed_rows import fill, question

OLD, NEW, LOST = bytes(range(32)), bytes(32), bytes([7] * 32)
LOOKUP = b"l" * 32
ONLY_OLD, BOTH, ONLY_NEW = {"k1": OLD}, {"k2": NEW, "k1": OLD}, {"k2": NEW}


def hold(ring: dict[str, bytes]) -> None:
    use_keyring(Keyring(ring, LOOKUP))


async def values(database: Database) -> dict[str, Any]:
    """Every sealed value, opened, by its column."""
    async with database.reading() as session:
        return {
            str(column): await session.scalar(sa.select(column)) for column in key_rotation.sealed_columns()
        }


async def rotated(database: Database, batch: int = 100) -> list[key_rotation.Count]:
    return await key_rotation.rotate(database, Pace(batch=batch, pause=no_rest))


async def no_rest(seconds: float) -> None:
    assert seconds > 0


async def people_asking(database: Database, count: int) -> None:
    async with database.transaction() as session:
        for number in range(count):
            session.add(
                UnansweredQuestion(
                    text=f"问{number}", digest=number.to_bytes(16), first_at=NOON, last_at=NOON
                )
            )


def test_no_sealed_column_of_any_table_is_forgotten() -> None:
    found = {str(column) for column in key_rotation.sealed_columns()}

    assert {"message.body", "message.reply", "outbox.payload", "case_reporter.reporter"} <= found
    assert len(found) == sum(
        "Sealed" in type(column.type).__name__
        for table in Base.metadata.tables.values()
        for column in table.c
    )


async def test_after_rotation_the_old_key_is_needed_for_nothing(database: Database) -> None:
    hold(ONLY_OLD)
    await fill(database)
    before = await values(database)
    assert None not in before.values(), "a table with sealed values is not filled by this test"

    hold(BOTH)
    counts = await rotated(database)

    assert {count.place: count.sealed_anew for count in counts} == dict.fromkeys(before, 1)
    assert all(count.clean for count in counts)
    hold(ONLY_NEW)
    assert await values(database) == before


async def test_a_second_rotation_finds_nothing_to_do(database: Database) -> None:
    hold(ONLY_OLD)
    await fill(database)
    hold(BOTH)
    await rotated(database)

    assert sum(count.sealed_anew for count in await rotated(database)) == 0


async def test_a_rotation_stopped_half_way_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(ONLY_OLD)
    await people_asking(database, 25)
    hold(BOTH)
    replace, calls = key_rotation._replace, 0

    async def dying(*given: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionError("the database goes away")
        return await replace(*given)

    monkeypatch.setattr(key_rotation, "_replace", dying)
    with pytest.raises(ConnectionError):
        await rotated(database, 10)
    counts = await rotated(database, 10)

    assert sum(count.sealed_anew for count in counts) == 15
    hold(ONLY_NEW)
    async with database.reading() as session:
        texts = await session.scalars(sa.select(UnansweredQuestion.text))
        assert set(texts) == {f"问{number}" for number in range(25)}


async def test_what_somebody_writes_meanwhile_is_never_overwritten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(ONLY_OLD)
    await people_asking(database, 2)
    hold(BOTH)
    anew = key_rotation._anew
    written: list[str] = []

    def while_somebody_writes(*given: Any) -> bytes | None:
        """Between reading and replacing: nobody waits for us then."""
        if not written:
            written.append("新的问法")
            asked = sa.update(UnansweredQuestion).values(text="新的问法")
            first = asked.where(UnansweredQuestion.digest == bytes(16))
            servers.run_apart(lambda: write_elsewhere(database.url, first))
        return anew(*given)

    monkeypatch.setattr(key_rotation, "_anew", while_somebody_writes)
    counts = {count.place: count for count in await rotated(database)}

    asked = counts["unanswered_question.text"]
    assert (asked.sealed_anew, asked.changed_meanwhile, asked.clean) == (1, 1, True)
    async with database.reading() as session:
        assert set(await session.scalars(sa.select(UnansweredQuestion.text))) == {"新的问法", "问1"}


async def write_elsewhere(url: sa.URL, statement: Any) -> None:
    other = Database(url.render_as_string(hide_password=False))
    async with other.transaction() as session:
        await session.execute(statement)
    await other.close()


async def test_a_row_that_somebody_holds_is_met_again_later(postgres_url: str) -> None:
    """Whoever answers a person and holds a row never waits for us, nor we for him."""
    hold(ONLY_OLD)
    database, other = Database(postgres_url), Database(postgres_url)
    await people_asking(database, 3)
    hold(BOTH)

    async with other.writer.connect() as somebody:
        held = sa.select(UnansweredQuestion.id).where(UnansweredQuestion.digest == bytes(16))
        await somebody.execute(held.with_for_update())

        async def until_he_lets_go(seconds: float) -> None:
            await somebody.rollback()

        pace = Pace(pause=until_he_lets_go)
        counts = {count.place: count for count in await key_rotation.rotate(database, pace)}

    asked = counts["unanswered_question.text"]
    assert (asked.sealed_anew, asked.changed_meanwhile, asked.clean) == (3, 1, True)
    await database.close()
    await other.close()


async def test_what_a_process_with_older_settings_wrote_is_reported(database: Database) -> None:
    hold(ONLY_OLD)
    await people_asking(database, 1)
    hold(BOTH)

    async def while_one_more_comes(seconds: float) -> None:
        hold(ONLY_OLD)
        async with database.transaction() as session:
            session.add(question("电费", b"x" * 16))
        hold(BOTH)

    pace = Pace(pause=while_one_more_comes)
    counts = {count.place: count for count in await key_rotation.rotate(database, pace)}

    asked = counts["unanswered_question.text"]
    assert (asked.sealed_anew, asked.left, asked.clean) == (1, {"k1": 1}, False)


async def test_how_far_it_is_can_be_seen_at_any_time(database: Database) -> None:
    hold({"k0": LOST})
    await people_asking(database, 1)
    hold(ONLY_OLD)
    async with database.transaction() as session:
        session.add_all([question("电费", bytes([9]) * 16), question("停电", bytes([8]) * 16)])
    hold(BOTH)
    told: list[tuple[int, dict[str, int]]] = []

    def tell(standing: Standing) -> None:
        told.append((standing.done, dict(standing.left)))

    async def of_questions() -> Standing:
        found = await key_rotation.standings(database)
        return next(each for each in found if each.table == "unanswered_question")

    assert await of_questions() == Standing("unanswered_question", 3, {"k1": 2, "k0": 1})
    await key_rotation.rotate(database, Pace(batch=1, told=tell, pause=no_rest))

    assert told == [(1, {"k1": 1, "k0": 1}), (2, {"k1": 0, "k0": 1})]
    assert await of_questions() == Standing("unanswered_question", 3, {"k0": 1})


async def test_ids_far_apart_are_all_met(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "STRETCH", 3)
    hold(ONLY_OLD)
    await people_asking(database, 12)
    async with database.transaction() as session:
        few = UnansweredQuestion.id.not_in([1, 4, 5, 6, 11])
        await session.execute(sa.delete(UnansweredQuestion).where(few))
    hold(BOTH)

    counts = {count.place: count for count in await rotated(database, 2)}

    assert counts["unanswered_question.text"].clean
    async with database.reading() as session:
        number = await session.scalar(sa.select(sa.func.count()).select_from(UnansweredQuestion))
    assert counts["unanswered_question.text"].sealed_anew == number


async def test_who_never_gets_the_database_says_so(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(ONLY_OLD)
    database = Database(sqlite_url)
    await people_asking(database, 1)
    hold(BOTH)
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    tries: list[float] = []

    async def never(*given: Any) -> int:
        raise DBAPIError("UPDATE", {}, busy)

    async def wait(seconds: float) -> None:
        tries.append(seconds)

    monkeypatch.setattr(key_rotation, "_replace", never)
    with pytest.raises(key_rotation.RotationHeldUp):
        await key_rotation.rotate(database, Pace(pause=wait))
    await database.close()

    assert len(tries) == key_rotation.TRIES


async def test_a_value_no_key_opens_is_counted_and_does_not_stop_the_others(database: Database) -> None:
    hold({"k0": LOST})
    await people_asking(database, 1)
    hold(ONLY_OLD)
    async with database.transaction() as session:
        session.add(question("好的", b"x" * 16))

    hold(BOTH)
    counts = {count.place: count for count in await rotated(database, 1)}

    asked = counts["unanswered_question.text"]
    assert (asked.sealed_anew, asked.broken, asked.left) == (1, 1, {"k0": 1})


# --- the commands


def say(*words: str) -> Any:
    return CliRunner().invoke(keys.app, list(words))


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    given = {
        "SECRET_KEY": "x" * 32,
        "WECHAT_API_URL": "http://127.0.0.1:1",
        "DATABASE_URL": sqlite_url,
        "FILES": str(tmp_path / "files"),
        "ENCRYPTION_KEYS": line(BOTH),
    }
    for name, value in given.items():
        monkeypatch.setenv(f"GONGHUI_{name}", value)
    return monkeypatch


def line(ring: dict[str, bytes]) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in ring.items())


def fill_now(url: str) -> None:
    async def work() -> None:
        hold(ONLY_OLD)
        database = Database(url)
        await fill(database)
        await database.close()

    asyncio.run(work())


def test_the_command_prints_counts_and_says_that_the_old_key_may_go(
    settings: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    fill_now(sqlite_url)

    result = say("rotate")

    assert result.exit_code == 0, result.output
    assert "message：2/2" in result.output
    assert "message.body：重新加密 1" in result.output
    assert f"已用钥匙 k2 重新加密 {len(key_rotation.sealed_columns())} 处。" in result.output
    assert "可以从 GONGHUI_ENCRYPTION_KEYS 中移除" in result.output
    assert keyring().writes_with == "k2"


def test_how_far_it_is_can_be_asked(settings: pytest.MonkeyPatch, sqlite_url: str) -> None:
    fill_now(sqlite_url)
    number = len(key_rotation.sealed_columns())

    before = say("status").output
    assert "message：0/2，仍用钥匙 k1 的 2" in before
    assert f"用钥匙 k2 加密的有 0 处，共 {number} 处。" in before
    say("rotate")

    assert f"用钥匙 k2 加密的有 {number} 处，共 {number} 处。" in say("status").output


def test_a_database_that_is_behind_is_told_to_migrate(settings: pytest.MonkeyPatch, sqlite_url: str) -> None:
    async def go_back() -> None:
        database = Database(sqlite_url)
        await migrations.downgrade(database, "-1")
        await database.close()

    asyncio.run(go_back())

    for command in ("rotate", "status"):
        result = say(command)
        assert isinstance(result.exception, OperatorError)
        assert "gonghui migrate" in result.exception.message


def test_the_command_fails_while_something_is_left(settings: pytest.MonkeyPatch, sqlite_url: str) -> None:
    fill_now(sqlite_url)
    settings.setenv("GONGHUI_ENCRYPTION_KEYS", line({"k2": NEW}))  # the old key was taken away too soon

    result = say("rotate")

    assert result.exit_code == 1
    assert "message.body：重新加密 0，打不开 1，仍用钥匙 k1 的 1" in result.output
    assert "可以从" not in result.output
