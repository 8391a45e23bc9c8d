"""Redis is a convenience: messages and deliveries go on when it is not there, and when it vanishes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.clock import SystemClock
from app.services import case_work
from sandbox.driver import Phone, Platform
from tests.pairs import looking_into
from tests.running import Sandbox, Service, until
from tests.servers import Missing, RedisServer, start_redis


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redis")


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A Redis of our own, which may end."""
    try:
        server = start_redis()
    except Missing as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.fixture(scope="module")
def service(folder: Path, redis: RedisServer) -> Iterator[Service]:
    """Not started; the sandbox is, and knows its address."""
    sandbox = Sandbox(folder)
    database_url = f"sqlite+aiosqlite:///{folder / 'gonghui.db'}"
    made = Service(folder, database_url, redis_url=redis.url, wechat_api_url=sandbox.url)
    sandbox.service = made.url
    with sandbox:
        yield made
        made.kill()


async def a_question_and_its_answer(service: Service, name: str) -> None:
    """Somebody asks for a person, staff answer, and the answer comes to the phone."""
    async with httpx.AsyncClient(base_url=service.settings.wechat_api_url, trust_env=False) as client:
        li = await Platform(client).follower(name)
        asked = await li.says("人工")
        assert asked.result == "reply"
        number = asked.text.partition("编号 ")[2].partition("。")[0]

        async with looking_into(service.settings) as database, database.transaction() as session:
            await case_work.answer(session, number, f"{name}您好，已派人。", "王强", SystemClock().now())

        assert await comes(li, "已派人")


async def comes(phone: Phone, words: str) -> bool:
    """Whether these words appear on the phone within some seconds."""
    for _ in range(150):
        if any(words in (message["text"] or "") for message in await phone.reads()):
            return True
        await asyncio.sleep(0.1)
    return False


async def test_without_redis_at_the_start_everything_goes_on(service: Service, redis: RedisServer) -> None:
    redis.stop()
    service.start()

    await a_question_and_its_answer(service, "李娜")

    assert "redis_away" in service.log
    assert "waking_through_redis" not in service.log
    service.end()
    assert "Application shutdown complete" in service.log  # in time, and not by force


async def test_when_redis_vanishes_while_serving_everything_goes_on(
    service: Service, redis: RedisServer
) -> None:
    redis.start()
    service.start()
    await until(lambda: "waking_through_redis" in service.log)
    away = service.log.count("redis_away")

    redis.stop()
    await a_question_and_its_answer(service, "王强")

    await until(lambda: service.log.count("redis_away") > away)
    assert "round_failed" not in service.log
    service.end()
    assert "Application shutdown complete" in service.log  # in time, and not by force
