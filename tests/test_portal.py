"""What a browser sees when there is no page or something breaks, and what it may do with our pages."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from structlog.contextvars import bound_contextvars

from app.database import Database
from app.portal import refusals
from app.web.policy import Policy
from tests.both_ends import Ends, both_ends, settings_for

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


@pytest.fixture
def broken() -> Iterator[httpx.AsyncClient]:
    """A web with a page that has a bug, and no house around it."""
    web = FastAPI()
    refusals.install(web)

    @web.get("/bug")
    async def bug() -> None:
        raise ValueError("李娜的电话是 13800001234")

    transport = httpx.ASGITransport(Policy(web), raise_app_exceptions=False)
    with bound_contextvars(request_id="0123456789abcdef"):
        yield httpx.AsyncClient(transport=transport, base_url="http://x")


async def test_a_page_nobody_knows_leads_home(ends: Ends) -> None:
    answer = await ends.web.get("/activities/7", headers=BROWSER)

    assert answer.status_code == 404
    assert "没有这个页面" in answer.text
    assert 'href="/"' in answer.text
    assert "95598" in answer.text


@pytest.mark.parametrize("path", ["/static/nothing.css", "/static/../app/main.py", "/%00"])
async def test_files_that_are_not_there_are_refused_alike(ends: Ends, path: str) -> None:
    answer = await ends.web.get(path, headers=BROWSER)

    assert (answer.status_code, "没有这个页面" in answer.text) == (404, True)


async def test_a_wrong_method_is_told_which_is_right(ends: Ends) -> None:
    answer = await ends.web.post("/", headers=BROWSER)

    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "回首页" in answer.text


async def test_programs_are_answered_in_json(ends: Ends) -> None:
    assert (await ends.web.get("/nothing")).json() == {"detail": "Not Found"}
    answer = await ends.web.get("/api/v1/nothing", headers=BROWSER)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_address")


async def test_a_bug_shows_a_calm_page_with_a_number_to_quote(broken: httpx.AsyncClient) -> None:
    answer = await broken.get("/bug", headers=BROWSER)

    assert answer.status_code == 500
    assert "页面出了点问题" in answer.text
    assert "0123456789abcdef" in answer.text
    assert "13800001234" not in answer.text
    assert (await broken.get("/bug")).json() == {"detail": "Internal Server Error"}


async def test_the_home_page_says_so_when_messages_are_not_answered(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "服务运行正常" in (await ends.web.get("/")).text

    away = Database("postgresql+asyncpg://gonghui@127.0.0.1:9/gonghui")
    monkeypatch.setattr(ends.house, "database", away)
    page = await ends.web.get("/")

    assert page.status_code == 200
    assert "正在恢复" in page.text
    await away.close()


async def test_many_look_at_the_home_page_at_once(ends: Ends) -> None:
    """While one asks whether the database is well, another may already have asked anew."""
    looks = [ends.web.get(path) for _ in range(40) for path in ("/", "/readyz")]

    assert {answer.status_code for answer in await asyncio.gather(*looks)} == {200}


async def test_only_the_sandbox_may_frame_our_pages_and_only_in_development(
    ends: Ends, broken: httpx.AsyncClient
) -> None:
    phone = ends.house.settings.wechat_api_url

    developing = (await headers_of(ends.web, "/"))["content-security-policy"]
    real = (await headers_of(broken, "/bug"))["content-security-policy"]

    assert f"frame-ancestors {phone}" in developing
    assert "frame-ancestors 'none'" in real
    assert "script-src 'self' https://res.wx.qq.com;" in real


async def test_browsers_do_not_guess_types(ends: Ends) -> None:
    for path in ("/", "/static/portal.css", "/nothing"):
        assert (await headers_of(ends.web, path))["x-content-type-options"] == "nosniff"


async def headers_of(web: httpx.AsyncClient, path: str) -> httpx.Headers:
    return (await web.get(path, headers=BROWSER)).headers
