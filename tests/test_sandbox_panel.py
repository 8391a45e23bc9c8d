"""The developer's panel, and everything a phone sends and shows: one sandbox and one browser for all."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from sandbox import conversations, media
from sandbox.app import create_app
from sandbox.config import Config
from sandbox.live import Bus
from sandbox.menu_bar import menus
from sandbox.world import World
from tests.phone_page import chromium, serving
from tests.servers import PATIENCE
from tests.test_sandbox_page import CONFIG, SERVICE

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page, Route

pytestmark = pytest.mark.asyncio(loop_scope="module")
FAKE_MICROPHONE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
SEND = "/cgi-bin/message/custom/send"


@dataclass
class Desk:
    """What all stories share; `world` is the sandbox's inside."""

    address: str
    service: str
    world: World
    browser: "Browser"
    people: int = 0


@dataclass
class Phone:
    """The page in the hands of somebody new."""

    page: "Page"
    desk: Desk
    name: str

    def part(self, name: str, text: str = "") -> "Locator":
        found = self.page.locator(f'[data-test="{name}"]')
        return found.filter(has_text=text) if text else found

    async def says(self, text: str) -> None:
        if not await self.part("message-input").is_visible():
            await self.part("toggle-input").click()
        await self.part("message-input").fill(text)
        await self.part("message-input").press("Enter")

    async def reads(self, text: str) -> None:
        await self.part("bubble-in", text).last.wait_for()

    async def has_menu(self, *buttons: dict[str, Any]) -> None:
        """The account's menu is these from now on."""
        menus.put_default(self.desk.world, list(buttons))
        await self.part("menu-button", buttons[-1]["name"]).wait_for()

    async def taps(self, *path: str) -> None:
        await self.part("menu-button", path[0]).click()
        if len(path) > 1:
            await self.part("submenu-item", path[1]).click()

    @property
    def openid(self) -> str:
        row = self.desk.world.db.find("select openid from person where name = ?", self.name)
        return str(row["openid"]) if row else ""

    async def clipboard(self, has: str) -> str:
        """What was copied, once it holds `has`."""
        return str(
            await self.page.evaluate(
                """async (has) => {
                    for (;;) {
                        const text = await navigator.clipboard.readText();
                        if (text.includes(has)) return text;
                        await new Promise(requestAnimationFrame);
                    }
                }""",
                has,
            )
        )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk() -> AsyncIterator[Desk]:
    path = chromium()
    playwright = pytest.importorskip("playwright.async_api")
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(SERVICE, Bus()))
        app: Starlette = create_app(Config(**{**vars(CONFIG), "service_url": service}))
        address = await stack.enter_async_context(serving(app, app.state.world.bus))
        driver = await stack.enter_async_context(playwright.async_playwright())
        arguments = ["--no-sandbox", "--disable-gpu", *FAKE_MICROPHONE]
        browser = await driver.chromium.launch(executable_path=path, args=arguments)
        yield Desk(address, service, app.state.world, browser)
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def phone(desk: Desk) -> AsyncIterator[Phone]:
    """On a wide screen, the panel beside it; whoever holds it follows already."""
    desk.people += 1
    name = f"方{desk.people}号"
    context = await desk.browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    await context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    page = await context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    errors: list[Any] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  (no builtin)
    await page.goto(desk.address)
    await page.wait_for_selector("body[data-ready]")
    opened = Phone(page, desk, name)
    await opened.part("add-person").click()
    await page.get_by_label("姓名").fill(name)
    await opened.part("confirm").click()
    await page.locator(f'#chat[data-person="{name}"]').wait_for(state="attached")
    await opened.part("follow").click()
    await opened.reads("收到subscribe")
    yield opened
    await context.close()
    desk.world.misbehaviour.clear()
    desk.world.clock.set_offset(0)
    menus.delete_all(desk.world)
    assert errors == []


# --- The panel


