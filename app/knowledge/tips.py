"""One power-safety tip and the answer a person reads in chat.

Not here: reading tips from files (`files.py`) and finding the right one (`search.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from app.knowledge.entries import CALLS, Entry, EntryTopic
from app.knowledge.markdown import as_chat

SOURCE_LENGTH = 17  # characters: what fits beside 「来源：」

_NUMBER = re.compile(r"\d{3,}")
_BRACKETS = re.compile(r"（[^（）]*）")
_ARTICLES = re.compile(r"(?:、?第[一二三四五六七八九十百]+条)+$")


class Topic(EntryTopic):
    HOUSEHOLD = "household", "居家用电"
    CHILDREN = "children", "儿童安全"
    STORMS = "storms", "风雨雷电"
    FARMING = "farming", "农业用电"
    BUILDING = "building", "房屋与施工"
    FISHING_KITES = "fishing_kites", "钓鱼与风筝"
    EBIKES = "ebikes", "电动车"
    OUTAGES = "outages", "停电与复电"
    FIRST_AID = "first_aid", "急救"
    METERS = "meters", "电表与电费"
    SEASONS = "seasons", "季节用电"
    HOLIDAYS = "holidays", "节日与出行"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip(Entry):
    """A power-safety tip; its body holds the steps."""

    topic: Topic
    danger: bool  # life may be at risk: the answer opens with the number to call
    first: str  # the first safe action, one sentence
    never: tuple[str, ...]
    call: tuple[str, ...]  # keys of CALLS, the most urgent first
    source: str

    topics: ClassVar[type[EntryTopic]] = Topic

    @property
    def prose(self) -> Iterable[str]:
        return (self.first, *self.never, *self.body.splitlines())

    @property
    def is_urgent(self) -> bool:
        return self.danger

    def in_chat(self, *, opened: str = "") -> str:
        return answer_text(self, opened=opened)


@lru_cache(maxsize=1024)  # the same few are asked for all day
def answer_text(tip: Tip, *, opened: str = "") -> str:
    """The whole answer for chat: number (where life is at risk), first action, never, steps, source.

    A person in danger may read two lines and no more, so those two lines are enough to act on.
    `opened` is what already stands above the answer: a number in it is not said again.
    """
    said = set(_NUMBER.findall(opened))
    calls = "、".join(f"{number}（{CALLS[number]}）" for number in tip.call if number not in said)
    first = tip.danger and not opened
    lines = [
        f"有危险先打电话：{calls}" if first else f"【{tip.title}】",
        f"先做：{tip.first}",
        *(f"· {line}" for line in tip.never),
        f"【{tip.title}】接着这样做：" if first else "接着这样做：",
        as_chat(tip.body),
        f"来源：{short_source(tip.source)}",
    ]
    if calls and not first:
        lines.append(f"求助电话：{calls}")
    return "\n".join(lines)


def short_source(source: str) -> str:
    """The first source by its name, on one line of a phone; the tip's file has them whole."""
    named = _BRACKETS.sub("", source).partition("；")[0].strip()
    more = "等" if "；" in source else ""
    if len(named) > SOURCE_LENGTH:  # the article goes first, then the title of a page or standard
        named = _ARTICLES.sub("", named)
    if len(named) > SOURCE_LENGTH:
        named = named.partition("《")[0].strip() or named
    if len(named) > SOURCE_LENGTH:
        named = f"{named[: SOURCE_LENGTH - 1]}…"
    return named + more
