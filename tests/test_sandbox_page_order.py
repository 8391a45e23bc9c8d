"""The phone page when answers overtake each other, readings fail, and news comes while somebody is at it."""

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from sandbox import conversations
from sandbox.driver import Platform
from sandbox.menu_bar import menus
from tests.test_sandbox_panel import Phone, desk, phone

if TYPE_CHECKING:
    from playwright.async_api import APIResponse, Route

__all__ = ["desk", "phone"]
SLOW_MICROPHONE = """() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        await new Promise((go) => { window.letIn = go; });
        return (window.heard = await ask(wanted));
    };
}"""
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Late:
    """The first answer to an address, on its way until it is let go: what was true when it was asked."""

    def __init__(self, phone: Phone, address: str) -> None:
        self._phone, self._address = phone, address
        self._held: tuple[Route, APIResponse] | None = None
        self._asked = asyncio.Event()

    async def __aenter__(self) -> "Late":
        await self._phone.page.route(self._address, self._hold)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._phone.page.unroute(self._address)

    async def _hold(self, route: "Route") -> None:
        if self._asked.is_set() or route.request.method != "GET":
            await route.continue_()
            return
        self._asked.set()
        self._held = route, await route.fetch()

    async def is_asked(self) -> None:
        await self._asked.wait()

    async def comes(self) -> None:
        """And the page has done with it."""
        while self._held is None:  # noqa: ASYNC110 - the service is being asked
            await asyncio.sleep(0.01)
        route, answer = self._held
        async with self._phone.page.expect_response(self._address) as told:
            await route.fulfill(response=answer)
        await (await told.value).finished()
        await self._phone.page.evaluate("new Promise(requestAnimationFrame)")


async def by_hand(phone: Phone, text: str) -> None:
    """The person says it, but nobody touches the page."""
    async with httpx.AsyncClient(base_url=phone.desk.address, trust_env=False) as http:
        await (await Platform(http).person(phone.name)).says(text)


async def test_an_older_log_does_not_replace_a_newer_one(phone: Phone) -> None:
    async with Late(phone, "**/sandbox/api/exchanges?*") as older:
        await phone.says("先说的")
        await older.is_asked()
        await phone.says("后说的")
        await phone.part("exchange", "后说的").wait_for()

        await older.comes()

    assert await phone.part("exchange", "后说的").is_visible()


async def test_a_row_that_is_looked_at_stays_while_others_come(phone: Phone) -> None:
    await phone.says("看这个")
    await phone.reads("收到看这个")
    await phone.part("look").last.click()
    found = phone.page.locator(".found[open]").filter(has_text="看这个")
    await found.locator('[data-test="copy-exchange"]').focus()

    await by_hand(phone, "又来一次")
    await phone.part("exchange", "又来一次").wait_for()

    assert await found.count() == 1
    assert await phone.page.evaluate("document.activeElement.dataset.test") == "copy-exchange"


async def test_an_older_count_of_wishes_does_not_replace_a_newer_one(phone: Phone) -> None:
    async with Late(phone, "**/sandbox/api/misbehaviour") as older:
        await phone.part("tab-wishes").click()
        await older.is_asked()
        phone.desk.world.misbehaviour.ask({"wrong_signature": {"times": 1}})
        phone.desk.world.bus.publish("misbehaviour")
        await phone.part("wish-count", "1").wait_for()

        await older.comes()

    assert await phone.part("wish").count() == 1
    assert await phone.part("wish-count").inner_text() == "1"


async def test_what_is_ticked_in_a_setting_stays_while_the_list_is_read_again(phone: Phone) -> None:
    await phone.part("notices").click()
    await phone.part("notices-settings").click()
    tick = phone.part("setting", "处理进度提醒").locator('[data-test="always"]')
    await tick.check()

    async with phone.page.expect_response("**/notices") as again:
        phone.desk.world.bus.publish("notices")
    await (await again.value).finished()
    await phone.page.evaluate("new Promise(requestAnimationFrame)")

    assert await tick.is_checked()


async def test_older_notices_do_not_replace_newer_ones(phone: Phone) -> None:
    state = phone.part("setting", "业务受理通知").locator('[data-test="state"]')
    await phone.part("notices").click()
    async with Late(phone, "**/notices") as older:
        await phone.part("notices-settings").click()
        await older.is_asked()
        async with httpx.AsyncClient(base_url=phone.desk.address, trust_env=False) as http:
            await (await Platform(http).person(phone.name)).accepts("业务受理通知")
        await state.filter(has_text="还可收 1 条").wait_for()

        await older.comes()

    assert await state.inner_text() == "还可收 1 条"


