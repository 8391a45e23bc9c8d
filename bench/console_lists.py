"""`python -m bench.console_lists`: the console's lists over a year of messages, and what the record costs.

First and deep pages of each list are asked for ten times a second, from one process on PostgreSQL. Then cases
are answered with and without the record of acts, in turns, and in the console, on both databases.
"""

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import sqlalchemy as sa
import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SystemClock
from app.database import Database
from app.services import audit, case_work, cases, coordination, passwords, staff
from app.services.audit import Actor
from app.services.staff import Wanted
from app.settings import Settings, load_settings
from bench import filling
from bench.load import Result, steady
from bench.processes import Server, running, service_environment
from models import AccountKind, CaseKind, Message, Outbox, Person, Role, Staff, StaffState
from models.sealing import Keyring, use_keyring
from tests.servers import start_postgres

MESSAGES, PERSONS = 1_000_000, 200_000
RATE, SECONDS, TARGET_MS = 10.0, 5.0, 80.0
ANSWERS, TARGET_SHARE = 300, 0.10
LOGIN, PASSWORD = "bench", "correct horse battery"
ANSWER = "已派电工去看，请先不要用这个插座。"
_FIELD = {name: re.compile(f'name="{name}" value="([0-9a-f]+)"') for name in ("token", "seen")}
WORDS = [{"type": "text", "text": "食堂的插座冒火花，请派人看看。"}]


# --- lists -------------------------------------------------------------------------------------------------


def _settings(folder: Path, url: str) -> Settings:
    environment = service_environment(folder, url)
    settings = load_settings(
        _env_file=None,
        database_url=url,
        secret_key=environment["GONGHUI_SECRET_KEY"],
        wechat_api_url=environment["GONGHUI_WECHAT_API_URL"],
    )
    assert settings.encryption_keys is not None and settings.lookup_key is not None
    keys, lookup = settings.encryption_keys, settings.lookup_key
    use_keyring(Keyring.parse(keys.get_secret_value(), lookup.get_secret_value()))
    return settings


