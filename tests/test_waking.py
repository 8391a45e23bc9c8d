"""Wake-ups: in our own process always, through Redis while there is one; at the end nothing stays behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app import later_work
from app.clock import SystemClock
from app.jobs.rounds import Round, Rounds
from app.jobs.waking import QUEUE, Waker
from tests import servers
from tests.servers import PATIENCE


@pytest.fixture
def redis() -> Iterator[servers.Server]:
    """A Redis of this test's own, which may be stopped."""
    try:
        server = servers.start_redis()
    except servers.Missing as reason:
        pytest.skip(str(reason))
    with server:
        yield server


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110 - what happens elsewhere sets no event
            await asyncio.sleep(0.01)


async def is_woken(waker: Waker) -> bool:
    """Whether it wakes before long; taken in when it does."""
    try:
        async with asyncio.timeout(PATIENCE):
            await waker._event.wait()
    except TimeoutError:
        return False
    waker._event.clear()
    return True


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[str], Waker]]:
    opened: list[Waker] = []

    def made(url: str) -> Waker:
        opened.append(Waker(url, retry_seconds=0.05))
        return opened[-1]

    yield made
    for waker in opened:
        await waker.stop()


async def test_without_redis_a_wake_up_reaches_our_own_rounds() -> None:
    waker = Waker(None)
    await waker.start()

    waker.wake()

    assert await is_woken(waker)
    await waker.stop()


async def test_nobody_waits_longer_than_asked() -> None:
    waker = Waker(None)

    await waker.wait(0.01)
    waker.wake()
    await waker.wait(PATIENCE)  # returns at once, else the next line times the test out
    assert not waker._event.is_set()


async def test_another_process_is_woken_through_redis(
    redis: servers.Server, connect: Callable[[str], Waker]
) -> None:
    worker = connect(redis.url)
    web = connect(redis.url)
    await worker.start()
    await until(lambda: worker.connected)
    web.connected = True  # it only tells: whoever listens in its own process would take the wake-up itself

    web.wake()

    assert await is_woken(worker)


async def test_redis_absent_at_the_start_is_joined_when_it_comes(
    redis: servers.Server, connect: Callable[[str], Waker]
) -> None:
    redis.stop()
    waker = connect(redis.url)
    await waker.start()
    waker.wake()
    assert await is_woken(waker)  # our own rounds go on
    assert not waker.connected

    redis.start()

    await until(lambda: waker.connected)


async def test_a_redis_that_comes_back_empty_is_listened_to_again(
    redis: servers.Server, connect: Callable[[str], Waker]
) -> None:
    waker = connect(redis.url)
    await waker.start()
    await until(lambda: waker.connected)

    redis.stop()
    await until(lambda: not waker.connected)
    waker.wake()
    assert await is_woken(waker)
    redis.start()  # it forgot the stream and the group
    await until(lambda: waker.connected)
    servers.redis_says(redis.url, f"XADD {QUEUE} * data x".encode())

    assert await is_woken(waker)


async def test_while_redis_is_away_it_is_asked_at_a_calm_pace(
    redis: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.stop()
    waker = Waker(redis.url, retry_seconds=3600)
    tried: list[float] = []
    assert waker._broker is not None
    startup = waker._broker.startup

    async def counted() -> None:
        tried.append(0)
        await startup()

    monkeypatch.setattr(waker._broker, "startup", counted)

    await waker.start()
    await until(lambda: len(tried) == 1)
    for _ in range(50):
        await asyncio.sleep(0)

    assert len(tried) == 1
    await waker.stop()


@pytest.mark.parametrize("away", [False, True])
async def test_stopping_ends_every_task_whatever_redis_does(redis: servers.Server, away: bool) -> None:
    before = asyncio.all_tasks()
    waker = Waker(redis.url, retry_seconds=0.05)
    await waker.start()
    await until(lambda: waker.connected)
    waker.wake()
    if away:
        redis.stop()
        await until(lambda: not waker.connected)

    async with asyncio.timeout(PATIENCE):
        await waker.stop()

    assert asyncio.all_tasks() == before


# --- rounds -------------------------------------------------------------------------------------------------


async def test_a_wake_up_makes_a_round_come_before_its_time() -> None:
    waker, done = Waker(None), asyncio.Semaphore(0)

    async def work() -> None:
        done.release()

    rounds = Rounds([Round("deliveries", work, 3600, wakes=True)], waker)
    rounds.start()
    async with asyncio.timeout(PATIENCE):
        await done.acquire()  # the first round comes at once
        waker.wake()
        await done.acquire()
    await rounds.stop()


async def test_where_time_jumps_every_round_comes(tmp_path: Path) -> None:
    """In development: who moves the clock on by an hour waits for nothing."""
    file, done = tmp_path / "clock", asyncio.Semaphore(0)
    house: Any = SimpleNamespace(clock=SystemClock(file))

    async def work() -> None:
        done.release()

    house.rounds = Rounds([Round("ratings", work, 3600), later_work.moved_clock(house)], Waker(None))
    house.rounds.start()
    async with asyncio.timeout(PATIENCE):
        await done.acquire()
        file.write_text("3600\n")
        await done.acquire()
    await house.rounds.stop()

    assert house.clock.now() - house.clock.real_now() >= timedelta(minutes=59)
    assert done.locked(), "once for the jump, and no more"


async def test_a_round_that_fails_comes_again_and_stops_no_other() -> None:
    tried: list[str] = []

    async def broken() -> None:
        tried.append("broken")
        raise RuntimeError("a bug")

    async def sound() -> None:
        tried.append("sound")

    rounds = Rounds([Round("a", broken, 0.01), Round("b", sound, 0.01)], Waker(None))
    rounds.start()
    await until(lambda: tried.count("broken") > 2 and tried.count("sound") > 2)
    await rounds.stop()


async def test_stopped_rounds_leave_no_task() -> None:
    before = asyncio.all_tasks()

    async def endless() -> None:
        await asyncio.Event().wait()

    rounds = Rounds([Round("endless", endless, 1)], Waker(None))
    rounds.start()
    await asyncio.sleep(0)
    await rounds.stop()

    assert asyncio.all_tasks() == before