async def test_the_last_exchange_and_the_whole_talk_are_copied_as_tests(phone: Phone) -> None:
    await phone.says("报名")
    await phone.reads("收到报名")
    await phone.part("exchange", "报名").wait_for()

    await phone.part("copy-last").click()
    last = await phone.clipboard("报名")
    await phone.part("copy-all").click()
    whole = await phone.clipboard("async def")

    assert last.splitlines()[1] == 'assert (await member.says("报名")).text == "收到报名"'
    assert [line.strip() for line in whole.splitlines()[3:]] == [
        'assert (await member.follows()).text == "收到subscribe"',
        'assert (await member.says("报名")).text == "收到报名"',
    ]


async def test_one_row_tells_what_was_pushed_and_answered_and_copies_itself(phone: Phone) -> None:
    await phone.says("坏")
    row = phone.part("exchange", f"{phone.name} 文字「坏」")
    await row.click()

    assert "<Content>坏</Content>" in await row.inner_text()
    assert "回复不是合法的 XML" in await row.inner_text()
    await row.locator('[data-test="copy-exchange"]').click()
    assert '("fault", "回复不是合法的 XML' in await phone.clipboard("fault")


async def test_calls_for_somebody_stand_under_their_last_exchange_with_the_broken_rule(phone: Phone) -> None:
    await phone.says("人工服务")
    await phone.reads("收到人工服务")
    async with httpx.AsyncClient(base_url=phone.desk.address, trust_env=False) as service:
        query = {"grant_type": "client_credential", "appid": CONFIG.app_id, "secret": CONFIG.app_secret}
        token = (await service.get("/cgi-bin/token", params=query)).json()["access_token"]
        for content in ("马上就来", ""):
            body = {"touser": phone.openid, "msgtype": "text", "text": {"content": content}}
            raw = json.dumps(body, ensure_ascii=False).encode()
            await service.post(SEND, params={"access_token": token}, content=raw)
    await phone.reads("马上就来")

    row = phone.part("exchange", f"{phone.name} 文字「人工服务」")
    await row.click()
    calls = row.locator(".calls li")
    await calls.nth(1).wait_for()
    assert "ok" in await calls.first.inner_text()
    assert "44004" in await calls.nth(1).inner_text()
    assert "content 为空" in await calls.nth(1).inner_text()
    await phone.part("tab-calls").click()
    await phone.part("filter-faults").check()
    await phone.part("call", "44004").filter(has_text=phone.name).wait_for()


async def test_an_answer_leads_to_its_exchange_and_others_get_a_count(phone: Phone) -> None:
    await phone.says("看这个")
    await phone.reads("收到看这个")
    await phone.part("tab-account").click()
    await phone.part("look").last.click()
    await phone.page.locator('[data-test="exchange"][open]').filter(has_text="看这个").wait_for()

    other = phone.desk.world.db.find("select openid from person where name = '陈静'")
    assert other is not None
    conversations.add(phone.desk.world, other["openid"], "in", "text", {"text": "您好"})
    await phone.page.locator("#person option", has_text="陈静（未关注） · 1 条新消息").wait_for(
        state="attached"
    )


async def test_what_comes_before_the_page_knows_whose_phone_it_is_is_read_and_counted(phone: Phone) -> None:
    held: list[Route] = []
    began, heard = asyncio.Event(), asyncio.Event()

    async def hold(route: "Route") -> None:
        held.append(route)
        (heard if len(held) > 1 else began).set()

    await phone.page.route("**/sandbox/api/state", hold)
    other = phone.desk.world.db.find("select openid from person where name = '陈静'")
    assert other is not None
    await phone.page.reload(wait_until="commit")
    await began.wait()
    for openid in (phone.openid, other["openid"]):
        conversations.add(phone.desk.world, openid, "in", "text", {"text": "等您半天了"})
    phone.desk.world.bus.publish("clock")  # asks for the state again: by then all before it was heard
    await heard.wait()
    for route in held:
        await route.continue_()

    await phone.reads("等您半天了")
    chooser = phone.page.locator("#person option")
    await chooser.filter(has_text=re.compile("^陈静（未关注） · .* 条新消息$")).wait_for(state="attached")
    await chooser.filter(has_text=re.compile(f"^{phone.name}$")).wait_for(state="attached")


