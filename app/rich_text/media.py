"""Blocks that show something: pictures, films, sound, files, and cards of what else there is here.

A file is named by its public id; where it lies and who may have it is not known here. A cut is what is shown
of a picture: `whole`, or a shape and the point it is laid around, in percent from the left and from above
(`16x9-50-40`).
"""

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

WIDTHS: Final = (480, 960, 1600)  # pixels, in which a picture is served
SHAPES: Final = {"16x9": 16 / 9, "4x3": 4 / 3, "1x1": 1.0}  # width by height
WHOLE: Final = "whole"
CUT: Final = r"whole|(?:16x9|4x3|1x1)-(?:\d|[1-9]\d|100)-(?:\d|[1-9]\d|100)"

_KINDS: Final = {"pdf": "PDF", "docx": "Word 文档", "xlsx": "Excel 表格", "zip": "压缩包"}

FileId = Annotated[str, Field(pattern=r"^[0-9a-z]{16}$")]
Cut = Annotated[str, Field(pattern=rf"^(?:{CUT})$")]


class Media(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shot(Media):
    """One picture. Width and height, in pixels, are of its widest cut; 0: nobody has looked yet."""

    file: FileId
    alt: str  # what is to be seen, for who cannot see it
    caption: str = ""
    cut: Cut = WHOLE
    width: int = 0
    height: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """In which it is served, the narrowest first."""
        return widths_of(self.width)


class Picture(Media):
    type: Literal["picture"] = "picture"
    shot: Shot


class Gallery(Media):
    type: Literal["gallery"] = "gallery"
    shots: tuple[Shot, ...]


class Attachment(Media):
    """A file to be taken away. `ending` says what it is: pdf, docx, xlsx, zip."""

    type: Literal["attachment"] = "attachment"
    file: FileId
    name: str
    ending: str = ""
    size: int = 0  # bytes

    @property
    def described(self) -> str:
        """What it is and how large: PDF，4.2 MB."""
        return f"{_KINDS.get(self.ending, '文件')}，{size_words(self.size)}"


class Film(Media):
    """`poster` is shown until it plays."""

    type: Literal["video"] = "video"
    file: FileId
    title: str
    size: int = 0
    poster: Shot | None = None


class Sound(Media):
    type: Literal["audio"] = "audio"
    file: FileId
    title: str
    size: int = 0


class Card(Media):
    """Something of ours that is looked up when it is shown; `title` is what it was called when chosen."""

    type: Literal["activity", "panorama", "tip"]
    key: Annotated[str, Field(pattern=r"^[0-9a-z-]{3,64}$")]
    title: str = ""

    @property
    def label(self) -> str:
        return {"activity": "活动", "panorama": "全景", "tip": "用电安全"}[self.type]


def is_cut(words: str) -> bool:
    return re.fullmatch(CUT, words) is not None


def widths_of(width: int) -> tuple[int, ...]:
    """For a cut that is so wide at its widest."""
    return (*(each for each in WIDTHS if each < width), *((width,) if width else ()))


def size_words(size: int) -> str:
    """Of a file: 320 KB, 4.2 MB."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / 1024 / 1024:.1f} MB"
