"""Notices on the phone page, in a real browser: the settings, the card, and what comes without following."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import Config, derived_keys
from sandbox.driver import Platform
from sandbox.live import Bus
from sandbox.notices import one_off
from tests.phone_page import phone_page, serving

if TYPE_CHECKING:
    from playwright.async_api import Page

KEYS = derived_keys("a secret for tests")
CONFIG = Config(**KEYS, mode="plain", retry_pause=0.0)  # type: ignore[arg-type]
DATA = {
    "character_string1": {"value": "FL-2026-0042"},
    "thing2": {"value": "劳动合同到期后没有续签怎么办"},
    "time3": {"value": "2026年11月28日 09:00"},
    "phrase4": {"value": "已受理"},
}


async def silent(request: Request) -> Response:
    return Response("success")


async def case_page(request: Request) -> Response:
    return HTMLResponse(f"<h1>事项 {request.query_params.get('action', '')}</h1>")


SERVICE = Starlette(
    routes=[Route("/wechat/callback", silent, methods=["POST"]), Route("/case", case_page, methods=["GET"])]
)


class Desk:
    """A phone in a browser, and the service's calls beside it."""

    def __init__(self, page: "Page", http: httpx.AsyncClient, service: str, one_off_id: str) -> None:
        self.page = page
        self.platform = Platform(http)
        self.service = service
        self.one_off_id = one_off_id
        self._http = http
        self._token = ""

    async def call(self, path: str, body: dict[str, Any]) -> int:
        if not self._token:
            credentials = {
                "grant_type": "client_credential",
                "appid": KEYS["app_id"],
                "secret": KEYS["app_secret"],
            }
            answer = await self._http.post("/cgi-bin/stable_token", json=credentials)
            self._token = answer.json()["access_token"]
        raw = json.dumps(body, ensure_ascii=False).encode()
        answer = await self._http.post(path, params={"access_token": self._token}, content=raw)
        return int(answer.json()["errcode"])

    async def sends(self, openid: str, title: str = "业务受理通知", **more: Any) -> int:
        phone = await self.platform.person("王秀兰")
        templates = (await phone.notices())["templates"]
        template_id = next(one["id"] for one in templates if one["title"] == title)
        body = {"touser": openid, "template_id": template_id, "data": DATA, **more}
        return await self.call("/cgi-bin/message/subscribe/bizsend", body)

    def part(self, name: str) -> Any:
        return self.page.locator(f'[data-test="{name}"]')

    def setting(self, title: str) -> Any:
        return self.part("setting").filter(has_text=title)

    async def shows(self, title: str, state: str) -> None:
        await self.setting(title).locator('[data-test="state"]', has_text=state).wait_for()

    async def chooses(self, title: str, name: str) -> None:
        await self.setting(title).locator(f'[data-test="{name}"]').click()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(SERVICE, Bus()))
        app = create_app(Config(**{**vars(CONFIG), "service_url": service}))
        address = await stack.enter_async_context(serving(app, app.state.world.bus))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=address, trust_env=False))
        page = await stack.enter_async_context(phone_page(address))
        yield Desk(page, http, service, one_off.template_id(app.state.world))


async def test_consent_is_given_in_the_settings_and_a_card_opens_its_page(desk: Desk) -> None:
    wang = await desk.platform.follower("王秀兰")
    await desk.part("toggle-input").or_(desk.part("message-input")).first.wait_for()

    await desk.part("notices").click()
    await desk.part("notices-settings").click()
    await desk.shows("业务受理通知", "未订阅")
    await desk.chooses("业务受理通知", "accept")
    await desk.shows("业务受理通知", "还可收 1 条")
    await desk.chooses("停电通知", "accept")
    await desk.shows("停电通知", "长期接收")
    await desk.chooses("处理进度提醒", "always")
    await desk.chooses("处理进度提醒", "reject")
    await desk.shows("处理进度提醒", "已拒收")
    await desk.chooses("处理进度提醒", "receive")
    await desk.setting("处理进度提醒").get_by_text("总是允许，不再询问").wait_for()
    assert await desk.page.evaluate("document.documentElement.scrollWidth") <= 390

    assert await desk.sends(wang.openid, page=f"{desk.service}/case") == 0
    await desk.shows("业务受理通知", "未订阅")
    await desk.part("notices-close").click()
    await desk.part("notice").filter(has_text="FL-2026-0042").click()
    await desk.page.frame_locator("#webview-frame").get_by_role("heading", name="事项").wait_for()


async def test_without_following_a_notice_is_announced_and_read_in_service_notices(desk: Desk) -> None:
    wang = await desk.platform.person("王秀兰")
    await wang.accepts("业务受理通知")

    assert await desk.sends(wang.openid) == 0
    banner = desk.part("notice-banner").filter(has_text="服务通知")
    await banner.wait_for(state="attached")
    await banner.dispatch_event("click")  # it is there for seconds only
    await desk.part("notice").filter(has_text="黄陵供电工会").filter(has_text="已受理").wait_for()

    await desk.page.locator("#person").select_option(label="李建国（未关注）")
    await desk.part("notices").click()
    await desk.page.get_by_text("还没有服务通知").wait_for()


async def test_the_page_of_a_one_off_message_asks_inside_the_phone(desk: Desk) -> None:
    wang = await desk.platform.follower("王秀兰")
    query = {
        "action": "get_confirm",
        "appid": KEYS["app_id"],
        "scene": "7",
        "template_id": desk.one_off_id,
        "redirect_url": f"{desk.service}/case",
    }
    ask = desk.platform.address("/mp/subscribemsg").copy_merge_params(query)
    body = {"touser": wang.openid, "msgtype": "text", "text": {"content": f"请看 {ask}"}}
    assert await desk.call("/cgi-bin/message/custom/send", body) == 0

    await desk.page.locator(".bubble .link").click()
    frame = desk.page.frame_locator("#webview-frame")
    await frame.locator('[data-test="one-off-confirm"]').click()
    await frame.get_by_role("heading", name="事项 confirm").wait_for()

    body = {
        "touser": wang.openid,
        "template_id": desk.one_off_id,
        "scene": "7",
        "title": "活动有变",
        "data": {"content": {"value": "健步走改到周日上午，集合地点不变。"}},
    }
    assert await desk.call("/cgi-bin/message/template/subscribe", body) == 0
    await desk.page.locator('[data-test="webview-close"]').click()
    await desk.part("notice").filter(has_text="集合地点不变").wait_for()
