"""What every answer we ship has, whichever kind it is: the search and the tables need no more.

Not here: the kinds themselves (`tips.py`, `laws.py`, `signposts.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self

from app.knowledge.markdown import as_chat

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
    "12351": "工会职工热线",
    "12333": "人社热线",
    "12348": "免费法律热线",
}
"""The numbers an answer may name, and how it explains each."""


class EntryTopic(StrEnum):
    """A heading that answers of one kind stand under, each its value and how people read it."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An answer as people get it. `ask` holds question forms in people's own words."""

    id: str
    title: str
    topic: EntryTopic
    ask: tuple[str, ...]
    body: str  # short Markdown
    reviewer: str  # the office that answers for the text
    reviewed_on: date
    next_review_on: date

    topics: ClassVar[type[EntryTopic]]

    @property
    def prose(self) -> Iterable[str]:
        """Our own words in the answer: the search weighs them less than people's questions."""
        return self.body.splitlines()

    @property
    def is_urgent(self) -> bool:
        """Whether the answer opens with a number to call, since life may be at risk."""
        return False

    def in_chat(self, *, opened: str = "") -> str:
        """The whole answer as a text message; `opened` is what already stands above it."""
        return as_chat(self.body)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal entry back."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The entry `to_dict` was made from.

        Raises:
            KeyError: a field is missing.
            ValueError: a topic or date is not one.
        """
        values = {field.name: _restored(data[field.name]) for field in fields(cls)}
        values["topic"] = cls.topics(data["topic"])
        for name in ("reviewed_on", "next_review_on"):
            values[name] = date.fromisoformat(data[name])
        return cls(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _restored(value: Any) -> Any:
    return tuple(_restored(each) for each in value) if isinstance(value, list) else value
