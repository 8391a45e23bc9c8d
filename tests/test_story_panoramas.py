"""A place one looks around in, in Chromium: sent by an organiser, opened from the chat, turned by hand.

WebGL is drawn by the processor here; a second browser has none and reads the strip.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import browser
from tests.browser import CHROMIUM, PATIENCE, Office, phone_of
from tests.panorama_kit import globe
from tests.test_story_console import Worker, before_a_screen, starts
from tests.test_story_posters import fits

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Page, async_playwright, expect

office = browser.office
SEEN = PATIENCE * 1000


@pytest.fixture
async def drawing() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no browser: there is no chromium on the PATH")
    async with async_playwright() as started:
        started.selectors.set_test_id_attribute("data-test")
        flags = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])
        yield opened
        await opened.close()


async def sends(worker: Worker, folder: Path, title: str, colour: str) -> None:
    """A picture, until it is cut and looked around in."""
    path = folder / f"{colour}.jpg"
    path.write_bytes(globe(4096, colour=colour))
    await worker.part("scene-title").fill(title)
    await worker.part("alt").fill(f"{title}里有书架")
    await worker.part("file").set_input_files(path)
    await worker.part("add-scene").click()
    await is_shown(worker.page)


async def is_shown(page: Page) -> None:
    await expect(page.locator(".panorama.alive[data-shown]")).to_be_visible(timeout=SEEN)


async def facing(page: Page) -> tuple[float, float]:
    found = page.locator(".panorama")
    return float(await found.get_attribute("data-yaw") or 0), float(
        await found.get_attribute("data-pitch") or 0
    )


async def puts_up(worker: Worker, folder: Path) -> None:
    """Two scenes, a hotspot from one to the other, published."""
    page = worker.page
    await starts(worker, "zhao.min", "赵敏", "organiser")
    await worker.opens("panoramas")
    await worker.part("title").fill("职工书屋")
    await worker.part("create").click()
    await sends(worker, folder, "大厅", "#336655")
    await page.get_by_role("link", name="‹ 职工书屋").click()
    await sends(worker, folder, "书架", "#664433")
    await page.get_by_role("link", name="‹ 职工书屋").click()
    await page.get_by_role("link", name="1. 大厅").click()
    await is_shown(page)
    await page.wait_for_load_state()  # the script that takes the tap comes after the one that shows
    await page.mouse.click(*(await somewhere(page, 0.6)))
    assert 2 < float(await page.locator("#hotspot input[name=yaw]").input_value()) < 30
    await worker.part("to").select_option(label="书架")
    await worker.part("add-spot").click()
    await expect(worker.part("spot-row")).to_have_count(1)
    for width in (390, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await fits(page)
    await page.get_by_role("link", name="‹ 职工书屋").click()
    await worker.part("publish").click()
    await worker.has_heard("已发布")


async def somewhere(page: Page, across: float) -> tuple[float, float]:
    """A point of the viewer, half way down."""
    box = await page.locator(".panorama canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * across, box["y"] + box["height"] / 2


async def looks_around(page: Page) -> None:
    """With keys, by hand, and on to the other scene."""
    assert await facing(page) == (0, 0)
    await expect(page.locator(".panorama:not([data-tiles='0'])[data-tiles]")).to_be_visible(timeout=SEEN)
    await page.locator(".panorama canvas").focus()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".panorama:not([data-pitch='0.0'])")).to_be_visible()
    assert (await facing(page))[1] > 0
    await page.mouse.move(*(await somewhere(page, 0.5)))
    await page.mouse.down()
    await page.mouse.move(*(await somewhere(page, 0.4)))
    await page.mouse.up()
    await expect(page.locator(".panorama:not([data-yaw='0.0'])")).to_be_visible()
    assert (await facing(page))[0] > 0  # the picture goes with the hand
    assert await fits(page)
    await page.get_by_role("button", name="书架").click()
    await expect(page.locator(".panorama [aria-live]")).to_contain_text("到了书架")
    await is_shown(page)


async def test_a_place_is_sent_put_up_and_looked_around_in(drawing: Browser, office: Office) -> None:
    async with before_a_screen(drawing, office) as worker:
        await puts_up(worker, office.folder)
    async with phone_of(drawing, office) as phone:
        await phone.follows()
        assert "职工书屋" in await phone.says("全景")
        frame = await phone.opens_page(f"{office.service}/panoramas")
        await frame.get_by_test_id("tour").click()
        await expect(frame.locator(".panorama.alive[data-shown]")).to_be_visible(timeout=SEEN)

    page = await drawing.new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.set_default_timeout(SEEN)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto(f"{office.service}/panoramas")
    await page.get_by_test_id("tour").click()
    await is_shown(page)
    await looks_around(page)
    assert "scene=" in page.url
    assert complaints == []

    still = await drawing.new_page(viewport={"width": 390, "height": 844})
    await still.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    await still.goto(page.url)
    await expect(still.get_by_role("img", name="大厅里有书架")).to_be_visible()
    await still.get_by_role("link", name="去书架").click()
    await expect(still.get_by_role("heading", name="书架")).to_be_in_viewport()
    assert await fits(still)
