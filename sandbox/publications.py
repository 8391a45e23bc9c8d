"""Articles the account has published or sent: their common ids, their pages' addresses, what was taken down.

They come out of drafts (`drafts`, `articles.jobs`), or through the control API as if the account's console
had published them. What people do on the pages is in `articles.readings` and `articles.comments`.
"""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World, next_number

MOST = 8
PUBLISHED, SENT = "published", "sent"  # sent: by a mass message, which the list of publications leaves out


@dataclass(frozen=True)
class Publication:
    """Articles that were published together; each has a page of its own."""

    article_id: str
    msg_data_id: int  # comments and statistics name an article by it and its place
    items: list[dict[str, Any]]  # as `freepublish/getarticle` tells them, in their order

    @property
    def urls(self) -> list[str]:
        return [item["url"] for item in self.items]

    def cards(self) -> list[dict[str, str]]:
        """As the articles of a `news` message in a chat."""
        names = {"title": "title", "description": "digest", "url": "url", "picture": "thumb_url"}
        return [{name: item[source] for name, source in names.items()} for item in self.items]


def publish(
    world: World, articles: list[dict[str, Any]], *, way: str = PUBLISHED, msg_data_id: int | None = None
) -> Publication:
    """Publish up to eight articles together, whose pages then open.

    Raises:
        NotPossible: none, too many, or one without a title.
    """
    if not 1 <= len(articles) <= MOST or not all(str(one.get("title") or "").strip() for one in articles):
        raise NotPossible(f"请给出 1 到 {MOST} 篇文章，每篇都要有标题。", 400)
    article_id, data_id, now = f"published_{next_number()}", msg_data_id or next_number(), int(world.now())
    items = [_as_told(world, article_id, number, one) for number, one in enumerate(articles, 1)]
    world.db.run(
        "insert into publication (id, items, at) values (?, ?, ?)",
        article_id,
        json.dumps(items, ensure_ascii=False),
        now,
    )
    for number, item in enumerate(items, 1):
        world.db.run(
            "insert into article (key, article_id, number, msg_data_id, way, comments, fans_only, at) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            f"{article_id}_{number}",
            article_id,
            number,
            data_id,
            way,
            item["need_open_comment"],
            item["only_fans_can_comment"],
            now,
        )
    world.bus.publish("publications")
    return Publication(article_id, data_id, items)


def find(world: World, article_id: object) -> Row | None:
    """The row of a publication, `items` read; None when there is no such article_id."""
    known = isinstance(article_id, str)
    row = world.db.find("select * from publication where id = ?", article_id) if known else None
    return {**row, "items": json.loads(row["items"])} if row else None


def standing(world: World, article_id: object) -> Publication | None:
    """What of a publication can still be read; None when that is nothing."""
    row = find(world, article_id)
    if row is None or is_banned(world, row["id"]):
        return None
    items = [item for item in row["items"] if not item["is_deleted"]]
    first = world.db.find("select msg_data_id from article where article_id = ?", article_id)
    return Publication(row["id"], first["msg_data_id"] if first else 0, items) if items else None


def by_data_id(world: World, msg_data_id: int) -> Publication | None:
    """What was published or sent under this number, for who sends it again."""
    row = world.db.find("select article_id from article where msg_data_id = ?", msg_data_id)
    found = find(world, row["article_id"]) if row else None
    return Publication(found["id"], msg_data_id, found["items"]) if found else None


def delete(world: World, article_id: str, index: int) -> bool:
    """Mark one of them deleted (from 1), or all (0)."""
    row = find(world, article_id)
    if row is None:
        return False
    for number, item in enumerate(row["items"], 1):
        if index in (0, number):
            item["is_deleted"] = True
    _keep_items(world, article_id, row["items"])
    return True


def ban(world: World, article_id: str) -> bool:
    """The platform takes all of them down."""
    if find(world, article_id) is None:
        return False
    world.db.run("update article set banned = 1 where article_id = ?", article_id)
    world.bus.publish("publications")
    return True


def is_deleted(world: World, article_id: str) -> bool:
    """All of them, by the account."""
    row = find(world, article_id)
    return row is not None and all(item["is_deleted"] for item in row["items"])


def is_banned(world: World, article_id: str) -> bool:
    return world.db.count("select count(*) from article where article_id = ? and banned", article_id) > 0


def listed(world: World, *, sent: bool = False) -> list[Row]:
    """What was published, with `sent` what went to everybody too; the newest first.

    What a mass message brought to some people only is found on no page of the account.
    """
    rows = world.db.all(
        "select * from publication where not exists "
        "(select 1 from article where article_id = publication.id and way = ?2) or (?1 and coalesce("
        "(select max(to_all) from mass_job join article using (msg_data_id) "
        "where article.article_id = publication.id), 1)) order by at desc, rowid desc",
        sent,
        SENT,
    )
    return [{**row, "items": json.loads(row["items"])} for row in rows]


def page(world: World, key: str) -> Row | None:
    """One article by the end of its address: its row, and as `item` what it holds."""
    row = world.db.find("select * from article where key = ?", key)
    return _with_item(world, row) if row else None


def by_place(world: World, msg_data_id: object, number: int) -> Row | None:
    """The same by what comments and statistics name it; `number` counts from 1."""
    row = world.db.find("select * from article where msg_data_id = ? and number = ?", msg_data_id, number)
    return _with_item(world, row) if row else None


def key_of(world: World, url: str) -> str | None:
    """Which article's page an address opens."""
    begins = f"{world.config.api_url}/s/"
    key = url.removeprefix(begins).partition("?")[0].partition("#")[0]
    known = url.startswith(begins) and world.db.count("select count(*) from article where key = ?", key)
    return key if known else None


def _with_item(world: World, row: Row) -> Row:
    publication = find(world, row["article_id"])
    assert publication is not None  # rows of both are written together
    return {**row, "item": publication["items"][row["number"] - 1]}


def _keep_items(world: World, article_id: str, items: list[dict[str, Any]]) -> None:
    text = json.dumps(items, ensure_ascii=False)
    world.db.run("update publication set items = ? where id = ?", text, article_id)
    world.bus.publish("publications")


def _as_told(world: World, article_id: str, number: int, one: dict[str, Any]) -> dict[str, Any]:
    address = f"{world.config.api_url}/s/{article_id}_{number}"
    return {
        **one,
        "title": str(one["title"]).strip(),
        "author": str(one.get("author") or ""),
        "digest": str(one.get("digest") or ""),
        "content": str(one.get("content") or ""),
        "content_source_url": str(one.get("content_source_url") or ""),
        "thumb_media_id": str(one.get("thumb_media_id") or f"thumb_{article_id}_{number}"),
        "thumb_url": str(one.get("thumb_url") or f"https://mmbiz.qpic.cn/{article_id}/{number}"),
        "show_cover_pic": 0,
        "need_open_comment": int(bool(one.get("need_open_comment"))),
        "only_fans_can_comment": int(bool(one.get("only_fans_can_comment"))),
        "url": address,
        "is_deleted": False,
    }
