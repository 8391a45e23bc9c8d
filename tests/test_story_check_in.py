"""A day at the door, the first of two, in Chromium: tickets on phones, a bad signal, the venue's code, a
mistake undone.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import check_in_codes
from app.settings import load_settings
from models import Activity, SignUp, SignUpState
from models.sealing import Keyring, use_keyring
from tests import browser
from tests.browser import Office, Phone
from tests.conftest import NOON
from tests.test_story_console import PASSWORD, Worker, starts

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Page, Route, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone
PLAN = """
- title: 健步走
  place: 沮河公园
  opens: 2026-11-20 08:00
  closes: 2026-11-23 12:50
  sessions:
    - starts: 2026-11-23 13:00
      ends: 2026-11-23 17:00
      title: 上半程
    - starts: 2026-11-30 13:00
      ends: 2026-11-30 17:00
  capacity: 9
  guests: 2
"""
# A camera that sees what the test holds before it.
CAMERA = """
window.BarcodeDetector = class { async detect() { return window.held ? [{rawValue: window.held}] : []; } };
Object.defineProperty(navigator, "mediaDevices", {value: {getUserMedia: async () => new MediaStream()}});
HTMLMediaElement.prototype.play = async () => {};
"""


@pytest.fixture
async def worker(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    """At the door with a telephone; that its requests fail there belongs to the story."""
    page = await browser.new_page(chromium)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield Worker(office, page)
    assert [each for each in complaints if "net::ERR_" not in each and "404" not in each] == []


class Behind:
    """What the service has, read beside it."""

    def __init__(self, office: Office) -> None:
        given = office.environment
        settings = load_settings(
            _env_file=None,
            database_url=given["GONGHUI_DATABASE_URL"],
            secret_key=given["GONGHUI_SECRET_KEY"],
            wechat_api_url=given["GONGHUI_WECHAT_API_URL"],
        )
        assert settings.encryption_keys is not None and settings.lookup_key is not None
        keys, lookup = settings.encryption_keys, settings.lookup_key
        use_keyring(Keyring.parse(keys.get_secret_value(), lookup.get_secret_value()))
        self.office, self._database = office, Database(settings.database_url)

    async def sign_ups(self) -> list[SignUp]:
        async with self._database.reading() as session:
            return list(await session.scalars(sa.select(SignUp).order_by(SignUp.id)))

    async def activity(self) -> Activity:
        async with self._database.reading() as session:
            return (await session.scalars(sa.select(Activity))).one()

    def ticket(self, entry: SignUp) -> str:
        return f"{self.office.service}/t/{check_in_codes.ticket(entry)}"

    async def venue(self) -> str:
        """What the screen says at this moment."""
        offset = float((self.office.folder / "clock").read_text())
        now = datetime.now(NOON.tzinfo) + timedelta(seconds=offset)
        activity = await self.activity()
        code, _ = check_in_codes.venue(activity, now)
        return f"{self.office.service}/check-in/{activity.public_id}?c={code}"

    async def close(self) -> None:
        await self._database.close()


async def test_a_day_at_the_door(office: Office, phone: Phone, worker: Worker) -> None:
    plan = office.folder / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    await office.runs("activities", "add", str(plan), "--by", "王强")
    behind = Behind(office)
    try:
        await sign_up(phone, "王秀兰", "就我自己")
        await sign_up(phone, "李建国", "带 1 位")
        await sign_up(phone, "张伟", "带 2 位")
        await shows_his_ticket(phone, office, behind)
        await starts(worker, "sun.li", "孙丽", "checker")
        await worker.page.add_init_script(CAMERA)
        await worker.goes(f"/activities/{(await behind.activity()).public_id}/check-in")

        await reads_a_ticket(worker, behind)
        await reads_without_a_signal(worker, behind)
        await is_not_heard(worker, behind)
        await takes_it_back(worker, behind)
        await reads_the_screen_himself(phone, behind)
        await expect(worker.part("here")).to_have_text("3")  # it counts by itself
        entries = await behind.sign_ups()
        assert [(each.state, each.arrived) for each in entries] == [
            (SignUpState.CHECKED_IN, 1),
            (SignUpState.CHECKED_IN, 1),
            (SignUpState.CHECKED_IN, 3),
        ]
    finally:
        await behind.close()


async def sign_up(phone: Phone, name: str, company: str) -> None:
    if name != "王秀兰":
        await phone.becomes(name)
    await phone.follows()
    await phone.says("活动")
    await phone.chooses("健步走")
    await phone.chooses("我要报名")
    await phone.chooses(company)
    assert "出示票码" in await phone.chooses("确认")


async def shows_his_ticket(phone: Phone, office: Office, behind: Behind) -> None:
    entry = (await behind.sign_ups())[2]
    page = await phone.opens_page(f"{office.service}/me/sign-ups")
    await page.get_by_text("健步走").click()
    await page.get_by_test_id("ticket").click()
    await expect(page.get_by_test_id("number")).to_have_text(check_in_codes.number(entry))
    code = page.locator("svg.qr")
    box = await code.bounding_box()
    assert box is not None and box["width"] >= 200  # a camera reads it at arm's length


async def holds(page: Page, words: str) -> None:
    await page.evaluate("words => { window.held = words; }", words)


async def answered(worker: Worker, label: str) -> None:
    await expect(worker.part("answer").locator(".label")).to_have_text(label)
    await holds(worker.page, "")


async def reads_a_ticket(worker: Worker, behind: Behind) -> None:
    """And one that is none of ours."""
    first = (await behind.sign_ups())[0]
    await worker.part("by-camera").click()
    await holds(worker.page, behind.ticket(first))
    await answered(worker, "签到成功")
    await expect(worker.part("here")).to_have_text("1")
    await holds(worker.page, behind.ticket(first)[:-1] + "!")
    await answered(worker, "不是有效的票")


async def reads_without_a_signal(worker: Worker, behind: Behind) -> None:
    """It is kept, said so, and sent once there is a signal again; of the party of two one came."""
    second = (await behind.sign_ups())[1]
    await worker.page.context.set_offline(True)
    await holds(worker.page, behind.ticket(second))
    await answered(worker, "已记下，还没核对")
    await expect(worker.part("waiting")).to_contain_text("1 条记在这台手机里")
    await worker.part("words").fill("李")
    await expect(worker.page.locator("#found")).to_contain_text("没有信号，查不了名单")

    await worker.page.context.set_offline(False)

    await answered(worker, "签到成功")
    await expect(worker.part("waiting")).to_be_hidden()
    await expect(worker.part("here-seats")).to_have_text("3")
    await worker.part("answer").get_by_role("button", name="1").click()
    await expect(worker.part("here-seats")).to_have_text("2")


async def is_not_heard(worker: Worker, behind: Behind) -> None:
    """A strange network answers instead; then the service has the scan, its answer is lost, and the page is
    loaded anew: it is sent again, and counts once.
    """
    third = (await behind.sign_ups())[2]

    signal = "a strange one"  # it is changed between two tries, whenever these come

    async def carry(route: Route) -> None:
        if signal == "a strange one":
            await route.fulfill(status=404, body="请先登录无线网")
        elif signal == "one way":
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await worker.page.route("**/check-in/scans", carry)
    await worker.part("words").fill(check_in_codes.number(third))
    await worker.part("seek").click()
    await expect(worker.part("trouble")).to_contain_text("扫过的都还在这台手机里")
    signal = "one way"
    await answered(worker, "已记下，还没核对")
    assert (await behind.sign_ups())[2].state is SignUpState.CHECKED_IN

    await worker.page.reload()
    signal = "a good one"

    await answered(worker, "签到成功")
    await expect(worker.part("here-seats")).to_have_text("5")


async def takes_it_back(worker: Worker, behind: Behind) -> None:
    await worker.part("answer").get_by_text("弄错了").click()
    await worker.part("undo").click()
    await worker.part("reason").fill("扫成了同事的票")
    await worker.part("really-undo").click()
    await worker.has_heard("已撤销")
    await worker.page.get_by_text("‹ 现场签到").click()
    await expect(worker.part("here")).to_have_text("2")


async def reads_the_screen_himself(phone: Phone, behind: Behind) -> None:
    """Checked in by opening the page; the same code, an hour later, is worth nothing."""
    address = await behind.venue()
    page = await phone.opens_page(address)
    await expect(page.get_by_test_id("stamped")).to_contain_text("已签到")


async def test_in_wechat_staff_scan_and_members_say_where_they_are(
    office: Office, phone: Phone, worker: Worker
) -> None:
    plan = office.folder / "plan.yaml"
    plan.write_text(f'{PLAN}  check_in_at: "35.5847, 109.2655"\n', encoding="utf-8")
    await office.runs("activities", "add", str(plan), "--by", "王强")
    behind = Behind(office)
    try:
        await sign_up(phone, "王秀兰", "就我自己")
        await sign_up(phone, "李建国", "就我自己")
        await says_where_he_is(phone, behind)
        await starts(worker, "sun.li", "孙丽", "checker")
        await scans_in_wechat(phone, office, behind)
        assert [each.state for each in await behind.sign_ups()] == [SignUpState.CHECKED_IN] * 2
    finally:
        await behind.close()


async def says_where_he_is(phone: Phone, behind: Behind) -> None:
    """Asked once: refused, then far away, then there."""
    page = await phone.opens_page(await behind.venue())
    await phone.page.locator("dialog[open]").get_by_test_id("cancel").click()
    await expect(page.locator("#words")).to_contain_text("请允许获取位置再试")
    await browser.loaded(page)
    for longitude, said in (("109.3655", "公里"), ("109.2656", "")):
        await page.get_by_test_id("here").click()
        sheet = phone.page.locator("dialog[open]")
        await sheet.locator("[name=latitude]").fill("35.5847")
        await sheet.locator("[name=longitude]").fill(longitude)
        await sheet.get_by_test_id("confirm").click()
        if said:
            await expect(page.locator("#words")).to_contain_text(said)
            await browser.loaded(page)
    await expect(page.get_by_test_id("stamped")).to_contain_text("已签到")


async def scans_in_wechat(phone: Phone, office: Office, behind: Behind) -> None:
    activity = await behind.activity()
    door = f"{office.service}/console/activities/{activity.public_id}/check-in"
    page = await phone.opens_page(door)
    await page.locator("[name=login]").fill("sun.li")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.get_by_test_id("sign-in").click()
    await page.get_by_test_id("scan-by-wechat").click()
    sheet = phone.page.locator("dialog[open]")
    await sheet.locator("[name=result]").fill(behind.ticket((await behind.sign_ups())[0]))
    await sheet.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("answer").locator(".label")).to_have_text("签到成功")
