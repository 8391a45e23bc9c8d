"""Media in the form of an article: what was filled in beside a picture or file, and what the form shows.

The fields of a block are named by its number, of its first, second … picture or file: `m3-0-alt`. What they
say is kept as words (`app.rich_text.media_typed`). Not here: files that come with it (`article_uploads`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import FormData

from app.console import forms
from app.console.media_checks import ACCEPTED, LARGEST
from app.files import MIB
from app.rich_text import MEDIA
from app.rich_text.media import SHAPES, WHOLE, size_words
from app.rich_text.media_typed import (
    ALT,
    CAPTION,
    CROP,
    FILE,
    KEY,
    LONGEST,
    NAME,
    POSTER,
    Said,
    parts,
    text_of,
)
from app.services import article_media
from models import ArticleCut, ArticleMedia, MediaSort

CARDS: Final = frozenset({"activity", "panorama", "tip"})
SORTS: Final = {
    "picture": MediaSort.PICTURE,
    "gallery": MediaSort.PICTURE,
    "attachment": MediaSort.DOCUMENT,
    "video": MediaSort.FILM,
    "audio": MediaSort.SOUND,
}
CROPS: Final = {"": "原图", "16x9": "16:9", "4x3": "4:3", "1x1": "1:1"}
MIDDLE: Final = "50-50"
POINTS: Final = {
    MIDDLE: "中间",
    "50-0": "上边",
    "50-100": "下边",
    "0-50": "左边",
    "100-50": "右边",
    "0-0": "左上",
    "100-0": "右上",
    "0-100": "左下",
    "100-100": "右下",
}
"""Where a cut is laid around: percent from the left and from above."""

HINTS: Final = {
    "picture": "JPG、PNG、WebP、GIF；拍摄地点等信息自动去掉，会动的只留一帧。",
    "gallery": "JPG、PNG、WebP、GIF；拍摄地点等信息自动去掉。一组最多 20 张。",
    "attachment": "PDF、Word（.docx）、Excel（.xlsx）或 ZIP，谁看文章都可以下载。",
    "video": "MP4，手机直接拍的就可以；太大请先压缩。",
    "audio": "MP3 或 M4A。",
}

_FIELDS: Final = {"alt": ALT, "caption": CAPTION, "name": NAME, "key": KEY}


def read(form: FormData, number: int, kind: str, text: str) -> str:
    """The words of block `number`, with what was filled in."""
    said = parts(text)
    if kind in CARDS:
        chosen = forms.words(form, f"m{number}-0-key")
        known = said[0] if said and said[0].get(KEY) == chosen else {}
        return text_of([{KEY: chosen, NAME: known.get(NAME, "")}]) if chosen else ""
    kept = [
        _filled(form, f"m{number}-{place}", each)
        for place, each in enumerate(said)
        if forms.words(form, f"m{number}-{place}-gone") != "yes"
    ]
    return text_of(kept)


def _filled(form: FormData, at: str, said: Said) -> Said:
    new = dict(said)
    for field, name in _FIELDS.items():
        if f"{at}-{field}" in form:
            new[name] = " ".join(forms.words(form, f"{at}-{field}").split())[: LONGEST.get(name, 64)]
    if f"{at}-shape" in form:
        shape, point = forms.words(form, f"{at}-shape"), forms.words(form, f"{at}-point")
        point = point if point in POINTS else MIDDLE
        new[CROP] = f"{shape}-{point}" if shape in SHAPES else ""
    if forms.words(form, f"{at}-posterless") == "yes":
        new[POSTER] = ""
    return {name: rest for name, rest in new.items() if rest}


def ahead(blocks: list[list[str]], do: str) -> list[list[str]]:
    """After `ahead-3-1` was pressed: in block 3 picture 1 stands one place further ahead."""
    _, number, place = map(forms.number, (*do.split("-"), "", "")[:3])
    if number is None or place is None or not place > 0 or number >= len(blocks):
        return blocks
    kind, text = blocks[number]
    said = parts(text)
    if kind == "gallery" and place < len(said):
        said[place - 1], said[place] = said[place], said[place - 1]
        blocks[number] = [kind, text_of(said)]
    return blocks


# --- what the form shows -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One picture or file of a block. `seen`: the address of a picture of it, or none."""

    said: Said
    name: str
    size: str
    seen: str
    width: int
    height: int
    trouble: str = ""  # why it cannot be shown

    @property
    def shape(self) -> str:
        return self.said.get(CROP, WHOLE).partition("-")[0] if CROP in self.said else ""

    @property
    def point(self) -> str:
        return self.said.get(CROP, "").partition("-")[2] or MIDDLE


def shown(
    blocks: Sequence[Sequence[str]],
    there: Mapping[str, ArticleMedia],
    cuts: Mapping[tuple[str, str], Sequence[ArticleCut]],
    at: str,
) -> dict[int, list[Part]]:
    """By number of a block, what it has, for the form. `at`: below this address are the files."""
    found = {}
    for number, (kind, text) in enumerate(blocks):
        if kind in MEDIA:
            found[number] = [_part(each, there, cuts, at) for each in parts(text)]
    return found


def _part(
    said: Said,
    there: Mapping[str, ArticleMedia],
    cuts: Mapping[tuple[str, str], Sequence[ArticleCut]],
    at: str,
) -> Part:
    media = there.get(said.get(FILE, ""))
    picture = said.get(POSTER) or said.get(FILE, "")
    cut = said.get(CROP, WHOLE)
    made = cuts.get((picture, cut)) or cuts.get((picture, WHOLE))
    seen = f"{at}/{picture}/{made[0].cut}/{made[0].width}" if made else ""
    size = (made[0].width, made[0].height) if made else (0, 0)
    trouble = article_media.trouble(media) or article_media.trouble(there.get(picture))
    name, weight = (media.name, size_words(media.size)) if media else ("", "")
    return Part(said, name, weight, "" if trouble else seen, *size, trouble)


def words() -> dict[str, Any]:
    """What the template says of every kind."""
    limits = {kind: LARGEST[sort] // MIB for kind, sort in SORTS.items()}
    accepted = {kind: ACCEPTED[sort] for kind, sort in SORTS.items()}
    return {
        "kinds": MEDIA,
        "cards": CARDS,
        "limits": limits,
        "accepted": accepted,
        "crops": CROPS,
        "points": POINTS,
        "hints": HINTS,
    }
