"""The handlers the menu tests know, and short ways to write menu files."""

import pytest

from app.menus import Book, Known, MenuMistakes, compile_book
from app.menus.file import read

KNOWN = {
    name: Known(name, title, frozenset(args), frozenset(takes))
    for name, title, args, takes in [
        ("welcome.subscribe", "关注欢迎", (), ()),
        ("welcome.scan", "扫码欢迎", (), ()),
        ("help.show", "使用帮助", (), ()),
        ("help.greet", "问候", (), ()),
        ("desk.open", "人工服务", (), ()),
        ("desk.tell", "说明情况", (), ("photo", "location")),
        ("power_safety.answer", "用电问答", (), ()),
        ("power_safety.tip_of_the_day", "每日一条", (), ()),
        ("power_safety.topics", "安全用电", ("topic",), ()),
        ("labour_law.topics", "劳动权益", ("topic",), ()),
        ("feedback.leave", "留言", (), ()),
        ("feedback.mine", "我的留言", (), ()),
        ("appointments.book", "预约", ("kind",), ()),
        ("appointments.mine", "我的预约", (), ()),
        ("appointments.cancel", "取消预约", ("appointment",), ()),
        ("board.latest", "留言板", (), ()),
        ("board.post", "我要发帖", (), ()),
        ("clarifications.latest", "辟谣", (), ()),
        ("clarifications.report", "举报谣言", (), ()),
        ("legal_aid.intake", "法律咨询", (), ()),
        ("legal_aid.mine", "我的咨询", (), ()),
        ("legal_aid.add", "补充咨询", ("number",), ()),
        ("legal_aid.cancel", "撤销咨询", ("number",), ()),
        ("legal_aid.apply", "申请法律援助", ("number",), ()),
        ("legal_aid.applications", "我的援助申请", (), ()),
        ("legal_aid.papers", "补交援助材料", ("number",), ()),
        ("legal_aid.withdraw", "撤回援助申请", ("number",), ()),
        ("legal_aid.object", "对援助决定提出异议", ("number",), ()),
        ("counselling.intake", "心理疏导", (), ()),
        ("health.intake", "健康咨询", (), ()),
        ("care.mine", "我的疏导和健康咨询", (), ()),
        ("care.add", "补充疏导或健康咨询", ("number",), ()),
        ("care.cancel", "撤销疏导或健康咨询", ("number",), ()),
        ("complaints.file", "投诉建议", (), ()),
        ("complaints.mine", "我的投诉建议", (), ()),
        ("complaints.add", "补充投诉建议", ("number",), ()),
        ("complaints.cancel", "撤销投诉建议", ("number",), ()),
        ("hotlines.show", "服务电话", (), ()),
        ("about.show", "关于我们", (), ()),
        ("panoramas.list", "全景", (), ()),
        ("lives.next", "直播", (), ()),
        ("activities.cards", "活动图文", (), ()),
        ("activities.list", "近期活动", (), ()),
        ("activity_feedback.say", "活动反馈", (), ()),
        ("albums.list", "活动照片", (), ()),
        ("albums.add", "传活动照片", (), ()),
        ("activities.mine", "我的报名", (), ()),
        ("activities.accept", "接受候补名额", (), ()),
        ("activities.decline", "放弃候补名额", (), ()),
        ("membership.bind", "会员绑定", (), ()),
        ("membership.show", "我的会员信息", (), ()),
        ("membership.unbind", "解除绑定", (), ()),
        ("privacy.show", "我的隐私", (), ()),
        ("accounts.show", "我的户号", (), ()),
        ("accounts.bind", "绑定户号", (), ()),
        ("accounts.verify", "核实户号", ("account",), ()),
        ("accounts.unbind", "解绑户号", ("account",), ()),
        ("membership.change_phone", "换手机号", (), ()),
        ("membership.move_here", "换微信号", (), ()),
        ("membership.changes", "我的变更申请", (), ()),
        ("membership.object", "不是我申请的", (), ()),
        ("joining.apply", "入会申请", (), ()),
        ("joining.mine", "我的入会申请", (), ()),
        ("joining.supplement", "补正入会申请", (), ()),
        ("joining.cancel", "撤销入会申请", (), ()),
        ("interests.show", "我的兴趣", (), ()),
        ("points.mine", "我的积分", (), ()),
        ("interests.off", "关闭个性化推荐", (), ()),
        ("interests.on", "打开个性化推荐", (), ()),
        ("campaigns.refuse", "退订群发", (), ()),
        ("campaigns.want", "恢复接收群发", (), ()),
        ("digests.want", "订阅周报", (), ()),
        ("digests.stop", "退订周报", (), ()),
        ("digests.show", "本周精选", (), ()),
        ("news.latest", "工会动态", ("category",), ()),
        ("crisis.take", "接手紧急提醒", ("alert",), ()),
    ]
}

HEAD = "version: 1\naccount: 黄陵供电工会\n"
MENU = "menu:\n  - name: 帮助\n    do: help.show\n"
TAIL = "fallback: power_safety.answer\n"


def menus(keywords: str = "", *, menu: str = MENU, more: str = "") -> str:
    """A whole file around the part that matters."""
    return HEAD + menu + more + ("keywords:\n" + keywords if keywords else "") + TAIL


def mistakes_of(text: str) -> list[str]:
    """What an operator reads about `text`, line by line."""
    with pytest.raises(MenuMistakes) as refused:
        read(text, KNOWN)
    return [str(mistake) for mistake in refused.value.mistakes]


def the_mistake(text: str) -> str:
    """The only mistake in `text`."""
    found = mistakes_of(text)
    assert len(found) == 1, found
    return found[0]


def book_of(text: str) -> Book:

    return compile_book(read(text, KNOWN), KNOWN)
