"""Refusals in the union's own words; each edge gives them its own shape.

A bug or a dead dependency is never a DomainError: let it rise and be logged.
"""

from typing import ClassVar

from pydantic_core import PydanticCustomError


class DomainError(Exception):
    """Normal business saying no. `message` is shown to the member as it is.

    `question` names the question of a flow whose answer another could replace: answers from there on
    are dropped and it is asked again. Without it the flow ends with the sentence.
    """

    status: ClassVar[int] = 409  # HTTP; read by the web edges only

    def __init__(self, message: str, *, question: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.question = question


class NotFound(DomainError):
    status = 404


class OperatorError(Exception):
    """Something an operator set or wrote that cannot work; `message` says in Chinese how to put it right."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """A mistake in an operator's file, which pydantic carries to its place; `hint` says what is right."""
    return PydanticCustomError("said", "{message}", {"message": message, "hint": hint})
