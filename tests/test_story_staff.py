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


async def test_a_lawyer_asks_back_and_answers_in_the_chat(phone: Phone, office: Office) -> None:
    await phone.follows()
    assert "办结 3 年后删除" in await phone.taps("服务", "法律援助")
    await phone.chooses("1. 同意")
    await phone.chooses("劳动合同、辞退")
    await phone.says("昨天")
    await phone.chooses("还在上班")
    await phone.chooses("和单位谈过")
    assert "不会交给公司的法务部门" in await phone.chooses("就是我们供电公司")
    for words in ("公司要和我解约", "完成", "没有", "没有", "跳过"):
        await phone.says(words)
    receipt = await phone.chooses("确认")
    found = re.search(r"FL-\d{4}-\d{4,}", receipt)
    assert found, receipt
    number = found[0]

    shown = await office.runs("cases", "show", number, "--by", "张律师")
    assert "对方是本公司：不得交给公司的法务部门" in shown
    assert "王秀兰" not in shown
    await office.runs("cases", "ask", number, "合同是哪年签的？", "--by", "张律师")
    assert number in await phone.reads("合同是哪年签的？")
    await phone.says("补充咨询")
    await phone.says("2019 年签的")
    assert "律师接着办" in await phone.says("完成")
    await office.runs("cases", "answer", number, "可以要求继续履行合同。", "--by", "张律师")

    assert "以承办律师、仲裁机构的意见为准。" in await phone.reads("可以要求继续履行合同。")
    assert f"{number} 已答复" in await phone.says("我的咨询")
