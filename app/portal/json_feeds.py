"""Articles as a JSON Feed (jsonfeed.org, version 1.1), for outside media that read by program."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models import Article

VERSION = "https://jsonfeed.org/version/1.1"


def written(
    found: Sequence[Article], texts: Mapping[int, str], *, title: str, home: str, own: str, base: str
) -> str:
    """`texts`: HTML by id, of those that are read here. `home`: the list it is a feed of; `own`: its own
    address; `base`: where our pages are reached.
    """
    items = [_item(each, texts, f"{base}/news/{each.public_id}") for each in found]
    feed = {
        "version": VERSION,
        "title": title,
        "language": "zh-CN",
        "home_page_url": home,
        "feed_url": own,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False)


def _item(article: Article, texts: Mapping[int, str], page: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": page,
        "url": page,
        "title": article.title,
        "summary": article.summary,
        "date_published": _moment(article.published_at),
        "date_modified": _moment(article.updated_at),
        "tags": [article.category.label],
    }
    if article.author:
        item["authors"] = [{"name": article.author}]
    if article.address:  # read where it is: only its words of ours are here
        return item | {"external_url": article.address, "content_text": article.summary}
    return item | {"content_html": texts[article.id]}


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()
