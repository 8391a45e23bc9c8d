"""Comments (留言) under articles that were published or sent (section 11.5).

An article is named by the `msg_data_id` of its receipt and its place there, which counts from 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank, refuse_unless
from app.wechat.api.transport import Call

MOST_AT_ONCE: Final = 49
_GONE: Final = frozenset({88004, 88008})  # deleted by its writer, or by a first attempt


class CommentKind(IntEnum):
    ALL = 0
    ORDINARY = 1
    ELECTED = 2


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote; others see it once it is elected."""

    comment_id: int
    openid: str = field(repr=False)
    text: str = field(repr=False)
    created_at: int  # unix seconds
    elected: bool
    reply: str = field(default="", repr=False)
    replied_at: int = 0


@dataclass(frozen=True, slots=True)
class CommentPage:
    comments: tuple[Comment, ...]
    total: int


class CommentsApi:
    """Every call needs the right to have comments, else `NotAllowed` (88000).

    `OurMistake`: no such article (88001) or comment (88008), or its writer has deleted it (88004).
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def open(self, msg_data_id: int, index: int = 0) -> None:
        await self._post("open", msg_data_id, index, safe=True)

    async def close(self, msg_data_id: int, index: int = 0) -> None:
        await self._post("close", msg_data_id, index, safe=True)

    async def list(
        self,
        msg_data_id: int,
        index: int = 0,
        *,
        begin: int = 0,
        count: int = MOST_AT_ONCE,
        kind: CommentKind = CommentKind.ALL,
    ) -> CommentPage:
        """Fewer than 50 at once."""
        refuse_unless(begin >= 0 and 1 <= count <= MOST_AT_ONCE, f"{count} comments from {begin}")
        asked = {"begin": begin, "count": count, "type": kind.value}
        answer = await self._post("list", msg_data_id, index, asked, safe=True)
        comments = tuple(_read(wire) for wire in answer.get("comment") or ())
        return CommentPage(comments, int(answer.get("total") or 0))

    async def elect(self, msg_data_id: int, comment_id: int, index: int = 0) -> None:
        """Show it to everybody; `OurMistake` (88003) when no more can be shown."""
        await self._post("markelect", msg_data_id, index, {"user_comment_id": comment_id}, safe=True)

    async def unelect(self, msg_data_id: int, comment_id: int, index: int = 0) -> None:
        await self._post("unmarkelect", msg_data_id, index, {"user_comment_id": comment_id}, safe=True)

    async def delete(self, msg_data_id: int, comment_id: int, index: int = 0) -> None:
        named = {"user_comment_id": comment_id}
        await self._post("delete", msg_data_id, index, named, safe=True, done_if_repeated=_GONE)

    async def reply(self, msg_data_id: int, comment_id: int, text: str, index: int = 0) -> None:
        """Answer once; a second time is `AlreadyDone` (88005): delete the first reply."""
        not_blank(text, "reply to a comment")
        named = {"user_comment_id": comment_id, "content": text}
        await self._post(
            "reply/add", msg_data_id, index, named, safe=True, done_if_repeated=frozenset({88005})
        )

    async def delete_reply(self, msg_data_id: int, comment_id: int, index: int = 0) -> None:
        named = {"user_comment_id": comment_id}
        await self._post("reply/delete", msg_data_id, index, named, safe=True, done_if_repeated=_GONE)

    async def _post(
        self,
        name: str,
        msg_data_id: int,
        index: int,
        more: Mapping[str, Any] | None = None,
        *,
        safe: bool = False,
        done_if_repeated: frozenset[int] = frozenset(),
    ) -> dict[str, Any]:
        refuse_unless(index >= 0, "an article's place is negative")
        body = {"msg_data_id": msg_data_id, "index": index, **(more or {})}
        call = Call(
            f"/cgi-bin/comment/{name}", "POST", body=body, safe=safe, done_if_repeated=done_if_repeated
        )
        return await self._caller.ask(call)


def _read(wire: Mapping[str, Any]) -> Comment:
    reply = wire.get("reply") or {}
    return Comment(
        comment_id=int(wire.get("user_comment_id") or 0),
        openid=str(wire.get("openid") or ""),
        text=str(wire.get("content") or ""),
        created_at=int(wire.get("create_time") or 0),
        elected=str(wire.get("comment_type")) == "1",
        reply=str(reply.get("content") or ""),
        replied_at=int(reply.get("create_time") or 0),
    )
