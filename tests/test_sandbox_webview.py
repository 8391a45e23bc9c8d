"""A service's page in the sandbox's phone, in a real browser: JS-SDK, sharing, and WeChat's own pages."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.driver import Platform
from sandbox.live import Bus
from tests.phone_page import phone_page, pushes, serving
from tests.test_sandbox_js_sdk import KEYS, account_token, config, get_ticket, signed

if TYPE_CHECKING:
    from playwright.async_api import FilePayload, FrameLocator, Page

SHOWN = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>羽毛球赛</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{sandbox}/open/js/jweixin-1.6.0.js"></script></head>
<body><p id="config">等</p><p id="ready">等</p><p id="said"></p><img id="picture" alt="" width="90">
<script>
  const at = (id) => document.getElementById(id);
  const words = (name) => (answer) => {{
    window.answer = answer;
    at("said").textContent = name + " " + JSON.stringify(answer);
  }};
  window.call = (api, given = {{}}) => wx[api]({{
    ...given, success: words("success"), cancel: words("cancel"), fail: words("fail"),
  }});
  wx.ready(() => {{ at("ready").textContent = "ready"; }});
  wx.error((answer) => {{ at("config").textContent = answer.errMsg; }});
  wx.ready(() => {{ if (at("config").textContent === "等") at("config").textContent = "ok"; }});
  wx.config({{ ...{config}, jsApiList: {apis} }});
</script></body></html>"""
APIS = [
    *("getLocation", "openLocation", "chooseImage", "getLocalImgData", "uploadImage", "previewImage"),
    *("scanQRCode", "updateAppMessageShareData", "updateTimelineShareData", "closeWindow", "hideOptionMenu"),
]


@dataclass
class Visited:
    """The phone with a page open in it."""

    page: "Page"
    sandbox: str
    service: str

    @property
    def inside(self) -> "FrameLocator":
        return self.page.frame_locator("#webview-frame")

    def part(self, name: str) -> Any:
        return self.page.locator(f'[data-test="{name}"]')

    async def opens(self, path: str = "/") -> None:
        """By a link in the chat, as people do."""
        script = "async (url) => (await import('/sandbox/static/sheets.js')).openPage(url, '网页')"
        await self.page.evaluate(script, path if path.startswith("http") else self.service + path)

    async def shows(self, name: str, words: str) -> None:
        await self.inside.locator(f"#{name}").filter(has_text=words).wait_for()

    async def calls(self, api: str, given: dict[str, Any] | None = None) -> None:
        await self.inside.locator("#said").evaluate(
            "(said, [api, given]) => { said.textContent = '等'; window.call(api, given); }",
            [api, given or {}],
        )

    async def hears(self, how: str) -> dict[str, Any]:
        await self.shows("said", how)
        return dict(await self.inside.locator("#said").evaluate("() => window.answer"))


async def plain(request: Request) -> Response:
    """A page without the JS-SDK: what its address carries."""
    return HTMLResponse(f"<p id=said>{request.url.query}</p>")


@pytest.fixture
async def visited() -> AsyncIterator[Visited]:
    where: dict[str, str] = {}

    async def shown(request: Request) -> Response:
        ticket = where["ticket"] if request.url.path != "/wrong" else "made up"
        given = json.dumps(signed(ticket, str(request.url)))
        page = SHOWN.format(sandbox=where["sandbox"], config=given, apis=json.dumps(APIS))
        # As strict as the service's own pages.
        policy = f"default-src 'self'; script-src 'unsafe-inline' {where['sandbox']}; img-src 'self' data:"
        return HTMLResponse(
            page, headers={"Content-Security-Policy": f"{policy}; frame-ancestors {where['sandbox']}"}
        )

    routes = [Route("/", shown), Route("/wrong", shown), Route("/plain", plain)]
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(Starlette(routes=routes), Bus()))
        app = create_app(config(service_url=service, mode="plain"))
        sandbox = await stack.enter_async_context(serving(app, app.state.world.bus))
        where["sandbox"] = sandbox
        async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as http:
            where["ticket"] = (await get_ticket(http))["ticket"]
        page = await stack.enter_async_context(phone_page(sandbox))
        yield Visited(page, sandbox, service)


