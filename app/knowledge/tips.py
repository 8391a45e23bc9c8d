"""One power-safety tip and the answer a person reads in chat.

Not here: reading tips from files (`files.py`) and finding the right one (`search.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

ANSWER_BYTES = 2048
"""WeChat refuses a longer passive text; the answer is measured in UTF-8."""

CALLS: dict[str, str] = {
    "120": "急救",
    "119": "火警",
    "110": "报警",
    "122": "交通事故",
    "95598": "供电抢修，24 小时",
    "12398": "能源监管热线",
    "12345": "政务服务热线",
}
"""The numbers a tip may name, and how the answer explains each."""

SOURCE_LENGTH = 17  # characters: what fits beside 「来源：」

_NUMBER = re.compile(r"\d{3,}")
_BRACKETS = re.compile(r"（[^（）]*）")
_ARTICLES = re.compile(r"(?:、?第[一二三四五六七八九十百]+条)+$")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINE_START = re.compile(r"^(?:#+\s*|[-*]\s+)", re.MULTILINE)


class Topic(StrEnum):
    HOUSEHOLD = "household"
    CHILDREN = "children"
    STORMS = "storms"
    FARMING = "farming"
    BUILDING = "building"
    FISHING_KITES = "fishing_kites"
    EBIKES = "ebikes"
    OUTAGES = "outages"
    FIRST_AID = "first_aid"
    METERS = "meters"
    SEASONS = "seasons"
    HOLIDAYS = "holidays"

    @property
    def label(self) -> str:
        return _TOPIC_LABELS[self]


_TOPIC_LABELS = {
    Topic.HOUSEHOLD: "居家用电",
    Topic.CHILDREN: "儿童安全",
    Topic.STORMS: "风雨雷电",
    Topic.FARMING: "农业用电",
    Topic.BUILDING: "房屋与施工",
    Topic.FISHING_KITES: "钓鱼与风筝",
    Topic.EBIKES: "电动车",
    Topic.OUTAGES: "停电与复电",
    Topic.FIRST_AID: "急救",
    Topic.METERS: "电表与电费",
    Topic.SEASONS: "季节用电",
    Topic.HOLIDAYS: "节日与出行",
}


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip as people get it. `ask` holds question forms in people's own words."""

    id: str
    title: str
    topic: Topic
    ask: tuple[str, ...]
    danger: bool  # life may be at risk: the answer opens with the number to call
    first: str  # the first safe action, one sentence
    never: tuple[str, ...]
    call: tuple[str, ...]  # keys of CALLS, the most urgent first
    body: str  # short Markdown: the steps
    source: str
    reviewer: str  # the office that answers for the text
    reviewed_on: date
    next_review_on: date

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal tip back."""
        return {
            "id": self.id,
            "title": self.title,
            "topic": self.topic.value,
            "ask": list(self.ask),
            "danger": self.danger,
            "first": self.first,
            "never": list(self.never),
            "call": list(self.call),
            "body": self.body,
            "source": self.source,
            "reviewer": self.reviewer,
            "reviewed_on": self.reviewed_on.isoformat(),
            "next_review_on": self.next_review_on.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The tip `to_dict` was made from.

        Raises:
            KeyError: a field is missing.
            ValueError: a topic or date is not one.
        """
        return cls(
            id=data["id"],
            title=data["title"],
            topic=Topic(data["topic"]),
            ask=tuple(data["ask"]),
            danger=data["danger"],
            first=data["first"],
            never=tuple(data["never"]),
            call=tuple(data["call"]),
            body=data["body"],
            source=data["source"],
            reviewer=data["reviewer"],
            reviewed_on=date.fromisoformat(data["reviewed_on"]),
            next_review_on=date.fromisoformat(data["next_review_on"]),
        )


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
        _plain(tip.body),
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


def _plain(markdown: str) -> str:
    """Chat shows no Markdown: bold marks go, headings become lines, bullets become dots."""
    text = _BOLD.sub(r"\1", markdown.strip())
    return _LINE_START.sub(lambda m: "" if m.group().startswith("#") else "· ", text)
