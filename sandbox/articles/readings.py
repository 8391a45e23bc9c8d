"""What people do with articles: read, like, keep, share. Every act is a row, and statistics count them."""

from sandbox import people, publications
from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World

READ, LIKE, KEEP, SHARE, SOURCE = "read", "like", "keep", "share", "source"  # source: 阅读原文
# From where a page was opened, or where it was shared to.
MESSAGE, FRIEND, TIMELINE, HOME, OTHER = "message", "friend", "timeline", "home", "other"
WAYS = (MESSAGE, FRIEND, TIMELINE, HOME, OTHER)


def note(world: World, key: str, openid: str, act: str, way: str = "") -> None:
    world.db.run(
        "insert into article_act (key, openid, act, way, at) values (?, ?, ?, ?, ?)",
        key,
        openid,
        act,
        way,
        world.now(),
    )


def undo(world: World, key: str, openid: str, act: str) -> None:
    """It stays in the figures of its day: WeChat does not count backwards either."""
    statement = "update article_act set undone = 1 where key = ? and openid = ? and act = ?"
    world.db.run(statement, key, openid, act)


def count(world: World, key: str, act: str) -> int:
    return world.db.count(
        "select count(*) from article_act where key = ? and act = ? and not undone", key, act
    )


def has(world: World, key: str, openid: str, act: str) -> bool:
    return (
        world.db.count(
            "select count(*) from article_act where key = ? and openid = ? and act = ? and not undone",
            key,
            openid,
            act,
        )
        > 0
    )


def switch(world: World, key: str, openid: str, act: str) -> bool:
    """Like or keep, or take it back; whether it is so now."""
    if has(world, key, openid, act):
        undo(world, key, openid, act)
        return False
    note(world, key, openid, act)
    return True


def at(world: World, url: str) -> Row:
    """The article an address opens.

    Raises:
        NotPossible: there is none, or not any more.
    """
    key = publications.key_of(world, url)
    row = publications.page(world, key) if key else None
    if row is None:
        raise NotPossible("这个网址不是公众号文章。", 404)
    gone = why_gone(row)
    if gone:
        raise NotPossible(f"{gone}。", 410)
    return row


def why_gone(article: Row) -> str:
    """What stands in place of an article that was taken down; empty when it was not."""
    if article["banned"]:
        return "此内容因违规无法查看"
    return "该内容已被发布者删除" if article["item"]["is_deleted"] else ""


def shared(world: World, who: str, url: str, way: str) -> None:
    """Counted when it is an article's page; of other pages nobody keeps count."""
    key = publications.key_of(world, url)
    if key:
        note(world, key, people.get(world, who)["openid"], SHARE, way)
