"""An article of ours as WeChat takes it: HTML with its styles inlined, counted against WeChat's limits.

WeChat keeps links to its own articles only; of others the words stay, and 阅读原文 leads to our page. Text is
text, whoever wrote it: every word is escaped. A picture stands at a place that leads nowhere, until a job has
brought it to WeChat and knows its address there (`placed`); films, sound, files and cards are a line each.
Source of the limits: wechat-platform.md section 11.3. Knows no database.
"""

import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app import rich_text
from app.errors import DomainError
from app.rich_text import Block, Blocks, Gallery, Heading, Items, Paragraph, Picture, Quote, Shot, Span, Spans
from app.wechat.api.drafts import (
    AUTHOR,
    CONTENT_BYTES,
    CONTENT_CHARACTERS,
    DIGEST,
    MOST_ARTICLES,
    SOURCE_BYTES,
    TITLE,
)
from models import Article

INK, GREEN, GREY = "#2B3533", "#00695C", "#5A6663"
_TEXT: Final = f"font-size:16px;line-height:1.8;color:{INK}"
STYLES: Final = {
    "p": f"margin:0 0 16px;{_TEXT}",
    "h2": f"margin:28px 0 12px;font-size:19px;line-height:1.5;font-weight:bold;color:{GREEN}",
    "h3": f"margin:22px 0 10px;font-size:17px;line-height:1.5;font-weight:bold;color:{INK}",
    "ul": f"margin:0 0 16px;padding-left:24px;{_TEXT}",
    "ol": f"margin:0 0 16px;padding-left:24px;{_TEXT}",
    "li": "margin:0 0 6px",
    "blockquote": "margin:0 0 16px;padding:2px 0 2px 14px;border-left:3px solid #8CC5BA;"
    f"font-size:16px;line-height:1.8;color:{GREY}",
    "strong": f"font-weight:bold;color:{INK}",
    "a": f"color:{GREEN}",
}
"""Few and plain: what a tag of ours looks like on a phone."""

_NOTE: Final = f"margin:24px 0 0;font-size:14px;line-height:1.6;color:{GREY}"
MORE: Final = "文中提到的网页和办事入口，请点文末「阅读原文」打开。"
_TAGS: Final = {*STYLES, "br", "img"}
_IMAGE: Final = "max-width:100%;height:auto;vertical-align:middle"
_BELOW: Final = f"margin:-8px 0 16px;font-size:14px;line-height:1.6;text-align:center;color:{GREY}"
_PLACE: Final = "https://picture.invalid"
_ADDRESS: Final = 240  # characters that an address of WeChat's may have
TOGETHER: Final = MOST_ARTICLES  # in one message
WECHATS_OWN: Final = "mp.weixin.qq.com"


class TooLong(DomainError):
    """WeChat would not take it; the sentence says what is too long, and by how much."""

    status = 422


@dataclass(frozen=True, slots=True)
class Converted:
    """What goes into the draft box, but for the cover and the address of our page."""

    title: str
    author: str
    summary: str
    content: str  # HTML; pictures are not in their place yet
    pictures: tuple[Shot, ...] = ()

    @property
    def digest(self) -> str:
        """Of another text another one."""
        whole = "\x00".join((self.title, self.author, self.summary, self.content))
        return hashlib.sha256(whole.encode()).hexdigest()


def converted(article: Article) -> Converted:
    """Raises: TooLong: before anything was sent."""
    blocks = rich_text.load(article.blocks)
    return fitted(article.title, article.author, article.summary, blocks, article.source_name)


def fitted(title: str, author: str, summary: str, blocks: Blocks, source: str) -> Converted:
    """What was written, as WeChat would take it. `source`: as of `to_html`. Raises: TooLong."""
    made = Converted(
        *(title.strip(), author.strip(), summary.strip()),
        *(to_html(blocks, source), tuple(rich_text.pictures_in(blocks))),
    )
    refused = [
        f"{name}有 {len(words)} 个字，公众号文章最多 {most} 个字"
        for name, words, most in (
            ("标题", made.title, TITLE),
            ("作者", made.author, AUTHOR),
            ("摘要", made.summary, DIGEST),
        )
        if len(words) > most
    ]
    spare = _ADDRESS * len(made.pictures)
    length = len(made.content) + spare
    if length >= CONTENT_CHARACTERS or len(made.content.encode()) + spare >= CONTENT_BYTES:
        most = CONTENT_CHARACTERS
        refused.append(f"正文连同排版有 {length} 个字符，公众号文章要少于 {most} 个，请分成几篇")
    if refused:
        raise TooLong(f"{'；'.join(refused)}。请先修改文章，审核通过后再放进公众号。")
    return made


