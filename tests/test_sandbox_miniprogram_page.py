"""The mini-program on the phone page, in a real browser: ways in, login, requests, its chat, its notices."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.driver import Phone, Platform
from sandbox.live import Bus
from sandbox.menu_bar import menus
from tests.miniprogram_sandbox import CONFIG, KEYS, MINI, Side
from tests.phone_page import phone_page, pushes, serving
from tests.test_sandbox_miniprogram_notices import chosen

if TYPE_CHECKING:
    from playwright.async_api import Page
    from playwright.async_api import Route as PageRoute

SEND = "/cgi-bin/message/custom/send"


async def silent(request: Request) -> Response:
    return Response("success")


async def login(request: Request) -> Response:
    """As the service would: a token for a code; without one the field is named."""
    code = (await request.json()).get("code")
    if not code:
        return JSONResponse({"message": "缺少 code。"}, 422)
    return JSONResponse({"access_token": f"token-of-{code[:4]}", "expires_in": 7200}, 201)


async def mine(request: Request) -> Response:
    asked = request.headers.get("authorization", "")
    if not asked.startswith("Bearer token-of-"):
        return JSONResponse({"message": "请先登录。"}, 401)
    return JSONResponse({"name": "王秀兰", "query": dict(request.query_params)})


async def page_with_a_link(request: Request) -> Response:
    sandbox, link = request.query_params["sandbox"], request.query_params["link"]
    script = f'<script src="{sandbox}/open/js/jweixin-1.6.0.js"></script>'
    return HTMLResponse(f'{script}<h1>活动</h1><a href="{link}">进小程序</a>')


SERVICE = Starlette(
    routes=[
        Route("/wechat/callback", silent, methods=["POST"]),
        Route("/wechat/miniprogram", silent, methods=["POST"]),
        Route("/api/v1/auth/miniprogram", login, methods=["POST"]),
        Route("/api/v1/me", mine, methods=["GET"]),
        Route("/activity", page_with_a_link),
    ]
)


class Desk:
    """A phone in a browser, the service's calls beside it, and the one who holds the phone."""

    def __init__(self, page: "Page", http: httpx.AsyncClient, service: str, wang: Phone) -> None:
        self.page = page
        self.http = http
        self.service = service
        self.wang = wang
        self.platform = Platform(http)
        self.account = Side(http, KEYS["app_id"], KEYS["app_secret"])
        self.mini = Side(http, MINI.app_id, MINI.app_secret)

    def part(self, name: str) -> Any:
        return self.page.locator(f'[data-test="{name}"]')

    async def enters(self) -> None:
        """By the list behind ···."""
        await self.part("notices").click()
        await self.part("notices-miniprogram").click()
        await self.part("mini-entry").click()

    async def stands_at(self, *words: str) -> None:
        place = self.part("mini-place")
        for one in words:
            place = place.filter(has_text=one)
        await place.wait_for()

    async def answered(self, status: str, words: str) -> None:
        await self.part("mini-status").filter(has_text=status).wait_for()
        await self.part("mini-body").filter(has_text=words).wait_for()

    async def writes(self, part: dict[str, Any], kind: str = "miniprogrampage") -> None:
        """The service, into the account's chat."""
        body = {"touser": self.wang.openid, "msgtype": kind, kind: part}
        assert await self.account.code(SEND, body) == 0


@asynccontextmanager
async def desk_with(**changes: Any) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(SERVICE, Bus()))
        config = replace(CONFIG, service_url=service, mode="plain", **changes)
        app = create_app(config)
        buttons = [
            {
                "name": "小程序",
                "type": "miniprogram",
                "appid": MINI.app_id,
                "pagepath": "pages/menu",
                "url": service,
            }
        ]
        menus.put_default(app.state.world, buttons)
        address = await stack.enter_async_context(serving(app, app.state.world.bus))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=address, trust_env=False))
        wang = await Platform(http).follower("王秀兰")
        page = await stack.enter_async_context(phone_page(address))
        found = Desk(page, http, service, wang)
        await found.account.takes_token()
        if config.miniprogram:
            await found.mini.takes_token()
        yield found
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_with() as found:
        yield found


