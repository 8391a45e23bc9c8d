"""Writers who wait together share a transaction: one commit for all, each one's failure undone alone."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from app.database import Database
from app.write_turns import Disturbed, WriteTurn
from models import Counter

Work = Callable[[WriteTurn], Awaitable[object]]


async def counters(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        rows = await session.execute(sa.select(Counter.series, Counter.value))
        return {row.series: row.value for row in rows}


def writes(series: str, *, fails: bool = False, gate: asyncio.Event | None = None) -> Work:
    async def work(turn: WriteTurn) -> str:
        if gate is not None:
            await gate.wait()
        turn.session.add(Counter(series=series, year=2026, value=1))
        await turn.session.flush()
        if fails:
            raise LookupError(series)
        return series

    return work


async def together(database: Database, *works: Work) -> list[object]:
    """Start all at once, so that they share a transaction however slow the machine is."""
    database.writers.seconds = 60
    tasks = [asyncio.create_task(database.writers.write(work)) for work in works]
    return list(await asyncio.gather(*tasks, return_exceptions=True))


async def test_each_gets_his_own_result_after_one_commit(database: Database) -> None:
    commits = 0

    def count(connection: object) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(database.writer.sync_engine, "commit", count)
    results = await together(database, *(writes(name) for name in "ABCDE"))

    assert results == list("ABCDE")
    assert await counters(database) == dict.fromkeys("ABCDE", 1)
    assert commits == 1


async def test_what_one_does_wrong_is_undone_alone(database: Database) -> None:
    first, wrong, last = await together(database, writes("A"), writes("B", fails=True), writes("C"))

    assert (first, last) == ("A", "C")
    assert isinstance(wrong, LookupError)
    assert await counters(database) == {"A": 1, "C": 1}


async def test_a_turn_can_be_undone_and_used_again(database: Database) -> None:
    async def changes_his_mind(turn: WriteTurn) -> None:
        turn.session.add(Counter(series="A", year=2026, value=1))
        await turn.session.flush()
        await turn.undo()
        turn.session.add(Counter(series="B", year=2026, value=1))

    await database.writers.write(changes_his_mind)

    assert await counters(database) == {"B": 1}


async def test_nobody_is_told_before_the_commit(database: Database) -> None:
    database.writers.seconds = 60
    gate, begun = asyncio.Event(), asyncio.Event()

    async def slow_work(turn: WriteTurn) -> object:
        begun.set()
        return await writes("B", gate=gate)(turn)

    first = asyncio.create_task(database.writers.write(writes("A")))
    slow = asyncio.create_task(database.writers.write(slow_work))
    await begun.wait()

    assert not first.done()
    gate.set()
    assert (await first, await slow) == ("A", "B")


async def test_a_failure_that_ends_the_transaction_lets_the_others_run_again(database: Database) -> None:
    async def doubles(turn: WriteTurn) -> None:
        turn.session.add(Counter(series="A", year=2026, value=1))
        await turn.session.flush()  # the same series twice: the flush itself rolls back

    strays: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: strays.append(context))
    first, second, third = await together(database, writes("A"), doubles, writes("C"))

    assert isinstance(first, Disturbed)
    assert isinstance(second, sa.exc.IntegrityError)
    assert third == "C"
    gc.collect()
    assert strays == []  # nobody is left to wonder about an exception that had been told already
    assert await counters(database) == {"C": 1}


async def test_when_the_commit_fails_everybody_learns_it(database: Database) -> None:
    def refuse(connection: object) -> None:
        raise OSError("no space left")

    sa.event.listen(database.writer.sync_engine, "commit", refuse)
    results = await together(database, writes("A"), writes("B"))
    sa.event.remove(database.writer.sync_engine, "commit", refuse)

    assert all(isinstance(result, OSError) for result in results)
    assert await counters(database) == {}
    assert await database.writers.write(writes("C")) == "C"


async def test_a_database_that_is_away_is_told_to_the_one_who_asked(database: Database) -> None:
    gone = "sqlite+aiosqlite:////proc/x.db" if database.is_sqlite else "postgresql+asyncpg://x@127.0.0.1:1/x"
    broken = Database(gone)
    with pytest.raises((sa.exc.OperationalError, OSError)):
        await broken.writers.write(writes("A"))
    await broken.close()
