"""An article of ours as WeChat takes it: HTML with its styles inlined, counted against WeChat's limits.

WeChat keeps links to its own articles only; of others the words stay, and 阅读原文 leads to our page. Text is
text, whoever wrote it: every word is escaped. Pictures in the text there are none: our blocks have none.
Source of the limits: wechat-platform.md section 11.3. Knows no database.
"""

import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app import rich_text
from app.errors import DomainError
from app.rich_text import Block, Blocks, Heading, Items, Quote, Span, Spans
from app.wechat.api.drafts import AUTHOR, CONTENT_BYTES, CONTENT_CHARACTERS, DIGEST, SOURCE_BYTES, TITLE
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
_TAGS: Final = {*STYLES, "br"}
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
    content: str  # HTML

    @property
    def digest(self) -> str:
        """Of another text another one."""
        whole = "\x00".join((self.title, self.author, self.summary, self.content))
        return hashlib.sha256(whole.encode()).hexdigest()


def converted(article: Article) -> Converted:
    """Raises: TooLong: before anything was sent."""
    made = Converted(
        article.title.strip(),
        article.author.strip(),
        article.summary.strip(),
        to_html(rich_text.load(article.blocks), article.source_name),
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
    if len(made.content) >= CONTENT_CHARACTERS or len(made.content.encode()) >= CONTENT_BYTES:
        most = CONTENT_CHARACTERS
        refused.append(f"正文连同排版有 {len(made.content)} 个字符，公众号文章要少于 {most} 个，请分成几篇")
    if refused:
        raise TooLong(f"{'；'.join(refused)}。请先修改文章，审核通过后再放进公众号。")
    return made


def source_fits(url: str) -> bool:
    return 0 < len(url.encode()) <= SOURCE_BYTES


def to_html(blocks: Blocks, source: str = "") -> str:
    """The body, with nothing in it but our tags, their styles and links to WeChat's own articles.

    `source` is from whom it was taken over.
    """
    import nh3  # noqa: PLC0415 - who only answers messages does without it

    body = "".join(_block(block) for block in blocks)
    if any(_is_lost(span) for block in blocks for span in _spans_of(block)):
        body += f'<p style="{_NOTE}">{MORE}</p>'
    if source:
        body += f'<p style="{_NOTE}">转载自：{html.escape(source)}</p>'
    attributes = {tag: {"style"} for tag in STYLES} | {"a": {"style", "href"}}
    return nh3.clean(body, tags=_TAGS, attributes=attributes, url_schemes={"https"}, link_rel=None)


def _block(block: Block) -> str:
    match block:
        case Heading():
            return _tag(f"h{block.level}", _spans(block.spans))
        case Items():
            inside = "".join(_tag("li", _spans(item)) for item in block.items)
            return _tag("ol" if block.ordered else "ul", inside)
        case Quote():
            return _tag("blockquote", _spans(block.spans))
    return _tag("p", _spans(block.spans))


def _spans_of(block: Block) -> Sequence[Span]:
    return [span for item in block.items for span in item] if isinstance(block, Items) else block.spans


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
