"""The desk from end to end: one matter of law from its first word to the call back after a bad score."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests import browser, pdf_words
from tests.browser import Office, Phone
from tests.test_story_console import Worker, before_a_screen, starts, worker

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Locator, expect
from playwright.async_api import TimeoutError as NotInTime

__all__ = ["worker"]
office, chromium, phone = browser.office, browser.chromium, browser.phone
NUMBER = re.compile(r"FL-2026-\d{4}")


async def test_a_matter_of_law_from_the_first_word_to_the_call_back(
    chromium: Browser, office: Office, phone: Phone, worker: Worker
) -> None:
    await asyncio.gather(phone.follows(), starts(worker, "zhang.min", "张敏", "lawyer"))
    await writes_a_canned_reply(worker)
    await worker.opens("consultations")
    number = await asks_a_lawyer(phone)

    await takes_it(worker, number)
    await looks_at_the_evidence(worker)
    await asks_back_with_a_canned_reply(worker, number)
    await phone.reads("合同上写的工作地点是哪里？")
    assert f"已转给律师（{number}）" in await phone.says(
        "合同写的是桥山站，2019年3月签的"
    )  # no tap before it
    await answers_with_a_tip(worker)
    await phone.reads("可以要求继续履行合同")
    await prints_it(worker, office, number)
    await worker.goes(f"/consultations/{number}")
    await worker.part("close").click()
    await worker.part("really-close").click()
    await worker.has_heard(number)

    await office.moves_time(hours=1)
    await phone.reads("办得怎么样？点一下就行")
    assert "评了「2 不太满意」" in await phone.chooses("2 不太满意")
    await phone.chooses("说两句")
    assert "办理的同事会看到" in await phone.says("等得有点久")
    async with at_the_lead(chromium, office) as lead:
        await calls_back(lead, number)


async def writes_a_canned_reply(worker: Worker) -> None:
    await worker.goes("/canned/new")
    await worker.part("title").fill("问工作地点")
    await worker.part("text").fill("{编号} 我来办。合同上写的工作地点是哪里？")
    await worker.part("room-legal").check()
    await worker.part("save").click()
    await worker.has_heard("问工作地点")


async def asks_a_lawyer(phone: Phone) -> str:
    """A year after she knew of it, less five days; the number of the case."""
    await phone.taps("服务", "法律援助")
    await phone.chooses("1. 同意")
    await phone.chooses("劳动合同、辞退")
    await phone.says("2025年11月28日")
    await phone.chooses("还在上班")
    near = await phone.chooses("和单位谈过")
    assert "还有 5 天" in near
    assert "12348" in near
    assert "不会交给公司的法务部门" in await phone.chooses("就是我们供电公司")
    await phone.says("公司要调我到外县，不去就解约")
    await phone.sends_picture()
    assert "手里有哪些材料" in await phone.says("完成")
    await phone.says("1 2")
    assert "内容：" in await phone.says("跳过")
    found = NUMBER.search(await phone.chooses("确认"))
    assert found
    return found[0]


async def takes_it(worker: Worker, number: str) -> None:
    """It comes into the list by itself; opened beside it, it shows until when there is time."""
    line = worker.page.locator("#list tbody tr").filter(has_text=number)
    await expect(line).to_contain_text("公司要调我到外县")
    await expect(line).to_contain_text("加急")
    await expect(worker.part("bulk-take")).to_be_visible()  # what is done with several came with the first
    await line.get_by_role("link").click()
    pane = worker.page.locator("#pane")
    await expect(pane.get_by_test_id("warning").filter(has_text="还有 5 天")).to_be_visible()
    await expect(pane.get_by_test_id("warning").filter(has_text="离期限不足 7 天")).to_be_visible()
    await worker.part("take").click()
    await worker.has_heard("由您接手了")


async def looks_at_the_evidence(worker: Worker) -> None:
    """The picture may be on its way from WeChat still."""
    button = worker.part("open-file")
    for _ in range(20):
        with suppress(NotInTime):
            await button.wait_for(timeout=3000)
            break
        await worker.page.reload()
    async with worker.page.expect_popup() as opened:
        await button.click()
    shown = await opened.value
    await expect(shown.locator("img")).to_have_js_property("complete", value=True)
    assert await shown.locator("img").evaluate("image => image.naturalWidth") > 0
    await shown.close()
    await worker.page.reload()
    await expect(worker.part("thread")).to_contain_text("附件 1")


async def asks_back_with_a_canned_reply(worker: Worker, number: str) -> None:
    await opens_the_aids(worker)
    await worker.part("put").click()
    await expect(worker.part("answer-text")).to_have_value(f"{number} 我来办。合同上写的工作地点是哪里？")
    await worker.part("ask").click()
    await worker.has_heard("已问本人")


async def answers_with_a_tip(worker: Worker) -> None:
    """Her words came into the thread by themselves, beside the answer that is being written."""
    await expect(worker.part("thread")).to_contain_text("合同写的是桥山站")
    await opens_the_aids(worker)
    await worker.part("seek").fill("变更工作地点")
    await worker.part("put-piece").first.click()
    await expect(worker.part("answer-text")).to_have_value(re.compile("《劳动"))
    text = await worker.part("answer-text").input_value()
    await worker.part("answer-text").fill(f"可以要求继续履行合同。\n{text}"[:600])
    await worker.part("answer").click()
    await worker.has_heard("已答复")


async def opens_the_aids(worker: Worker) -> None:
    await worker.part("aids").click()
    await expect(worker.part("seek")).to_be_visible()


async def prints_it(worker: Worker, office: Office, number: str) -> None:
    await worker.part("print").click()
    await worker.page.get_by_label("为什么要打印").fill("交县总工会法律部存档")
    await worker.part("really-print").click()
    await worker.has_heard("正在打印")
    async with worker.page.expect_download() as started:
        await worker.part("fetch").click()
    saved = office.folder / "dossier.pdf"
    await (await started.value).save_as(saved)
    printed = saved.read_bytes()
    words = "\n".join(pdf_words.pages(printed))
    assert number in words
    assert "桥山站" in words
    assert pdf_words.pictures(printed) == 1


@asynccontextmanager
async def at_the_lead(chromium: Browser, office: Office) -> AsyncIterator[Worker]:
    async with before_a_screen(chromium, office) as lead:
        await starts(lead, "wang", "王主任", "lawyer", "lead")
        yield lead


async def calls_back(lead: Worker, number: str) -> None:
    await waits(lead, "评价不满意的法律咨询").click()
    await lead.page.locator("#list tbody tr").filter(has_text="公司要调我到外县").get_by_role("link").click()
    await expect(lead.part("bulk-take")).to_be_hidden()  # nothing here can be taken
    await expect(lead.part("owner")).to_contain_text("由张敏办的")
    await expect(lead.part("rating")).to_contain_text("2 不太满意")
    await expect(lead.part("rating-words")).to_have_text("等得有点久")
    await lead.part("call-back").click()
    await lead.page.get_by_label("回访的情况").fill("打了电话，说明了为什么久")
    await lead.part("really-called-back").click()
    await lead.has_heard(f"{number} 的回访记下了")
    await expect(lead.part("rating")).to_contain_text("已回访")
    await lead.opens("home")
    await expect(waits(lead, "评价不满意的法律咨询")).to_have_count(0)


def waits(worker: Worker, what: str) -> Locator:
    """Among what waits on the first page."""
    return worker.part("work-item").filter(has_text=what)
