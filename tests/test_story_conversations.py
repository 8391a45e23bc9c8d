"""The four conversations the account is for, as people have them: power, their rights, activities, news."""

import shutil

from playwright.async_api import FrameLocator, expect

from tests import browser
from tests.browser import PATIENCE, Office, Phone
from tests.rooms import ROOT

office, chromium, phone = browser.office, browser.chromium, browser.phone

BADMINTON = """- title: 职工羽毛球赛
  place: 职工活动中心二楼
  opens: 2026-11-20 09:00
  closes: 2026-11-27 18:00
  starts: 2026-11-28 14:00
  ends: 2026-11-28 18:00
  capacity: 1
  questions:
    - {key: size, prompt: 球服尺码？, kind: choice, options: [M, L, XL]}
"""


async def test_power_the_first_step_first_and_others_one_tap_away(phone: Phone, office: Office) -> None:
    await phone.follows()

    spark = await phone.says("我家插座冒火花了")
    assert spark.startswith("有危险先打电话：119")

    unclear = await phone.says("电线")
    assert "您问的是哪一种？" in unclear
    assert "先做：" in await phone.chooses("电线垂得低、挂着东西")

    topics = await phone.taps("用电", "安全用电")
    assert "想看哪一类？" in topics
    assert "有危险先打 120" in await phone.chooses("居家用电")
    assert "今日安全提示" in await phone.taps("用电", "每日一条")


async def test_rights_an_answer_with_its_law_and_then_a_lawyer(phone: Phone, office: Office) -> None:
    await phone.follows()

    answer = await phone.says("年假有几天")
    assert "《职工带薪年休假条例》" in answer
    assert "以承办律师、仲裁机构的意见为准。" in answer
    assert "您同意吗？" in await phone.chooses("法律咨询")
    assert "已取消" in await phone.says("取消")

    assert "想看哪一类？" in await phone.taps("资讯", "劳动权益")
    assert "点一下看做法" in await phone.chooses("工伤与职业病")
    assert "「我的留言」" in await phone.says("我那个投诉受理没有")


async def test_activities_the_last_place_the_waiting_list_and_an_offer(phone: Phone, office: Office) -> None:
    (office.folder / "badminton.yaml").write_text(BADMINTON, encoding="utf-8")
    await office.runs("activities", "add", str(office.folder / "badminton.yaml"), "--by", "王强")
    await phone.follows()
    assert "报名成功" in await _signs_up(phone)

    await phone.becomes("李建国")
    await phone.follows()
    assert "候补" in await _signs_up(phone)
    assert "候补" in await phone.says("我的报名")

    await phone.becomes("王秀兰")
    assert "职工羽毛球赛" in await phone.says("我的报名")
    await phone.chooses("职工羽毛球赛")
    await phone.chooses("取消报名")
    assert "已取消" in await phone.chooses("确认")

    await phone.becomes("李建国")
    await phone.reads("有空位了")
    assert "报名成功" in await phone.says("接受")


async def test_news_one_card_in_the_chat_and_the_rest_on_its_page(phone: Phone, office: Office) -> None:
    content = office.folder / "content"
    content.mkdir()
    for name in ("power_safety", "labour_law", "signposts"):
        (content / name).symlink_to(ROOT / "content" / name)
    shutil.copytree(ROOT / "content" / "demo" / "news", content / "news")
    office.environment["GONGHUI_CONTENT"] = str(content)
    await office.runs("content", "load")
    await phone.follows()

    await phone.taps("资讯", "工会动态")
    await phone.page.get_by_test_id("article").last.click()
    page = await _opened(phone)
    await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE * 1000)
    assert await page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")


async def _signs_up(phone: Phone) -> str:
    """Through the list and the card to the last question, and yes."""
    await phone.taps("服务", "近期活动")
    await phone.chooses("职工羽毛球赛")
    assert "球服尺码" in await phone.chooses("报名")
    await phone.chooses("XL")
    return await phone.chooses("确认")


async def _opened(phone: Phone) -> FrameLocator:
    return phone.page.frame_locator("#webview-frame")
