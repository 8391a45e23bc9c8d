"""Publishing in Chromium: an article from idea to every channel and its figures, a campaign that dies on its
way and goes on, a rumour that is answered once somebody has looked into it.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from sandbox.driver import Phone as Follower
from sandbox.driver import Platform
from tests import browser
from tests.browser import PATIENCE, Office, Phone
from tests.serving import answering
from tests.test_outlets import Media
from tests.test_story_console import Worker, before_a_screen, starts

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, expect

office, chromium, phone = browser.office, browser.chromium, browser.phone

TITLE, SUMMARY = "立冬特巡走完七十二公里", "运检二班在塬上走了三天，处理缺陷十一处。"
CLAIM = "听说下个月居民电费要涨到一块钱一度"
CROWD = 60
TOLD = "周五下午两点，四楼会议室讲劳动合同。"
WRITTEN = {
    "title": "居民电费要涨到每度一元",
    "organ": "县供电公司营销部",
    "short": "居民电价由省发展改革委定，没有涨价的文件。",
    "answer": "核对了省里现行的文件，没有调价通知。",
    "evidence-1": "省发展改革委居民阶梯电价文件",
    "review": "2027-06-01",
}


@asynccontextmanager
async def platform_of(office: Office) -> AsyncIterator[Platform]:
    async with httpx.AsyncClient(base_url=office.sandbox, trust_env=False) as client:
        yield Platform(client)


async def asks(worker: Worker, part: str, **filled: str) -> None:
    """Open what asks once more, fill it, and mean it."""
    await worker.part(part).click()
    for name, words in filled.items():
        await worker.part(name.replace("_", "-")).fill(words)
    await worker.part(f"really-{part}").click()


async def opens_outlets(wang: Worker, medium: str, token: str) -> None:
    await wang.goes("/outlets/new?kind=webhook")
    await wang.part("name").fill("县融媒体中心")
    await wang.part("url").fill(medium)
    await wang.part("save").click()
    await expect(wang.part("secret")).to_be_visible()
    await wang.goes("/outlets/new?kind=weibo")
    await wang.part("name").fill("供电工会微博")
    await wang.part("secret").fill(token)
    await wang.part("secret-until").fill("2026-12-20T08:00")
    await wang.part("save").click()
    await wang.has_heard("已添加")


async def writes(zhang: Worker) -> str:
    """Looked at as each channel will have it, and handed in; the path of its page."""
    await zhang.goes("/content/new?kind=article")
    await zhang.part("title").fill(TITLE)
    await zhang.part("category").select_option("union")
    await zhang.part("summary").fill(SUMMARY)
    await zhang.part("author").fill("公司工会")
    await zhang.part("block-text").fill("六个人背着工具走了**三天**，见[近期活动](/activities)。")
    async with zhang.page.expect_popup() as opened:
        await zhang.part("preview").click()
    preview = await opened.value
    on_phone, at_wechat = (preview.frame_locator(f'[title="{name}"]') for name in ("手机网页", "公众号文章"))
    await expect(on_phone.get_by_role("link", name="近期活动")).to_be_visible()
    await expect(at_wechat.get_by_role("heading", name=TITLE)).to_be_visible()
    await expect(at_wechat.get_by_role("link", name="近期活动")).to_have_count(0)  # WeChat keeps no such link
    await expect(preview.get_by_test_id("卡片").get_by_text(SUMMARY)).to_have_count(2)
    await preview.set_viewport_size({"width": 390, "height": 844})
    await expect(preview.get_by_test_id("卡片")).to_be_hidden()
    await preview.get_by_text("卡片", exact=True).first.click()
    await expect(preview.get_by_test_id("卡片")).to_be_visible()
    await preview.close()
    await zhang.part("submit").click()
    await zhang.has_heard("已提交审核")
    return zhang.page.url.partition("/console")[2]


async def publishes(qian: Worker, path: str) -> None:
    """On the website, on Weibo, and as an article of the account."""
    await qian.goes(path)
    await qian.part("approve").click()
    await qian.has_heard("已通过")
    await asks(qian, "send-weibo")
    await expect(qian.part("outlets").get_by_text("已发", exact=True)).to_have_count(2)
    await qian.part("wechat-draft").click()
    await qian.part("wechat-really-draft").click()
    await qian.part("wechat-publish").click()  # once it lies there
    await qian.part("wechat-really-publish").click()
    await expect(qian.part("wechat-url")).to_be_visible()


async def sends_to_all(zhang: Worker, qian: Worker, way: str, **filled: str) -> str:
    """Written by one, approved by the other; the path of its page."""
    await zhang.goes("/campaigns/new")
    await zhang.part("title").fill("本周头条")
    await zhang.part(f"way-{way}").check()
    for name, words in filled.items():
        if name == "text":
            await zhang.part(name).fill(words)
        else:
            await zhang.part(name).select_option(label=words)
    await zhang.part("save").click()
    await zhang.part("submit").click()
    await zhang.has_heard("已交去审批")
    path = zhang.page.url.partition("/console")[2]
    await qian.goes(path)
    await qian.part("approve").click()
    await qian.has_heard("已通过")
    return path


async def test_one_article_reaches_every_channel_and_comes_back_as_figures(
    chromium: Browser, office: Office, phone: Phone
) -> None:
    await phone.adds("李娜")
    await phone.follows()
    medium = Media()
    async with (
        answering(medium) as address,
        platform_of(office) as platform,
        before_a_screen(chromium, office) as zhang,
        before_a_screen(chromium, office) as qian,
    ):
        await starts(zhang, "zhang.wei", "张伟", "editor")
        await starts(qian, "qian.jin", "钱进", "approver", "union_admin")
        token = (await platform.ask("POST", "weibo/token", {"days": 30}))["access_token"]
        await opens_outlets(qian, f"{address}/in", token)
        await publishes(qian, path := await writes(zhang))
        assert [each["title"] for each in medium.got] == [TITLE] and "x-gonghui-signature" in medium.headers[
            0
        ]
        public = f"/news/{path.rpartition('/')[2]}"
        async with httpx.AsyncClient(base_url=office.service, trust_env=False) as anybody:
            assert TITLE in (await anybody.get("/news/feed.atom?category=union")).text
            assert public in (await anybody.get("/sitemap.xml")).text

        await platform.follower("王强")  # WeChat takes no list of one
        sent = await sends_to_all(zhang, qian, "article", article1=TITLE)
        await qian.comes_to_say(sent, qian.part("counts"), r"交给微信了\s*2 人")
        card = phone.page.get_by_test_id("article").filter(has_text=TITLE).last
        await card.click()
        at_wechat = phone.page.frame_locator("#webview-frame")
        await expect(at_wechat.get_by_text("六个人背着工具")).to_be_visible()
        await phone.page.get_by_test_id("webview-close").click()
        page = await phone.opens_page(f"{office.service}{public}?from=wechat")
        await expect(page.get_by_role("heading", name=TITLE)).to_be_visible()

        await office.moves_time(hours=22)  # 10:00: WeChat has counted the day before
        await qian.page.goto(f"{office.service}/console/sign-in")  # nobody stays signed in over night
        await qian.part("login").fill("qian.jin")
        await qian.signs_in()
        await expect(qian.part("own")).to_be_visible()
        figures = "/figures?since=2026-11-23&until=2026-11-24"
        row = qian.part("articles").locator("tr", has_text=TITLE)
        await qian.comes_to_say(figures, qian.part("totals"), r"公众号阅读\s*[1-9]")
        await expect(row).to_be_visible()
        await expect(qian.part("campaigns")).to_contain_text("本周头条")
        await expect(qian.page.locator(".chart canvas")).to_be_visible()
        await expect(qian.part("totals")).to_contain_text(re.compile(r"发到微博和媒体\s*2"))


async def test_a_campaign_that_dies_on_its_way_goes_on_and_tells_nobody_twice(
    chromium: Browser, office: Office
) -> None:
    async with (
        platform_of(office) as platform,
        before_a_screen(chromium, office) as zhang,
        before_a_screen(chromium, office) as qian,
    ):
        await starts(zhang, "zhang.wei", "张伟", "editor")
        await starts(qian, "qian.jin", "钱进", "approver")
        people = [await platform.follower(f"职工{number}") for number in range(CROWD)]
        for each in people:
            await each.says("帮助")  # WeChat lets us write to who has just written
        await platform.misbehaves(slow={"path": "/cgi-bin/message/custom/send", "seconds": 2})
        path = await sends_to_all(zhang, qian, "message", text=TOLD)
        await qian.comes_to_say(path, qian.part("counts"), r"送到了\s*\d+ 人")
        await office.dies()
        assert min(await heard(people)) == 0, "it died on its way"
        await platform.behaves()
        await office.logs(
            "campaign_finished", 3 * PATIENCE
        )  # what a process had in hand is its own for a minute
        await qian.comes_to_say(path, qian.page.get_by_role("heading", level=1), "已完成")
        await expect(qian.part("counts")).to_contain_text(re.compile(rf"名单上\s*{CROWD} 人"))
        ends = dict(re.findall(r"(送到了|结果不明)\s*(\d+) 人", await qian.part("counts").inner_text()))
        times = await heard(people)
        assert sum(map(int, ends.values())) == CROWD and max(times) == 1
        assert times.count(0) <= int(ends.get("结果不明", 0)) < CROWD / 2  # what was on its way as it died


async def heard(people: list[Follower]) -> list[int]:
    """How often each was told by the campaign."""
    return [sum(TOLD in one.get("text", "") for one in await each.reads()) for each in people]


async def test_a_rumour_is_brought_looked_into_and_answered(
    chromium: Browser, office: Office, phone: Phone
) -> None:
    await phone.adds("李娜")
    await phone.follows()
    await phone.says("举报谣言")
    await phone.says(CLAIM)
    await phone.chooses("微信群")
    await phone.says("跳过")
    assert "PY-2026-0001" in await phone.chooses("确认")
    async with before_a_screen(chromium, office) as zhang, before_a_screen(chromium, office) as qian:
        await starts(zhang, "zhang.wei", "张伟", "editor")
        await starts(qian, "qian.jin", "钱进", "approver")
        await zhang.goes("/clarifications")
        await zhang.page.get_by_role("link", name=CLAIM).click()
        await zhang.part("take").click()
        for name, words in WRITTEN.items():
            await zhang.part(name).fill(words)
        await zhang.part("verdict-false").check()
        await zhang.part("save-submit").click()
        await zhang.has_heard("已交去审批")
        await qian.goes(zhang.page.url.partition("/console")[2])
        await qian.part("publish").click()
        await qian.has_heard("已发布")
    await phone.reads("不实")
    await phone.adds("王强")
    await phone.follows()
    answered = await phone.says("听说要涨电费")
    assert "不实" in answered.splitlines()[0]
    assert WRITTEN["short"] in answered and WRITTEN["organ"] in answered
    page = await phone.opens_page(f"{office.service}/clarifications")
    await page.get_by_role("link", name=WRITTEN["title"]).click()
    await expect(page.get_by_text(WRITTEN["evidence-1"])).to_be_visible()
