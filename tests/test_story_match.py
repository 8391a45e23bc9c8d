"""A tug-of-war lived through in Chromium: announced by an organiser, a team made by link on three phones, a
day at the door, and what stays of it the next morning, when a list on paper turns up.
"""

from pathlib import Path

import pytest

from app.services import check_in_codes
from models import SignUpState
from tests import browser
from tests.browser import PATIENCE, Office, Phone
from tests.test_story_check_in import Behind
from tests.test_story_console import Worker, before_a_screen, starts
from tests.test_story_membership import roster_of

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, FrameLocator, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

FORM = {
    "title": "拔河比赛",
    "summary": "三人一队，一局定胜负。",
    "opens": "2026-11-23T08:00",
    "closes": "2026-11-23T13:30",
    "starts": "2026-11-23T14:00",
    "ends": "2026-11-23T16:00",
    "place": "职工体育馆",
    "capacity": "6",
    "points": "5",
}
TEAM = "机关一队"
PHONES = {"李建国": "13812340001", "陈静": "13812340002", "张伟": "13812340003"}
CAPTAIN, *OTHERS = PHONES


def roster(folder: Path) -> str:
    rows = [
        [str(number), name, "1985-03-05", telephone, "黄陵供电公司工会", "员工", "在职", None]
        for number, (name, telephone) in enumerate(PHONES.items(), 10001)
    ]
    return roster_of(folder, *rows)


async def announces(zhao: Worker) -> None:
    """For teams of three, today; who comes earns five."""
    await zhao.goes("/activities/new")
    for name, words in FORM.items():
        await zhao.part(name).fill(words)
    await zhao.part("together").click()
    for name in ("team_least", "team_most"):
        await zhao.part(name).fill("3")
    await zhao.part("block-text").fill("自带手套。")
    await zhao.part("save").click()
    await zhao.has_heard("草稿已保存")
    await zhao.part("publish").click()
    await zhao.has_heard("已发布")
    await expect(zhao.page.locator("dl.facts").first).to_contain_text("签到得 5 分")


async def opened(phone: Phone, label: str) -> FrameLocator:
    """A page that the newest message leads to."""
    address = await phone.page.locator("a", has_text=label).last.get_attribute("href")
    assert address
    return await phone.opens_page(address)


async def joins_us(phone: Phone, name: str) -> None:
    """Follows and says who he is."""
    await phone.becomes(name)
    await phone.follows()
    number = 10001 + list(PHONES).index(name)
    for said in ("绑定", "同意", str(number), name, "1"):
        await phone.says(said)
    assert "绑定成功" in await phone.says(PHONES[name][-4:])


async def gathers(phone: Phone) -> None:
    """A captain makes a team and passes its link on; once all three are in it, he hands it in."""
    await joins_us(phone, CAPTAIN)
    await phone.says("活动")
    shown = await phone.chooses(FORM["title"])
    assert "积分：签到得 5 分" in shown and "每队 3 到 3 人" in shown
    page = await opened(phone, "建一支队")
    await page.get_by_test_id("new-team").click()
    await page.get_by_label("队名").fill(TEAM)
    await page.get_by_role("button", name="建队，我当队长").click()
    await expect(page.get_by_test_id("standing")).to_contain_text("还差 2 人")
    link = await page.get_by_test_id("link").inner_text()

    for name in OTHERS:
        await joins_us(phone, name)
        page = await phone.opens_page(link)
        await page.get_by_role("button", name="加入这支队").click()
        await expect(page.get_by_test_id("roster")).to_be_visible()

    await phone.becomes(CAPTAIN)
    page = await phone.opens_page(link)
    await page.get_by_role("button", name="提交，全队报名").click()
    await expect(page.get_by_test_id("standing")).to_contain_text("已报名")
    for name in OTHERS:
        await phone.becomes(name)
        await phone.reads("「拔河比赛」报名成功")


async def comes_with_one(zhao: Worker, behind: Behind) -> None:
    """Of the three two come; at the door their numbers are typed."""
    activity, entries = await behind.activity(), await behind.sign_ups()
    assert f"{TEAM}（队长）" in await behind.office.runs("activities", "people", activity.public_id)
    assert [each.state for each in entries] == [SignUpState.CONFIRMED] * 3
    await zhao.goes(f"/activities/{activity.public_id}/check-in")
    for number, entry in enumerate(entries[:2], 1):
        await zhao.part("words").fill(check_in_codes.number(entry))
        await zhao.part("seek").click()
        await expect(zhao.part("answer").locator(".label")).to_have_text("签到成功")
        await expect(zhao.part("here")).to_have_text(str(number))


async def remembers(phone: Phone, office: Office, zhao: Worker) -> None:
    """The next day: who came has earned five, who did not come has nothing, and the office has its sheet."""
    await phone.becomes(CAPTAIN)
    assert "今年的积分：5 分" in await phone.says("我的积分")
    page = await phone.opens_page(f"{office.service}/me/sign-ups")
    await page.get_by_test_id("points").click()
    await expect(page.get_by_test_id("earned")).to_contain_text("拔河比赛")
    await expect(page.get_by_test_id("sum")).to_have_text("今年 5 分")
    await phone.becomes(OTHERS[-1])
    assert "还没有积分" in await phone.says("我的积分")

    await zhao.page.goto(f"{office.service}/console/activities/figures")
    await zhao.page.get_by_label("登录名").fill("zhao.min")  # a night lies between
    await zhao.signs_in()
    await zhao.part("export-points").click()
    await zhao.has_heard("正在导出")
    async with zhao.page.expect_download() as download:
        await zhao.part("fetch").click(timeout=PATIENCE * 1000)
    assert (await download.value).suggested_filename.startswith("活动积分-")


async def had_signed_on_paper(phone: Phone, zhao: Worker, behind: Behind) -> None:
    """He was there after all: his name stands on a list at the door."""
    name = OTHERS[-1]
    await zhao.goes(f"/activities/{(await behind.activity()).public_id}/check-in")
    await zhao.part("adds").get_by_role("link").click()
    await zhao.page.get_by_label(f"补签 {name}").check()
    await zhao.part("later-reason").fill("门口的纸质签到表")
    await zhao.part("later").click()
    await zhao.has_heard("已补签 1 人")
    await expect(zhao.part("here")).to_have_text("3")
    assert [each.state for each in await behind.sign_ups()] == [SignUpState.CHECKED_IN] * 3
    await phone.becomes(name)
    assert "今年的积分：5 分" in await phone.says("我的积分")


async def test_a_match_is_lived_through(chromium: Browser, office: Office, phone: Phone) -> None:
    behind = Behind(office)
    try:
        async with before_a_screen(chromium, office) as zhao:
            await starts(zhao, "zhao.min", "赵敏", "organiser", "checker")
            await announces(zhao)
            await office.runs("members", "import", roster(office.folder), "--by", "王芳")
            await gathers(phone)
            await office.moves_time(hours=1.5)
            await comes_with_one(zhao, behind)
            await office.moves_time(hours=22)
            await remembers(phone, office, zhao)
            await had_signed_on_paper(phone, zhao, behind)
    finally:
        await behind.close()