async def _fill(settings: Settings, messages: int, persons: int) -> dict[str, str]:
    """A year, and somebody who looks at it; returns the lists' pages by name."""
    database, now = Database(settings.database_url), datetime.now(UTC)
    async with database.transaction() as session:
        await coordination.account_id(session, settings.wechat_app_id, AccountKind.OFFICIAL)
    await _employ(settings)
    await filling.fill(settings.database_url, messages=messages, followers=persons, mixed=True)
    await filling.fill_cases(settings.database_url, cases=persons, entries=max(1, messages // persons))
    await filling.fill_members(settings.database_url, members=persons)
    async with database.reading() as session:
        deep = await session.scalar(sa.select(sa.func.max(Message.id))) or 0
        sent = await session.scalar(sa.select(sa.func.max(Outbox.id))) or 0
        person = await session.scalar(sa.select(Person.public_id).where(Person.id == 100)) or ""
    await database.close()
    log, effects, day = "/console/messages", "/console/deliveries", (now - timedelta(days=300)).date()
    return {
        "messages, first page": log,
        "messages, deep page": f"{log}?before={deep // 10}",
        "messages, failed, deep": f"{log}?trouble=failed&before={deep // 2}",
        "messages, late or failed": f"{log}?trouble=any",
        "messages, undeliverable": f"{log}?state=undeliverable",
        "messages, a rare kind, deep": f"{log}?kind=event.scan&before={deep // 2}",
        "messages, one rule, deep": f"{log}?{urlencode({'rule': 'keyword:词7'})}&before={deep // 2}",
        "messages, one day long ago": f"{log}?day={day}",
        "messages, one person": f"{log}?person={person}",
        "deliveries, first page": effects,
        "deliveries, deep page": f"{effects}?before={sent // 10}",
        "deliveries, unknown, deep": f"{effects}?state=unknown&before={sent // 2}",
        "deliveries, one person": f"{effects}?person={person}",
        "cases, first page": "/console/cases",
        "cases, deep page": f"/console/cases?before={persons // 10}",
        "cases, closed, deep": f"/console/cases?state=closed&before={persons // 2}",
        "cases, one topic": "/console/cases?topic=safety",
        "members, the tree": "/console/members",
        "members, one branch": "/console/members?branch=r000000000000007",
        "members, by name": f"/console/members?{urlencode({'q': '王77'})}",
        "待我处理": "/console",
    }


async def _employ(settings: Settings) -> None:
    """Somebody who signs in; where there is nobody yet."""
    database, digest = Database(settings.database_url), await passwords.digest(PASSWORD)
    async with database.transaction() as session:
        if await session.scalar(sa.select(Staff.id).where(Staff.login == LOGIN)) is None:
            roles = [Wanted(Role.UNION_ADMIN), Wanted(Role.OPERATOR)]
            made = await staff.invite(session, LOGIN, "张伟", roles, by=None, now=datetime.now(UTC))
            made.staff.password, made.staff.state = digest, StaffState.ACTIVE
    await database.close()


async def _cookie(server: Server) -> str:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as browser:
        answer = await browser.post("/console/sign-in", data={"login": LOGIN, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


async def _measure(server: Server, path: str, cookie: str, seconds: float) -> Result:
    head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\ncookie: {cookie}\r\n\r\n"
    request = head.encode()
    await steady(server.port, [request] * int(RATE), rate=RATE, connections=4)
    return await steady(server.port, [request] * int(RATE * seconds), rate=RATE, connections=4)


def _read(name: str, result: Result) -> None:
    """Raises: AssertionError: a sampled answer is no page of rows."""
    for answer in result.answers:
        assert b" 200 " in answer[:20], (name, answer[:200])
        if not name.startswith("待"):
            assert b"</tbody>" in answer, (name, answer[-2000:].decode(errors="replace"))


async def _lists(folder: Path, url: str, options: argparse.Namespace) -> None:
    pages = await _fill(_settings(folder, url), options.messages, options.persons)
    command = ["-m", "app", "serve", "--port", "{port}"]
    with running("ours", command, service_environment(folder, url), folder / "ours.log") as ours:
        cookie = await _cookie(ours)
        for name, path in pages.items():
            before = ours.cpu_seconds
            result = await _measure(ours, path, cookie, options.seconds)
            cpu = (ours.cpu_seconds - before) * 1000 / (RATE + RATE * options.seconds)
            _read(name, result)
            p50, p95 = result.percentile(0.5), result.percentile(0.95)
            reached = "reached" if p95 < TARGET_MS and not result.errors else "MISSED"
            told = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, CPU {cpu:.1f} ms, {result.errors} errors"
            print(f"{name}: {told}; {reached}", flush=True)


# --- the record --------------------------------------------------------------------------------------------


async def _answer(
    transaction: AbstractAsyncContextManager[AsyncSession], number: str, *, put_down: bool
) -> float:
    started = time.perf_counter()
    async with transaction as session:
        await case_work.answer(session, number, ANSWER, "张伟", datetime.now(UTC))
        if put_down:
            audit.does(session, "messages.retry", number)  # any name: it costs the same
    return (time.perf_counter() - started) * 1000


async def _record(settings: Settings, answers: int) -> tuple[float, float]:
    """The same answers in turns, so that what the machine does meanwhile meets both; ms with and without."""
    database, clock = Database(settings.database_url), SystemClock()
    with_record: list[float] = []
    without: list[float] = []
    for place, number in enumerate(await _opened(database, 2 * answers)):
        if place % 2:
            without.append(await _answer(database.transaction(), number, put_down=False))
        else:
            acting = audit.acting(database, clock, Actor("张伟", "console"))
            with_record.append(await _answer(acting, number, put_down=True))
    await database.close()
    return statistics.median(with_record), statistics.median(without)


async def _opened(database: Database, count: int) -> list[str]:
    """Numbers of new cases."""
    now = datetime.now(UTC)
    async with database.transaction() as session:
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        opened = [
            await cases.open_case(session, CaseKind.FEEDBACK, person.id, None, blocks=WORDS, now=now)
            for _ in range(count)
        ]
        return [each.number for each in opened]


async def _sent(server: Server, cookie: str, numbers: Sequence[str]) -> float:
    """How long somebody waits who sends an answer in the console, in ms; the middle one."""
    waited: list[float] = []
    base = f"http://127.0.0.1:{server.port}/console/cases/"
    async with httpx.AsyncClient(base_url=base, headers={"cookie": cookie}, trust_env=False) as browser:
        for number in numbers:
            page = (await browser.get(number, headers={"accept": "text/html"})).text
            form = {field: _FIELD[field].findall(page)[0] for field in _FIELD}
            started = time.perf_counter()
            answer = await browser.post(f"{number}/answer", data={**form, "text": ANSWER})
            waited.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 303, answer.text
    return statistics.median(waited)


async def _write(name: str, folder: Path, url: str, answers: int) -> None:
    settings = _settings(folder, url)
    await _employ(settings)
    own, bare = await _record(settings, answers)
    database = Database(settings.database_url)
    numbers = await _opened(database, answers)
    await database.close()
    command = ["-m", "app", "serve", "--port", "{port}"]
    with running("ours", command, service_environment(folder, url), folder / f"{name}.log") as server:
        request = await _sent(server, await _cookie(server), numbers)
    share = (own - bare) / (request - (own - bare))
    print(
        f"{name}: the record takes {own - bare:.2f} ms of an answer's transaction ({bare:.2f} ms without it,"
        f" {(own - bare) / bare:+.1%}) and of {request:.2f} ms that the answer takes in the console:"
        f" {share:+.1%}; below {TARGET_SHARE:.0%}: {'reached' if share < TARGET_SHARE else 'MISSED'}",
        flush=True,
    )


async def _all(folder: Path, options: argparse.Namespace) -> None:
    with start_postgres(durable=True) as server:
        if not options.only_record:
            await _lists(folder, filling.migrated(server.url), options)
        for name, url in (("SQLite", f"sqlite+aiosqlite:///{folder}/acts.db"), ("PostgreSQL", server.url)):
            await _write(name, folder, filling.migrated(url), options.answers)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console_lists", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each timed list")
    parser.add_argument("--answers", type=int, default=ANSWERS, help="with the record, and as many without")
    parser.add_argument("--only-record", action="store_true", help="leave the lists out")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_all(Path(folder), options))


if __name__ == "__main__":
    main()
