"""What an activity asks whoever signs up: a few questions written down with it (`Activity.questions`)."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from app.errors import DomainError
from models import Activity

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Option = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


ANSWER_LENGTH = 200  # characters of an answer in words
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{9,11}")


class BadAnswer(DomainError):
    status = 422


class QuestionKind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    PHONE = "phone"


class Question(BaseModel):
    """One question; `key` names its answer in `SignUp.answers`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    prompt: Line
    kind: QuestionKind = QuestionKind.TEXT
    options: tuple[Option, ...] = Field((), max_length=20)
    required: bool = True

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if (self.kind is QuestionKind.CHOICE) != (len(set(self.options)) >= 2):
            raise ValueError("只有选择题有选项，至少两个，不重复")
        return self


_QUESTIONS = TypeAdapter(tuple[Question, ...])


def questions_of(activity: Activity) -> Sequence[Question]:
    return _QUESTIONS.validate_python(activity.questions)


def answered(activity: Activity, given: Mapping[str, str]) -> dict[str, str]:
    """What a form brought, as it is stored. Raises: BadAnswer."""
    questions = questions_of(activity)
    if unknown := set(given) - {question.key for question in questions}:
        raise BadAnswer(f"「{activity.title}」没有问 {'、'.join(sorted(unknown))[:60]}。")
    found = {question.key: given.get(question.key, "").strip() for question in questions}
    for question in questions:
        _check(question, found[question.key])
    return {key: answer for key, answer in found.items() if answer}


def _check(question: Question, answer: str) -> None:
    prompt = question.prompt.rstrip("？?：:")
    if not answer:
        if question.required:
            raise BadAnswer(f"「{prompt}」要填写。")
    elif question.kind is QuestionKind.CHOICE and answer not in question.options:
        raise BadAnswer(f"「{prompt}」请从这几项里选：{'、'.join(question.options)}。")
    elif question.kind is QuestionKind.PHONE and not _PHONE.fullmatch(answer):
        raise BadAnswer(f"「{prompt}」应为 11 位手机号，或带区号的座机，只写数字。")
    elif len(answer) > ANSWER_LENGTH:
        raise BadAnswer(f"「{prompt}」最多 {ANSWER_LENGTH} 个字。")


def checked(questions: object) -> list[dict[str, object]]:
    """What staff wrote, as it is stored. Raises: DomainError."""
    try:
        found = _QUESTIONS.validate_python(questions)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DomainError(f"报名问题有误（{where}）：{first['msg']}") from None
    if len({question.key for question in found}) < len(found):
        raise DomainError("报名问题有误：同一个 key 用了两次。")
    return [question.model_dump(mode="json") for question in found]
