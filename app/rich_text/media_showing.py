"""Media as HTML of the portal, and as plain words. Every word is escaped; nh3 sees it afterwards."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.rich_text.media import Attachment, Card, Film, Gallery, Picture, Shot, Sound, size_words

MediaBlock = Picture | Gallery | Attachment | Film | Sound | Card

TAGS: Final = {"figure", "figcaption", "img", "video", "audio", "a", "b", "p", "span", "br"}
ATTRIBUTES: Final = {
    "img": {"src", "srcset", "sizes", "alt", "width", "height", "loading", "decoding"},
    "video": {"src", "controls", "preload", "poster", "playsinline", "title"},
    "audio": {"src", "controls", "preload", "title"},
    "a": {"href", "download"},
}
CLASSES: Final = {
    "figure": {"in-shot", "in-gallery", "in-film", "in-sound"},
    "p": {"in-file", "in-card", "in-gone"},
    "span": {"in-note"},
}
_SIZES: Final = "(min-width: 680px) 640px, 92vw"
_SIZES_OF_MANY: Final = "(min-width: 680px) 310px, 45vw"
GONE: Final = {"activity": "这个活动已经撤下。", "panorama": "这个全景已经撤下。", "tip": "这一条已经撤下。"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a card leads to, as it is now. `picture`: an address, with `alt` for who cannot see it."""

    title: str
    lines: tuple[str, ...]
    href: str
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """Where a text is shown: the address below which its files are, and what its cards lead to.

    `site` goes before addresses of our own, for who reads the text elsewhere. A card that is not in `cards`
    (by type and key) leads to what is not shown any more.
    """

    at: str = ""
    cards: Mapping[tuple[str, str], Found] = field(default_factory=dict)
    site: str = ""

    def address(self, shot: Shot, width: int) -> str:
        return f"{self.at}/{shot.file}/{shot.cut}/{width}"


def to_html(block: MediaBlock, around: Around) -> str:
    match block:
        case Picture():
            return f'<figure class="in-shot">{_shot(block.shot, around, _SIZES)}</figure>'
        case Gallery():
            shown = "".join(f"<figure>{_shot(each, around, _SIZES_OF_MANY)}</figure>" for each in block.shots)
            return f'<figure class="in-gallery">{shown}</figure>'
        case Attachment():
            return (
                f'<p class="in-file"><a href="{around.at}/{block.file}" download="">{html.escape(block.name)}'
                f'<span class="in-note">{block.described}，点开下载</span></a></p>'
            )
        case Film():
            return _film(block, around)
        case Sound():
            title, size = html.escape(block.title), size_words(block.size)
            return (
                f'<figure class="in-sound"><figcaption>{title}（{size}）</figcaption>'
                f'<audio src="{around.at}/{block.file}" controls preload="none" title="{title}"></audio>'
                "</figure>"
            )
    return _card(block, around)


def _shot(shot: Shot, around: Around, sizes: str) -> str:
    if not shot.width:
        return _below("图片正在处理，稍后再看。")
    several = ", ".join(f"{around.address(shot, each)} {each}w" for each in shot.widths)
    return (
        f'<img src="{around.address(shot, shot.widths[min(1, len(shot.widths) - 1)])}" srcset="{several}"'
        f' sizes="{sizes}" alt="{html.escape(shot.alt)}" width="{shot.width}" height="{shot.height}"'
        f' loading="lazy" decoding="async">{_below(html.escape(shot.caption))}'
    )


def _film(film: Film, around: Around) -> str:
    title, size, poster = html.escape(film.title), size_words(film.size), film.poster
    seen = f' poster="{around.address(poster, poster.widths[-1])}"' if poster and poster.width else ""
    return (
        f'<figure class="in-film"><video src="{around.at}/{film.file}" controls preload="none"{seen}'
        f' playsinline title="{title}"></video>{_below(f"{title}（{size}）")}</figure>'
    )


def _below(words: str) -> str:
    return f"<figcaption>{words}</figcaption>" if words else ""


def _card(card: Card, around: Around) -> str:
    found = around.cards.get((card.type, card.key))
    if found is None:
        return f'<p class="in-gone">{card.label}「{html.escape(card.title)}」：{GONE[card.type]}</p>'
    picture = ""
    if found.picture:
        source = html.escape(around.site + found.picture)
        picture = (
            f'<img src="{source}" alt="{html.escape(found.alt)}" width="640" height="320" loading="lazy">'
        )
    lines = "".join(f'<br><span class="in-note">{html.escape(each)}</span>' for each in found.lines)
    href = html.escape(around.site + found.href)
    return (
        f'<p class="in-card"><a href="{href}">{picture}<span class="in-note">{card.label}</span><br>'
        f"<b>{html.escape(found.title)}</b>{lines}</a></p>"
    )


def to_text(block: MediaBlock) -> str:
    match block:
        case Picture():
            return _seen(block.shot)
        case Gallery():
            return "\n".join(_seen(each) for each in block.shots)
        case Attachment():
            return f"【附件】{block.name}（{block.described}）"
        case Film():
            return f"【视频】{block.title}"
        case Sound():
            return f"【音频】{block.title}"
    return f"【{block.label}】{block.title}"


def _seen(shot: Shot) -> str:
    return f"【图】{shot.alt}" + (f"（{shot.caption}）" if shot.caption else "")
