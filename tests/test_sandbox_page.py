"""The phone page: nothing foreign in it, news for it, and a story played in a real browser."""

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.app import STATIC, create_app
from sandbox.config import Config, derived_keys
from sandbox.live import Bus
from sandbox.menu_bar import menus
from sandbox.qr_picture import _correction
from sandbox.texts import segments
from tests.phone_page import phone_page, serving

if TYPE_CHECKING:
    from playwright.async_api import Page

# Plain mode: the cipher has tests of its own.
CONFIG = Config(**derived_keys("a secret for tests"), mode="plain", retry_pause=0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_the_page_loads_nothing_from_elsewhere(path: Path) -> None:
    addresses = set(re.findall(r"https?://[^\s\"'`)<]+", path.read_text()))

    # An XML namespace, and the sample words of a form: neither is fetched.
    assert addresses <= {"http://www.w3.org/2000/svg", "https://mp.weixin.qq.com/s/demo"}


async def test_the_page_and_its_parts_are_served() -> None:
    app = create_app(CONFIG)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        page = await http.get("/")
        named = re.findall(r"/sandbox/static/[\w.]+", page.text)
        parts = [await http.get(address) for address in named]
        foreign = await http.post("/sandbox/api/reset", headers={"Origin": "https://elsewhere.example"})
    await app.state.world.close()

    assert named
    assert all(part.status_code == 200 for part in parts)
    assert foreign.status_code == 403


async def test_every_open_page_hears_the_news_until_the_end() -> None:
    bus = Bus()

    async def listen() -> list[str]:
        return [line async for line in bus.lines()]

    pages = [asyncio.create_task(listen()) for _ in range(2)]
    await asyncio.sleep(0)
    bus.publish("menu")
    bus.close()

    for lines in await asyncio.gather(*pages):
        assert lines[1] == 'data: {"kind": "menu"}\n\n'


def test_links_in_a_text_become_what_can_be_tapped() -> None:
    found = segments(
        '看<a href="https://a.cn/b">这里</a>或 https://c.cn/d。'
        '<a href="weixin://bizmsgmenu?msgmenucontent=%E5%A5%BD&msgmenuid=1">好的</a>'
        '<a href="weixin://dl/chat">不行</a>'
    )

    assert found == [
        {"text": "看"},
        {"text": "这里", "url": "https://a.cn/b"},
        {"text": "或 "},
        {"text": "https://c.cn/d", "url": "https://c.cn/d"},
        {"text": "。"},
        {"text": "好的", "choice": {"content": "好", "id": "1"}},
        {"text": "不行"},
    ]


def test_correction_bytes_match_the_worked_example_of_the_standard() -> None:
    data = bytes.fromhex("10200c566180ec11ec11ec11ec11ec11")

    assert bytes(_correction(list(data), 10)).hex() == "a524d4c1ed36c7872c55"


def answer_to(push: ET.Element) -> str:
    said = push.findtext("Content") or push.findtext("EventKey") or push.findtext("Event") or ""
    if said == "坏":
        return "oops"
    kind, inner = "text", f"<Content><![CDATA[收到{said or push.findtext('MsgType')}]]></Content>"
    if said == "选择":
        line = '<a href="weixin://bizmsgmenu?msgmenucontent=插座&msgmenuid=7">插座怎么选</a>'
        inner = f"<Content><![CDATA[您想了解：\n{line}]]></Content>"
    if said == "news":
        items = "".join(f"<item><Title>第{n}条</Title><Url>/page</Url></item>" for n in (1, 2))
        kind, inner = "news", f"<ArticleCount>2</ArticleCount><Articles>{items}</Articles>"
    return (
        f"<xml><ToUserName>{push.findtext('FromUserName')}</ToUserName>"
        f"<FromUserName>{push.findtext('ToUserName')}</FromUserName>"
        f"<CreateTime>1790000000</CreateTime><MsgType>{kind}</MsgType>{inner}</xml>"
    )


async def callback(request: Request) -> Response:
    return Response(answer_to(ET.fromstring(await request.body())))


async def shown_page(request: Request) -> Response:
    return HTMLResponse("<h1>专题网站</h1>")


SERVICE = Starlette(
    routes=[Route("/wechat/callback", callback, methods=["POST"]), Route("/page", shown_page)]
)


@pytest.fixture
async def page() -> AsyncIterator["Page"]:
    """The phone in a browser 390 pixels wide, with a menu; a service that echoes stands behind."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(SERVICE, Bus()))
        app = create_app(Config(**{**vars(CONFIG), "service_url": service}))
        buttons: list[dict[str, Any]] = [
            {"name": "资讯", "sub_button": [{"type": "click", "name": "工会动态", "key": "news"}]},
            {"name": "网站", "type": "view", "url": f"{service}/page"},
        ]
        menus.put_default(app.state.world, buttons)
        address = await stack.enter_async_context(serving(app, app.state.world.bus))
        page = await stack.enter_async_context(phone_page(address))
        yield page


async def test_a_list_of_the_menu_stays_open_until_the_menu_is_another(page: "Page") -> None:
    """A menu is pushed in several steps, and the page hears of each."""

    def part(name: str) -> Any:
        return page.locator(f'[data-test="{name}"]')

    async def reads_by_itself(menu: dict[str, Any]) -> None:
        async with page.expect_response("**/menu"):
            await _push_menu(page, menu)

    await part("follow").click()
    await part("menu-button").filter(has_text="资讯").click()
    await part("submenu-item").wait_for()
    openid = await part("person-select").input_value()

    await reads_by_itself({"button": (await _menu_of(page, openid))})
    await _menu_of(page, openid)  # by the time this is answered, what was read has been drawn
    assert await part("submenu-item").is_visible()

    await reads_by_itself({"button": [{"name": "新", "type": "view", "url": "http://a.cn"}]})
    await part("submenu-item").wait_for(state="hidden")
    assert await part("menu-button").all_inner_texts() == ["新"]


async def _menu_of(page: "Page", openid: str) -> Any:
    shown = await page.evaluate(
        "openid => fetch(`/sandbox/api/people/${openid}/menu`).then(answer => answer.json())", openid
    )
    return shown["button"]


async def _push_menu(page: "Page", menu: dict[str, Any]) -> None:
    """As the service does, with a token of its own."""
    told = await page.evaluate(
        """async ([menu, given]) => {
            const posts = (path, body) =>
                fetch(path, {method: "POST", body: JSON.stringify(body)}).then(answer => answer.json());
            const token = (await posts("/cgi-bin/stable_token", given)).access_token;
            return posts(`/cgi-bin/menu/create?access_token=${token}`, menu);
        }""",
        [menu, {"grant_type": "client_credential", "appid": CONFIG.app_id, "secret": CONFIG.app_secret}],
    )
    assert told["errcode"] == 0, told


async def test_a_person_follows_chats_taps_and_leaves(page: "Page") -> None:
    def part(name: str) -> Any:
        return page.locator(f'[data-test="{name}"]')

    async def says(text: str) -> None:
        await part("message-input").fill(text)
        await part("send").click()

    async def reads(text: str) -> None:
        await part("bubble-in").filter(has_text=text).last.wait_for()

    await part("follow").click()
    await reads("收到subscribe")
    await part("menu-button").filter(has_text="资讯").click()
    await part("submenu-item").click()
    await part("article").nth(1).wait_for()
    await part("menu-button").filter(has_text="网站").click()
    await page.frame_locator("#webview-frame").get_by_role("heading", name="专题网站").wait_for()
    await part("webview-close").click()

    await part("toggle-input").click()
    await says("选择")
    await part("choice-link").click()
    await reads("收到插座")
    await part("attach").click()
    await part("send-picture").click()
    await reads("收到image")
    await part("attach").click()
    await part("send-location").click()
    await part("confirm").click()
    await reads("收到location")
    await says("坏")
    await part("fault-notice").wait_for()

    await part("person-select").select_option(label="李建国（未关注）")
    await part("follow").wait_for()
    await part("person-select").select_option(label="王秀兰")
    await part("unfollow").click()
    await part("follow").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
