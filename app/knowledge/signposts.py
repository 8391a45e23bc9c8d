"""Where in the account something is done: short answers to 「在哪…」「怎么…」 that end in lines to tap."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from app.knowledge.entries import Entry, EntryTopic


class Place(EntryTopic):
    ACTIVITIES = "activities", "活动报名"
    MESSAGES = "messages", "留言与答复"
    PEOPLE = "people", "找人和电话"
    LAW = "law", "法律帮助"
    NEWS = "news", "新闻与学习"
    POWER = "power", "用电"
    ACCOUNT = "account", "这个公众号"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signpost(Entry):
    """Its body says how it goes; `go` holds the lines to tap, each a label and a handler's name."""

    topic: Place
    go: tuple[tuple[str, str], ...]

    topics: ClassVar[type[EntryTopic]] = Place

    @property
    def prose(self) -> Iterable[str]:
        return (*self.body.splitlines(), *(label for label, _ in self.go))
