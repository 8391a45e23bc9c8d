"""What the head of a tip file may say, as one pydantic model.

Not here: reading files and finding line numbers (`app.content_files`).
"""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.knowledge.tips import CALLS, Tip, Topic

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_UNFINISHED = ("待核", "待定", "待审")


def _topic(value: Any) -> Any:
    known = [topic.value for topic in Topic]
    if value not in known:
        raise ValueError(f"没有「{value}」这个类别，可写：{'、'.join(known)}")
    return Topic(value)


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=40)]


class FrontMatter(BaseModel):
    """The head of one tip file. Unknown fields are mistakes: a typing slip must not lose a warning."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=30)]
    topic: Annotated[Topic, BeforeValidator(_topic)]
    ask: list[Question] = Field(min_length=4, max_length=10)
    danger: bool
    first: Line
    never: list[Line] = Field(min_length=1, max_length=5)
    call: list[str] = Field(min_length=1, max_length=4)
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=120)]
    reviewer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=40)]
    reviewed_on: date
    next_review_on: date

    @field_validator("id")
    @classmethod
    def _is_a_slug(cls, value: str) -> str:
        if not _SLUG.fullmatch(value):
            raise ValueError("只能用小写字母、数字和短横线，例如 socket-sparks")
        return value

    @field_validator("ask")
    @classmethod
    def _asks_once(cls, value: list[str]) -> list[str]:
        twice = sorted({question for question in value if value.count(question) > 1})
        if twice:
            raise ValueError(f"「{twice[0]}」写了两遍")
        return value

    @field_validator("first")
    @classmethod
    def _is_one_sentence(cls, value: str) -> str:
        if not value.endswith("。") or value.count("。") > 1:
            raise ValueError("应是一句话，以句号结尾")
        return value

    @field_validator("never")
    @classmethod
    def _forbids(cls, value: list[str]) -> list[str]:
        for line in value:
            if not line.startswith("不要"):
                raise ValueError(f"每条应以「不要」开头，「{line}」不是")
        return value

    @field_validator("call")
    @classmethod
    def _are_known_numbers(cls, value: list[str]) -> list[str]:
        for number in value:
            if number not in CALLS:
                raise ValueError(f"电话 {number} 不在名单里，可写：{'、'.join(CALLS)}")
        return value

    @field_validator("reviewer")
    @classmethod
    def _is_settled(cls, value: str) -> str:
        if any(word in value for word in _UNFINISHED):
            raise ValueError("请写负责审核的部门，不能写待核、待定")
        return value

    @model_validator(mode="after")
    def _is_reviewed_yearly(self) -> "FrontMatter":
        if self.next_review_on != a_year_after(self.reviewed_on):
            raise ValueError(f"next_review_on 应是 12 个月后，即 {a_year_after(self.reviewed_on)}")
        return self

    def tip(self, body: str) -> Tip:
        """The tip this head and `body` make."""
        return Tip(
            **{name: getattr(self, name) for name in ("id", "title", "topic", "danger", "first")},
            ask=tuple(self.ask),
            never=tuple(self.never),
            call=tuple(self.call),
            body=body,
            source=self.source,
            reviewer=self.reviewer,
            reviewed_on=self.reviewed_on,
            next_review_on=self.next_review_on,
        )


def a_year_after(day: date) -> date:
    """The same day next year; 29 February gives 28 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
