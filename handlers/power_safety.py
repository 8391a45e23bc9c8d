"""Power safety by chat: questions in people's own words, and tips by topic. Also the menu file's fallback."""

import re
from typing import TypeVar

from app.clock import civil_date
from app.dialogue.answers import folded
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.knowledge import Choices, Hit, Tip, Topic, answer_text
from app.services import crisis, questions
from app.services.tips import LiveTips
from app.wechat.replies import Nothing, Reply, Text, fit
from handlers import lines

PAGE = 8  # lines to tap in one reply
URGENT = "有危险先打 120、119，电路抢修 95598。"

Entry = TypeVar("Entry")

_STAFF = f"要让工作人员看到，请点 {lines.LEAVE}；急事请打 95598，24 小时有人接听。"

# What cannot be searched, by kind of message.
UNREADABLE = {
    "image": f"图片收到了，不过这里还看不懂图片。请用一句话说说情况，例如「插座冒火花」。\n{_STAFF}",
    "voice": "语音收到了，不过没有听清。请再说一次，或者打字发给我。\n" + _STAFF,
    "video": f"视频收到了，不过这里还看不懂视频。请用一句话说说情况。\n{_STAFF}",
    "location": "位置收到了。报修请打 95598，把地址告诉接线员，24 小时有人接听。\n"
    f"有用电安全的问题，直接打字问我；其他事请点 {lines.LEAVE}。",
    "link": f"链接收到了，不过这里打不开。想问什么，请用一句话说给我。\n{_STAFF}",
}
UNREADABLE["shortvideo"] = UNREADABLE["video"]
OTHERWISE = f"这类消息这里还看不懂，请用一句话说说您想问什么。\n{_STAFF}"
NOD = f"好的，有事随时发给我。\n{lines.HELP}"
NODS = {
    "好", "好的", "好吧", "好嘞", "嗯", "嗯嗯", "哦", "行", "可以", "ok",
    "知道了", "明白", "明白了", "收到", "了解",
}  # fmt: skip
WORDLESS = f"想问什么，请用一句话告诉我，例如「插座冒火花怎么办」。\n{lines.HELP}"
VAGUE = {"是", "是的", "对", "不是", "哈哈", "呵呵"}  # an answer, but no question stands open
EMOTICON = re.compile(r"\[\S{1,6}?\]|/:\S{1,8}")  # as WeChat writes its own
MISS = "\n".join(
    (
        "这个问题我还答不上来，已经记下，会补上。",
        "您可以换个说法再问，也可以：",
        lines.SAFETY,
        lines.LEAVE,
        lines.DESK,
        lines.HELP,
    )
)


def make_router(live: LiveTips) -> Router:
    router = Router("power_safety")

    @router.on("power_safety.answer", title="用电安全问答")
    async def answer(chat: Chat) -> Reply:
        if not chat.text:
            return Text(UNREADABLE.get(chat.incoming.kind, OTHERWISE))
        if folded(chat.text) in NODS:
            return Text(NOD)
        if _is_wordless(chat.text):
            return Text(WORDLESS)
        danger = crisis.watch(chat.text)
        if danger is not None and danger.alert:
            return Nothing()  # the engine's lines stand alone: no search, no small talk after them
        match live.index.search(chat.text):
            case Hit(tip):
                return Text(answer_text(tip, opened="" if danger is None else danger.lines))
            case Choices(tips):
                return Text(_which(tips, warned=danger is not None))
        await questions.log_miss(chat.session, chat.text, chat.at)
        return Text(MISS)

    @router.on("power_safety.show", title="看一条用电安全知识", args=("tip",))
    async def show(chat: Chat) -> Reply:
        tip = live.find(chat.args.get("tip", ""))
        if tip is None:
            return Text(f"这一条已经调整。看看别的：{lines.SAFETY}")
        return Text(answer_text(tip, opened=_opened(chat)))

    @router.on("power_safety.topics", title="安全用电", args=("topic", "after_topic", "after_tip"))
    async def topics(chat: Chat) -> Reply:
        """Topics, or the tips of one. A next page says what stood last on the one before."""
        used = {topic.value: topic for topic in live.list_topics()}
        last = live.find(chat.args.get("after_tip", ""))
        if last is not None:
            return Text(_tips(live, last.topic, after=last))
        if chat.args.get("topic") in used:
            return Text(_tips(live, used[chat.args["topic"]]))
        return Text(_topics(live, after=used.get(chat.args.get("after_topic", ""))))

    @router.on("power_safety.tip_of_the_day", title="每日一条")
    async def tip_of_the_day(chat: Chat) -> Reply:
        tip = live.of_the_day(civil_date(chat.at))
        if tip is None:
            return Text(f"今天还没有提示。看看服务电话：{lines.HOTLINES}")
        never = "\n".join(f"· {line}" for line in tip.never)
        whole = lines.go("看完整做法", "power_safety.show", tip=tip.id)
        return Text(fit(f"今日安全提示：{tip.title}\n先做：{tip.first}\n{never}\n{whole}　{lines.SAFETY}"))

    return router


def _is_wordless(text: str) -> bool:
    """A smile, a question mark, a single figure: nothing to search for."""
    if folded(text) in VAGUE:
        return True
    said = EMOTICON.sub("", text)
    return not any(char.isalpha() for char in said) and sum(char.isdigit() for char in said) < 3


def _opened(chat: Chat) -> str:
    """What the engine puts above the answer to a text about danger."""
    danger = crisis.watch(chat.text)
    return "" if danger is None else danger.lines


def _which(tips: tuple[Tip, ...], *, warned: bool) -> str:
    """Ask back: one tip or a few may be meant."""
    opening = "您问的是不是这个？点一下就能看：" if len(tips) == 1 else "您问的是哪一种？点一下就能看："
    choices = [_line(tip) for tip in tips]
    first = [URGENT] if any(tip.danger for tip in tips) and not warned else []
    return "\n".join([*first, opening, *choices, f"都不是？换个说法再问，或找{lines.DESK}。"])


def _topics(live: LiveTips, after: Topic | None) -> str:
    topics, more = _page(live.list_topics(), after)
    if not topics:
        return f"安全用电的内容正在准备。急事请看{lines.HOTLINES}。"
    shown = [lines.go(topic.label, "power_safety.topics", topic=topic.value) for topic in topics]
    if more:
        shown.append(lines.go("更多", "power_safety.topics", after_topic=topics[-1].value))
    return "\n".join(["想看哪一类？也可以直接把问题发给我。", *shown])


def _tips(live: LiveTips, topic: Topic, after: Tip | None = None) -> str:
    tips, more = _page(live.list_of(topic), after)
    urgent = [URGENT] if any(tip.danger for tip in tips) else []
    shown = [_line(tip) for tip in tips]
    if more:
        shown.append(lines.go("更多", "power_safety.topics", after_tip=tips[-1].id))
    heading = f"【{topic.label}】点一下看做法："
    return "\n".join([*urgent, heading, *shown, lines.go("全部分类", "power_safety.topics")])


def _line(tip: Tip) -> str:
    return lines.go(tip.title, "power_safety.show", tip=tip.id)


def _page(entries: list[Entry], after: Entry | None) -> tuple[list[Entry], bool]:
    """The entries that follow `after`, at most a page of them, and whether there are more."""
    start = entries.index(after) + 1 if after in entries else 0
    start = start if start < len(entries) else 0  # after the last one comes the first
    return entries[start : start + PAGE], start + PAGE < len(entries)
