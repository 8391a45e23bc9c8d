"""A phone in a real browser before the real service: what the stories of `tests/test_story_*.py` stand on.

Service and sandbox run as an operator would run them, each a process of its own, with a folder of its own.
Their clock says noon of a working day, so that no story depends on when it is told.
"""

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests import forking, one_chromium, servers
from tests.conftest import NOON
from tests.rooms import ROOT
from tests.servers import free_port

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    expect,
)

CHROMIUM = shutil.which("chromium")
PATIENCE = 60.0  # seconds; a slow machine is no failure
expect.set_options(timeout=PATIENCE * 1000)


@dataclass
class Office:
    """The running programs, and what staff do beside them."""

    folder: Path
    service: str
    sandbox: str
    environment: dict[str, str]
    processes: list[forking.Forked] = field(default_factory=list)

    @property
    def menus(self) -> Path:
        """The operator's menu file; the service watches it."""
        return self.folder / "menus.yaml"

    @property
    def log(self) -> str:
        return (self.folder / "app.log").read_text(encoding="utf-8")

    async def logs(self, words: str, patience: float = PATIENCE) -> None:
        """Wait for the service to log `words`."""
        async with asyncio.timeout(patience):
            while words not in self.log:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)

    def start(self, module: str, *arguments: str) -> None:
        with (self.folder / f"{module}.log").open("ab") as log:
            process = forking.start(module, *arguments, environment=self.environment, output=log)
        self.processes.append(process)

    async def dies(self) -> None:
        """The service, in the middle of whatever it does, and starts again."""
        process = self.processes.pop()
        process.kill()
        process.wait()
        self.serves()
        await asyncio.to_thread(self.is_ready)

    def serves(self) -> None:
        self.start("app", "serve", "--watch", "--port", self.service.rpartition(":")[2])

    def is_ready(self) -> None:
        _wait_for(f"{self.service}/readyz", self.processes[-1], self.folder / "app.log")

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
                continue
            process.kill()
            process.wait()

    async def moves_time(self, **passed: float) -> None:
        """For service and sandbox, as the panel beside the phone does it."""
        seconds = timedelta(**passed).total_seconds()
        async with httpx.AsyncClient(base_url=self.sandbox, trust_env=False) as panel:
            (await panel.post("/sandbox/api/clock", json={"advance": seconds})).raise_for_status()

    async def runs(self, *command: str) -> str:
        """`gonghui …`; what it prints."""
        done = await asyncio.to_thread(forking.run, "app", *command, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _wait_for(address: str, process: forking.Forked, log: Path) -> None:
    ends = time.monotonic() + servers.PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(address, trust_env=False).status_code == 200:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise RuntimeError(f"{address} did not answer:\n{log.read_text()[-3000:]}")


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """The service (watching its menu file) and the sandbox, both at their first start."""
    with opened_office(tmp_path, sqlite_url) as opened:
        yield opened


@contextmanager
def opened_office(tmp_path: Path, sqlite_url: str, **more: str) -> Iterator[Office]:
    """`more`: settings beside the usual ones, by their whole names."""
    service, sandbox = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    (tmp_path / "clock").write_text(f"{NOON.timestamp() - time.time()}\n")
    (tmp_path / "menus.yaml").write_bytes((ROOT / "menus.yaml").read_bytes())
    # A developer's `.env` lies in the folder where the programs run; an empty value counts as none.
    not_given = {f"GONGHUI_{name.upper()}": "" for name in Settings.model_fields}
    environment = (
        os.environ
        | not_given
        | {
            "PYTHONIOENCODING": "utf-8",
            "GONGHUI_DATABASE_URL": sqlite_url,
            "GONGHUI_FILES": str(tmp_path / "files"),
            "GONGHUI_MENUS": str(tmp_path / "menus.yaml"),
            "GONGHUI_WECHAT_MODE": "safe",
            "GONGHUI_SECRET_KEY": "a story needs no secret, but one this long",
            "GONGHUI_WECHAT_API_URL": sandbox,
            "GONGHUI_PUBLIC_URL": service,
            "GONGHUI_CLOCK_FILE": str(tmp_path / "clock"),
            "GONGHUI_LOG_FORMAT": "json",
            **more,
        }
    )
    opened = Office(tmp_path, service, sandbox, environment)
    try:
        opened.start("sandbox", "--state", str(tmp_path / "sandbox.db"), "--port", sandbox.rpartition(":")[2])
        opened.serves()
        _wait_for(f"{sandbox}/", opened.processes[0], tmp_path / "sandbox.log")
        opened.is_ready()
        yield opened
    finally:
        opened.stop()


@dataclass
class Phone:
    """The sandbox's page at a phone's size, in the hands of one person at a time."""

    page: Page
    _complaints: list[str]

    async def becomes(self, name: str) -> None:
        chooser = self.page.get_by_test_id("person-select")
        who = chooser.locator("option", has_text=re.compile(f"^{name}")).first
        await chooser.select_option(await who.get_attribute("value"))  # its label counts what is new
        await self._shows(name)

    async def adds(self, name: str) -> None:
        """Somebody new takes the phone."""
        await self.page.get_by_test_id("add-person").click()
        await self.page.get_by_label("姓名").fill(name)
        await self.page.get_by_test_id("confirm").click()
        await self._shows(name)

    async def _shows(self, name: str) -> None:
        await expect(self.page.locator("#chat")).to_have_attribute("data-person", name)

    async def follows(self) -> str:
        return await self._answered(self.page.get_by_test_id("follow").click)

    async def leaves(self) -> None:
        await self._answered(self.page.get_by_test_id("unfollow").click)
        await expect(self.page.get_by_test_id("follow")).to_be_visible()

    async def says(self, text: str) -> str:
        await self.opens_keyboard()
        await self.page.get_by_test_id("message-input").fill(text)
        return await self._answered(self.page.get_by_test_id("send").click)

    async def sends_picture(self) -> str:
        await self.opens_keyboard()
        await self.page.get_by_test_id("attach").click()
        return await self._answered(self.page.get_by_test_id("send-picture").click)

    async def taps(self, *path: str) -> str:
        """Tap a button of the menu bar, and what opens above it."""
        await self.opens_menu(*path[:-1])
        kind = "submenu-item" if len(path) > 1 else "menu-button"
        return await self._answered(self.page.get_by_test_id(kind).filter(has_text=path[-1]).click)

    async def chooses(self, label: str, *, older: int = 0) -> str:
        """Tap a line of the newest message that has it, or of one that many before."""
        lines = self.page.get_by_test_id("choice-link").filter(has_text=label)
        return await self._answered(lines.nth(await lines.count() - 1 - older).click)

    async def opens_menu(self, *path: str) -> None:
        await self._turns_to("菜单")
        for name in path:
            await self.menu.filter(has_text=name).click()

    async def opens_keyboard(self) -> None:
        await self._turns_to("键盘")

    async def _turns_to(self, side: str) -> None:
        """Once the account has a menu: until it comes there is nothing to turn, and it changes the line."""
        switch = self.page.get_by_test_id("toggle-input")
        await expect(switch).to_be_visible()
        if await switch.get_attribute("aria-label") == f"切换到{side}":
            await switch.click()

    async def reads(self, text: str) -> str:
        """The newest message, once it says `text`: it may come unasked."""
        await expect(self.answers.last).to_contain_text(text, timeout=PATIENCE * 1000)
        return await self.answers.filter(has_text=text).last.inner_text()  # another may have come since

    async def opens_page(self, address: str) -> FrameLocator:
        """A web page inside WeChat."""
        opens = "async (url) => (await import('/sandbox/static/sheets.js')).openPage(url, '网页')"
        await self.page.evaluate(opens, address)
        return self.page.frame_locator("#webview-frame")

    async def has_read(self, *texts: str) -> None:
        """Everything the account ever told this person."""
        await expect(self.answers).to_have_text(texts, use_inner_text=True)

    async def has_buttons(self, *names: str) -> None:
        """The menu bar shows these, at once or soon."""
        await self.opens_menu()
        await expect(self.menu).to_have_text(names, timeout=PATIENCE * 1000)

    @property
    def answers(self) -> Locator:
        return self.page.get_by_test_id("bubble-in")

    @property
    def menu(self) -> Locator:
        """The buttons at the bottom."""
        return self.page.get_by_test_id("menu-button")

    @property
    def exchanges(self) -> Locator:
        """What the developer panel lists: one for each push, once it is over."""
        return self.page.get_by_test_id("exchange")

    async def _answered(self, act: Callable[[], Awaitable[None]]) -> str:
        """What the act is answered; empty where the account keeps quiet.

        Others may act meanwhile, WeChat may tell the service something, and messages may come unasked.
        """
        name = await self.page.locator("#chat[data-person]").get_attribute("data-person")
        acts = self.exchanges.filter(has=self.page.get_by_test_id("copy-exchange"))
        own = acts.filter(has=self.page.locator("summary b", has_text=re.compile(f"^{name}$")))
        before = await own.count()
        await act()
        await expect(own).to_have_count(before + 1, timeout=PATIENCE * 1000)
        if await own.first.locator(".tag").text_content() != "已回复":
            return ""
        number = (await own.first.get_attribute("data-key") or "").removeprefix("exchange-")
        return await self.page.locator(f'[data-exchange="{number}"]').get_by_test_id("bubble-in").inner_text()

    def assert_sound(self) -> None:
        """Nothing went wrong inside the page itself."""
        assert self._complaints == [], self._complaints


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no browser: there is no chromium on the PATH")
    async with one_chromium.joined(CHROMIUM) as browser:
        yield browser


def _is_error(said: ConsoleMessage) -> bool:
    """A page that stands in WeChat itself, and in no frame of ours, may choose where one begins to type.

    A form that is refused answers 422, which the browser tells as an error.
    """
    refused = said.text.startswith("Blocked autofocusing") or "status of 422" in said.text
    return said.type == "error" and not refused


async def new_page(browser: Browser, width: int = 390, height: int = 844) -> Page:
    """A screen of that size here; a slow machine is no failure."""
    page = await browser.new_page(
        viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page.set_default_timeout(PATIENCE * 1000)
    return page


async def loaded(frame: FrameLocator) -> None:
    """The page there has run all its scripts: what it says may be read before them."""
    await frame.locator("body").evaluate(
        "() => document.readyState === 'complete' || new Promise(go => { addEventListener('load', go); })"
    )


@asynccontextmanager
async def phone_of(chromium: Browser, office: Office) -> AsyncIterator[Phone]:
    """A phone lying on the table: 王秀兰 is the first to take it."""
    page = await new_page(chromium)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if _is_error(said) else None)
    await page.goto(office.sandbox)
    await expect(page.locator("body[data-ready=yes]")).to_be_attached()
    opened = Phone(page, complaints)
    yield opened
    opened.assert_sound()


@pytest.fixture
async def phone(chromium: Browser, office: Office) -> AsyncIterator[Phone]:
    async with phone_of(chromium, office) as opened:
        yield opened