async def test_the_log_is_narrowed_by_person_kind_fault_and_word(phone: Phone) -> None:
    await phone.says("坏")
    await phone.says("清单")
    await phone.reads("收到清单")

    async def shows(count: int) -> None:
        lists = "count => document.querySelectorAll('[data-test=exchange]').length === count"
        await phone.page.wait_for_function(lists, arg=count)

    await phone.part("filter-person").select_option(label=phone.name)
    await shows(3)
    await phone.part("filter-kind").select_option("follow")
    await shows(1)
    await phone.part("filter-kind").select_option("")
    await shows(3)
    await phone.part("filter-faults").check()
    await shows(1)
    assert "坏" in await phone.part("exchange").inner_text()
    await phone.part("filter-faults").uncheck()
    await phone.part("filter-words").fill("没有这样的词")
    await phone.page.get_by_text("没有符合条件的").wait_for()
    await phone.part("filter-clear").click()
    await phone.part("exchange", phone.name).nth(2).wait_for()


async def test_a_wish_is_shown_until_it_is_used_up(phone: Phone) -> None:
    await phone.part("tab-wishes").click()
    await phone.part("usual-wish", "丢掉下一次应答").click()
    await phone.part("wish", "应答丢失").wait_for()
    await phone.part("wish-count", "1").wait_for()

    await phone.says("再推一次")
    await phone.reads("收到再推一次")
    await phone.part("wishes-none").wait_for()
    await phone.part("tab-exchanges").click()
    await phone.part("exchange", "再推一次").filter(has_text="2 次").wait_for()


async def test_any_kind_is_asked_by_its_fields_and_all_are_called_off(phone: Phone) -> None:
    await phone.part("tab-wishes").click()
    await phone.part("wish-kind").select_option("fail_next")
    await phone.part("wish-path").select_option(SEND)
    await phone.part("wish-errcode").fill("45015")
    await phone.part("wish-times").fill("3")
    await phone.part("wish-add").click()
    await phone.part("wish", "45015").wait_for()

    shown = await phone.part("wish").inner_text()
    assert SEND in shown
    assert "还有 3 次" in shown
    await phone.part("wishes-clear").click()
    await phone.part("wishes-none").wait_for()
    await phone.part("wish-count").wait_for(state="hidden")


async def test_time_is_moved_and_comes_back(phone: Phone) -> None:
    before = await phone.part("clock-49").bounding_box()
    await phone.part("clock-49").click()
    await phone.part("clock-shift", "快 2 天 1 小时").wait_for()
    assert await phone.part("clock-49").bounding_box() == before
    await phone.part("clock-morning").click()
    await phone.page.locator(".hours").filter(has_text="9:00").wait_for()
    await phone.part("clock-zero").click()
    await phone.part("clock-shift").wait_for(state="hidden")


async def test_escape_closes_a_page_and_then_the_notices(phone: Phone) -> None:
    await phone.has_menu({"name": "网站", "type": "view", "url": f"{phone.desk.service}/page"})
    await phone.taps("网站")
    await phone.page.frame_locator("#webview-frame").get_by_role("heading", name="专题网站").wait_for()
    await phone.part("notices").dispatch_event("click")
    await phone.page.locator("#notices-view").wait_for()

    await phone.page.keyboard.press("Escape")
    await phone.part("webview-close").wait_for(state="hidden")
    assert await phone.page.locator("#notices-view").is_visible()
    await phone.page.keyboard.press("Escape")
    await phone.page.locator("#notices-view").wait_for(state="hidden")


async def test_the_account_page_shows_quotas_and_sets_them(phone: Phone) -> None:
    await phone.part("tab-account").click()
    await phone.part("quota-path").select_option("/cgi-bin/user/get")
    await phone.part("quota-state", "还剩 500 次").wait_for()
    await phone.part("quota-limit").fill("3")
    await phone.part("quota-set").click()
    await phone.part("quota-state", "还剩 3 次").wait_for()


