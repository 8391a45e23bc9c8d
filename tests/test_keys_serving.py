"""Keys are changed while people write; whoever changes them is killed, and somebody begins again."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import key_rotation
from models import Message, UnansweredQuestion
from tests import forking, servers
from tests.running import Push, Service, wechat_of
from tests.test_keys import BOTH, ONLY_NEW, ONLY_OLD, hold, line, people_asking

ASKED = 1500
LOOKUP = "l" * 32  # as `hold` has it


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    """One that runs, with both keys, over questions sealed with the old one."""
    servers.run_apart(lambda: _asked_before(database_url))
    keys = {"encryption_keys": line(BOTH), "lookup_key": LOOKUP}
    with Service(tmp_path / "service", database_url, **keys) as running:
        yield running


async def _asked_before(url: str) -> None:
    hold(ONLY_OLD)
    database = Database(url)
    await people_asking(database, ASKED)
    await database.close()


def rotating(service: Service, pause: str) -> tuple[forking.Forked, IO[str]]:
    """The command as it runs, and what it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGHUI_")}
    printed, end = os.pipe()
    words = ("keys", "rotate", "--pause", pause)
    with open(end, "wb") as output:  # noqa: PTH123 - it has no path
        process = forking.start("app", *words, environment=clean | service.environment, output=output)
    return process, open(printed, encoding="utf-8")  # noqa: PTH123


async def write(service: Service, numbers: range) -> list[Push]:
    """People write, and each is answered in time."""
    wechat = wechat_of(service.settings)
    pushes = [wechat.text(f"oKeys{number:023d}", f"第{number}句") for number in numbers]
    answers = await asyncio.gather(*(wechat.push(push, service) for push in pushes))
    assert None not in answers
    return pushes


def test_a_rotation_that_is_killed_while_people_write_loses_nothing(service: Service) -> None:
    url = service.settings.database_url
    first, printed = rotating(service, "0.5")
    with printed:
        begun = next(told for told in printed if told.startswith("unanswered_question："))
    pushes = servers.run_apart(lambda: write(service, range(20)))
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL

    assert begun.strip() == f"unanswered_question：{key_rotation.BATCH}/{ASKED}"
    done, left = servers.run_apart(lambda: how_far(url))
    assert done > 0
    assert left > 0
    pushes += servers.run_apart(lambda: write(service, range(20, 40)))
    second, printed = rotating(service, "0")
    with printed:
        said = printed.read()

    assert second.wait() == 0, said
    assert "其他钥匙都不再使用" in said
    service.end()
    servers.run_apart(lambda: everything_opens(url, pushes))


async def how_far(url: str) -> tuple[int, int]:
    hold(BOTH)
    database = Database(url)
    found = await key_rotation.standings(database)
    await database.close()
    (asked,) = [each for each in found if each.table == "unanswered_question"]
    return asked.done, sum(asked.left.values())


async def everything_opens(url: str, pushes: list[Push]) -> None:
    """With the new key alone: what was there before, and what was written meanwhile."""
    hold(ONLY_NEW)
    database = Database(url)
    try:
        async with database.reading() as session:
            for column in key_rotation.sealed_columns():
                await session.execute(sa.select(column))
            asked = set(await session.scalars(sa.select(UnansweredQuestion.text)))
            bodies = dict((await session.execute(sa.select(Message.key, Message.body))).all())
    finally:
        await database.close()
    assert {f"问{number}" for number in range(ASKED)} <= asked
    assert bodies.keys() == {push.key for push in pushes}
    assert all(bodies.values())