async def test_a_login_is_sent_and_its_token_goes_with_the_next_request(desk: Desk) -> None:
    await desk.enters()
    await desk.stands_at("pages/index/index", "场景值 1020")

    await desk.part("mini-take-login").click()
    code = await desk.part("mini-code").inner_text()
    await desk.part("mini-send").click()
    await desk.answered("201", f"token-of-{code[:4]}")
    await desk.part("mini-kept").wait_for()

    await desk.part("mini-request").click()
    assert await desk.part("mini-token").input_value() == f"token-of-{code[:4]}"
    await desk.part("mini-path").fill("/api/v1/me")
    await desk.part("mini-data").fill('{"page": 2}')
    await desk.part("mini-send").click()
    await desk.answered("200", '"page": "2"')
    await desk.part("mini-token").fill("")
    await desk.part("mini-send").click()
    await desk.answered("401", "请先登录。")
    await desk.part("mini-path").fill("https://elsewhere.example/")
    await desk.part("mini-send").click()
    await desk.page.get_by_text("小程序只能请求本服务").wait_for()

    await desk.part("show-panel").click()
    await desk.part("tab-calls").click()
    await desk.part("call").filter(has_text="小程序 GET /api/v1/me").filter(has_text="401").first.wait_for()


async def test_path_and_body_of_the_login_are_remembered_until_put_back(desk: Desk) -> None:
    await desk.enters()
    assert await desk.part("mini-path").input_value() == "/api/v1/auth/miniprogram"
    await desk.part("mini-template").fill('{"js_code": "{{code}}"}')
    await desk.part("mini-send").click()
    await desk.answered("422", "缺少 code。")
    await desk.part("mini-template").fill("{oops")
    await desk.part("mini-send").click()
    await desk.page.get_by_text("请求体不是合法的 JSON").wait_for()
    await desk.part("mini-template").fill('{"js_code": "{{code}}"}')
    await desk.part("mini-send").click()

    await desk.page.reload()
    await desk.page.wait_for_selector("body[data-ready]")
    await desk.enters()
    assert await desk.part("mini-template").input_value() == '{"js_code": "{{code}}"}'
    await desk.part("mini-usual").click()
    assert await desk.part("mini-template").input_value() == '{"code": "{{code}}"}'


async def test_cards_links_buttons_and_notices_lead_to_their_page(desk: Desk) -> None:
    thumb = await desk.account.uploads()
    card = {"title": "羽毛球赛", "appid": MINI.app_id, "pagepath": "pages/card?id=7", "thumb_media_id": thumb}
    link = f'<a data-miniprogram-appid="{MINI.app_id}" data-miniprogram-path="pages/text?a=b" href="http://a.cn">进</a>'

    await desk.writes(card)
    await desk.part("mini-card").click()
    await desk.stands_at("pages/card", "场景值 1074", "id", "7")
    await desk.page.keyboard.press("Escape")
    await desk.part("mini-place").wait_for(state="hidden")
    await desk.writes({"content": link}, "text")
    await desk.page.locator(".bubble .link").click()
    await desk.stands_at("pages/text", "场景值 1082")
    await desk.part("mini-close").click()
    await desk.part("menu-button").filter(has_text="小程序").click()
    await desk.stands_at("pages/menu", "场景值 1035")
    await desk.part("mini-close").click()

    await desk.writes(
        {"content": link.replace(MINI.app_id, "wx00000000000000bb").replace("进", "别家的")}, "text"
    )
    await desk.page.locator(".bubble .link").filter(has_text="别家的").click()
    await desk.page.get_by_text("这是另一个小程序").wait_for()
    await desk.page.get_by_role("button", name="返回").click()


