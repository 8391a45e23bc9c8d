"""Questions about an activity that is over: stars, a choice, or words. No telephone: nobody is known."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.errors import DomainError
from app.services.rating_notices import SCORES
from app.services.sign_up_questions import BadAnswer, Line, Option

MOST: Final = 6
LONGEST: Final = 300  # characters of an answer in words
_PARTS: Final = re.compile(r"[、,，;；\n]+")


class FeedbackKind(StrEnum):
    STARS = "stars"
    CHOICE = "choice"
    TEXT = "text"

    @property
    def label(self) -> str:
        return {"stars": "1 到 5 分", "choice": "选一项", "text": "文字"}[self.value]


class Asked(BaseModel):
    """One question; `key` names its answer. Answers are words: of stars a digit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    prompt: Line
    kind: FeedbackKind
    options: tuple[Option, ...] = Field((), max_length=10)
    required: bool = True


_ASKED: Final = TypeAdapter(tuple[Asked, ...])
USUAL: Final[Sequence[Mapping[str, str]]] = (
    {"prompt": "这次活动办得怎么样？", "kind": "stars", "options": "", "required": "yes"},
    {"prompt": "哪里好、哪里还要改？", "kind": "text", "options": "", "required": ""},
)


def load(stored: object) -> Sequence[Asked]:
    return _ASKED.validate_python(stored)


def read(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """What a form brought, as it is stored; rows without words are none. Raises: DomainError."""
    found: list[dict[str, Any]] = []
    for number, row in enumerate(rows[:MOST], 1):
        if not row["prompt"]:
            continue
        kind = row["kind"] if row["kind"] in set(FeedbackKind) else FeedbackKind.TEXT.value
        options = list(dict.fromkeys(part.strip() for part in _PARTS.split(row["options"]) if part.strip()))
        if kind == FeedbackKind.CHOICE and not 2 <= len(options) <= 10:
            raise DomainError(f"第 {number} 个问题是选择，请写 2 到 10 个选项，用顿号分开。")
        if any(len(option) > 20 for option in options):
            raise DomainError(f"第 {number} 个问题的选项每个最多 20 个字。")
        asked = {
            "key": f"f{number}",
            "prompt": row["prompt"][:100],
            "kind": kind,
            "options": options if kind == FeedbackKind.CHOICE else [],
            "required": bool(row["required"]),
        }
        found.append(asked)
    return found


def answered(questions: Sequence[Asked], given: Mapping[str, str]) -> dict[str, str]:
    """What was answered, as it is stored. Raises: BadAnswer."""
    unknown = given.keys() - {each.key for each in questions}
    if unknown:
        raise BadAnswer(f"没有问 {'、'.join(sorted(unknown))[:60]}。")
    found = {each.key: given.get(each.key, "").strip() for each in questions}
    for each in questions:
        check(each, found[each.key])
    return {key: answer for key, answer in found.items() if answer}


def check(question: Asked, answer: str) -> None:
    """Raises: BadAnswer."""
    prompt = question.prompt.rstrip("？?：:")
    if not answer:
        if question.required:
            raise BadAnswer(f"「{prompt}」还没有答。")
    elif question.kind is FeedbackKind.STARS and answer not in map(str, SCORES):
        raise BadAnswer(f"「{prompt}」请选 1 到 5 分。")
    elif question.kind is FeedbackKind.CHOICE and answer not in question.options:
        raise BadAnswer(f"「{prompt}」请从这几项里选：{'、'.join(question.options)}。")
    elif len(answer) > LONGEST:
        raise BadAnswer(f"「{prompt}」最多 {LONGEST} 个字。")
