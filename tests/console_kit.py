"""Somebody of staff with a browser that is signed in to the console, for tests of what one does there."""

import re
import secrets
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.services import staff
from app.services.staff import Wanted
from models import Role, Staff, StaffAct, StaffState
from tests.both_ends import Ends, both_ends, settings_for

HTML = {"Accept": "text/html"}
CONSOLE = "/console"
PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')


class Worker:
    """Somebody at work in the console."""

    def __init__(self, ends: Ends, login: str, browser: httpx.AsyncClient) -> None:
        self.ends, self.login, self.browser = ends, login, browser
        self._tokens: dict[str, str] = {}  # by the cookie of the session

    async def signs_in(self, password: str = PASSWORD, to: str = "") -> httpx.Response:
        given = {"login": self.login, "password": password, "next": to}
        return await self.browser.post(f"{CONSOLE}/sign-in", data=given, headers=HTML)

    async def gets(self, path: str, **headers: str) -> httpx.Response:
        return await self.browser.get(f"{CONSOLE}{path}", headers=HTML | headers)

    async def reads(self, path: str) -> str:
        answer = await self.gets(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        assert answer.headers["cache-control"] == "no-store"
        return answer.text

    async def token(self) -> str:
        """One for all forms of a session: read from a page once."""
        mark = next((each.value or "" for each in self.browser.cookies.jar if "session" in each.name), "")
        if mark not in self._tokens:
            found = TOKEN.search(await self.reads("/me"))
            assert found
            self._tokens[mark] = found[1]
        return self._tokens[mark]

    async def sends(self, path: str, **filled: Any) -> httpx.Response:
        """A form of any page, with the token of this session."""
        data = {"token": await self.token(), **filled}
        return await self.browser.post(f"{CONSOLE}{path}", data=data, headers=HTML)

    async def does(self, path: str, **filled: Any) -> str:
        """A form that is taken; the page it leads to."""
        answer = await self.sends(path, **filled)
        assert answer.status_code == 303, (path, answer.status_code, answer.text)
        return (await self.browser.get(answer.headers["location"], headers=HTML)).text


@cache
def digest_of(password: str) -> str:
    """One that is read in no time: a digest names its own cost, and the product's is slow on purpose.

    A password that is set in a page gets the product's (`tests/test_console_signing_in.py`).
    """
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash(password)


async def employ(ends: Ends, name: str, *roles: Role | Wanted, login: str = "") -> Worker:
    """A new account with these roles for the whole union, or as `Wanted` says; not signed in yet."""
    login = login or f"s{secrets.token_hex(4)}"
    wanted = [each if isinstance(each, Wanted) else Wanted(each) for each in roles]
    digest = digest_of(PASSWORD)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        made = await staff.invite(session, login, name, wanted, by=None, now=now)
        made.staff.password, made.staff.state = digest, StaffState.ACTIVE
    return Worker(ends, login, ends.browser())


async def at_work(ends: Ends, name: str, *roles: Role | Wanted) -> Worker:
    """As `employ`, and signed in."""
    worker = await employ(ends, name, *roles)
    answer = await worker.signs_in()
    assert answer.status_code == 303, answer.text
    return worker


async def acts_of(ends: Ends, act: str = "") -> list[StaffAct]:
    """What the record says, oldest first."""
    chosen = sa.select(StaffAct).order_by(StaffAct.id)
    async with ends.house.database.reading() as session:
        found = await session.scalars(chosen.where(StaffAct.act == act) if act else chosen)
        return list(found)


async def staff_row(ends: Ends, login: str) -> Staff:
    async with ends.house.database.reading() as session:
        return await staff.get_by_login(session, login)


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


@pytest.fixture
async def admin(ends: Ends) -> Worker:
    return await at_work(ends, "王强", Role.UNION_ADMIN)