async def test_the_quota_shown_is_of_the_interface_chosen_last(phone: Phone) -> None:
    held: list[Route] = []

    async def hold_the_first(route: "Route") -> None:
        if held:
            await route.continue_()
        else:
            held.append(route)

    await phone.page.route("**/sandbox/api/quota", hold_the_first)
    await phone.part("tab-account").click()
    await phone.part("quota-path").select_option("/cgi-bin/user/info/updateremark")
    await phone.part("quota-state", "还剩 10000 次").wait_for()
    async with phone.page.expect_response("**/sandbox/api/quota") as overtaken:
        await held[0].continue_()
    await (await overtaken.value).finished()
    await phone.page.evaluate("new Promise(requestAnimationFrame)")

    assert "还剩 10000 次" in await phone.part("quota-state").inner_text()


async def test_the_account_page_shows_a_tag_given_while_it_is_open(phone: Phone) -> None:
    await phone.part("tab-account").click()
    row = phone.part("people").locator("tr").filter(has_text=phone.name)
    await row.get_by_role("button", name="复制 openid").click()
    db, openid = phone.desk.world.db, phone.openid
    db.run("insert into tag (id, name) values (901, '职工')")
    db.run("insert into person_tag (openid, tag_id) values (?, 901)", openid)
    phone.desk.world.bus.publish("person", openid=openid)

    await row.filter(has_text="职工").wait_for()


# --- What a phone sends


async def test_a_voice_is_recorded_heard_and_written_out(phone: Phone) -> None:
    await phone.part("send-voice").click()
    await phone.part("record").click()
    await phone.part("recorder", "1 秒，再点一下停止").wait_for()
    await phone.part("record").click()
    await phone.part("recorder", "录了").wait_for()
    await phone.page.locator('dialog [name="recognition"]').fill("家里停电了")
    await phone.part("confirm").click()
    await phone.reads("收到voice")

    assert "家里停电了" in await phone.part("bubble-out").last.inner_text()
    kept = phone.desk.world.db.find("select * from media where kind = 'voice' order by at desc limit 1")
    assert kept is not None
    assert kept["data"][:4] == b"RIFF"
    assert len(kept["data"]) > 1000


async def test_a_voice_without_a_microphone_is_a_sample(phone: Phone) -> None:
    await phone.part("send-voice").click()
    await phone.page.get_by_label("账号没有开通语音识别").check()
    await phone.part("confirm").click()
    await phone.reads("收到voice")

    row = phone.part("exchange", f"{phone.name} 语音")
    await row.wait_for()
    assert "<Recognition>" not in (await row.text_content() or "")


async def test_emoji_are_chosen_drawn_and_taken_back(phone: Phone) -> None:
    await phone.part("emoji").click()
    await phone.page.get_by_label("[微笑]", exact=True).click()
    await phone.page.get_by_label("[爱心]", exact=True).click()
    await phone.page.get_by_label("删掉前一个字").click()
    assert await phone.part("message-input").input_value() == "[微笑]"
    await phone.part("emoji-signs").click()
    await phone.part("emoji-key").first.click()
    await phone.part("send").click()

    await phone.part("bubble-out").locator("svg.face").wait_for()
    await phone.page.keyboard.press("Escape")
    assert await phone.part("emoji-board").count() == 0


async def test_a_place_is_chosen_on_the_map(phone: Phone) -> None:
    await phone.part("attach").click()
    await phone.part("send-location").click()
    await phone.part("map").click(position={"x": 4, "y": 4})
    await phone.part("confirm").click()
    await phone.reads("收到location")

    assert "附近" in await phone.part("bubble-out").inner_text()


