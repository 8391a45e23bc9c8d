"""`<wx-open-subscribe>` in a page inside the phone, in a real browser: who may ask, and what it is told."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.driver import Phone, Platform
from sandbox.live import Bus
from tests.phone_page import phone_page, pushes, serving
from tests.test_sandbox_js_sdk import config, get_ticket, signed

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

POPUP_EVENT = "subscribe_msg_popup_event"
SHOWN = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>通知我</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{sandbox}/open/js/jweixin-1.6.0.js"></script></head>
<body><wx-open-subscribe id="button" template="{template}">
<script type="text/wxtag-template" slot="style">
<style>.button {{ width: 200px; height: 48px; }}</style></script>
<script type="text/wxtag-template"><button class="button" style="color: white">有结果通知我</button></script>
</wx-open-subscribe>
<p id="config">等</p><p id="said">等</p><p id="tags">等</p>
<script>
  const at = (id) => document.getElementById(id);
  for (const name of ["success", "error"]) {{
    at("button").addEventListener(name, ({{ detail }}) => {{
      at("said").textContent = name + " " + JSON.stringify(detail);
    }});
  }}
  document.addEventListener("WeixinOpenTagsError", ({{ detail }}) => {{
    at("tags").textContent = detail.errMsg;
  }});
  wx.ready(() => {{ at("config").textContent = "好"; }});
  wx.config({{ ...{config}, jsApiList: [], openTagList: {tags} }});
</script></body></html>"""


@dataclass
class Visited:
    """王秀兰's phone, and the page in it."""

    page: "Page"
    service: str
    platform: Platform
    wang: Phone
    ids: dict[str, str]  # of the subscription templates, by title

    def inside(self, name: str) -> "Locator":
        return self.page.frame_locator("#webview-frame").locator(f"#{name}")

    def part(self, name: str) -> "Locator":
        return self.page.locator(f'[data-test="{name}"]')

    async def opens(self, *titles: str, path: str = "/") -> None:
        """A page whose button names these templates, by title or else as they stand."""
        template = ",".join(self.ids.get(title, title) for title in titles)
        script = "async (url) => (await import('/sandbox/static/sheets.js')).openPage(url, '网页')"
        await self.page.evaluate(script, f"{self.service}{path}?template={template}")
        await self.inside("config").filter(has_text="好").wait_for()

    async def asks(self) -> None:
        await self.inside("button").click()
        await self.part("popup").wait_for()

    async def hears(self, event: str) -> dict[str, Any]:
        said = self.inside("said").filter(has_text=event)
        await said.wait_for()
        return dict(json.loads((await said.inner_text()).removeprefix(event)))

    async def hears_answers(self) -> dict[str, str]:
        """By title: JSON within JSON, as WeChat gives it."""
        detail = await self.hears("success")
        assert detail["errMsg"] == "subscribe:ok"
        titles = {one: title for title, one in self.ids.items()}
        answers = json.loads(detail["subscribeDetails"])
        return {titles[one]: json.loads(said)["status"] for one, said in answers.items()}

    async def left(self, title: str) -> int:
        rows = (await self.wang.notices())["templates"]
        return int(next(row["left"] for row in rows if row["title"] == title))


@pytest.fixture
async def visited() -> AsyncIterator[Visited]:
    where: dict[str, str] = {}

    async def shown(request: Request) -> Response:
        ticket = where["ticket"] if request.url.path != "/wrong" else "made up"
        page = SHOWN.format(
            sandbox=where["sandbox"],
            template=request.query_params["template"],
            config=json.dumps(signed(ticket, str(request.url))),
            tags=json.dumps([] if request.url.path == "/unlisted" else ["wx-open-subscribe"]),
        )
        # As strict as the service's own pages: the button's looks need no leave of it.
        policy = f"default-src 'self'; script-src 'unsafe-inline' {where['sandbox']}"
        return HTMLResponse(
            page, headers={"Content-Security-Policy": f"{policy}; frame-ancestors {where['sandbox']}"}
        )

    async def silent(request: Request) -> Response:
        return Response("success")

    routes = [Route(path, shown) for path in ("/", "/wrong", "/unlisted")]
    routes.append(Route("/wechat/callback", silent, methods=["POST"]))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(Starlette(routes=routes), Bus()))
        app = create_app(config(service_url=service, mode="plain"))
        sandbox = await stack.enter_async_context(serving(app, app.state.world.bus))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=sandbox, trust_env=False))
        where |= {"sandbox": sandbox, "ticket": (await get_ticket(http))["ticket"]}
        platform = Platform(http)
        wang = await platform.follower("王秀兰")
        ids = {row["title"]: row["id"] for row in (await wang.notices())["templates"]}
        page = await stack.enter_async_context(phone_page(sandbox))
        yield Visited(page, service, platform, wang, ids)


