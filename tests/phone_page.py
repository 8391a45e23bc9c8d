"""For tests of the sandbox's page: an application on a free port, and the phone in a real browser."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from starlette.applications import Starlette

from sandbox.__main__ import Server
from sandbox.driver import Platform
from sandbox.live import Bus
from tests import one_chromium
from tests.servers import PATIENCE

if TYPE_CHECKING:
    from playwright.async_api import Page


@asynccontextmanager
async def serving(app: Starlette, bus: Bus) -> AsyncIterator[str]:
    """Run `app` on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings = uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    server = Server(settings, bus)
    task = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await task


def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail("no chromium on this machine")
    if path is None:
        pytest.skip("no chromium on this machine")
    return path


async def pushes(platform: Platform, kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Those of a kind, once there are so many: a push is over later than the act that it comes of."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            await asyncio.sleep(0.05)  # the service is still answering
            found = [one for one in await platform.exchanges() if one["kind"] == kind]
    return found


@asynccontextmanager
async def phone_page(address: str) -> AsyncIterator["Page"]:
    """The page at `address`, 390 pixels wide and ready; no script of it may fail until the end."""
    pytest.importorskip("playwright.async_api")
    async with one_chromium.joined(chromium()) as browser:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(PATIENCE * 1000)
        errors: list[Any] = []
        page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  (no builtin)
        await page.goto(address)
        await page.wait_for_selector("body[data-ready]")
        yield page
        await page.close()
        assert errors == []
