"""Scripts of the console when answers come late: pages of a few lines, a service played by the test."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests import one_chromium
from tests.phone_page import chromium
from tests.rooms import ROOT
from tests.servers import PATIENCE

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

AT = "http://pages.test"
LIST = (
    '<div id="list" data-fresh="/cases" data-live="{live}">'
    '<table class="rows"><tbody>{rows}</tbody></table></div>'
)
PANE = (
    '<div id="thread" data-fresh="/cases/{n}" data-live="{seen}">第 {n} 件</div>'
    '<input name="seen" value="{seen}">'
)
THREAD = (
    '<div id="thread" data-fresh="/cases/1" data-live="{live}"><ol class="timeline"><li>灯坏了'
    '<details><summary>原件</summary><input name="why"></details></li>{more}</ol></div>'
)
DOOR = """<div id="door" data-at="/door" data-keep="kept" data-token="t"></div>
<p id="waiting"></p><p id="trouble"></p><p id="no-camera"></p><button id="by-camera"></button>
<div id="answer" data-answer=""><b class="label"></b><b class="name"></b><p class="words"></p>
<p class="party"></p><a class="mend"></a></div><div id="recent"><ol></ol></div>
<form id="seek"><input name="q"><button>查找</button></form><div id="found"></div>"""


def rows(*numbers: int) -> str:
    return "".join(f'<tr><td><a href="/cases/{n}">第 {n} 件</a></td></tr>' for n in numbers)


@pytest.fixture
async def page() -> AsyncIterator["Page"]:
    """A browser that reaches nobody; what its page asks for each test answers."""
    pytest.importorskip("playwright.async_api")
    async with one_chromium.joined(chromium()) as browser:
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        errors: list[object] = []
        page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  (no builtin)
        yield page
        await page.close()
        assert errors == []


async def shows(page: "Page", body: str, *scripts: str) -> None:
    async def answer(route: "Route") -> None:
        name = route.request.url.rpartition("/")[2]
        if name in scripts:
            words = (ROOT / "static" / name).read_text(encoding="utf-8")
            await route.fulfill(body=words, content_type="text/javascript")
        else:
            run = "".join(f'<script src="/{each}"></script>' for each in scripts)
            whole = f'<!doctype html><meta charset="utf-8">{body}{run}'
            await route.fulfill(body=whole, content_type="text/html")

    for name in ("page", *scripts):
        await page.route(f"{AT}/{name}", answer)
    await page.goto(f"{AT}/page")


async def test_a_list_renews_itself_and_the_chosen_row_and_another_case_stay_as_they_are(
    page: "Page",
) -> None:
    """The thread of the case that was open is answered when another one is open already."""
    renewed, again = asyncio.Event(), asyncio.Event()
    held: list[Route] = []

    async def the_list(route: "Route") -> None:
        if route.request.headers["x-by-itself"] == "2":
            again.set()
            return
        await renewed.wait()
        await route.fulfill(body=LIST.format(live=2, rows=rows(3, 1, 2)), content_type="text/html")

    asked = asyncio.Event()

    async def the_thread(route: "Route") -> None:
        held.append(route)
        asked.set()

    await page.route(f"{AT}/cases", the_list)
    await page.route(f"{AT}/cases/1", the_thread)
    pane = f'<aside id="pane">{PANE.format(n=1, seen=1)}</aside>'
    await shows(page, LIST.format(live=1, rows=rows(1, 2)) + pane, "console.js")
    for _ in range(2):
        await page.keyboard.press("j")
    renewed.set()
    await asked.wait()
    await page.evaluate("inside => { pane.innerHTML = inside; }", PANE.format(n=2, seen=7))
    await held[0].fulfill(body=PANE.format(n=1, seen=9), content_type="text/html")
    await again.wait()

    assert await page.locator("input[name=seen]").input_value() == "7"
    assert await page.locator("[aria-selected=true]").inner_text() == "第 2 件"
    assert await page.locator("tbody tr").count() == 3


async def test_what_is_written_within_a_thread_stays_when_the_thread_grows(page: "Page") -> None:
    """Why somebody opens an original."""
    renewed, again = asyncio.Event(), asyncio.Event()

    async def the_thread(route: "Route") -> None:
        if route.request.headers["x-by-itself"] == "2":
            again.set()
            return
        await renewed.wait()
        await route.fulfill(body=THREAD.format(live=2, more="<li>北门那一盏</li>"), content_type="text/html")

    await page.route(f"{AT}/cases/1", the_thread)
    await shows(page, THREAD.format(live=1, more=""), "console.js")
    await page.locator("summary").click()
    await page.locator("[name=why]").fill("要作为证据")
    renewed.set()
    await again.wait()

    assert await page.locator("li").all_inner_texts() == ["灯坏了\n原件", "北门那一盏"]
    assert await page.locator("details[open] [name=why]").input_value() == "要作为证据"
    assert await page.evaluate("document.activeElement.name") == "why"


async def test_who_of_a_party_came_is_said_of_the_ticket_it_was_said_of(page: "Page") -> None:
    """It is answered when the next ticket is read already."""
    tickets = iter([("first", 2), ("second", 3)])
    held: list[Route] = []
    sent, counted = asyncio.Event(), asyncio.Event()

    async def scans(route: "Route") -> None:
        code, seats = next(tickets)
        (scan,) = json.loads(parse_qs(route.request.post_data or "")["scans"][0])
        told = {"id": scan["id"], "tone": "good", "label": "签到成功", "name": code, "code": code}
        told |= {"seats": seats, "arrived": seats, "answer": "ok"}
        await route.fulfill(json={"answers": [told], "counts": {}})

    async def arrived(route: "Route") -> None:
        held.append(route)
        sent.set()

    async def counts(route: "Route") -> None:
        await route.fulfill(json={})
        counted.set()

    await page.route(f"{AT}/door/scans", scans)
    await page.route(f"{AT}/door/people/*/arrived", arrived)
    await page.route(f"{AT}/door/counts", counts)
    await shows(page, DOOR, "weixin.js", "check_in.js")

    async def reads(number: str, name: str) -> None:
        await page.locator("[name=q]").fill(number)
        await page.get_by_role("button", name="查找").click()
        await page.locator(".name", has_text=name).wait_for()

    await reads("2222-2222", "first")
    await page.get_by_role("button", name="1").click()
    await sent.wait()
    assert await page.locator(".party").evaluate("place => place.inert")  # no second number meanwhile
    await reads("3333-3333", "second")
    counted.clear()
    await held[0].fulfill(status=303, headers={"location": f"{AT}/page"})
    await counted.wait()

    assert await page.locator(".party button").count() == 3
    assert not await page.locator(".party").evaluate("place => place.inert")
