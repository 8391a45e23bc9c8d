"""A phone's mini-program as tests hold it, and the service with everything it may ask for."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.services import cases, portal_sessions, purposes
from models import Activity, CaseKind, DeviceKind, Follower, Person
from sandbox.driver import Phone
from tests import making
from tests.both_ends import Ends, both_ends, settings_for

API = "/api/v1"
MEMBERSHIP = f"{API}/me/membership"
RIGHT = {
    "staff_number": "10001",
    "name": "李娜",
    "phone_end": "5678",
    "consent_version": purposes.MEMBERSHIP.version,
}
MINI = {
    "miniprogram_app_id": "wxmini0123456789ab",
    "miniprogram_app_secret": "a mini-program's secret",
    "miniprogram_token": "minitoken",
    "miniprogram_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "miniprogram_notice_page": "pages/index/index",
}


class App:
    """A phone's mini-program with the tokens it was handed."""

    def __init__(self, ends: Ends, phone: Phone) -> None:
        self.ends, self.phone = ends, phone
        self.tokens: dict[str, Any] = {}

    async def logs_in(self) -> httpx.Response:
        code = await self.phone.logs_in()
        answer = await self.posts("/api/v1/auth/miniprogram", {"code": code})
        if answer.status_code == 201:
            self.tokens = answer.json()
        return answer

    async def refreshes(self, token: str = "") -> httpx.Response:
        given = {"refresh_token": token or self.tokens["refresh_token"]}
        return await self.posts("/api/v1/auth/refresh", given)

    async def posts(self, path: str, given: object) -> httpx.Response:
        return await self.ends.web.post(path, json=given)

    async def calls(self, method: str, path: str, given: object = None, **more: str) -> httpx.Response:
        """`more`: headers, with `_` for `-`."""
        headers = {"Authorization": f"Bearer {self.tokens.get('access_token', '')}"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return await self.ends.web.request(method, path, json=given, headers=headers)

    async def acts(self, path: str, given: object = None, key: str = "", **more: str) -> httpx.Response:
        """A POST with a key, its own unless one is given."""
        return await self.calls("POST", path, given, Idempotency_Key=key or secrets.token_hex(16), **more)

    async def acts_as(self, method: str, path: str, given: object = None) -> httpx.Response:
        """Any method; a POST gets its key."""
        key = {"Idempotency_Key": secrets.token_hex(16)} if method == "POST" else {}
        return await self.calls(method, path, given, **key)

    async def gets(self, path: str) -> Any:
        answer = await self.calls("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def person_id(self) -> int:
        public_id = (await self.gets(f"{API}/me"))["id"]
        async with self.ends.house.database.reading() as session:
            found = await session.scalar(sa.select(Person.id).where(Person.public_id == public_id))
        assert found is not None
        return found


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert re.search("[一-鿿]", problem["title"]) and re.search("[一-鿿]", problem["detail"])
    assert re.fullmatch("[0-9a-f]{16}", problem["request_id"])
    return problem


@asynccontextmanager
async def api_ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **given: Any
) -> AsyncIterator[Ends]:
    """With member 10001 on the roster."""
    settings = settings_for(database_url, tmp_path, **MINI, **given)
    async with both_ends(settings, monkeypatch, miniprogram=True) as joined:
        async with joined.house.database.transaction() as session:
            await making.member(session)
        yield joined


async def app_of(ends: Ends, name: str) -> App:
    """Somebody who has logged in."""
    app = App(ends, await ends.platform.follower(name))
    assert (await app.logs_in()).status_code == 201
    return app


async def announce(ends: Ends, title: str = "健步走", **given: Any) -> Activity:
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        times = {"opens_at": now - timedelta(days=1), "starts_at": now + timedelta(days=7)}
        return await making.activity(session, title, **times | given)


async def leaves(ends: Ends, who: App, words: str, **given: Any) -> cases.Opened:
    """A 留言, or a case of another kind."""
    person_id = await who.person_id()
    async with ends.house.database.transaction() as session:
        kind = given.pop("kind", CaseKind.FEEDBACK)
        blocks = [{"type": "text", "text": words}]
        now = ends.house.clock.now()
        return await cases.open_case(session, kind, person_id, None, blocks=blocks, now=now, **given)


async def browses(ends: Ends, who: App, device: DeviceKind = DeviceKind.IPHONE) -> bytes:
    """Signed in on the portal, too; returns the mark its browser keeps."""
    person_id, mark = await who.person_id(), secrets.token_bytes(16)
    async with ends.house.database.transaction() as session:
        own = await session.scalar(sa.select(Follower.id).where(Follower.person_id == person_id))
        assert own is not None
        await portal_sessions.begin(session, own, mark, device, ends.house.clock.now())
    return mark


# --- what a test file takes under these names --------------------------------------------------------------


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with api_ends(database_url, tmp_path, monkeypatch) as joined:
        yield joined


@pytest.fixture
async def li(ends: Ends) -> App:
    return await app_of(ends, "李娜")