async def test_codes_and_links_are_scanned_and_tapped_until_they_end(desk: Desk) -> None:
    await desk.mini.code("/wxa/getwxacodeunlimit", {"scene": "a=7", "page": "pages/code"})
    link = (await desk.mini.call("/wxa/generate_urllink", {"path": "pages/link", "query": "b=8"}))["url_link"]

    await desk.part("toggle-input").click()
    await desk.part("scan").click()
    await desk.page.get_by_role("button", name="小程序 code a=7").click()
    await desk.page.get_by_alt_text("二维码").wait_for()
    await desk.part("confirm").click()
    await desk.stands_at("pages/code", "场景值 1047 · 扫描小程序码", "a%3D7")
    await desk.part("mini-close").click()

    await desk.writes({"content": f"报名请点 {link}"}, "text")
    await desk.page.locator(".bubble .link").click()
    await desk.stands_at("pages/link", "场景值 1194", "8")
    await desk.part("mini-close").click()
    await desk.platform.moves_time(hours=31 * 24)
    await desk.page.locator(".bubble .link").click()
    await desk.part("mini-ended").filter(has_text="链接已过期").wait_for()
    await desk.page.get_by_role("button", name="返回").click()
    await desk.part("notices").click()
    await desk.part("notices-miniprogram").click()
    await desk.part("mini-link").filter(has_text="pages/link?b=8").filter(has_text="已过期").wait_for()
    await desk.part("mini-link").filter(has_text="scene=a=7").click()
    await desk.stands_at("pages/code")


async def test_a_link_in_a_web_page_leaves_for_the_mini_program_and_comes_back(desk: Desk) -> None:
    link = (await desk.mini.call("/wxa/generate_urllink", {"path": "pages/link"}))["url_link"]
    sandbox = str(desk.http.base_url).rstrip("/")
    page = httpx.URL(f"{desk.service}/activity", params={"sandbox": sandbox, "link": link})
    await desk.writes({"content": str(page)}, "text")

    await desk.page.locator(".bubble .link").click()
    await desk.page.frame_locator("#webview-frame").get_by_text("进小程序").click()
    await desk.stands_at("pages/link", "场景值 1194")

    await desk.page.keyboard.press("Escape")
    await desk.page.frame_locator("#webview-frame").get_by_role("heading", name="活动").wait_for()
    await desk.page.keyboard.press("Escape")
    await desk.page.locator("#webview").wait_for(state="hidden")


async def test_its_chat_shows_at_once_what_the_service_writes(desk: Desk) -> None:
    await desk.enters()
    await desk.part("mini-chat").click()
    await desk.part("mini-say").fill("活动怎么报名")
    await desk.part("mini-say").press("Enter")
    said = desk.page.locator('.service [data-test="bubble-out"]').filter(has_text="活动怎么报名")
    await said.wait_for()
    there = (await desk.wang.in_miniprogram())["openid"]
    await desk.mini.sends(there, content="在活动页点「报名」。")
    answer = desk.page.locator('.service [data-test="bubble-in"]').filter(has_text="在活动页点「报名」。")
    await answer.wait_for()
    assert await answer.count() == 1

    await desk.part("mini-attach").click()
    await desk.part("choose-page").click()
    await desk.part("confirm").click()
    await desk.page.locator(".service").get_by_role("button", name="小程序").first.wait_for()
    await desk.part("mini-close").click()
    await desk.mini.sends(there, content="还有什么要问的？")
    banner = desk.part("notice-banner").filter(has_text="还有什么要问的")
    await banner.wait_for(state="attached")
    await banner.dispatch_event("click")  # it is there for seconds only
    await answer.wait_for()
    assert (
        await desk.page.locator("#person option").first.inner_text() == "王秀兰"
    )  # nothing counted as unread


async def test_its_chat_that_could_not_be_read_is_read_when_the_line_is_back(desk: Desk) -> None:
    lost = asyncio.Event()

    async def lose(route: "PageRoute") -> None:
        await route.abort()
        lost.set()

    await desk.wang.says_in_miniprogram("活动怎么报名")
    await desk.enters()
    await desk.page.route("**/conversation?app=miniprogram*", lose)
    await desk.part("mini-chat").click()
    await lost.wait()
    await desk.page.unroute("**/conversation?app=miniprogram*")

    await desk.platform.moves_time(seconds=1)  # the page asks how things stand, as it does after a lost line

    said = desk.page.locator('.service [data-test="bubble-out"]')
    await said.filter(has_text="活动怎么报名").wait_for()


