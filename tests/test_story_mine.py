"""王秀兰 looks at her own things in the phone; the person who takes it after her sees none of them."""

import json
import re
import zipfile

from playwright.async_api import Browser, FrameLocator, expect

from tests import browser
from tests.browser import PATIENCE, Office, Phone

office, chromium, phone = browser.office, browser.chromium, browser.phone

RUN = """- title: 健步走
  place: 桥山公园东门
  opens: 2026-11-20 09:00
  closes: 2026-11-27 18:00
  starts: 2026-11-28 08:30
  ends: 2026-11-28 11:00
  capacity: 30
"""


HER_WORDS = '院里的灯 < 昨晚 & 今晚都不亮，说"修"了三天'


async def test_wang_xiulan_signs_up_on_a_page_and_cancels_there(phone: Phone, office: Office) -> None:
    (office.folder / "run.yaml").write_text(RUN, encoding="utf-8")
    await office.runs("activities", "add", str(office.folder / "run.yaml"), "--by", "王强")
    await phone.follows()
    page = await opens_mine(phone)
    await expect(page.get_by_text("近期没有报名")).to_be_visible()
    assert await page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")

    await page.get_by_role("link", name="看看近期活动").click()
    await page.get_by_role("link", name="健步走").click()
    await page.get_by_role("button", name="报名").click()
    await expect(page.get_by_text("报名成功，前一天会提醒您")).to_be_visible()
    await phone.reads("「健步走」报名成功")  # behind the page, in the chat

    await page.get_by_role("link", name="‹ 我的报名").click()
    await expect(page.get_by_role("link", name="健步走")).to_contain_text("已报名")
    await page.get_by_role("link", name="健步走").click()
    await page.get_by_role("button", name="取消报名").click()
    await expect(page.get_by_text("这次报名已取消")).to_be_visible()
    await page.get_by_role("link", name="我的", exact=True).click()
    await expect(page.get_by_text("近期没有报名")).to_be_visible()


async def test_her_message_and_its_answer_are_hers_alone(phone: Phone, office: Office) -> None:
    await phone.follows()
    await phone.says("人工")
    number = (await office.runs("cases", "list")).split("RG-")[1].split()[0]
    await office.runs("cases", "answer", f"RG-{number}", "明天上午给您回电话。", "--by", "王芳")

    page = await opens_mine(phone)
    await page.get_by_role("link", name=f"RG-{number}").click()
    await expect(page.get_by_text("明天上午给您回电话。")).to_be_visible()
    await expect(page.get_by_text("王芳")).to_have_count(0)

    await phone.becomes("李建国")
    await phone.follows()
    page = await opens_mine(phone)
    await expect(page.get_by_text("还没有留言")).to_be_visible()
    await page.get_by_role("button", name="退出登录").click()
    await expect(page.get_by_role("heading", name="已退出")).to_be_visible()


async def opens_mine(phone: Phone) -> FrameLocator:
    await phone.taps("资讯", "我的")
    page = phone.page.frame_locator("#webview-frame")
    await expect(page.get_by_role("heading", name="我的", exact=True)).to_be_visible(timeout=PATIENCE * 1000)
    return page


async def test_she_takes_all_that_is_kept_of_her_home_and_reads_it(
    phone: Phone, office: Office, chromium: Browser
) -> None:
    await phone.follows()
    await phone.says(HER_WORDS)
    page = await opens_mine(phone)
    await page.get_by_role("link", name=re.compile("^隐私")).click()
    await page.get_by_role("link", name="查看和导出").click()
    await expect(page.get_by_text(HER_WORDS)).to_be_visible()
    await page.get_by_role("button", name="导出成文件").click()
    await expect(page.get_by_text("在浏览器打开")).to_be_visible()
    link = next(frame.url for frame in phone.page.frames if "/exports/" in frame.url)

    beside = await browser.new_page(chromium)
    await beside.goto(link)
    async with beside.expect_download() as started:
        await beside.get_by_role("link", name="下载").click()
    saved = office.folder / (await started.value).suggested_filename
    await (await started.value).save_as(saved)
    home = office.folder / "home"
    with zipfile.ZipFile(saved) as packed:
        packed.extractall(home)

    assert saved.name == "QX-2026-0001.zip"
    await beside.goto((home / "index.html").as_uri())
    await expect(beside.get_by_text(HER_WORDS)).to_be_visible()
    assert await beside.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")
    told = json.loads((home / "data.json").read_text(encoding="utf-8"))
    assert HER_WORDS in [row["said"] for row in told["messages"]["rows"]]
    assert [row["kind"] for row in told["requests"]["rows"]] == ["导出我的资料"]
    await beside.close()