async def test_a_tap_asks_and_what_was_allowed_may_be_sent(visited: Visited) -> None:
    await visited.opens("业务受理通知", "处理进度提醒")
    box = await visited.inside("button").bounding_box()
    assert box is not None
    assert box["height"] == 48  # the page's own looks

    await visited.asks()
    await visited.part("popup").locator("label").filter(has_text="处理进度提醒").click()  # this one not
    await visited.part("popup-allow").click()

    assert await visited.hears_answers() == {"业务受理通知": "accept", "处理进度提醒": "reject"}
    assert (await visited.left("业务受理通知"), await visited.left("处理进度提醒")) == (1, 0)
    (event,) = await pushes(visited.platform, POPUP_EVENT)
    assert "<PopupScene>1</PopupScene>" in event["request_xml"]


async def test_a_kept_choice_is_not_asked_again(visited: Visited) -> None:
    await visited.opens("业务受理通知")
    await visited.asks()
    await visited.part("popup-always").check()
    await visited.part("popup-refuse").click()
    assert await visited.hears_answers() == {"业务受理通知": "reject"}

    await visited.opens("业务受理通知")
    await visited.inside("button").click()

    assert await visited.hears_answers() == {"业务受理通知": "reject"}
    assert len(await pushes(visited.platform, POPUP_EVENT)) == 1


async def test_a_popup_put_away_is_no_answer(visited: Visited) -> None:
    await visited.opens("停电通知")
    await visited.asks()
    await visited.page.keyboard.press("Escape")

    assert await visited.hears_answers() == {"停电通知": "cancel"}
    assert POPUP_EVENT not in [one["kind"] for one in await visited.platform.exchanges()]


async def test_with_nothing_ticked_there_is_nothing_to_allow(visited: Visited) -> None:
    await visited.opens("业务受理通知", "处理进度提醒")
    await visited.asks()
    for title in ("业务受理通知", "处理进度提醒"):
        await visited.part("popup").locator("label").filter(has_text=title).click()

    assert await visited.part("popup-allow").is_disabled()
    await visited.part("popup-refuse").click()
    assert set((await visited.hears_answers()).values()) == {"reject"}


@pytest.mark.parametrize(
    ("templates", "code"),
    [
        (["made up"], 20001),
        (["业务受理通知", "停电通知"], 20002),
        (["a", "b", "c", "d"], 20003),
    ],
)
async def test_what_a_button_may_not_ask_for(visited: Visited, templates: list[str], code: int) -> None:
    await visited.opens(*templates)
    await visited.inside("button").click()

    detail = await visited.hears("error")
    assert detail["errCode"] == code
    assert detail["errMsg"].startswith("subscribe:fail ")


async def test_a_button_without_templates_is_told_at_once(visited: Visited) -> None:
    await visited.opens("")

    assert (await visited.hears("error"))["errCode"] == 10001


@pytest.mark.parametrize(
    ("path", "said"), [("/unlisted", "openTagList"), ("/wrong", "config:invalid signature")]
)
async def test_a_page_that_may_not_use_the_tag_shows_no_button(
    visited: Visited, path: str, said: str
) -> None:
    await visited.opens("业务受理通知", path=path)

    await visited.inside("tags").filter(has_text=said).wait_for()
    assert not await visited.inside("button").is_visible()


async def test_only_a_finger_can_press_the_button(visited: Visited) -> None:
    await visited.opens("业务受理通知")
    await visited.inside("button").evaluate("(button) => button.click()")

    await visited.asks()  # the one popup is the finger's
    await visited.part("popup-allow").click()

    await visited.hears_answers()
    assert await visited.left("业务受理通知") == 1


async def test_a_page_cannot_ask_past_its_signature(visited: Visited) -> None:
    await visited.opens("业务受理通知", path="/unlisted")
    # What the tag would say, said by the page itself.
    heard = await visited.inside("said").evaluate(
        """(said, template) => new Promise((told) => {
            addEventListener("message", ({ data }) => data.id === 99 && told(data.answer.errMsg));
            parent.postMessage({ for: "js-sdk", page: "forged", id: 99, api: "subscribe", given: { template },
                                 url: location.href.split("#")[0], title: "" }, "*");
        })""",
        visited.ids["业务受理通知"],
    )

    assert heard == "subscribe:permission denied"
