"""People come, go and come back; and what staff answer at their desks is read in the chat."""

import re

from tests import browser
from tests.browser import Office, Phone

office, chromium, phone = browser.office, browser.chromium, browser.phone

NUMBER = re.compile(r"LY-2026-\d{4,}")


async def test_who_leaves_is_welcomed_again_and_so_is_somebody_new(phone: Phone, office: Office) -> None:
    welcome = await phone.follows()
    await phone.leaves()
    assert await phone.follows() == welcome

    await phone.adds("赵小梅")
    assert await phone.follows() == welcome
    assert "还没有留言" in await phone.says("我的留言")

    await phone.becomes("王秀兰")
    await phone.has_read(welcome, welcome)


async def test_the_answer_of_staff_is_read_in_the_chat(phone: Phone, office: Office) -> None:
    await phone.follows()
    number = await _leaves_unnamed(phone, "年会能不能放在周五？")

    assert number in await office.runs("cases", "list")
    shown = await office.runs("cases", "show", number, "--by", "王芳")
    assert "年会能不能放在周五" in shown
    assert "王秀兰" not in shown
    await office.runs("cases", "answer", number, "可以，今年放在周五下午。", "--by", "王芳")

    answer = await phone.reads("可以，今年放在周五下午。")
    assert number in answer
    mine = await phone.taps("服务", "我的留言")
    assert f"{number} 已答复" in mine
    assert "可以，今年放在周五下午。" in mine


async def _leaves_unnamed(phone: Phone, words: str) -> str:
    await phone.taps("服务", "我要留言")
    await phone.chooses("活动与福利")
    await phone.says(words)
    await phone.says("完成")
    await phone.chooses("匿名")
    receipt = await phone.chooses("确认")
    found = NUMBER.search(receipt)
    assert found, receipt
    return found[0]