async def test_the_answer_shown_is_of_the_request_sent_last(desk: Desk) -> None:
    held: list[PageRoute] = []
    began = asyncio.Event()

    async def hold_the_first(route: "PageRoute") -> None:
        if held:
            await route.continue_()
            return
        held.append(route)
        began.set()

    await desk.page.route("**/miniprogram-request", hold_the_first)
    await desk.enters()
    await desk.part("mini-request").click()
    await desk.part("mini-send").click()
    await began.wait()
    await desk.part("mini-path").fill("/nowhere")
    await desk.part("mini-send").click()
    await desk.part("mini-status").filter(has_text="404").wait_for()
    async with desk.page.expect_response("**/miniprogram-request") as overtaken:
        await held[0].continue_()
    await (await overtaken.value).finished()
    await desk.page.evaluate("new Promise(requestAnimationFrame)")

    assert await desk.part("mini-status").inner_text() == "404"


async def test_a_popup_asks_for_notices_and_a_kept_choice_does_not(desk: Desk) -> None:
    await desk.enters()
    await desk.part("mini-subscribe").click()
    await desk.page.get_by_text("还没有模板").wait_for()
    notice = await chosen(desk)
    template = notice["template_id"]

    await desk.part("mini-subscribe").click()
    await desk.part("mini-template-row").filter(has_text=template).wait_for()
    await desk.part("mini-ask").click()
    await desk.page.get_by_label("总是保持以上选择，不再询问").check()
    await desk.part("confirm").click()
    await desk.part("mini-outcome").filter(has_text=f'"{template}": "accept"').wait_for()
    await desk.part("mini-ask").click()
    await desk.part("mini-outcome").filter(has_text="没有弹窗").wait_for()
    assert len(await pushes(desk.platform, "subscribe_msg_popup_event")) == 1

    there = (await desk.wang.in_miniprogram())["openid"]
    body = {"touser": there, "page": "pages/notice?id=9", **notice}
    assert await desk.mini.code("/cgi-bin/message/subscribe/send", body) == 0
    await desk.part("mini-close").click()
    await desk.part("notices-service").click()
    await desk.part("notice").filter(has_text="进入小程序查看").click()
    await desk.stands_at("pages/notice", "场景值 1014", "9")


async def test_phone_number_and_risk_are_told_and_changed(desk: Desk) -> None:
    await desk.enters()
    await desk.part("mini-phone").click()
    await desk.part("mini-number").fill("1380000")
    await desk.part("mini-take-phone").click()
    await desk.page.get_by_text("手机号应是 11 位数字").wait_for()
    await desk.part("mini-number").fill("13812345678")
    await desk.part("mini-take-phone").click()
    code = await desk.part("mini-code").inner_text()
    info = (await desk.mini.call("/wxa/business/getuserphonenumber", {"code": code}))["phone_info"]
    assert info["phoneNumber"] == "13812345678"

    await desk.part("mini-who").click()
    await desk.part("mini-facts").filter(has_text="13812345678").filter(has_text="还没有登录过").wait_for()
    await desk.part("mini-rank").select_option("3")
    await desk.page.get_by_text("已改。").wait_for()
    async with desk.page.expect_response("**/risk"):
        await desk.part("mini-blocked").check()
    known = await desk.wang.in_miniprogram()
    assert (known["risk"], known["blocked"]) == (3, True)


async def test_without_a_mini_program_the_phone_says_how_to_make_one() -> None:
    async with desk_with(miniprogram=None) as desk:
        await desk.enters()
        settings = desk.part("mini-set-up").locator("pre")
        lines = (await settings.inner_text()).splitlines()
        await desk.page.keyboard.press("Escape")
        await desk.part("notices-close").click()
        await desk.part("menu-button").filter(has_text="小程序").click()
        await desk.part("mini-set-up").filter(has_text="pages/menu").wait_for()
        await desk.part("mini-close").click()

    names = [line.partition("=")[0] for line in lines]
    assert names == [f"GONGHUI_MINIPROGRAM_{one}" for one in ("APP_ID", "APP_SECRET", "TOKEN", "AES_KEY")]
    assert [len(line.partition("=")[2]) for line in lines] == [18, 32, 32, 43]


async def test_another_person_takes_the_phone_and_finds_the_chat(desk: Desk) -> None:
    await desk.enters()
    await desk.part("person-select").select_option(label="李建国（未关注）")
    await desk.part("mini-place").wait_for(state="hidden")

    assert json.loads(await desk.page.evaluate("JSON.stringify(Object.keys(localStorage))")) == [
        "sandbox-person"
    ]
