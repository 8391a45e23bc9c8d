"""The web service from outside: probes, figures, and callbacks that pass everything else by."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app import main
from app.database import Database
from app.main import Service
from app.wechat.crypto import signature
from models import CrisisAlert, MenuRevision
from tests.both_ends import Ends, both_ends, settings_for
from tests.mailing import follower, post

PROBE_SECONDS = 2.0  # whoever probes waits no longer


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A database server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def figure(page: str, name: str) -> float:
    for line in page.splitlines():
        if line.startswith(f"{name} "):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no figure {name}")


# --- probes -------------------------------------------------------------------------------------------------


async def test_a_running_service_is_alive_and_ready(ends: Ends) -> None:
    assert (await ends.web.get("/healthz")).json() == {"status": "ok"}
    ready = await ends.web.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "menu_revision": "1"})


async def test_before_the_house_stands_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    service = Service(settings_for(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://x") as web:
        assert (await web.get("/healthz")).status_code == 200
        assert (await web.get("/readyz")).status_code == 503
        assert (await web.get("/metrics")).status_code == 200


async def test_without_a_menu_it_is_not_ready(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends.house.menus, "number", 0)

    ready = await ends.web.get("/readyz")

    assert (ready.status_code, ready.json()["status"]) == (503, "no menu is live")


async def test_a_database_that_refuses_is_said_at_once_and_seen_again_when_it_is_back(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = ends.house.database
    away = Database("postgresql+asyncpg://app@127.0.0.1:1/gonghui")
    monkeypatch.setattr(ends.house, "database", away)

    ready = await ends.web.get("/readyz")

    assert (ready.status_code, ready.json()["status"]) == (503, "database away")
    assert (await ends.web.get("/healthz")).status_code == 200
    monkeypatch.setattr(ends.house, "database", present)
    assert (await ends.web.get("/readyz")).status_code == 200
    await away.close()


async def test_a_database_that_hangs_is_said_within_two_seconds(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    hanging = Database(f"postgresql+asyncpg://app@127.0.0.1:{silent_port}/gonghui")
    present = ends.house.database
    monkeypatch.setattr(ends.house, "database", hanging)

    assert main.READY_WITHIN < PROBE_SECONDS
    async with asyncio.timeout(20):  # a busy machine is no failure, waiting for the database would be
        answers = await asyncio.gather(*(ends.web.get("/readyz") for _ in range(20)))

    assert {answer.json()["error"] for answer in answers} == {"no answer"}
    monkeypatch.setattr(ends.house, "database", present)
    await hanging.close()


async def test_work_that_holds_every_connection_does_not_make_it_unready(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = ends.house.database
    busy = Database(present.url.render_as_string(hide_password=False), pool_size=1)
    monkeypatch.setattr(ends.house, "database", busy)
    async with AsyncExitStack() as held:
        for _ in range(1 if busy.is_sqlite else 1 + 10):
            await held.enter_async_context(busy.reader.connect())

        ready = await ends.web.get("/readyz")

    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    await busy.close()


async def test_probes_that_pile_up_look_once(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "READY_WITHIN", 0.01)
    looks: list[int] = []

    async def endless(house: object) -> None:
        looks.append(1)
        await asyncio.Event().wait()

    monkeypatch.setattr(main, "_look", endless)
    for _ in range(5):
        assert (await ends.web.get("/readyz")).status_code == 503

    assert len(looks) == 1


# --- figures ------------------------------------------------------------------------------------------------


async def test_the_figures_tell_what_waits(ends: Ends) -> None:
    database, clock = ends.house.database, ends.house.clock
    li = await follower(database, "oLi", clock.now())
    await post(database, li, clock)  # type: ignore[arg-type]
    page = (await ends.web.get("/metrics")).text

    assert figure(page, 'gonghui_outbox_waiting{state="queued"}') == 1
    assert figure(page, "gonghui_menu_revision_applied") == 1
    assert figure(page, "gonghui_database_up") == 1


async def test_the_figures_go_by_our_clock(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await li.says("我不想活了")
    await ends.moves_time(seconds=120)  # nobody is on duty

    page = (await ends.web.get("/metrics")).text

    assert figure(page, "gonghui_crisis_alerts_unreached") == 1
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(CrisisAlert.id))) == 1


async def test_figures_of_a_database_that_hangs_say_so_in_time(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    hanging = Database(f"postgresql+asyncpg://app@127.0.0.1:{silent_port}/gonghui")
    present = ends.house.database
    monkeypatch.setattr(ends.house, "database", hanging)

    async with asyncio.timeout(20):
        page = (await ends.web.get("/metrics")).text

    assert figure(page, "gonghui_database_up") == 0
    monkeypatch.setattr(ends.house, "database", present)
    assert figure((await ends.web.get("/metrics")).text, "gonghui_database_up") == 1
    await hanging.close()


# --- the rest -----------------------------------------------------------------------------------------------


async def test_the_callback_address_answers_wechats_question(ends: Ends) -> None:
    account = settings_token(ends)
    stamp = str(int(ends.house.clock.now().timestamp()))
    query = {"signature": signature(account, stamp, "n"), "timestamp": stamp, "nonce": "n", "echostr": "e1"}

    assert (await ends.web.get("/wechat/callback", params=query)).text == "e1"
    assert (await ends.web.get("/wechat/callback", params=query | {"nonce": "m"})).status_code == 403


async def test_a_follower_is_greeted_and_answered(ends: Ends) -> None:
    li = await ends.platform.person("李娜")

    assert (await li.follows()).result == "reply"
    assert "编号" in (await li.says("人工")).text


async def test_addresses_nobody_knows_are_not_found(ends: Ends) -> None:
    assert (await ends.web.get("/wp-login.php")).status_code == 404
    assert (await ends.web.get("/wechat/miniprogram")).status_code == 404  # none is set up
    assert (await ends.web.get("/api/v1/openapi.json")).status_code == 200


async def test_after_the_end_nothing_is_answered_from_a_closed_house(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as ends:
        service = ends.service
        async with ends.house.database.reading() as session:
            assert await session.scalar(sa.select(sa.func.count(MenuRevision.id))) == 1

    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://x") as web:
        assert (await web.get("/readyz")).status_code == 503
        assert (await web.post("/wechat/callback")).status_code == 404


def settings_token(ends: Ends) -> str:
    return ends.house.settings.wechat_token.get_secret_value()
