"""What the head of a content file may say: one pydantic model for each kind of answer.

Not here: reading files and finding line numbers (`app.content_files`).
"""

import re
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.knowledge.entries import CALLS, Entry
from app.knowledge.laws import LawAnswer
from app.knowledge.signposts import Signpost
from app.knowledge.tips import Tip

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CITED = re.compile(r"《.+》")
_UNFINISHED = ("待核", "待定", "待审")


def _forbids(value: str) -> str:
    if not value.startswith("不要"):
        raise ValueError(f"每条应以「不要」开头，「{value}」不是")
    return value


def _is_known(number: str) -> str:
    if number not in CALLS:
        raise ValueError(f"电话 {number} 不在名单里，可写：{'、'.join(CALLS)}")
    return number


def _cites(value: str) -> str:
    if not _CITED.search(value):
        raise ValueError(f"每条应写出《名称》，法律写到条，例如《劳动合同法》第三十六条，「{value}」不是")
    return value


def _leads(value: dict[str, str]) -> dict[str, str]:
    if len(value) != 1:
        raise ValueError("每条写一个「名称: 功能」，例如「我的报名: activities.mine」")
    return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=40)]
Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=160)]
Prohibition = Annotated[Line, AfterValidator(_forbids)]
Number = Annotated[str, AfterValidator(_is_known)]
Cited = Annotated[Line, AfterValidator(_cites)]
Way = Annotated[dict[str, str], AfterValidator(_leads)]


class Head(BaseModel):
    """What every head has. Unknown fields are mistakes: a typing slip must not lose a warning."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=30)]
    topic: str
    ask: list[Question] = Field(min_length=4, max_length=30)
    reviewer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=40)]
    reviewed_on: date
    next_review_on: date

    makes: ClassVar[type[Entry]]

    @field_validator("id")
    @classmethod
    def _is_a_slug(cls, value: str) -> str:
        if not _SLUG.fullmatch(value):
            raise ValueError("只能用小写字母、数字和短横线，例如 socket-sparks")
        return value

    @field_validator("topic")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        known = [topic.value for topic in cls.makes.topics]
        if value not in known:
            raise ValueError(f"没有「{value}」这个类别，可写：{'、'.join(known)}")
        return value

    @field_validator("ask")
    @classmethod
    def _asks_once(cls, value: list[str]) -> list[str]:
        twice = sorted({question for question in value if value.count(question) > 1})
        if twice:
            raise ValueError(f"「{twice[0]}」写了两遍")
        return value

    @field_validator("reviewer")
    @classmethod
    def _is_settled(cls, value: str) -> str:
        if any(word in value for word in _UNFINISHED):
            raise ValueError("请写负责审核的部门，不能写待核、待定")
        return value

    @model_validator(mode="after")
    def _is_reviewed_yearly(self) -> "Head":
        if self.next_review_on != a_year_after(self.reviewed_on):
            raise ValueError(f"next_review_on 应是 12 个月后，即 {a_year_after(self.reviewed_on)}")
        return self

    def entry(self, body: str) -> Entry:
        """The answer this head and `body` make."""
        told: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        values = {name: _settled(value) for name, value in told.items()}
        return self.makes(**values | {"topic": self.makes.topics(self.topic), "body": body})


class TipHead(Head):
    danger: bool
    first: Line
    never: list[Prohibition] = Field(min_length=1, max_length=5)
    call: list[Number] = Field(min_length=1, max_length=4)
    source: Source

    makes = Tip

    @field_validator("first")
    @classmethod
    def _is_one_sentence(cls, value: str) -> str:
        if not value.endswith("。") or value.count("。") > 1:
            raise ValueError("应是一句话，以句号结尾")
        return value


class LawHead(Head):
    short: Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=160)]
    law: list[Cited] = Field(min_length=1, max_length=6)
    do_not: list[Prohibition] = Field(default=[], max_length=5)
    call: list[Number] = Field(min_length=1, max_length=4)
    source: Source

    makes = LawAnswer


class SignpostHead(Head):
    go: list[Way] = Field(min_length=1, max_length=4)

    makes = Signpost


def _settled(value: Any) -> Any:
    """An answer never changes: lists become tuples, an operator's 「label: handler」 a pair."""
    if isinstance(value, dict):
        return next(iter(value.items()))
    return tuple(map(_settled, value)) if isinstance(value, list) else value


def a_year_after(day: date) -> date:
    """The same day next year; 29 February gives 28 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
