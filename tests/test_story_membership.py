"""王秀兰 becomes a member: from following to the member's menu, and the same person in the mini-program."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.async_api import expect

from tests import browser
from tests.browser import PATIENCE, Office, Phone

chromium, phone = browser.chromium, browser.phone

MINI = {
    "GONGHUI_MINIPROGRAM_APP_ID": "wxmini0123456789ab",
    "GONGHUI_MINIPROGRAM_APP_SECRET": "0123456789abcdef0123456789abcdef",
    "GONGHUI_MINIPROGRAM_TOKEN": "minitoken",
    "GONGHUI_MINIPROGRAM_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}
HEADINGS = ["工号", "姓名", "出生日期", "手机号", "所在组织", "岗位", "人员类别", "离开日期"]


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """As usual, with a mini-program."""
    with browser.opened_office(tmp_path, sqlite_url, **MINI) as opened:
        yield opened


def roster_of(folder: Path, *rows: Sequence[str | None]) -> str:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADINGS, *rows):
        sheet.append(row)
    path = folder / "花名册.xlsx"
    book.save(path)
    return str(path)


def roster(folder: Path, left_on: str = "") -> str:
    lineage = "黄陵供电公司工会/北区分工会/抢修一班"
    row = ["10086", "王秀兰", "1985-03-05", "13812345678", lineage, "配电运维", "在职", left_on or None]
    return roster_of(folder, row)


async def test_wang_xiulan_becomes_a_member_and_one_day_leaves(phone: Phone, office: Office) -> None:
    await office.runs("members", "import", roster(office.folder), "--by", "王芳")
    await phone.follows()
    await phone.has_buttons("资讯", "服务", "用电")

    await _she_binds_herself(phone)
    await phone.has_buttons("资讯", "服务", "我的")
    assert "抢修一班" in await phone.taps("我的", "会员信息")
    await _the_page_knows_her(phone)
    await _the_mini_program_knows_her_too(phone)

    await office.runs("members", "import", roster(office.folder, "2026-11-20"), "--by", "王芳")
    assert "花名册里您已经离开" in await phone.says("会员信息")
    await office.runs("members", "unbind", "10086", "--by", "王芳")
    assert "您还没有绑定工号" in await phone.says("会员信息")
    await phone.has_buttons("资讯", "服务", "用电")


async def _she_binds_herself(phone: Phone) -> None:
    assert "您同意吗？" in await phone.taps("资讯", "会员绑定")
    assert "请发您的工号" in await phone.chooses("1. 同意")
    await phone.says("10086")
    assert "再核对一项" in await phone.says("王秀兰")
    await phone.chooses("手机号")
    assert "今天还可以试 4 次" in await phone.says("0000")

    await phone.chooses("会员绑定")
    await phone.says("10086")
    await phone.says("王秀兰")
    await phone.chooses("出生日期")
    assert (await phone.says("1985-03-05")).startswith("绑定成功")


async def _the_page_knows_her(phone: Phone) -> None:
    await phone.opens_menu("我的")
    await phone.page.get_by_test_id("submenu-item").filter(has_text="我的主页").click()
    page = phone.page.frame_locator("#webview-frame")
    await page.get_by_role("link", name="王秀兰，抢修一班").click()
    await expect(page.get_by_text("黄陵供电公司工会 › 北区分工会 › 抢修一班")).to_be_visible()
    assert await page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")
    await phone.page.get_by_test_id("webview-close").click()


async def _the_mini_program_knows_her_too(phone: Phone) -> None:
    """By her unionid: she has said there nothing of herself."""
    part = phone.page.get_by_test_id
    await part("notices").click()
    await part("notices-miniprogram").click()
    await part("mini-entry").click()
    await part("mini-take-login").click()
    await part("mini-send").click()
    await expect(part("mini-status")).to_contain_text("201")
    await part("mini-request").click()

    async with asyncio.timeout(PATIENCE):
        while True:  # until WeChat was asked who she is
            await part("mini-send").click()
            await expect(part("mini-status")).to_contain_text("200")
            membership = json.loads(await part("mini-body").inner_text())["membership"]
            if membership is not None:
                break
    assert membership["name"] == "王秀兰"
    for _ in ("the pane", "the list behind it"):
        await phone.page.keyboard.press("Escape")
