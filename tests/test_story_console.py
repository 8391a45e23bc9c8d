"""A staff person's first day in the console, in Chromium."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pyotp
import pytest

from tests import browser
from tests.browser import PATIENCE, Office, Phone

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Locator, Page, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

PASSWORD = "correct horse battery"


class Worker:
    """Somebody of staff before a screen."""

    def __init__(self, office: Office, page: Page) -> None:
        self.office, self.page = office, page

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def code(self, secret: str, steps: int = 0) -> str:
        """What the app on the phone shows, on the clock of this office."""
        offset = float((self.office.folder / "clock").read_text())
        return pyotp.TOTP(secret).at(int(time.time() + offset) + steps * 30)

    async def is_invited(self, login: str, name: str, *roles: str) -> None:
        words = [word for role in roles for word in ("--role", role)]
        said = await self.office.runs("staff", "add", login, "--name", name, *words)
        link = re.search(r"http\S+/console/invited/\S+", said)
        assert link
        await self.page.goto(link[0])

    async def chooses_password(self) -> None:
        await self.part("password").fill(PASSWORD)
        await self.part("again").fill(PASSWORD)
        await self.part("choose").click()

    async def signs_in(self) -> None:
        await expect(self.part("sign-in")).to_be_visible()  # a password is asked for on the page before, too
        await self.part("password").fill(PASSWORD)
        await self.part("sign-in").click()

    async def opens(self, room: str) -> None:
        await self.follows(self.part(f"nav-{room}"))

    async def follows(self, link: Locator) -> None:
        """To another page, until its scripts are there; those of the page before say nothing of it."""
        await expect(link).to_be_visible()
        await self.page.evaluate("document.documentElement.dataset.ready = 'left'")
        await link.click()
        await expect(self.page.locator("html[data-ready=yes]")).to_be_attached()

    async def goes(self, path: str) -> None:
        await self.page.goto(f"{self.office.service}/console{path}")
        await expect(self.page.locator("html[data-ready=yes]")).to_be_attached()

    async def comes_to_say(self, path: str, part: Locator, words: str) -> None:
        """Open the page until the work behind it is done: `words` is a pattern that `part` then fits."""
        async with asyncio.timeout(3 * PATIENCE):
            await self.goes(path)
            while re.search(words, " ".join(await part.all_inner_texts())) is None:  # it may not be there yet
                await self.goes(path)

    async def writes_in_the_file(self, before: str, after: str) -> None:
        """In the editor of the menu file."""
        await expect(self.page.locator(".CodeMirror")).to_be_visible()
        await self.page.evaluate(
            """([before, after]) => {
                const editor = document.querySelector(".CodeMirror").CodeMirror;
                editor.setValue(editor.getValue().replace(before, after));
            }""",
            [before, after],
        )

    async def has_heard(self, words: str) -> None:
        await expect(self.part("said")).to_contain_text(words, timeout=PATIENCE * 1000)


@asynccontextmanager
async def before_a_screen(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    page = await browser.new_page(chromium, 1440, 900)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield Worker(office, page)
    # A form that is refused answers 422, which the browser tells as an error.
    assert [each for each in complaints if "422" not in each] == []


@pytest.fixture
async def worker(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    async with before_a_screen(chromium, office) as opened:
        yield opened


async def starts(worker: Worker, login: str, name: str, *roles: str) -> None:
    await worker.is_invited(login, name, *roles)
    await worker.chooses_password()
    await worker.signs_in()
    await expect(worker.part("own")).to_contain_text(name)


async def test_a_first_day_begins_with_a_second_step(worker: Worker) -> None:
    await worker.is_invited("li.na", "李娜", "union_admin")
    await expect(worker.part("own-login")).to_have_text("li.na")
    await worker.chooses_password()
    await worker.signs_in()
    await expect(worker.page.get_by_role("heading", level=1)).to_contain_text("李娜")

    await worker.part("no-second-step").get_by_role("link").click()
    secret = await worker.part("secret").inner_text()
    await worker.part("code").fill(worker.code(secret))
    await worker.part("present").fill(PASSWORD)
    await worker.part("turn-on").click()
    await expect(worker.part("recovery-code")).to_have_count(10)
    await worker.part("noted").click()
    await worker.part("sign-out").click()

    await worker.part("login").fill("Li.Na")
    await worker.signs_in()
    await worker.part("code").fill(worker.code(secret, 1))  # the one before was used when it was turned on
    await worker.part("sign-in").click()
    await expect(worker.part("own")).to_contain_text("李娜")


async def test_a_menu_is_changed_in_the_console_and_taken_back(worker: Worker, phone: Phone) -> None:
    await phone.follows()
    await starts(worker, "zhao", "赵工", "operator")
    await worker.goes("/menus/file")
    await worker.writes_in_the_file("news.latest", "news.newest")
    mistake = worker.page.get_by_role("button", name=re.compile("没有「news.newest」这个功能"))
    await expect(mistake).to_be_visible(timeout=PATIENCE * 1000)
    await worker.writes_in_the_file("news.newest", "news.latest")
    await worker.writes_in_the_file("name: 工会动态", "name: 工会新闻")
    await expect(mistake).to_have_count(0, timeout=PATIENCE * 1000)

    await worker.part("note").fill("换个名字")
    await worker.part("apply").click()

    await worker.has_heard("2")
    await shows(phone, "工会新闻")
    await worker.goes("/menus/history/1")
    await worker.part("rollback").click()
    await worker.part("really-rollback").click()
    await worker.has_heard("3")
    await shows(phone, "工会动态")


async def shows(phone: Phone, name: str) -> None:
    """The list under 资讯 begins so, at once or soon; a menu that comes meanwhile closes it."""
    button = phone.menu.filter(has_text="资讯")
    async with asyncio.timeout(PATIENCE):
        while True:
            if await button.get_attribute("aria-expanded") == "false":
                await phone.opens_menu("资讯")
            items = await phone.page.get_by_test_id("submenu-item").all_inner_texts()
            if items[:1] == [name]:
                return
            await asyncio.sleep(0.2)


OVERTAKEN = """
const ask = window.fetch;
window.fetch = async (address, sent) => {
  const answer = await ask(address, sent);
  if (!String(sent?.body).includes("news.newest")) return answer;
  const told = await answer.json();
  const { dataset } = document.documentElement;
  await new Promise(go => { window.letGo = go; dataset.late = "held"; });
  setTimeout(() => { dataset.late = "read"; });  // once the page has done with it
  return {ok: true, json: async () => told};
};
"""


async def test_a_check_that_was_overtaken_tells_nothing(worker: Worker) -> None:
    await starts(worker, "zhao", "赵工", "operator")
    await worker.page.add_init_script(OVERTAKEN)
    await worker.goes("/menus/file")
    await worker.writes_in_the_file("news.latest", "news.newest")
    await expect(worker.page.locator("html[data-late=held]")).to_be_attached(timeout=PATIENCE * 1000)
    await worker.writes_in_the_file("news.newest", "news.latset")
    await expect(worker.part("verdict")).to_contain_text("news.latset", timeout=PATIENCE * 1000)

    await worker.page.evaluate("letGo()")

    await expect(worker.page.locator("html[data-late=read]")).to_be_attached()
    words = await worker.part("verdict").inner_text()
    assert "news.latset" in words and "news.newest" not in words


async def test_a_question_nobody_could_answer_becomes_a_tip_that_is_found(
    worker: Worker, phone: Phone, chromium: Browser, office: Office
) -> None:
    question = "今天天气怎么样"
    await phone.follows()
    await phone.says(question)
    await starts(worker, "li.na", "李娜", "editor")
    await worker.opens("questions")
    await worker.comes_to_say("/questions", worker.part("to-tip"), ".")  # counted within seconds
    await worker.part("to-tip").first.click()
    await worker.part("category").select_option(index=1)
    await worker.part("first").fill("请看县气象台的预报，雷雨大风时不要出门。")
    await worker.part("add").click()
    await worker.part("block-text").first.fill("出门前关好窗户，收好阳台上的东西。")
    await worker.part("call-95598").check()
    await worker.part("source").fill("县气象台公众气象服务说明")
    await worker.part("reviewer").fill("县供电公司安全监察部")
    await worker.part("reviewed_on").fill("2026-11-20")
    await worker.part("submit").click()
    await worker.has_heard("审核")

    async with before_a_screen(chromium, office) as other:
        await starts(other, "zhang", "张伟", "approver")
        await other.follows(other.part("work-item").first)
        await other.part("open").first.click()
        await other.part("approve").click()
        await other.has_heard("发布")

    assert "请看县气象台的预报" in await phone.says(question)


async def test_a_request_to_put_something_right_is_answered(worker: Worker, phone: Phone) -> None:
    await phone.follows()
    await phone.taps("资讯", "我的")
    page = phone.page.frame_locator("#webview-frame")
    await page.get_by_role("link", name=re.compile("^隐私")).click()
    await page.get_by_role("link", name="更正").click()
    await page.get_by_label("哪一项不对").fill("手机号写错了一位")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_text("QX-2026-0001").first).to_be_visible(timeout=PATIENCE * 1000)

    await starts(worker, "boss", "王强", "union_admin")
    await worker.follows(worker.part("work-item").filter(has_text="更正"))
    await worker.part("open").first.click()
    await expect(worker.page.locator("#pane")).to_contain_text("手机号写错了一位")
    await worker.part("settle-text").fill("手机号已按您说的改好。")
    await worker.part("corrected").click()

    await expect(worker.part("said")).to_be_visible(timeout=PATIENCE * 1000)
    await phone.page.reload()
    await phone.reads("手机号已按您说的改好")
