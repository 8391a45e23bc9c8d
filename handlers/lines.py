"""Lines to tap that run a handler; every feature's replies end with some."""

from datetime import datetime
from urllib.parse import quote

from app.clock import shanghai, spoken
from app.dialogue.routing import TAP_DO
from app.wechat.replies import choice_line


def go(label: str, handler: str, **arg: str) -> str:
    """A line reading `label`; tapped, it sends `label` and runs `handler`, with one `arg` at most.

    `handler` may be written as in a button's key, `news.latest?category=notice`, where no `arg` is given.
    Two would need an ampersand, and what phones make of one inside a tapped line's id is not documented.
    """
    ((name, value),) = arg.items() or (("", ""),)
    query = f"?{name}={quote(value, safe='')}" if name else ""
    return choice_line(label, f"{TAP_DO}{handler}{query}")


def day(moment: datetime) -> str:
    """The date in China, as people say it: 11月26日."""
    local = shanghai(moment)
    return f"{local.month}月{local.day}日"


def number(case_number: str) -> str:
    """A line of its own, to be found and copied."""
    return f"编号 {case_number}。"


def short(text: str, characters: int) -> str:
    """In one line, cut off where it is longer."""
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[:characters]}…"


def answered_by(due: datetime) -> str:
    """What we promise, said the same way everywhere."""
    return f"最迟 {day(due)}答复，会发到这里。"


def answered_at(due: datetime, now: datetime) -> str:
    """The same to the minute, where office hours count."""
    return f"最迟 {spoken(due, now)} 答复，会发到这里。"


LEAVE = go("我要留言", "feedback.leave")
MINE = go("我的留言", "feedback.mine")
COMPLAIN = go("投诉建议", "complaints.file")
MY_COMPLAINTS = go("我的投诉", "complaints.mine")
DESK = go("人工服务", "desk.open")
LEGAL_AID = go("法律咨询", "legal_aid.intake")
MY_CONSULTATIONS = go("我的咨询", "legal_aid.mine")
APPLY_FOR_AID = go("申请法律援助", "legal_aid.apply")
MY_AID = go("我的援助申请", "legal_aid.applications")
COUNSELLING = go("心理疏导", "counselling.intake")
HEALTH = go("健康咨询", "health.intake")
APPOINT = go("预约", "appointments.book")
MY_APPOINTMENTS = go("我的预约", "appointments.mine")
MY_CARE = go("我的疏导和健康咨询", "care.mine")
HELP = go("使用帮助", "help.show")
SAFETY = go("安全用电", "power_safety.topics")
LAW = go("劳动权益", "labour_law.topics")
TODAY = go("每日一条", "power_safety.tip_of_the_day")
HOTLINES = go("服务电话", "hotlines.show")
ACTIVITIES = go("近期活动", "activities.list")
MY_SIGN_UPS = go("我的报名", "activities.mine")
JOIN = go("入会申请", "joining.apply")
MY_APPLICATION = go("我的申请", "joining.mine")
CHANGE_PHONE = go("换手机号", "membership.change_phone")
BIND = go("会员绑定", "membership.bind")
PRIVACY = go("我的隐私", "privacy.show")
UNBIND = go("解除绑定", "membership.unbind")
BIND_ACCOUNT = go("绑定户号", "accounts.bind")
MY_ACCOUNTS = go("我的户号", "accounts.show")


def kept(number: str) -> str:
    """What becomes of words to a complaint that was replied to, and opened again lately."""
    return (
        f"已记到 {number}，工会会看，看过再办结。这件 30 天内已经重新办理过一次，这次不再重新办理。"
        "还有不同意见，请打 12351 问上级工会。"
    )
