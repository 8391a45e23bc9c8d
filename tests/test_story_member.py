"""What 王秀兰 lives through with the account: she asks, leaves a message, wants a person, is in need."""

import re

from tests import browser
from tests.browser import Office, Phone

office, chromium, phone = browser.office, browser.chromium, browser.phone

NUMBER = re.compile(r"LY-2026-\d{4,}")


async def test_wang_xiulan_and_the_account(phone: Phone, office: Office) -> None:
    """One person, one chat, from the first greeting to the worst night; and all of it is kept."""
    await _she_is_welcomed_and_asks_about_a_spark(phone)
    number = await _she_leaves_a_message(phone)
    await _she_looks_it_up(phone, number)
    await _she_wants_a_person(phone)
    await _she_changes_her_mind(phone)
    await _she_is_in_need(phone)

    await _everything_is_kept(phone, office)


async def _she_is_welcomed_and_asks_about_a_spark(phone: Phone) -> None:
    welcome = await phone.follows()
    assert welcome.startswith("您好，感谢关注")
    assert "95598" in welcome

    answer = await phone.says("插座冒火花怎么办")
    number, first = answer.splitlines()[:2]
    assert "119" in number
    assert first.startswith("先做：马上离开插座")


async def _she_leaves_a_message(phone: Phone) -> str:
    topics = await phone.taps("服务", "我要留言")
    assert topics.startswith("您想留言哪方面的事？")
    assert "回复「取消」可退出" in topics
    assert "完成" in await phone.chooses("安全生产")

    # The list of topics is still on her screen, and she taps it again.
    old = await phone.chooses("活动与福利")
    assert old.startswith("这是之前的选项")
    assert "请说说您的意见" in old

    assert "完成" in await phone.says("配电房门口的灯坏了，晚上看不清路。")
    assert await phone.sends_picture() == ""  # one word for all that comes in one go
    assert "实名" in await phone.says("完成")
    assert "电话" in await phone.chooses("实名")
    assert "11 位" in await phone.says("1380000123")

    summary = await phone.says("13800001234")
    assert "类型：安全生产" in summary
    assert "13800001234" in summary or "138****1234" in summary
    assert "配电房门口的灯坏了" in summary

    receipt = await phone.chooses("确认")
    found = NUMBER.search(receipt)
    assert found, receipt
    assert "已收到您的留言" in receipt
    return found[0]


async def _she_looks_it_up(phone: Phone, number: str) -> None:
    mine = await phone.taps("服务", "我的留言")
    assert number in mine

    one = await phone.chooses(number)
    assert one.startswith(f"{number}　已提交")
    assert "您说：配电房门口的灯坏了" in one


async def _she_wants_a_person(phone: Phone) -> None:
    desk = await phone.says("人工")

    assert "已转给工作人员。\n编号 " in desk
    assert "95598" in desk


async def _she_changes_her_mind(phone: Phone) -> None:
    assert "您想留言哪方面的事？" in await phone.says("我要留言")

    assert "已取消" in await phone.says("取消")
    assert "没有办到一半的事" in await phone.says("取消")


async def _she_is_in_need(phone: Phone) -> None:
    answer = await phone.says("我不想活了，太累了")

    assert "12356" in answer.splitlines()[0]


async def _everything_is_kept(phone: Phone, office: Office) -> None:
    listed = (await office.runs("messages", "list", "--limit", "100")).splitlines()[1:]
    assert len(listed) == await phone.exchanges.count()

    *_, asked, _follow = listed  # the newest comes first
    shown = await office.runs("messages", "show", asked.split()[0], "--reveal")
    assert "插座冒火花怎么办" in shown
    assert "先做：马上离开插座" in shown
    stored = b"".join(each.read_bytes() for each in office.folder.glob("gonghui.db*"))
    assert "插座冒火花怎么办".encode() not in stored
