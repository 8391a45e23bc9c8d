"""The draft box: articles not yet published, and what becomes of them (section 11.3).

What one article may hold is in `articles.rules`; a draft here has passed it. Publishing as a job that takes
its time and may fail is in `articles.jobs`; `as_published` is for who is sure, as a mass message that leaves.
"""

import json
import secrets
from typing import Any

from sandbox import publications
from sandbox.articles.rules import Article
from sandbox.errors import ApiError
from sandbox.publications import PUBLISHED, Publication
from sandbox.store import Row
from sandbox.world import World

URL_SECONDS = 12 * 3600  # so long the address of a draft's page opens it; our own number


def find(world: World, media_id: object) -> list[Article] | None:
    """The articles of a draft in their order, one to eight; None when there is no such draft (any more).

    An article has what `draft/get` tells of it but its address: title, author, digest, content (cleaned HTML,
    plain text for a 图片消息), content_source_url, thumb_media_id, thumb_url, need_open_comment …
    """
    row = _row(world, media_id)
    return json.loads(row["articles"]) if row else None


def require(world: World, media_id: object) -> Row:
    """A draft as its row: id, articles (a list), created_at, updated_at.

    Raises:
        ApiError: 40007 there is no such draft.
    """
    row = _row(world, media_id)
    if row is None:
        raise ApiError(40007, "invalid media_id", "没有这个草稿，或者已经发布、群发、删除")
    return _read(row)


def keep(world: World, articles: list[Article]) -> str:
    """Put articles that were checked into the box; returns the media_id."""
    media_id, now = secrets.token_urlsafe(48)[:64], int(world.now())
    world.db.run(
        "insert into draft (id, articles, created_at, updated_at) values (?, ?, ?, ?)",
        media_id,
        json.dumps(articles, ensure_ascii=False),
        now,
        now,
    )
    return media_id


def change(world: World, media_id: str, articles: list[Article]) -> None:
    world.db.run(
        "update draft set articles = ?, updated_at = ? where id = ?",
        json.dumps(articles, ensure_ascii=False),
        int(world.now()),
        media_id,
    )


def drop(world: World, media_id: str) -> None:
    """Out of the box: deleted, published, or sent to everybody. Dropping it again does nothing."""
    world.db.run("delete from draft where id = ?", media_id)


def listed(world: World) -> list[Row]:
    """All, as `require` tells one; the newest first."""
    rows = world.db.all("select * from draft order by updated_at desc, rowid desc")
    return [_read(row) for row in rows]


def as_published(
    world: World, media_id: str, *, way: str = PUBLISHED, msg_data_id: int | None = None
) -> Publication:
    """Make a publication of a draft at once, with pages that open, and take it out of the box.

    `way` is `publications.PUBLISHED`, or `publications.SENT` for a mass message, which `freepublish/batchget`
    does not list. The answer has `article_id`, `msg_data_id`, `urls`, and `cards()` as a chat shows them.

    Raises:
        ApiError: 40007 there is no such draft.
    """
    articles = require(world, media_id)["articles"]
    published = publications.publish(world, articles, way=way, msg_data_id=msg_data_id)
    drop(world, media_id)
    return published


def temporary_url(world: World, media_id: str, number: int) -> str:
    """Where the page of a draft's article can be looked at for a while; `number` counts from 1."""
    until = int(world.now()) + URL_SECONDS
    return f"{world.config.api_url}/s?tempkey={media_id}&idx={number}&until={until}"


def _row(world: World, media_id: object) -> Row | None:
    known = isinstance(media_id, str) and media_id
    return world.db.find("select * from draft where id = ?", media_id) if known else None


def _read(row: Row) -> dict[str, Any]:
    return {**row, "articles": json.loads(row["articles"])}
