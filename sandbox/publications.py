"""Articles the account has published, as its console shows them; new ones come through the control API."""

import json
from typing import Any

from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World, next_number

MOST = 8


def publish(world: World, articles: list[dict[str, Any]], at: int | None = None) -> str:
    """Publish up to eight articles together; returns their common id.

    Raises:
        NotPossible: none, too many, or one without a title.
    """
    if not 1 <= len(articles) <= MOST or not all(str(one.get("title") or "").strip() for one in articles):
        raise NotPossible(f"请给出 1 到 {MOST} 篇文章，每篇都要有标题。", 400)
    article_id = f"published_{next_number()}"
    moment = int(world.now()) if at is None else at
    items = [_as_told(article_id, number, one) for number, one in enumerate(articles, 1)]
    world.db.run(
        "insert into publication (id, items, at) values (?, ?, ?)",
        article_id,
        json.dumps(items, ensure_ascii=False),
        moment,
    )
    return article_id


def delete(world: World, article_id: str, index: int) -> bool:
    """Mark one of them deleted (from 1), or all (0)."""
    row = world.db.find("select * from publication where id = ?", article_id)
    if row is None:
        return False
    items = json.loads(row["items"])
    for number, item in enumerate(items, 1):
        if index in (0, number):
            item["is_deleted"] = True
    world.db.run("update publication set items = ? where id = ?", json.dumps(items), article_id)
    return True


def listed(world: World) -> list[Row]:
    """The newest first."""
    return world.db.all("select * from publication order by at desc, rowid desc")


def _as_told(article_id: str, number: int, one: dict[str, Any]) -> dict[str, Any]:
    address = f"https://mp.weixin.qq.com/s/{article_id}_{number}"
    return {
        "title": str(one["title"]).strip(),
        "author": str(one.get("author") or ""),
        "digest": str(one.get("digest") or ""),
        "content": str(one.get("content") or ""),
        "content_source_url": "",
        "thumb_media_id": f"thumb_{article_id}_{number}",
        "thumb_url": str(one.get("thumb_url") or f"https://mmbiz.qpic.cn/{article_id}/{number}"),
        "show_cover_pic": 0,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
        "url": address,
        "is_deleted": False,
    }
