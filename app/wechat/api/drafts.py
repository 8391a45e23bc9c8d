"""The draft box: articles before they are published or sent to many (section 11.3).

Publishing a draft is `publishing`'s, sending it `mass`'s; either way it leaves the box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import bytes_between, characters_between, count_between, not_blank, refuse_unless
from app.wechat.api.transport import Call

TITLE, AUTHOR, DIGEST = 32, 16, 128  # characters
CONTENT_CHARACTERS, CONTENT_BYTES = 20_000, 1024 * 1024  # HTML has to stay below both
SOURCE_BYTES: Final = 1024
MOST_ARTICLES, MOST_AT_ONCE, MOST_PICTURES = 8, 20, 20
_NO_SUCH_DRAFT: Final = frozenset({40007})


class Comments(Enum):
    """Who may comment; needs the right to have comments (88000)."""

    NOBODY = (0, 0)
    ANYBODY = (1, 0)
    FOLLOWERS = (1, 1)

    def to_wire(self) -> dict[str, Any]:
        opened, followers_only = self.value
        return {"need_open_comment": opened, "only_fans_can_comment": followers_only}


@dataclass(frozen=True, slots=True)
class Article:
    """`content` is HTML; WeChat drops scripts, and pictures that are not from `media.upload_image`.

    Of several articles in one draft only the beginning of the text stands in for a digest.
    """

    title: str
    content: str = field(repr=False)
    thumb_media_id: str  # permanent
    author: str = ""
    digest: str = ""
    source_url: str = ""  # 阅读原文
    comments: Comments = Comments.NOBODY

    def to_wire(self) -> dict[str, Any]:
        _check_words(self.title, self.author, self.content)
        characters_between(self.digest, 0, DIGEST, "digest of an article")
        bytes_between(self.source_url, 0, SOURCE_BYTES, "source url of an article")
        not_blank(self.thumb_media_id, "cover of an article")
        optional = {"author": self.author, "digest": self.digest, "content_source_url": self.source_url}
        return {
            "article_type": "news",
            "title": self.title,
            "content": self.content,
            "thumb_media_id": self.thumb_media_id,
            **{name: value for name, value in optional.items() if value},
            **self.comments.to_wire(),
        }


@dataclass(frozen=True, slots=True)
class PictureArticle:
    """图片消息: 1 to 20 permanent pictures, the first is the cover, and plain text."""

    title: str
    content: str = field(repr=False)
    pictures: tuple[str, ...]  # media ids
    comments: Comments = Comments.NOBODY

    def to_wire(self) -> dict[str, Any]:
        _check_words(self.title, "", self.content)
        count_between(self.pictures, 1, MOST_PICTURES, "pictures of an article")
        return {
            "article_type": "newspic",
            "title": self.title,
            "content": self.content,
            "image_info": {"image_list": [{"image_media_id": one} for one in self.pictures]},
            **self.comments.to_wire(),
        }


@dataclass(frozen=True, slots=True)
class DraftArticle:
    """One article of a draft, as WeChat has it; `url` shows it for a while."""

    title: str
    author: str
    digest: str
    url: str
    content: str = field(default="", repr=False)  # lists do not tell it
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Draft:
    media_id: str
    updated_at: int  # unix seconds
    articles: tuple[DraftArticle, ...]


@dataclass(frozen=True, slots=True)
class DraftPage:
    items: tuple[Draft, ...]
    total: int


class DraftsApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def add(self, articles: Sequence[Article | PictureArticle]) -> str:
        """Up to 8 articles that belong together; returns the draft's media id.

        Raises:
            OutcomeUnknown: a draft may lie there that nobody knows; look in `list` before the next.
            MediaGone: a cover or picture is no permanent one.
            OurMistake: too long (45003, 45004, 45110, 45166), or more than it may hold.
            NotAllowed: comments were wanted without the right to have them (88000).
        """
        count_between(articles, 1, MOST_ARTICLES, "articles")
        body = {"articles": [one.to_wire() for one in articles]}
        answer = await self._caller.ask(Call("/cgi-bin/draft/add", "POST", body=body, expects=("media_id",)))
        return str(answer["media_id"])

    async def update(self, media_id: str, article: Article | PictureArticle, index: int = 0) -> None:
        """Replace one article of a draft as a whole; `index` counts from 0.

        Raises:
            MediaGone: no such draft (any more).
            OurMistake: no such place (40114), or what `add` refuses.
        """
        not_blank(media_id, "media id of a draft")
        refuse_unless(0 <= index < MOST_ARTICLES, f"article {index} of a draft")
        await self._post("update", {"media_id": media_id, "index": index, "articles": article.to_wire()})

    async def get(self, media_id: str) -> Draft:
        """
        Raises:
            MediaGone: no such draft: deleted, published or sent.
        """
        not_blank(media_id, "media id of a draft")
        answer = await self._post("get", {"media_id": media_id})
        return _read(media_id, answer, answer)

    async def delete(self, media_id: str) -> None:
        not_blank(media_id, "media id of a draft")
        await self._post("delete", {"media_id": media_id}, done_if_repeated=_NO_SUCH_DRAFT)

    async def count(self) -> int:
        answer = await self._caller.ask(Call("/cgi-bin/draft/count", safe=True))
        return int(answer.get("total_count") or 0)

    async def list(self, offset: int, count: int = MOST_AT_ONCE) -> DraftPage:
        """The last changed first, without the texts; up to 20 at once."""
        refuse_unless(offset >= 0 and 1 <= count <= MOST_AT_ONCE, f"{count} drafts from {offset}")
        answer = await self._post("batchget", {"offset": offset, "count": count, "no_content": 1})
        items = tuple(
            _read(str(wire.get("media_id") or ""), wire.get("content") or {}, wire)
            for wire in answer.get("item") or ()
        )
        return DraftPage(items, int(answer.get("total_count") or 0))

    async def _post(
        self, name: str, body: dict[str, Any], *, done_if_repeated: frozenset[int] = frozenset()
    ) -> dict[str, Any]:
        path = f"/cgi-bin/draft/{name}"
        return await self._caller.ask(
            Call(path, "POST", body=body, safe=True, done_if_repeated=done_if_repeated)
        )


def _check_words(title: str, author: str, content: str) -> None:
    not_blank(title, "title of an article")
    characters_between(title, 1, TITLE, "title of an article")
    characters_between(author, 0, AUTHOR, "author of an article")
    not_blank(content, "content of an article")
    characters_between(content, 1, CONTENT_CHARACTERS - 1, "content of an article")
    bytes_between(content, 1, CONTENT_BYTES - 1, "content of an article")


def _read(media_id: str, content: Mapping[str, Any], timed: Mapping[str, Any]) -> Draft:
    articles = tuple(_read_article(wire) for wire in content.get("news_item") or ())
    return Draft(media_id, int(timed.get("update_time") or 0), articles)


def _read_article(wire: Mapping[str, Any]) -> DraftArticle:
    return DraftArticle(
        title=str(wire.get("title") or ""),
        author=str(wire.get("author") or ""),
        digest=str(wire.get("digest") or ""),
        url=str(wire.get("url") or ""),
        content=str(wire.get("content") or ""),
        raw=wire,
    )