async def test_film_and_link_are_sent_and_a_picture_is_looked_at(phone: Phone) -> None:
    await phone.part("attach").click()
    await phone.part("send-video").click()
    await phone.part("choose-sample").click()
    await phone.reads("收到video")
    await phone.part("attach").click()
    await phone.part("send-link").click()
    await phone.page.get_by_role("button", name="很长的网址").click()
    await phone.part("confirm").click()
    await phone.reads("收到link")
    await phone.part("attach").click()
    await phone.part("send-picture").click()
    await phone.reads("收到image")

    await phone.page.get_by_label("看大图").click()
    await phone.part("viewer").wait_for()
    await phone.page.keyboard.press("Escape")
    await phone.part("viewer").wait_for(state="detached")
    assert await phone.page.evaluate("document.querySelector('.chat').scrollWidth <= 390")


# --- Menus


async def test_every_kind_of_button_does_what_it_does_in_wechat(phone: Phone) -> None:
    world = phone.desk.world
    kept = media.put(world, "image", "a.jpg", "image/jpeg", media.sample_picture(), permanent=True)
    scan = [{"type": f"scancode_{kind}", "name": f"扫码{kind}", "key": kind} for kind in ("waitmsg", "push")]
    pictures = ["pic_sysphoto", "pic_photo_or_album", "pic_weixin"]
    app = {"appid": "wx0123456789abcdef", "pagepath": "pages/index", "url": "https://a.cn/"}
    await phone.has_menu(
        {
            "name": "扫",
            "sub_button": [*scan, {"type": "location_select", "name": "选点", "key": "WHERE"}],
        },
        {"name": "图", "sub_button": [{"type": one, "name": one[:12], "key": one} for one in pictures]},
        {
            "name": "其他",
            "sub_button": [
                {"type": "miniprogram", "name": "小程序", **app},
                {"type": "media_id", "name": "素材", "media_id": kept},
                {"type": "view_limited", "name": "旧图文", "media_id": kept},
                {"type": "article_id", "name": "文章", "article_id": "x"},
            ],
        },
    )

    for kind in ("waitmsg", "push"):
        await phone.taps("扫", f"扫码{kind}")
        await phone.page.get_by_role("button", name="商品条码").click()
        await phone.part("confirm").click()
        await phone.reads(f"收到{kind}")
        await phone.part("receiving").wait_for(state="detached")  # what is read comes by another way
    await phone.taps("扫", "选点")
    await phone.part("confirm").click()
    await phone.reads("收到location")
    for kind in pictures:
        pictures_before = await phone.part("bubble-in", "收到image").count()
        await phone.taps("图", kind[:8])
        await phone.part("choose-sample").click()
        await phone.part("bubble-in", "收到image").nth(pictures_before).wait_for()

    await phone.taps("其他", "素材")
    await phone.page.locator('[data-test="bubble-in"] img.photo').wait_for()
    for name, told in (("旧图文", "已随素材图文下线"), ("文章", "没有发布过这篇文章")):
        await phone.taps("其他", name)
        await phone.page.locator("#toast").filter(has_text=told).wait_for()
    await phone.taps("其他", "小程序")
    await phone.page.locator("#miniprogram").wait_for()


async def test_menus_are_walked_by_keyboard_and_escape_gives_the_focus_back(phone: Phone) -> None:
    buttons = [{"type": "click", "name": name, "key": name} for name in ("第一项", "第二项")]
    await phone.has_menu({"name": "服务", "sub_button": buttons})
    opener = phone.part("menu-button", "服务")
    await phone.page.get_by_label("切换到键盘").focus()
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Enter")
    await phone.part("submenu-item").nth(1).wait_for()
    await phone.page.keyboard.press("Escape")
    assert await opener.evaluate("button => button === document.activeElement")

    await phone.page.keyboard.press("Enter")
    await phone.page.keyboard.press("ArrowDown")
    await phone.page.keyboard.press("Enter")
    await phone.reads("收到第二项")


# --- What a phone shows


