"""What the account has published (section 11.4). Drafts and publishing itself are not here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import refuse_unless
from app.wechat.api.transport import Call

MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class PublishedArticle:
    """One of the articles that were published together."""

    title: str
    digest: str
    author: str
    url: str
    thumb_url: str = ""  # its cover; only some answers have it
    is_deleted: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Publication:
    article_id: str
    updated_at: int  # unix seconds
    articles: tuple[PublishedArticle, ...]


@dataclass(frozen=True, slots=True)
class PublicationPage:
    items: tuple[Publication, ...]
    total: int


class PublishingApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def list(self, offset: int, count: int = MOST_AT_ONCE) -> PublicationPage:
        """What was published, newest first, without the texts; up to 20 at once."""
        refuse_unless(offset >= 0 and 1 <= count <= MOST_AT_ONCE, f"{count} publications from {offset}")
        body = {"offset": offset, "count": count, "no_content": 1}
        answer = await self._caller.ask(Call("/cgi-bin/freepublish/batchget", "POST", body=body, safe=True))
        items = tuple(_read(wire) for wire in answer.get("item") or ())
        return PublicationPage(items, int(answer.get("total_count") or 0))


def _read(wire: Mapping[str, Any]) -> Publication:
    content = wire.get("content") or {}
    articles = tuple(_read_article(each) for each in content.get("news_item") or ())
    moment = wire.get("update_time") or content.get("update_time") or 0
    return Publication(str(wire.get("article_id") or ""), int(moment), articles)


def _read_article(wire: Mapping[str, Any]) -> PublishedArticle:
    return PublishedArticle(
        title=str(wire.get("title") or ""),
        digest=str(wire.get("digest") or ""),
        author=str(wire.get("author") or ""),
        url=str(wire.get("url") or ""),
        thumb_url=str(wire.get("thumb_url") or ""),
        is_deleted=bool(wire.get("is_deleted")),
        raw=wire,
    )