async def test_a_limit_being_typed_stays_when_a_lost_line_is_back(phone: Phone) -> None:
    await phone.part("tab-account").click()
    await phone.part("quota-state", "还剩").wait_for()
    await phone.part("quota-limit").fill("7")

    async with phone.page.expect_response("**/conversation") as again:
        for _ in range(1100):  # a page that cannot keep up loses its line
            phone.desk.world.bus.publish("nothing")
    await (await again.value).finished()
    await phone.part("people", phone.name).wait_for()
    await phone.page.evaluate("new Promise(requestAnimationFrame)")

    assert await phone.part("quota-limit").input_value() == "7"


async def test_a_second_tap_does_not_wipe_what_is_written_after_the_first(phone: Phone) -> None:
    written = phone.page.locator('dialog [name="scene"]')
    async with Late(phone, "**/sandbox/api/state") as older:
        for _ in range(2):
            await phone.part("scan").click()
        await written.fill("act_7")

        await older.comes()

    assert await written.input_value() == "act_7"
    await phone.part("cancel").click()


async def test_the_first_menu_does_not_take_the_line_from_who_writes(phone: Phone) -> None:
    await phone.part("message-input").fill("写到一半")

    menus.put_default(phone.desk.world, [{"type": "click", "name": "帮助", "key": "help"}])
    await phone.part("toggle-input").wait_for()

    assert await phone.part("message-input").input_value() == "写到一半"
    await phone.part("toggle-input").click()
    await phone.part("menu-button", "帮助").wait_for()


async def test_a_microphone_granted_too_late_is_let_go(phone: Phone) -> None:
    await phone.page.evaluate(SLOW_MICROPHONE)
    await phone.part("send-voice").click()
    await phone.part("record").click()
    await phone.page.wait_for_function("() => 'letIn' in window")
    assert await phone.part("record").is_disabled()
    await phone.part("cancel").click()
    await phone.page.locator("#sheet").wait_for(state="hidden")

    await phone.page.evaluate("letIn()")
    await phone.page.wait_for_function("() => 'heard' in window")

    assert await phone.page.evaluate("heard.getTracks().map(one => one.readyState)") == ["ended"]


async def test_what_is_read_for_one_is_not_drawn_in_the_chat_of_the_next(phone: Phone) -> None:
    held: list[Route] = []

    async def hold(route: "Route") -> None:
        held.append(route)

    await phone.page.route("**/conversation?after=*", hold)
    async with phone.page.expect_response("**/menu") as again:
        phone.desk.world.bus.publish("person", openid=phone.openid)
    await (await again.value).finished()
    await phone.page.evaluate("new Promise(requestAnimationFrame)")
    conversations.add(phone.desk.world, phone.openid, "in", "text", {"text": "只给一个人的话"})
    await phone.reads("只给一个人的话")
    other = phone.desk.world.db.find("select openid from person where name = '张伟'")
    assert other is not None
    await phone.part("person-select").select_option(other["openid"])
    await phone.page.locator('#chat[data-person="张伟"]').wait_for(state="attached")

    for route in held:
        async with phone.page.expect_response("**/conversation?after=*") as told:
            await route.continue_()
        await (await told.value).finished()
    await phone.page.evaluate("new Promise(requestAnimationFrame)")

    assert await phone.part("bubble-in", "只给一个人的话").count() == 0


async def test_the_settings_wait_until_it_is_known_whose_phone_it_is(phone: Phone) -> None:
    held: list[Route] = []
    asked = asyncio.Event()

    async def hold(route: "Route") -> None:
        held.append(route)
        asked.set()

    await phone.page.route("**/sandbox/api/state", hold)
    await phone.page.reload(wait_until="commit")
    await asked.wait()
    await phone.part("settings").click()
    for route in held:
        await route.continue_()
    await phone.page.wait_for_selector("body[data-ready]")
    await phone.page.unroute("**/sandbox/api/state")

    await phone.part("settings").click()
    await phone.part("choose-look").wait_for()  # and nothing was complained of
    await phone.part("cancel").click()


async def test_waiting_is_shown_while_a_scan_is_answered(phone: Phone) -> None:
    await phone.has_menu({"type": "scancode_waitmsg", "name": "签到", "key": "IN"})
    answered = asyncio.Event()

    async def hold(route: "Route") -> None:
        await answered.wait()
        await route.continue_()

    await phone.page.route("**/menu?wait=true", hold)
    await phone.taps("签到")
    await phone.page.get_by_role("button", name="商品条码").click()
    await phone.part("confirm").click()

    await phone.part("receiving").wait_for()
    answered.set()
    await phone.part("receiving").wait_for(state="detached")
    await phone.reads("收到IN")