async def test_a_page_asks_the_phone_for_a_place_and_a_code(visited: Visited) -> None:
    confirm, cancel = visited.part("confirm"), visited.part("cancel")
    await visited.opens("/?from=menu#top")
    await visited.shows("config", "ok")
    assert await visited.page.locator("#webview-title").inner_text() == "羽毛球赛"

    await visited.calls("getLocation")
    await cancel.click()
    assert await visited.hears("cancel") == {"errMsg": "getLocation:cancel"}
    await visited.calls("getLocation", {"type": "gcj02"})
    await visited.page.get_by_role("button", name="店头镇").click()
    await confirm.click()
    place = await visited.hears("success")
    assert place == {
        "errMsg": "getLocation:ok", "latitude": 35.6381, "longitude": 109.0246, "speed": 0, "accuracy": 30,
    }  # fmt: skip

    await visited.calls("scanQRCode", {"needResult": 1})
    await visited.page.get_by_label("扫到的内容").fill("CODE_128,6901234")
    await confirm.click()
    assert (await visited.hears("success"))["resultStr"] == "CODE_128,6901234"

    await visited.calls("openLocation", {"latitude": 35.6, "longitude": 109.2, "name": "文体中心"})
    await visited.page.get_by_role("heading", name="文体中心").wait_for()
    await confirm.click()
    await visited.calls("openLocation", {"latitude": "35.6", "longitude": "109.2"})
    assert await visited.hears("fail") == {"errMsg": "openLocation:fail"}

    await visited.calls("hideOptionMenu")
    await visited.hears("success")
    await visited.calls("showOptionMenu")
    assert await visited.hears("fail") == {"errMsg": "showOptionMenu:permission denied"}
    await visited.calls("checkJsApi", {"jsApiList": ["getLocation", "startRecord"]})
    assert (await visited.hears("success"))["checkResult"] == {"getLocation": True, "startRecord": False}

    await visited.calls("closeWindow")
    await visited.page.locator("#webview").wait_for(state="hidden")


async def test_a_chosen_picture_is_shown_and_sent_by_the_page(visited: Visited) -> None:
    await visited.opens()
    await visited.shows("config", "ok")

    await visited.calls("chooseImage", {"count": 1})
    await visited.part("option-sample").click()
    (picture,) = (await visited.hears("success"))["localIds"]
    await visited.calls("getLocalImgData", {"localId": picture})
    assert (await visited.hears("success"))["localData"].startswith("data:image/jpeg;base64,")
    await visited.inside.locator("#picture").evaluate("(image, id) => { image.src = id; }", picture)
    await visited.inside.locator("#picture[src^='data:']").wait_for()
    await visited.calls("previewImage", {"current": picture, "urls": [picture]})
    await visited.part("preview").wait_for()
    await visited.part("confirm").click()
    await visited.calls("uploadImage", {"localId": picture})
    media_id = (await visited.hears("success"))["serverId"]
    async with httpx.AsyncClient(base_url=visited.sandbox, trust_env=False) as http:
        assert (await http.get(f"/mmbiz/{media_id}")).headers["content-type"] == "image/jpeg"


async def test_a_page_is_sent_to_a_friend_with_the_words_it_set(visited: Visited) -> None:
    await visited.opens()
    await visited.shows("config", "ok")
    card = {"title": "一起打球", "desc": "周六晚上", "link": f"{visited.service}/plain", "imgUrl": ""}

    await visited.calls("updateAppMessageShareData", card | {"link": "http://elsewhere.example/"})
    assert await visited.hears("fail") == {"errMsg": "updateAppMessageShareData:fail,invalid url domain"}
    await visited.calls("updateAppMessageShareData", card)
    await visited.hears("success")
    await visited.part("webview-more").click()
    await visited.part("option-friend").click()
    await visited.page.get_by_role("button", name="张伟").click()
    await visited.page.get_by_text("已发送", exact=False).wait_for()

    async with httpx.AsyncClient(base_url=visited.sandbox, trust_env=False) as http:
        (sent,) = await (await Platform(http).person("张伟")).reads()
    assert sent["content"] == {
        "title": "一起打球",
        "description": "周六晚上",
        "url": f"{visited.service}/plain",
        "picture": "",
        "from": "王秀兰",
    }


async def test_a_friend_opens_what_was_sent_as_a_stranger_to_the_account(visited: Visited) -> None:
    async with httpx.AsyncClient(base_url=visited.sandbox, trust_env=False) as http:
        wang, zhang = [await Platform(http).person(name) for name in ("王秀兰", "张伟")]
        await wang.shares(zhang, f"{visited.service}/plain?from=friend", title="羽毛球赛")
    await visited.part("person-select").select_option(zhang.openid)  # its label counts what is new
    await visited.part("follow").click()

    await visited.part("link-card").filter(has_text="来自 王秀兰").click()

    await visited.shows("said", "from=friend")
    manner = [one["value"] for one in await visited.page.context.cookies() if one["name"] == "sandbox_manner"]
    assert manner == ["elsewhere"]


async def test_pictures_are_chosen_among_files_too(visited: Visited) -> None:
    await visited.opens()
    await visited.shows("config", "ok")
    file: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG and so on"}

    await visited.calls("chooseImage", {"count": 2})
    async with visited.page.expect_file_chooser() as opened:
        await visited.part("option-files").click()
    await (await opened.value).set_files([file] * 3)

    assert len((await visited.hears("success"))["localIds"]) == 2
    await visited.calls("chooseImage")
    await visited.part("cancel").click()
    assert await visited.hears("cancel") == {"errMsg": "chooseImage:cancel"}
    await visited.calls("uploadImage", {"localId": "wxLocalResource://made-up"})
    assert await visited.hears("fail") == {"errMsg": "uploadImage:fail"}


