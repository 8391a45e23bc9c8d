"""Publishing drafts, and what the account has published (section 11.4). Drafts are `drafts`'."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank, refuse_unless
from app.wechat.api.transport import Call
from app.wechat.job_results import PublishResult, publish_result

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


@dataclass(frozen=True, slots=True)
class PublishReceipt:
    """WeChat took the draft; how it ended is asked for, and told by PUBLISHJOBFINISH."""

    publish_id: str
    msg_data_id: int = 0  # by it comments are asked for


class PublishingApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def submit(self, media_id: str) -> PublishReceipt:
        """Begin to publish a draft. Nobody is told of it, and no mass message is used up.

        WeChat knows no key for it. After `OutcomeUnknown` look first: a draft that is still in the box when a
        minute has gone was not published; one that has left it is in `list`.

        Raises:
            OutcomeUnknown: it may be published already; a second one would be a second article.
            MediaGone: no such draft. ContentRefused: it does not pass the check (53503).
            NotAllowed: no right, or a person must do it in WeChat's console (53504, 53505).
            AwaitsAdmin: the administrator is asked first.
        """
        not_blank(media_id, "media id of a draft")
        call = Call(
            "/cgi-bin/freepublish/submit", "POST", body={"media_id": media_id}, expects=("publish_id",)
        )
        answer = await self._caller.ask(call)
        return PublishReceipt(str(answer["publish_id"]), int(answer.get("msg_data_id") or 0))

    async def status(self, publish_id: str) -> PublishResult:
        """What became of it, as the event tells it too."""
        not_blank(publish_id, "publish id")
        body = {"publish_id": publish_id}
        return publish_result(
            await self._caller.ask(Call("/cgi-bin/freepublish/get", "POST", body=body, safe=True))
        )

    async def get(self, article_id: str) -> tuple[PublishedArticle, ...]:
        """What was published together under this id, with the texts (`raw`)."""
        not_blank(article_id, "article id")
        body = {"article_id": article_id}
        answer = await self._caller.ask(Call("/cgi-bin/freepublish/getarticle", "POST", body=body, safe=True))
        return tuple(_read_article(each) for each in answer.get("news_item") or ())

    async def delete(self, article_id: str, article: int = 0) -> None:
        """Take one back for good (from 1), or all (0)."""
        not_blank(article_id, "article id")
        refuse_unless(article >= 0, "an article's number is negative")
        body = {"article_id": article_id, "index": article}
        await self._caller.ask(Call("/cgi-bin/freepublish/delete", "POST", body=body, safe=True))

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