def source_fits(url: str) -> bool:
    return 0 < len(url.encode()) <= SOURCE_BYTES


def to_html(blocks: Blocks, source: str = "") -> str:
    """The body, with nothing in it but our tags, their styles, links to WeChat's own articles, and places
    for pictures.

    `source` is from whom it was taken over.
    """
    import nh3  # noqa: PLC0415 - who only answers messages does without it

    body = "".join(_block(block) for block in blocks)
    if any(_is_said_only(block) or any(map(_is_lost, _spans_of(block))) for block in blocks):
        body += f'<p style="{_NOTE}">{MORE}</p>'
    if source:
        body += f'<p style="{_NOTE}">转载自：{html.escape(source)}</p>'
    attributes = {tag: {"style"} for tag in STYLES} | {"a": {"style", "href"}, "img": {"style", "src", "alt"}}
    return nh3.clean(body, tags=_TAGS, attributes=attributes, url_schemes={"https"}, link_rel=None)


def placed(content: str, addresses: Mapping[tuple[str, str], str]) -> str:
    """The body with its pictures: where each is at WeChat, by file and cut."""
    for (file, cut), address in addresses.items():
        content = content.replace(f'"{_PLACE}/{file}/{cut}"', f'"{html.escape(address)}"')
    return content


def at_home(made: Converted, at: str) -> str:
    """The body with its pictures where they are with us, for staff who look at it. `at`: as of `Around`."""
    shown = {(each.file, each.cut): f"{at}/{each.file}/{each.cut}/{each.width}" for each in made.pictures}
    return placed(made.content, shown)


def _is_said_only(block: Block) -> bool:
    """A film, sound, a file, a card: there is no place for it there, our page has it."""
    return not isinstance(block, Heading | Items | Quote | Paragraph | Picture | Gallery)


def _shot(shot: Shot) -> str:
    source = f"{_PLACE}/{shot.file}/{shot.cut}"
    image = f'<img style="{_IMAGE}" src="{source}" alt="{html.escape(shot.alt)}">'
    below = f'<p style="{_BELOW}">{html.escape(shot.caption)}</p>' if shot.caption else ""
    return _tag("p", image) + below


def _block(block: Block) -> str:
    match block:
        case Heading():
            return _tag(f"h{block.level}", _spans(block.spans))
        case Items():
            inside = "".join(_tag("li", _spans(item)) for item in block.items)
            return _tag("ol" if block.ordered else "ul", inside)
        case Quote():
            return _tag("blockquote", _spans(block.spans))
        case Paragraph():
            return _tag("p", _spans(block.spans))
        case Picture():
            return _shot(block.shot)
        case Gallery():
            return "".join(map(_shot, block.shots))
    return _tag("p", html.escape(rich_text.to_text([block])))


def _spans_of(block: Block) -> Sequence[Span]:
    if isinstance(block, Items):
        return [span for item in block.items for span in item]
    return block.spans if isinstance(block, Heading | Quote | Paragraph) else ()


def _spans(spans: Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    said = span.text
    number = span.href.removeprefix("tel:") if span.href.startswith("tel:") else ""
    if number and number not in said:  # nobody can tap it there: it has to be read
        said = f"{said}（{number}）"
    words = html.escape(said).replace("\n", "<br>")
    words = _tag("strong", words) if span.bold else words
    if not _stays(span.href):
        return words
    return f'<a style="{STYLES["a"]}" href="{html.escape(span.href)}">{words}</a>'


def _tag(name: str, inside: str) -> str:
    return f'<{name} style="{STYLES[name]}">{inside}</{name}>'


def _stays(href: str) -> bool:
    """An article at WeChat."""
    parts = urlsplit(href)
    return parts.scheme == "https" and parts.netloc == WECHATS_OWN and parts.path.startswith("/s")


def _is_lost(span: Span) -> bool:
    return bool(span.href) and not span.href.startswith("tel:") and not _stays(span.href)
