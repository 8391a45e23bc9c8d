"""The portal in a real browser: for every eye and thumb, without JavaScript, its share cards, its weight."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests import browser
from tests.both_ends import TIP
from tests.browser import PATIENCE, Office, Phone, opened_office
from tests.page_audit import audit
from tests.rooms import ROOT
from tests.test_portal_pages import write
from tests.test_story_mine import RUN, opens_mine

chromium, phone = browser.chromium, browser.phone

MOST_KB = 150  # transferred, as packed, without the JS-SDK
PUBLIC = (
    "/", "/services", "/services/legal-aid", "/search", "/search?q=插座", "/search?q=家里着火了",
    "/search?q=量子", "/tips", "/tips/socket-sparks", "/laws", "/news", "/news?category=union",
    "/activities", "/privacy", "/nothing",
)  # fmt: skip
OWN = (
    "/me", "/me/devices", "/me/membership", "/me/sign-ups", "/me/cases", "/me/accounts", "/me/joining",
    "/me/interests", "/me/favourites", "/me/history", "/me/comments",
    "/news?category=rights", "/news?order=hot",
    "/me/privacy", "/me/privacy/data", "/me/privacy/correct", "/me/privacy/delete",
    "/me/privacy/close",
)  # fmt: skip


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """With a tip, an article and an activity."""
    content = tmp_path / "content"
    (content / "power_safety").mkdir(parents=True)
    source = ROOT / "content" / "power_safety" / TIP
    (content / "power_safety" / TIP).write_bytes(source.read_bytes())
    write(content / "news", "winter")
    with opened_office(tmp_path, sqlite_url, GONGHUI_CONTENT=str(content)) as opened:
        yield opened


@pytest.fixture
async def beside(chromium: Browser) -> AsyncIterator[Page]:
    """A browser as wide as a phone that knows nobody."""
    context = await chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    # What a page refuses by its policy would be among them; the missing page says 404, an old code 403.
    assert [each for each in complaints if "404" not in each and "403" not in each] == []
    await context.close()


async def first_of(page: Page, address: str) -> str:
    await page.goto(address)
    found = await page.locator("main a.weui-cell").first.get_attribute("href")
    assert found
    return found


async def test_every_page_suits_every_eye_and_thumb(phone: Phone, office: Office, beside: Page) -> None:
    (office.folder / "run.yaml").write_text(RUN, encoding="utf-8")
    await office.runs("activities", "add", str(office.folder / "run.yaml"), "--by", "王强")
    await phone.follows()
    await phone.says("人工")
    await opens_mine(phone)
    await beside.context.add_cookies(await phone.page.context.cookies())  # type: ignore[arg-type]
    activity = await first_of(beside, f"{office.service}/activities")
    found = [await first_of(beside, f"{office.service}{path}") for path in ("/news", "/me/cases")]
    await beside.goto(office.service + activity)
    await beside.locator(".acts button").click()
    await expect(beside.get_by_test_id("ticket")).to_be_visible()
    own = beside.url.removeprefix(office.service)
    found += [own, f"{own}/ticket", f"/check-in/{activity.rpartition('/')[2]}"]
    wrong = []
    for size, colours in (("usual", "light"), ("usual", "dark"), ("large", "light")):
        await beside.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        await beside.goto(f"{office.service}/type/{size}?next=/services")
        await expect(beside.locator("html.large")).to_have_count(int(size == "large"))
        for path in (*PUBLIC, *OWN, activity, *found):
            await beside.goto(office.service + path)
            wrong += [(size, colours, path, each) for each in await audit(beside)]
    assert wrong == []


async def test_a_keyboard_meets_the_way_past_everything_first(office: Office, beside: Page) -> None:
    await beside.goto(office.service)
    await beside.keyboard.press("Tab")
    skip = beside.get_by_role("link", name="跳到正文")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await beside.keyboard.press("Enter")
    await beside.keyboard.press("Tab")
    box = beside.get_by_role("searchbox")
    await expect(box).to_be_focused()
    assert await box.evaluate("box => getComputedStyle(box).outlineStyle") == "solid"


async def test_without_javascript_one_reads_looks_and_acts(
    phone: Phone, office: Office, chromium: Browser
) -> None:
    await phone.follows()
    await opens_mine(phone)
    kept = await phone.page.context.storage_state()
    context = await chromium.new_context(java_script_enabled=False, storage_state=kept)
    page = await context.new_page()

    await page.goto(office.service)
    await page.get_by_role("searchbox").fill("火花")
    await page.get_by_role("button", name="搜索").click()
    await page.get_by_role("link", name="火花").first.click()
    await expect(page.locator("main")).to_contain_text("先做：")
    await page.goto(f"{office.service}/me")
    await page.get_by_role("link", name="登录的设备").click()
    await expect(page.locator("main")).to_contain_text("这一台")
    await page.go_back()
    await page.get_by_role("button", name="退出登录").click()
    await expect(page.get_by_role("heading", name="已退出")).to_be_visible()
    await context.close()


async def test_a_shared_page_has_its_own_card(phone: Phone, office: Office, beside: Page) -> None:
    article = await first_of(beside, f"{office.service}/news")
    await phone.follows()
    opens = "async (url) => (await import('/sandbox/static/sheets.js')).openPage(url, '网页')"
    page = phone.page
    for path, title, about, picture in (
        ("/", "供电工会公众号", "一站办理", "home"),
        (f"{article}#top", "立冬特巡", "处理缺陷 11 处", "news"),
        ("/tips/socket-sparks", "插座冒火花", "", "tip"),
    ):
        await page.evaluate(opens, office.service + path)
        await page.frame_locator("#webview-frame").locator("main").wait_for()
        kept = "async () => (await (await import('/sandbox/static/js_sdk.js')).pageNow())?.share ?? {}"
        async with asyncio.timeout(PATIENCE):
            while not (share := await page.evaluate(kept)).get("timeline"):
                await page.wait_for_timeout(50)
        card = share["friend"]
        assert title in card["title"]
        assert about in card["desc"]
        mark = "?from=share" if path.startswith("/news/") else ""  # openings of what was passed on count
        assert card["link"] == office.service + path.partition("#")[0] + mark
        assert urlsplit(card["imgUrl"]).path == f"/static/share/{picture}.png"
        answer = await page.request.get(card["imgUrl"])
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")

    await page.locator("#webview-more").click()
    await page.get_by_text("分享到朋友圈").click()
    shown = page.locator(".card.shared")
    await expect(shown).to_contain_text("插座冒火花")
    await expect(shown.locator("img")).to_have_js_property("complete", value=True)
    assert await shown.locator("img").evaluate("image => image.naturalWidth") == 300


async def test_the_first_load_is_light(chromium: Browser, office: Office, beside: Page) -> None:
    article = await first_of(beside, f"{office.service}/news")
    for path in ("/", "/services", article):
        context = await chromium.new_context()
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        weights: list[float] = []
        loaded = "Network.loadingFinished"
        session.on(loaded, lambda told, kept=weights: kept.append(told["encodedDataLength"]))
        await page.goto(office.service + path, wait_until="networkidle")
        kilobytes = sum(weights) / 1024
        print(f"first load of {path}: {kilobytes:.1f} KB in {len(weights)} answers")
        assert len(weights) >= 3
        assert kilobytes < MOST_KB
        await context.close()
