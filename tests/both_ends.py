"""The assembled service and the sandbox in one process, joined without a network, on one moved clock."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app import assembly
from app.assembly import House
from app.checkup import with_wechat
from app.clock import shanghai
from app.jobs.rounds import Rounds
from app.main import Service
from app.services import case_work
from app.settings import Settings
from sandbox.app import create_app
from sandbox.config import MINIPROGRAM, App, Config, derived_keys
from sandbox.driver import Platform
from tests.prepared import prepared
from tests.rooms import ROOT

SECRET = "a secret key of the tests, longer than 32"
TIP = "socket-sparks.md"
OURS, WECHAT = "http://127.0.0.1:8000", "http://127.0.0.1:8001"


def settings_for(database_url: str, folder: Path, **given: Any) -> Settings:
    settings: Any = {
        "secret_key": SECRET,
        "database_url": database_url,
        "wechat_api_url": WECHAT,
        "public_url": OURS,
        "files": folder / "files",
        "clock_file": folder / "clock",
        "content": small_content(folder),
        "portal_keep_seconds": 0,  # who tests a page reads what is there now
    }
    return Settings(**settings | given)


def small_content(folder: Path) -> Path:
    """A content folder that is read in no time: one tip, and who answers for the data."""
    small = folder / "small-content"
    (small / "power_safety").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "content" / "power_safety" / TIP, small / "power_safety" / TIP)
    shutil.copyfile(ROOT / "content" / "privacy.yaml", small / "privacy.yaml")
    return small


def content_without_story(folder: Path) -> Path:
    """All that is shipped, with the demonstration's people and no office: it starts in less time."""
    quiet = folder / "quiet-content"
    (quiet / "demo").mkdir(parents=True)
    for path in (ROOT / "content").iterdir():
        if path.name != "demo":
            (quiet / path.name).symlink_to(path)
    for path in (ROOT / "content" / "demo").iterdir():
        if path.name not in {"office.yaml", "story.yaml"}:
            (quiet / "demo" / path.name).symlink_to(path)
    return quiet


@dataclass
class Ends:
    """`house` and `web` are ours, `platform` is WeChat as a test moves it; `browser()` is a new one."""

    service: Service
    house: House
    web: httpx.AsyncClient
    platform: Platform
    browser: Callable[[], httpx.AsyncClient]
    settle: Callable[[], Awaitable[None]]  # what WeChat has begun, it ends

    async def moves_time(self, *, hours: float = 0, seconds: float = 0) -> None:
        """Both clocks at once; ours else looks at the file five times a second only."""
        await self.platform.moves_time(hours=hours, seconds=seconds)
        vars(self.house.clock)["_read_at"] = float("-inf")

    async def until_noon(self) -> "Ends":
        """Noon in China, today or tomorrow: for what depends on the hour, whenever it is told."""
        now = shanghai(self.house.clock.now())
        noon = now.replace(hour=12, minute=0, second=0)
        await self.moves_time(seconds=(noon - now).total_seconds() % 86400)
        return self

    async def answer(self, number: str, text: str) -> None:
        """What a member of staff does."""
        async with self.house.database.transaction() as session:
            await case_work.answer(session, number, text, "张伟", self.house.clock.now())

    async def sends(self) -> list[int]:
        """The errcodes of all customer messages that were tried, oldest first."""
        path = "/cgi-bin/message/custom/send"
        calls = [call for call in await self.platform.calls() if call["path"] == path]
        return [call["errcode"] for call in reversed(calls)]


class Road(httpx.ASGITransport):
    """Where the far side ends the connection without an answer, so it looks to the caller."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except AssertionError as error:
            raise httpx.RemoteProtocolError("no answer", request=request) from error


@asynccontextmanager
async def both_ends(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    miniprogram: bool = False,
    publish_seconds: float = 0.0,
) -> AsyncIterator[Ends]:
    """Rounds run when a test says so (`house.rounds.once`), else it would have to wait for them.

    `miniprogram`: WeChat knows the one of the settings.
    """
    service = Service(settings)
    config = Config(
        **derived_keys(SECRET),  # type: ignore[arg-type]
        clock_file=settings.clock_file,
        api_url=WECHAT,
        retry_pause=0.0,
        publish_seconds=publish_seconds,
        miniprogram=_miniprogram(settings) if miniprogram else None,
    )
    sandbox = create_app(config, httpx.ASGITransport(service))
    roads = {OURS: Road(service), WECHAT: Road(sandbox)}

    def client(**given: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(mounts=roads, **given)

    httpx_joined = SimpleNamespace(**vars(httpx) | {"AsyncClient": client})
    monkeypatch.setattr(assembly, "httpx", httpx_joined)
    monkeypatch.setattr(with_wechat, "httpx", httpx_joined)
    monkeypatch.setattr(Rounds, "start", lambda self: None)
    await prepared(settings)
    async with service.life(), client(base_url=OURS) as web, client(base_url=WECHAT) as phone:
        assert service.house is not None
        settle = sandbox.state.world.settle
        yield Ends(service, service.house, web, Platform(phone), lambda: client(base_url=OURS), settle)
    await sandbox.state.world.close()


def _miniprogram(settings: Settings) -> App:
    return App(
        MINIPROGRAM,
        settings.miniprogram_app_id,
        settings.miniprogram_app_secret.get_secret_value(),
        settings.miniprogram_token.get_secret_value(),
        settings.miniprogram_aes_key.get_secret_value(),
        "gh_6d5c4b3a2f1e",
        "/wechat/miniprogram",
        settings.miniprogram_format,
    )
