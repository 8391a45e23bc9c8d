"""Articles in figures: how many read, shared, liked and kept them, by day and way (section 11.6).

Everything is counted from what happened here. Not measured, and 0: time spent reading, how far, money,
爱心赞, and who followed because of an article.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sandbox import publications
from sandbox.articles.readings import FRIEND, HOME, KEEP, LIKE, MESSAGE, OTHER, READ, SHARE, SOURCE, TIMELINE
from sandbox.clock import day_of, span_of
from sandbox.mass import jobs
from sandbox.publications import SENT
from sandbox.store import Row
from sandbox.world import World

Figures = dict[str, Any]
EVERYWHERE = "全部"
SCENES = {
    MESSAGE: "公众号消息",
    FRIEND: "聊天会话",
    TIMELINE: "朋友圈",
    HOME: "公众号主页",
    OTHER: "其它",
}
# The numbers and names that the calls of before use.
ALL_SOURCES = 99999999
SOURCES = {MESSAGE: 0, FRIEND: 1, TIMELINE: 2, HOME: 4, OTHER: 5}
OLD_NAMES = {MESSAGE: "session", FRIEND: "friends", TIMELINE: "feed", HOME: "hist_msg", OTHER: "other"}
SHARE_SCENES = {FRIEND: 1, TIMELINE: 2}


def acts(world: World, first: date, last: date, key: str | None = None) -> list[Row]:
    """What people did in these days with all articles, or with one; each as key, openid, act, way, at."""
    return world.db.all(
        "select key, openid, act, way, at from article_act where at >= ?1 and at < ?2 "
        "and (?3 is null or key = ?3) order by id",
        span_of(first)[0],
        span_of(last)[1],
        key,
    )


def people(rows: Iterable[Row], act: str, way: str | None = None) -> int:
    return len({row["openid"] for row in rows if row["act"] == act and way in (None, row["way"])})


def times(rows: Iterable[Row], act: str, way: str | None = None) -> int:
    return sum(1 for row in rows if row["act"] == act and way in (None, row["way"]))


def by_article(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["key"], []).append(row)
    return found


def reads(rows: list[Row]) -> Figures:
    """`read_user` and where they came from; ways nobody came are left out."""
    ways = [{"user_count": people(rows, READ), "scene_desc": EVERYWHERE}]
    for way, name in SCENES.items():
        count = people(rows, READ, way)
        if count:
            ways.append({"user_count": count, "scene_desc": name})
    return {"read_user": people(rows, READ), "read_user_source": ways}


def sums(world: World, rows: list[Row], keys: Iterable[str], first: date, last: date) -> Figures:
    """What the calls of today tell of one article, or of all together."""
    return {
        **reads(rows),
        "share_user": people(rows, SHARE),
        "zaikan_user": 0,
        "like_user": people(rows, LIKE),
        "comment_count": sum(_comments(world, key, first, last) for key in keys),
        "collection_user": people(rows, KEEP),
    }


def since_published(world: World, article: Row, last: date) -> Figures:
    """An article from its day to `last`, both included."""
    first, key = day_of(article["at"]), article["key"]
    rows = acts(world, first, last, key)
    asked = target(world, article) if article["way"] == SENT else 0
    return {
        "stat_date": last.isoformat(),
        **sums(world, rows, [key], first, last),
        "praise_money": 0,
        "read_subscribe_user": 0,
        "read_delivery_rate": round(people(rows, READ, MESSAGE) / asked, 6) if asked else 0,
        "read_finish_rate": 0,
        "read_avg_activetime": 0,
        "read_jump_position": [],
    }


def target(world: World, article: Row) -> int:
    """To how many people it was sent."""
    return jobs.reached(world, article["msg_data_id"])


def as_before(rows: list[Row], way: str | None = None) -> Figures:
    """What the calls of before tell: people and times; sharing and the rest only of all ways together."""
    told = {
        "int_page_read_user": people(rows, READ, way),
        "int_page_read_count": times(rows, READ, way),
    }
    for name, act in (("ori_page_read", SOURCE), ("share", SHARE), ("add_to_fav", KEEP)):
        told[f"{name}_user"] = people(rows, act) if way is None else 0
        told[f"{name}_count"] = times(rows, act) if way is None else 0
    return told


def before_by_way(rows: list[Row]) -> Figures:
    told = {}
    for way, name in OLD_NAMES.items():
        told[f"int_page_from_{name}_read_user"] = people(rows, READ, way)
        told[f"int_page_from_{name}_read_count"] = times(rows, READ, way)
    return told


def published_on(world: World, day: date) -> list[Row]:
    """The articles of a day, whether published or sent, in their order."""
    rows = world.db.all(
        "select key from article where at >= ? and at < ? order by at, article_id, number", *span_of(day)
    )
    found = (publications.page(world, row["key"]) for row in rows)
    return [article for article in found if article]


def msgid(article: Row) -> str:
    return f"{article['msg_data_id']}_{article['number']}"


def _comments(world: World, key: str, first: date, last: date) -> int:
    return world.db.count(
        "select count(*) from comment where key = ? and at >= ? and at < ?",
        key,
        span_of(first)[0],
        span_of(last)[1],
    )
