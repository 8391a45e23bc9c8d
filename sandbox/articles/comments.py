"""Comments (留言) of people under articles, which the account elects and answers (section 11.5)."""

from typing import Any

from sandbox import publications
from sandbox.articles import readings
from sandbox.errors import ApiError, NotPossible
from sandbox.notices.rules import SENSITIVE
from sandbox.store import Row
from sandbox.world import World

LONGEST = 600  # characters of a comment, and of a reply; our own number
MOST_ELECTED = 100  # of one article; our own number
MOST_AT_ONCE = 49
ALL, ORDINARY, ELECTED = 0, 1, 2


def of_call(world: World, body: dict[str, Any]) -> Row:
    """The article a call means by `msg_data_id` and `index`, which counts from 0.

    Raises:
        ApiError: 88001 there is none, or it was deleted; 88002 it was banned.
    """
    data_id, index = body.get("msg_data_id"), body.get("index", 0)
    known = str(data_id).isdecimal() and len(str(data_id)) < 19 and isinstance(index, int) and index >= 0
    article = publications.by_place(world, int(str(data_id)), index + 1) if known else None
    if article is None or article["item"]["is_deleted"]:
        raise ApiError(88001, "msg_data is not exists", "没有这篇文章")
    if article["banned"]:
        raise ApiError(88002, "the article is limit for safety", "这篇文章被平台封禁")
    return article


def set_open(world: World, article: Row, value: bool) -> None:
    world.db.run("update article set comments = ? where key = ?", int(value), article["key"])


def write(world: World, article: Row, person: Row, text: str) -> int:
    """A person's comment; nobody else sees it until it is elected. Returns its user_comment_id.

    Raises:
        NotPossible: comments are closed, or only for followers; nothing or too much was written.
    """
    text = text.strip()
    gone = readings.why_gone(article) or why_closed(article, person)
    if gone:
        raise NotPossible(f"{gone}。")
    if not 1 <= len(text) <= LONGEST:
        raise NotPossible(f"留言应有 1 至 {LONGEST} 字。", 400)
    return world.db.run(
        "insert into comment (key, openid, content, at) values (?, ?, ?, ?)",
        article["key"],
        person["openid"],
        text,
        int(world.now()),
    )


def why_closed(article: Row, person: Row) -> str:
    """Why this person can write nothing here; empty when they can."""
    if not article["comments"]:
        return "这篇文章没有开放留言"
    return "只有关注公众号的人可以留言" if article["fans_only"] and not person["following"] else ""


def take_back(world: World, article: Row, person: Row, comment_id: int) -> None:
    """The person deletes their own; the account can do nothing with it any more."""
    changed = world.db.changed(
        "update comment set taken_back = 1 where id = ? and key = ? and openid = ? and not taken_back",
        comment_id,
        article["key"],
        person["openid"],
    )
    if not changed:
        raise NotPossible("没有这条留言。", 404)


def shown_to(world: World, key: str, openid: str) -> list[Row]:
    """What the page shows a person: what is elected, and their own; with names."""
    return world.db.all(
        "select comment.*, name from comment join person using (openid) "
        "where key = ? and not taken_back and (elected or openid = ?) order by elected desc, comment.id desc",
        key,
        openid,
    )


def count(world: World, key: str) -> int:
    return world.db.count("select count(*) from comment where key = ? and not taken_back", key)


def listed(world: World, article: Row, body: dict[str, Any]) -> tuple[int, list[Row]]:
    """How many there are of the kind asked for, and a page of them, newest first.

    Raises:
        ApiError: 88010 begin or count out of range; 40097 no such type.
    """
    first, most, kind = body.get("begin"), body.get("count"), body.get("type", ALL)
    if type(first) is not int or first < 0 or type(most) is not int or not 1 <= most <= MOST_AT_ONCE:
        raise ApiError(88010, "count range error", f"begin 不小于 0，count 为 1 至 {MOST_AT_ONCE}")
    if kind not in (ALL, ORDINARY, ELECTED):
        raise ApiError(40097, "invalid args", "type 应为 0、1 或 2")
    rows = world.db.all(
        "select * from comment where key = ? and not taken_back order by id desc", article["key"]
    )
    wanted = [row for row in rows if kind == ALL or bool(row["elected"]) == (kind == ELECTED)]
    return len(wanted), wanted[first : first + most]


def require(world: World, article: Row, comment_id: object) -> Row:
    """
    Raises:
        ApiError: 88008 there is no such comment of this article, 88004 its writer deleted it.
    """
    known = type(comment_id) is int
    row = known and world.db.find(
        "select * from comment where id = ? and key = ?", comment_id, article["key"]
    )
    if not row:
        raise ApiError(88008, "comment is not exists", "没有这条留言")
    if row["taken_back"]:
        raise ApiError(88004, "comment was deleted by user", "写的人自己删了")
    return row


def elect(world: World, row: Row, value: bool) -> None:
    """
    Raises:
        ApiError: 88003 so many are elected already.
    """
    chosen = world.db.count("select count(*) from comment where key = ? and elected", row["key"])
    if value and not row["elected"] and chosen >= MOST_ELECTED:
        raise ApiError(88003, "elected comment upper limit", f"精选留言最多 {MOST_ELECTED} 条")
    world.db.run("update comment set elected = ? where id = ?", int(value), row["id"])


def delete(world: World, row: Row) -> None:
    world.db.run("delete from comment where id = ?", row["id"])


def reply(world: World, row: Row, text: str) -> None:
    """
    Raises:
        ApiError: 88005 answered before, 88007 nothing or too much, 88002 a word that is never let through.
    """
    if row["reply"]:
        raise ApiError(88005, "already reply", "这条留言回复过了，先删除再回复")
    if not 1 <= len(text.strip()) <= LONGEST:
        raise ApiError(88007, "reply content beyond max len or content len is zero", f"1 至 {LONGEST} 字")
    if any(word in text for word in SENSITIVE):
        raise ApiError(88002, "the content is limit for safety", "回复含敏感词")
    _set_reply(world, row, text, int(world.now()))


def delete_reply(world: World, row: Row) -> None:
    """
    Raises:
        ApiError: 88008 there is none.
    """
    if not row["reply"]:
        raise ApiError(88008, "reply is not exists", "这条留言没有回复")
    _set_reply(world, row, "", 0)


def _set_reply(world: World, row: Row, text: str, at: int) -> None:
    world.db.run("update comment set reply = ?, reply_at = ? where id = ?", text, at, row["id"])
