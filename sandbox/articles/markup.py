"""What WeChat leaves of an article's HTML: no scripts, no outside pictures, links to its own pages only."""

import re
from html import unescape
from urllib.parse import urlsplit

import nh3

from sandbox import media
from sandbox.config import ACCOUNT
from sandbox.world import World

TAGS = {
    *("a", "b", "blockquote", "br", "center", "code", "del", "div", "em", "figcaption", "figure", "font"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "section", "small"),
    *("span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
}
ATTRIBUTES = {
    "*": {"style", "align"},
    "a": {"href", "data-miniprogram-appid", "data-miniprogram-path"},
    "font": {"color"},
    "img": {"src", "alt", "width", "height", "data-ratio", "data-w"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_SIDES = ("", "-top", "-right", "-bottom", "-left")
# Nothing that takes an address, or leaves its place on the page.
STYLES = {
    *(f"{name}{side}" for name in ("margin", "padding", "border") for side in _SIDES),
    *("border-collapse", "border-color", "border-radius", "border-spacing", "border-style", "border-width"),
    *("box-shadow", "box-sizing", "display", "float", "height", "max-width", "min-height", "width"),
    *("color", "background-color", "opacity", "vertical-align", "white-space", "word-break", "overflow-wrap"),
    *("font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height"),
    *("list-style-type", "text-align", "text-decoration", "text-indent"),
}
_IMAGE = re.compile(r'<img(?:\s+[\w-]+="[^"]*")*\s*/?>')
_SOURCE = re.compile(r'\ssrc="([^"]*)"')


def cleaned(world: World, html: str) -> str:
    """The body as it is kept: what may not stay is gone without a word, as there."""

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            return value if picture_in(world, value) else None
        if (tag, attribute) == ("a", "href"):
            return value if is_own_page(world, value) else None
        return value

    left = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style", "iframe", "object", "textarea", "title", "noscript"},
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        link_rel=None,
        url_schemes={"http", "https"},
        filter_style_properties=STYLES,
    )
    return _IMAGE.sub(lambda image: image[0] if _SOURCE.search(image[0]) else "", left)


def words(html: str) -> str:
    """The words alone, in the lines they are written in."""
    return unescape(nh3.clean(html, tags=set(), clean_content_tags={"script", "style"})).strip()


def pictures(html: str) -> list[str]:
    """The addresses of the pictures in a cleaned body."""
    found = (_SOURCE.search(image) for image in _IMAGE.findall(html))
    return [unescape(source[1]) for source in found if source]


def picture_in(world: World, address: str) -> str | None:
    """The media id behind an address of `uploadimg` or of permanent material; None for any other."""
    begins = f"{world.config.api_url}/mmbiz/"
    if not address.startswith(begins):
        return None
    media_id = urlsplit(address).path.rpartition("/")[2]
    row = media.find(world, media_id)
    return media_id if row and row["permanent"] and row["app"] == ACCOUNT else None


def is_own_page(world: World, address: str) -> bool:
    """An article of the platform; links to anywhere else are taken out."""
    own = f"{world.config.api_url}/s"
    return address == own or address.startswith((f"{own}/", f"{own}?"))
