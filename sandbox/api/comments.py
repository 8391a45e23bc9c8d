"""Comments under articles as the service calls them (section 11.5)."""

from typing import Any

from sandbox import rights
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.articles import comments
from sandbox.store import Row


def _article(call: Call) -> tuple[dict[str, Any], Row]:
    """The body, and the article it names.

    Raises:
        ApiError: 88000 the account has no comments; as `comments.of_call`.
    """
    rights.require(call.world, rights.COMMENTS)
    body = call.json()
    return body, comments.of_call(call.world, body)


def _comment(call: Call) -> tuple[dict[str, Any], Row]:
    body, article = _article(call)
    return body, comments.require(call.world, article, body.get("user_comment_id"))


@endpoint("/cgi-bin/comment/open")
async def open_(call: Call) -> Answer:
    comments.set_open(call.world, _article(call)[1], True)
    return OK


@endpoint("/cgi-bin/comment/close")
async def close(call: Call) -> Answer:
    comments.set_open(call.world, _article(call)[1], False)
    return OK


@endpoint("/cgi-bin/comment/list")
async def listed(call: Call) -> Answer:
    body, article = _article(call)
    total, rows = comments.listed(call.world, article, body)
    return {**OK, "total": total, "comment": [_told(row) for row in rows]}


@endpoint("/cgi-bin/comment/markelect")
async def elect(call: Call) -> Answer:
    comments.elect(call.world, _comment(call)[1], True)
    return OK


@endpoint("/cgi-bin/comment/unmarkelect")
async def unelect(call: Call) -> Answer:
    comments.elect(call.world, _comment(call)[1], False)
    return OK


@endpoint("/cgi-bin/comment/delete")
async def delete(call: Call) -> Answer:
    comments.delete(call.world, _comment(call)[1])
    return OK


@endpoint("/cgi-bin/comment/reply/add")
async def reply(call: Call) -> Answer:
    body, row = _comment(call)
    comments.reply(call.world, row, string(body, "content"))
    return OK


@endpoint("/cgi-bin/comment/reply/delete")
async def delete_reply(call: Call) -> Answer:
    comments.delete_reply(call.world, _comment(call)[1])
    return OK


def _told(row: Row) -> dict[str, Any]:
    shown = {
        "user_comment_id": row["id"],
        "openid": row["openid"],
        "create_time": row["at"],
        "content": row["content"],
        "comment_type": int(row["elected"]),
    }
    if row["reply"]:
        shown["reply"] = {"content": row["reply"], "create_time": row["reply_at"]}
    return shown
