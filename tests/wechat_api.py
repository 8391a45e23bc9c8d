"""A WeChat API for tests of the client: answers in turn, and keeps what it was asked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.wechat.client import WeChatClient
from app.wechat.tokens import MemoryTokenStore, TokenSource

APP = "wx0123456789abcdef"
SECRET = "s3cret-of-the-account"
NOW = 1_800_000_000.0
Answer = httpx.Response | Exception | dict[str, Any]


class FakeApi:
    """Tokens are `token-1`, `token-2`…; every other call gets the next of `answers`."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []  # without those for tokens
        self.answers: list[Answer] = []
        self.tokens_given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/stable_token":
            self.tokens_given += 1
            told = {"access_token": f"token-{self.tokens_given}", "expires_in": 7200}
            return httpx.Response(200, json=told)
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, json=answer) if isinstance(answer, dict) else answer

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    @property
    def body(self) -> Any:
        return json.loads(self.last.content)

    @property
    def asked(self) -> str:
        """The last request as a line, without its token."""
        query = {k: v for k, v in self.last.url.params.items() if k != "access_token"}
        told = "".join(f" {key}={value}" for key, value in query.items())
        return f"{self.last.method} {self.last.url.path}{told}"

    def tokens_used(self) -> list[str]:
        return [request.url.params.get("access_token", "") for request in self.requests]


def client_of(
    api: FakeApi, http: httpx.AsyncClient, base_url: str = "https://api.weixin.qq.com"
) -> WeChatClient:
    tokens = TokenSource(MemoryTokenStore(lambda: NOW), http, APP, SECRET, base_url, lambda: NOW)
    return WeChatClient(APP, SECRET, http=http, tokens=tokens, base_url=base_url)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
async def http(api: FakeApi) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as client:
        yield client


@pytest.fixture
def client(api: FakeApi, http: httpx.AsyncClient) -> WeChatClient:
    return client_of(api, http)
