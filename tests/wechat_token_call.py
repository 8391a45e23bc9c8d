"""WeChat's token call, and a clock that moves by pauses, for tests of the token source."""

import asyncio
import json
from collections.abc import Callable

import httpx


class Clock:
    """Seconds that pass when somebody pauses, or when told to."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0
        self.paused = asyncio.Event()

    def __call__(self) -> float:
        return self.at

    async def pause(self, seconds: float) -> None:
        self.at += seconds
        self.paused.set()
        await asyncio.sleep(0)


class Platform:
    """The token call of WeChat: the n-th fetch answers `token-n`."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.was_asked = asyncio.Event()
        self.lives = 7200
        self.answers: list[httpx.Response | Exception] = []
        self.on_ask: Callable[[], object] = lambda: None
        self.gate: asyncio.Event | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/cgi-bin/stable_token")
        self.asked.append(json.loads(request.content))
        self.was_asked.set()
        mine = len(self.asked)
        self.on_ask()
        if self.gate is not None:
            await self.gate.wait()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return httpx.Response(200, json={"access_token": f"token-{mine}", "expires_in": self.lives})
