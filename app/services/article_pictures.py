"""The first picture of an article, which stands for it in lists, when it is shared, and at WeChat.

Not here: pictures as rows (`article_media`).
"""

from collections.abc import Iterable
from typing import Final

from app import rich_text
from app.rich_text import Blocks, Shot
from models import Article

SMALL: Final = 480  # pixels, in lists
LARGE: Final = 960  # when it is shared


def at(article: Article) -> str:
    """Below this address of ours its files are."""
    return f"/news/{article.public_id}/media"


def first(article: Article) -> Shot | None:
    return _first(rich_text.load(article.blocks))


def _first(blocks: Blocks) -> Shot | None:
    """Posters of films are none."""
    return next((each for each in rich_text.pictures_in(blocks) if each.width), None)


def address(article: Article, most: int) -> str:
    """Of its first picture, at most so wide; empty where it has none."""
    return address_in(rich_text.load(article.blocks), at(article), most)


def address_in(blocks: Blocks, below: str, most: int) -> str:
    """The same of a text whose files are `below` an address."""
    shot = _first(blocks)
    if shot is None:
        return ""
    width = max((each for each in shot.widths if each <= most), default=shot.widths[0])
    return f"{below}/{shot.file}/{shot.cut}/{width}"


def small(found: Iterable[Article]) -> dict[int, str]:
    """By id, the addresses of those that have one: for a list."""
    return {each.id: picture for each in found if (picture := address(each, SMALL))}


def shared(article: Article, site: str) -> str:
    """A whole address, for who shows a link to the article; empty where it has none."""
    own = address(article, LARGE)
    return f"{site}{own}" if own else ""
