"""One Chromium for all browser tests of a test process; each joins it from its own event loop.

To start one takes a second of a processor. Who joins makes pages in contexts of its own, which share no
cookie, storage or permission with those of another test, and are closed when it leaves. A test that needs a
browser started otherwise (a camera, drawing by hardware) starts its own.
"""

import asyncio
import atexit
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

from tests.servers import free_port

if TYPE_CHECKING:
    from playwright.async_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@asynccontextmanager
async def joined(executable: str) -> AsyncIterator["Browser"]:
    """The browser, as if it had been started for this test alone."""
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        driver.selectors.set_test_id_attribute("data-test")
        browser = await driver.chromium.connect_over_cdp(_address(executable, os.getpid()))
        before = list(browser.contexts)
        try:
            yield browser
        finally:
            for context in browser.contexts:
                if context not in before:
                    await context.close()
            await browser.close()


@cache
def _address(executable: str, of: int) -> str:
    """Where the browser of this process (number `of`) is joined; started when it is first asked for.

    Its driver, which nobody asks for anything more, ends with us however we end, and the browser with it.
    """
    from playwright.async_api import async_playwright

    port, runner = free_port(), asyncio.Runner()

    async def start() -> None:
        driver = await async_playwright().start()
        flags = [*FLAGS, f"--remote-debugging-port={port}"]
        browser = await driver.chromium.launch(executable_path=executable, args=flags)

        async def end() -> None:
            await browser.close()
            await driver.stop()

        atexit.register(lambda: runner.run(end()))

    with ThreadPoolExecutor(1) as apart:
        apart.submit(runner.run, start()).result()
    return f"http://127.0.0.1:{port}"
