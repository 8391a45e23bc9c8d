"""One running sandbox: its parts, its counters, and its background work."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from sandbox.clock import Clock
from sandbox.config import App, Config
from sandbox.crypto import MessageCipher
from sandbox.errors import NotPossible
from sandbox.live import Bus
from sandbox.misbehaving.holding import Holding
from sandbox.misbehaving.pending import Misbehaviour
from sandbox.rates import Rates
from sandbox.store import Database

# From real time, so that a sandbox with emptied state never repeats a number the service has seen.
_numbers = itertools.count(time.time_ns() // 100)


def next_number() -> int:
    """A number no message, menu or notice had before: 64 bits, growing."""
    return next(_numbers)


RESULTS_AT_ONCE = 20  # pushes of how notices ended; ten thousand at once would stand in each other's way


@dataclass
class World:
    """What every part of the sandbox is handed."""

    config: Config
    clock: Clock
    db: Database
    client: httpx.AsyncClient
    ciphers: dict[str, MessageCipher]  # by the app's name
    bus: Bus = field(default_factory=Bus)
    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)
    rates: Rates = field(default_factory=Rates)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)  # by what they are for
    typing_until: dict[str, float] = field(default_factory=dict)
    being_sent: set[tuple[str, str]] = field(default_factory=set)  # (app id, openid) of a notice under way
    telling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RESULTS_AT_ONCE))
    holding: Holding = field(init=False)

    def __post_init__(self) -> None:
        self.holding = Holding(self.misbehaviour)

    def now(self) -> float:
        return self.clock.now()

    def app(self, name: str) -> App:
        """The official account, or the mini-program.

        Raises:
            NotPossible: there is no mini-program.
        """
        app = self.config.apps.get(name)
        if app is None:
            raise NotPossible("没有设置小程序（GONGHUI_MINIPROGRAM_APP_ID）。")
        return app

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        """Do it in so many real seconds; asked again under the same name, only the last counts."""
        self._stop(name)
        self.timers[name] = asyncio.get_running_loop().call_later(seconds, act)

    def _stop(self, *names: str) -> None:
        for name in names:
            if name in self.timers:
                self.timers.pop(name).cancel()

    async def settle(self) -> None:
        """Wait for what was spawned; for tests and a clean end."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def forget(self) -> None:
        """As freshly opened: nobody known, nothing under way, nothing to do wrong."""
        self._stop(*self.timers)
        for task in list(self.tasks):
            task.cancel()
        self.misbehaviour.clear()
        self.rates.clear()
        self.holding.free()
        self.typing_until.clear()
        self.being_sent.clear()
        self.db.empty()

    async def close(self) -> None:
        self.bus.close()
        self._stop(*self.timers)
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()
        self.db.close()


def open_world(config: Config, transport: httpx.AsyncBaseTransport | None = None) -> World:
    """Open the state; `transport` replaces the network on the way to the service."""
    # trust_env off: a proxy of the developer's must not see loopback traffic.
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
    # The platform's own 5 s limit is kept where pushes are sent; this one is a backstop.
    # WeChat keeps no cookies between its calls.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    client = httpx.AsyncClient(
        transport=transport, timeout=60, trust_env=False, limits=limits, cookies=cookies
    )
    return World(
        config=config,
        clock=Clock(config.clock_file),
        db=Database(config.state),
        client=client,
        ciphers={
            name: MessageCipher(app.aes_key, app.app_id)
            for name, app in config.apps.items()
            if app.aes_key  # in plain mode a mini-program may have none
        },
    )
