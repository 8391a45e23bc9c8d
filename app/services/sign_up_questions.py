"""What an activity asks whoever signs up: a few questions written down with it (`Activity.questions`)."""

from collections.abc import Sequence
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
