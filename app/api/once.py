"""A POST with a key is done once: `WriteOnce` is its writing session, `keep` what the route does at the end.

Neither shows in the route itself. The row of the key belongs to the transaction of the route; a refusal that
is raised takes it back with everything else, one that is answered takes it back here.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.gate import Caller
from app.dependencies import Now, WriteSession
from app.services import kept_answers
from app.services.kept_answers import Answer, Call

REPLAYED: Final = "Idempotency-Replayed"
_HEADERS: Final = ("content-type", "etag", "location")  # that matter to who asks again

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        examples=["b1f6c0f2-6a0e-4c3e-9c55-0d6f3a1e7a10"],
        description="客户端自己生成的随机串；同一次操作重发时用同一个，24 小时内只办一次",
    ),
]


class AnsweredBefore(Exception):
    """Not done again: `answer` is what was said then."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Begun:
    session: AsyncSession
    row_id: int


async def once(request: Request, caller: Caller, key: Key, session: WriteSession, now: Now) -> AsyncSession:
    call = Call(
        follower_id=caller.known.follower_id,
        route=f"{request.method} {request.scope['route'].path}",
        key=key,
        target=f"{request.url.path}?{request.url.query}",
        body=await request.body(),
    )
    begun = await kept_answers.begin(session, call, now)
    if isinstance(begun, Answer):
        raise AnsweredBefore(begun)
    request.state.begun = _Begun(session, begun)
    return session


WriteOnce = Annotated[AsyncSession, Depends(once)]
"""A writing session whose answer is kept under the caller's key."""


async def keep(request: Request, answer: Response) -> None:
    """The last thing written in the route's transaction."""
    begun: _Begun | None = getattr(request.state, "begun", None)
    if begun is None:
        return
    if answer.status_code >= 400:
        await kept_answers.drop(begun.session, begun.row_id)
        return
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    body = bytes(answer.body).decode()
    await kept_answers.keep(begun.session, begun.row_id, Answer(answer.status_code, headers, body))


def again(request: Request, error: Exception) -> Response:
    """The answer of then."""
    assert isinstance(error, AnsweredBefore)
    kept = error.answer
    return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})
