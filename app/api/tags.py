"""ETags: a digest of what an answer says. Who has it is told 304; who changes it may say which one he saw."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import Header, Request, Response
from pydantic import BaseModel

from app.api.problems import ApiRefusal

ASK_FIRST: Final = "public, no-cache"  # may be kept by all, but is asked after each time
_TAGGED: Final = frozenset({200, 201})

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        examples=['"4qWn1c2B6mYq2fWmXk1TzA"'],
        description="读到它时的 ETag；已经变了就不办，答 412",
    ),
]


def tag_of(said: object) -> str:
    """Of JSON values, however they are laid out."""
    plain = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(plain.encode()).hexdigest()[:32]}"'


def check(given: str | None, present: BaseModel) -> None:
    """Raises: ApiRefusal 412: the caller saw another state than the present one."""
    if given is None or given.strip() == "*":
        return
    if tag_of(present.model_dump(mode="json")) not in _tags(given):
        raise ApiRefusal(412, "changed_meanwhile", "已经变了", "内容在您查看之后有了变化，请刷新后再办。")


def tagged(request: Request, answer: Response, *, public: bool) -> Response:
    """The answer with its tag; for who has it already, only the word that it is the same.

    What is about a person is kept by no cache (`no-store`, which the service sets); a mini-program that holds
    it in its own memory saves the body all the same.
    """
    if answer.status_code not in _TAGGED or not answer.body:
        return answer
    tag = answer.headers.get("etag") or tag_of(json.loads(bytes(answer.body)))
    headers = {"ETag": tag, **({"Cache-Control": ASK_FIRST} if public else {})}
    asked = request.headers.get("if-none-match")
    if request.method == "GET" and asked and _has(asked, tag):
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


def _has(asked: str, tag: str) -> bool:
    return asked.strip() == "*" or tag.removeprefix("W/") in _tags(asked, weak=True)


def _tags(given: str, *, weak: bool = False) -> set[str]:
    return set(_each(given, weak=weak))


def _each(given: str, *, weak: bool) -> Iterator[str]:
    for part in given.split(","):
        one = part.strip()
        yield one.removeprefix("W/") if weak else one