async def test_every_kind_of_message_is_drawn_and_stays_within_the_phone(phone: Phone) -> None:
    world = phone.desk.world
    thumb = media.put(world, "thumb", "a.jpg", "image/jpeg", media.sample_thumb(), permanent=True)
    film = media.put(world, "video", "a.mp4", "video/mp4", media.sample_video(), permanent=True)
    long = "https://a.cn/" + "very-long-" * 30
    shown: list[tuple[str, dict[str, Any]]] = [
        ("text", {"text": f"长网址 {long} [捂脸]", "ai": True}),
        ("music", {"title": "电工之歌", "description": "合唱", "url": "/none", "thumb_media_id": thumb}),
        ("miniprogrampage", {"title": "我的活动", "appid": "wx1", "path": "p", "thumb_media_id": thumb}),
        (
            "video",
            {"media_id": film, "thumb_media_id": thumb, "title": "安全用电", "description": "三分钟"},
        ),
        ("msgmenu", {"head": "满意吗", "items": [{"id": "1", "content": "满意"}], "tail": "谢谢"}),
        ("wxcard", {"card_id": "pCARD"}),
        ("link", {"title": long, "description": "", "url": long}),
    ]
    for kind, content in shown:
        conversations.add(world, phone.openid, "in", kind, content)
    await phone.page.locator('[data-type="link"]').wait_for()

    drawn = await phone.page.locator("#chat [data-type]").evaluate_all(
        "all => all.map(one => one.dataset.type)"
    )
    assert drawn[-len(shown) :] == [kind for kind, _ in shown]
    assert await phone.page.locator("#chat").evaluate("chat => chat.scrollWidth <= chat.clientWidth")
    await phone.part("choice-link", "满意").click()
    await phone.reads("收到满意")


async def test_large_type_and_dark_are_kept(phone: Phone) -> None:
    await phone.part("settings").click()
    await phone.part("choose-look").click()
    await phone.page.get_by_role("combobox", name="字号").select_option("huge")
    await phone.page.get_by_role("combobox", name="深浅").select_option("dark")
    await phone.part("confirm").click()
    await phone.page.locator("html[data-theme=dark]").wait_for()
    await phone.page.reload()
    await phone.page.wait_for_selector("body[data-ready]")

    assert await phone.page.evaluate("({...document.documentElement.dataset})") == {
        "type": "huge",
        "theme": "dark",
    }
    assert await phone.page.locator("#chat").evaluate("chat => chat.scrollWidth <= chat.clientWidth")


async def test_large_type_reaches_sheets_and_pages_and_leaves_the_buttons_in_reach(phone: Phone) -> None:
    await phone.page.set_viewport_size({"width": 390, "height": 600})
    await phone.page.evaluate("document.documentElement.dataset.type = 'huge'")

    await phone.part("attach").click()
    await phone.part("send-location").click()
    box = await phone.part("confirm").bounding_box()
    assert box is not None
    assert (round(box["height"]), box["y"] + box["height"] <= 600) == (68, True)  # 52 × 1.3; no scrolling
    await phone.part("cancel").click()

    opens = "async (url) => (await import('/sandbox/static/sheets.js')).openPage(url)"
    await phone.page.evaluate(opens, f"{phone.desk.service}/page")
    page = phone.page.frame_locator("#webview-frame").get_by_role("heading", name="专题网站")
    assert await page.evaluate("() => innerWidth") == 300


async def test_who_refuses_messages_says_so_in_the_panel(phone: Phone) -> None:
    await phone.part("settings").click()
    await phone.part("choose-refuse").click()
    await phone.part("tab-account").click()
    await phone.page.locator("tr", has_text=phone.name).filter(has_text="拒收消息").wait_for()


async def test_on_a_phone_the_panel_covers_the_chat_and_everything_is_big_enough(phone: Phone) -> None:
    await phone.page.set_viewport_size({"width": 390, "height": 844})
    await phone.part("show-panel").click()
    for tab in ("wishes", "account", "calls", "exchanges"):
        await phone.part(f"tab-{tab}").click()
        assert await phone.page.evaluate("document.documentElement.scrollWidth") == 390
    small = await phone.page.locator("#panel button:visible, #panel select:visible").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML)"
    )
    assert small == []
