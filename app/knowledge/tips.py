"""One power-safety tip and the answer a person reads in chat.

Not here: reading tips from files (`files.py`) and finding the right one (`search.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
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


def answer_text(tip: Tip) -> str:
    """The whole answer for chat: number (where life is at risk), first action, never, steps, source.

    A person in danger may read two lines and no more, so those two lines are enough to act on.
    """
    calls = "、".join(f"{number}（{CALLS[number]}）" for number in tip.call)
    opening = f"有危险先打电话：{calls}" if tip.danger else f"【{tip.title}】"
    steps_title = f"【{tip.title}】接着这样做：" if tip.danger else "接着这样做："
    never = "\n".join(f"· {line}" for line in tip.never)
    return "\n".join(
        [
            opening,
            f"先做：{tip.first}",
            "",
            never,
            "",
            steps_title,
            _plain(tip.body),
            "",
            f"来源：{tip.source}",
            f"求助电话：{calls}",
        ]
    )


def _plain(markdown: str) -> str:
    """Chat shows no Markdown: bold marks go, headings become lines, bullets become dots."""
    text = _BOLD.sub(r"\1", markdown.strip())
    return _LINE_START.sub(lambda m: "" if m.group().startswith("#") else "· ", text)