async def test_what_is_scanned_without_a_result_is_followed_by_the_phone(visited: Visited) -> None:
    async with httpx.AsyncClient(base_url=visited.sandbox, trust_env=False) as http:
        named = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "act_7"}}}
        query = {"access_token": await account_token(http)}
        await http.post("/cgi-bin/qrcode/create", params=query, json=named)
        await visited.opens()
        await visited.shows("config", "ok")

        await visited.calls("scanQRCode")
        await visited.page.get_by_role("button", name="act_7").click()
        await visited.part("confirm").click()

        await visited.page.locator("#webview").wait_for(state="hidden")
        await visited.part("unfollow").wait_for()  # by scanning it the person follows
        await pushes(Platform(http), "subscribe")
        assert len(await Platform(http).exchanges()) == 1


async def test_two_questions_at_once_are_asked_one_after_the_other(visited: Visited) -> None:
    await visited.opens()
    await visited.shows("config", "ok")

    await visited.calls("getLocation")
    await visited.calls("scanQRCode", {"needResult": 1})
    await visited.page.get_by_role("heading", name="获取你的位置").wait_for()
    await visited.part("confirm").click()
    await visited.page.get_by_role("heading", name="扫一扫").wait_for()
    await visited.part("cancel").click()

    assert await visited.hears("cancel") == {"errMsg": "scanQRCode:cancel"}


async def test_a_page_wrongly_signed_is_told_and_may_nothing(visited: Visited) -> None:
    await visited.opens("/wrong")
    await visited.shows("config", "config:invalid signature")
    await visited.shows("ready", "ready")  # decided, not granted

    await visited.calls("getLocation")
    assert await visited.hears("fail") == {"errMsg": "getLocation:permission denied"}


async def test_a_page_in_no_phone_is_not_answered(visited: Visited) -> None:
    async with visited.page.expect_console_message(lambda said: "这个网页不在微信里" in said.text):
        await visited.page.goto(visited.service)

    assert await visited.page.locator("#config").inner_text() == "等"


@pytest.mark.parametrize("who", ["another frame", "the frame, for a page elsewhere"])
async def test_nobody_speaks_for_a_page_but_itself(visited: Visited, who: str) -> None:
    await visited.opens()
    await visited.shows("config", "ok")
    page = await visited.inside.locator("body").evaluate("() => new Promise((told) => {"
        "addEventListener('message', (event) => told(event.data.page), { once: true });"
        "window.call('getLocalImgData', { localId: 'none' }); })")  # fmt: skip
    forged = {
        "for": "js-sdk",
        "page": page,
        "id": 999,
        "api": "closeWindow",
        "given": {},
        "url": "http://evil.example/",
        "title": "假的",
    }
    if who == "another frame":
        forged["url"] = visited.sandbox  # its own, so that only the window gives it away
        await visited.page.evaluate("(forged) => window.postMessage(forged, '*')", forged)
    else:
        await visited.inside.locator("body").evaluate(
            "(_, forged) => parent.postMessage(forged, '*')", forged
        )
    await visited.calls("getLocalImgData", {"localId": "none"})
    # Messages are heard in turn, so the forged one was, too; and this page may still do what it might.
    assert await visited.hears("fail") == {"errMsg": "getLocalImgData:fail"}

    assert await visited.page.locator("#webview").is_visible()
    assert await visited.page.locator("#webview-title").inner_text() == "羽毛球赛"


# --- WeChat's own pages


async def test_the_person_is_asked_inside_the_phone_and_comes_back(visited: Visited) -> None:
    asked = {"appid": KEYS["app_id"], "redirect_uri": f"{visited.service}/plain", "response_type": "code"}
    query = urlencode(asked | {"scope": "snsapi_userinfo", "state": "a1"})
    address = f"{visited.sandbox}/connect/oauth2/authorize?{query}"

    await visited.opens(address)
    await visited.inside.get_by_role("button", name="拒绝").click()
    await visited.shows("said", "state=a1")
    await visited.opens(address)
    await visited.inside.get_by_role("button", name="允许").click()
    await visited.shows("said", "code=")


async def test_a_snapshot_page_offers_the_full_service(visited: Visited) -> None:
    asked = {"appid": KEYS["app_id"], "redirect_uri": f"{visited.service}/plain", "response_type": "code"}
    query = urlencode(asked | {"scope": "snsapi_base", "state": "a1", "forceSnapShot": "true"})

    await visited.opens(f"{visited.sandbox}/connect/oauth2/authorize?{query}")
    await visited.shows("said", "code=")
    await visited.part("full-service").click()

    await visited.page.locator("#snapshot").wait_for(state="hidden")
    await visited.shows("said", "code=")
