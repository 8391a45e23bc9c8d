"""Answering people's own words: what the search found as a reply, and what cannot be searched."""

import re
from collections.abc import Sequence

from app.dialogue.answers import folded
from app.dialogue.chat import Chat
from app.knowledge import Choices, Entry, Hit, LawAnswer, Signpost
from app.knowledge.rumours import is_asking
from app.services import crisis, talks
from app.services.library import Library
from app.services.questions import Unanswered
from app.wechat.replies import Nothing, Reply, Text
from handlers import browsing, clarifications, lines

_STAFF = f"要让工作人员看到，请点 {lines.LEAVE}；急事请打 95598，24 小时有人接听。"

OFFERED = 3  # cases under way, at most

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
        lines.LAW,
        lines.LEAVE,
        lines.DESK,
        lines.HELP,
    )
)


async def answer(chat: Chat, library: Library, unanswered: Unanswered, public_url: str = "") -> Reply:
    """The answer to what was sent, up to three to choose from, or ways on. A miss is counted."""
    if not chat.text:
        said = UNREADABLE.get(chat.incoming.kind, OTHERWISE)
        return Text("\n".join([said, *await _under_way(chat)]))
    return await of_words(chat, library, unanswered, chat.text, public_url)


async def of_words(
    chat: Chat, library: Library, unanswered: Unanswered, text: str, public_url: str = ""
) -> Reply:
    """The same for a text, whoever brought it here. What is known of a rumour comes before all else."""
    word = folded(text)
    if word in NODS or word in VAGUE or _is_wordless(text):
        return Text(NOD if word in NODS else WORDLESS)
    danger = crisis.watch(text)
    if danger is not None and danger.alert:
        return Nothing()  # the engine's lines stand alone: no search, no small talk after them
    found = _answered(library, text, "" if danger is None else danger.lines, public_url)
    if found is not None:
        return Text(found)
    under_way = await _under_way(chat)
    chat.once_stored(lambda: unanswered.note(text, chat.at))
    return Text("\n".join([*_unheard_of(text), MISS, *under_way]))


def _answered(library: Library, text: str, opened: str, public_url: str) -> str | None:
    """What we know of it; nothing where we know nothing."""
    if (heard := library.rumours.find(text)) is not None:
        return clarifications.in_words(heard, public_url)
    match library.index.search(text):
        case Hit(entry, also):
            return "\n".join([in_words(entry, opened=opened), *_besides(also)])
        case Choices(entries):
            return "\n".join([*_unheard_of(text), _which(entries, warned=bool(opened))])
    return None


def _unheard_of(text: str) -> list[str]:
    """Of a rumour that nobody has looked into: where to bring it."""
    return [clarifications.UNKNOWN] if is_asking(text) else []


async def _under_way(chat: Chat) -> list[str]:
    """What has no answer may belong to a case of the person's that is under way."""
    found = await talks.list_unfinished(chat.session, chat.person.person_id, OFFERED)
    return [lines.go(f"补充到 {each.number}", "talk.add", number=each.number) for each in found]


def in_words(entry: Entry, *, opened: str = "") -> str:
    """The whole answer and its ways on; `opened` is what already stands above it."""
    return "\n".join([entry.in_chat(opened=opened), *_ways_on(entry)])


def _ways_on(entry: Entry) -> list[str]:
    """Lines to tap that belong to the answer itself."""
    match entry:
        case LawAnswer():
            return [lines.LEGAL_AID]
        case Signpost():
            return [lines.go(label, handler) for label, handler in entry.go]
    return []


def opened(chat: Chat) -> str:
    """What the engine puts above the answer to a text about danger."""
    danger = crisis.watch(chat.text)
    return "" if danger is None else danger.lines


def _is_wordless(text: str) -> bool:
    """A smile, a question mark, a single figure: nothing to search for."""
    said = EMOTICON.sub("", text)
    return not any(char.isalpha() for char in said) and sum(char.isdigit() for char in said) < 3


def _which(entries: Sequence[Entry], *, warned: bool) -> str:
    """Ask back: one answer or a few may be meant."""
    opening = "您问的是不是这个？点一下就能看：" if len(entries) == 1 else "您问的是哪一种？点一下就能看："
    first = [] if warned else browsing.urgent(entries)
    return "\n".join(
        [*first, opening, *map(browsing.line, entries), f"都不是？换个说法再问，或找{lines.DESK}。"]
    )


def _besides(also: Sequence[Entry]) -> list[str]:
    """Other answers that may be meant; files leave room for them (`app.knowledge.files`)."""
    return ["不是这个？也可以看：", *map(browsing.line, also)] if also else []
