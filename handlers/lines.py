"""Lines to tap that run a handler; every feature's replies end with some."""

from urllib.parse import quote

from app.dialogue.routing import TAP_DO
from app.wechat.replies import choice_line


def go(label: str, handler: str, **arg: str) -> str:
    """A line reading `label`; tapped, it sends `label` and runs `handler`, with one `arg` at most.

    Two would need an ampersand, and what phones make of one inside a tapped line's id is not documented.
    """
    ((name, value),) = arg.items() or (("", ""),)
    query = f"?{name}={quote(value, safe='')}" if name else ""
    return choice_line(label, f"{TAP_DO}{handler}{query}")


LEAVE = go("我要留言", "feedback.leave")
MINE = go("我的留言", "feedback.mine")
DESK = go("人工服务", "desk.open")
HELP = go("使用帮助", "help.show")
SAFETY = go("安全用电", "power_safety.topics")
TODAY = go("每日一条", "power_safety.tip_of_the_day")
HOTLINES = go("服务电话", "hotlines.show")
