"""Media as a form has them: one text to a block, a line to each thing that is said of it.

    文件 k7m2p9q4r8s3t6vw
    说明 队员在山顶合影
    裁剪 16x9-50-40

Pictures of a gallery have an empty line between them. What only the file itself knows (its size, how wide it
is) is not typed.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from pydantic import ValidationError

from app.rich_text.media import WHOLE, Attachment, Card, Film, Gallery, Picture, Shot, Sound, is_cut
from app.rich_text.media_showing import MediaBlock

FILE, ALT, CAPTION, CROP, NAME, POSTER, KEY = "文件", "说明", "图注", "裁剪", "名称", "封面", "编号"
MOST_SHOTS: Final = 20
LONGEST: Final = {ALT: 120, CAPTION: 120, NAME: 80}  # characters
Said = dict[str, str]  # what a line begins with → the rest of it

_LACKS: Final = {
    "picture": "还没有选图片，请上传，或者删去这一块",
    "gallery": "还没有选图片，请上传，或者删去这一块",
    "attachment": "还没有选文件，请上传，或者删去这一块",
    "video": "还没有选视频，请上传，或者删去这一块",
    "audio": "还没有选音频，请上传，或者删去这一块",
    "activity": "还没有选活动",
    "panorama": "还没有选全景",
    "tip": "还没有选用电安全的哪一条",
}


class NotMedia(ValueError):
    """What was typed is no such block; the message says why."""


def parts(text: str) -> list[Said]:
    """What is said, of each picture or file; lines that say nothing we know are left out."""
    found: list[Said] = []
    for chunk in re.split(r"\n\s*\n", text):
        said: Said = {}
        for line in chunk.splitlines():
            name, _, rest = line.strip().partition(" ")
            if name in (FILE, ALT, CAPTION, CROP, NAME, POSTER, KEY) and rest.strip():
                said.setdefault(name, " ".join(rest.split()))
        if said:
            found.append(said)
    return found


def text_of(said: list[Said]) -> str:
    """The other way."""
    return "\n\n".join("\n".join(f"{name} {rest}" for name, rest in each.items() if rest) for each in said)


def read_by_people(text: str) -> str:
    """What people read of it: not which file it is, nor how it is cropped."""
    return "\n".join(said[name] for said in parts(text) for name in (NAME, ALT, CAPTION) if name in said)


def read(kind: str, text: str) -> MediaBlock:
    """Raises: NotMedia."""
    said = parts(text)
    if not said or not any(each.get(FILE) or each.get(KEY) for each in said):
        raise NotMedia(_LACKS[kind])
    for each in said:
        for name, most in LONGEST.items():
            if len(each.get(name, "")) > most:
                raise NotMedia(f"{name}最多 {most} 个字")
    try:
        made: MediaBlock = _MADE[kind](said)
    except (ValidationError, KeyError):
        raise NotMedia(_LACKS[kind]) from None
    return made


def _shot(said: Said) -> Shot:
    alt = said.get(ALT, "")
    if len(alt) < 2:
        raise NotMedia("请用一句话说图上是什么，看不到图的人靠它知道")
    cut = said.get(CROP, WHOLE)
    if not is_cut(cut):
        raise NotMedia("裁剪的写法不对，请重新选一次")
    return Shot(file=said[FILE], alt=alt, caption=said.get(CAPTION, ""), cut=cut)


def _gallery(said: list[Said]) -> Gallery:
    if len(said) > MOST_SHOTS:
        raise NotMedia(f"一组最多 {MOST_SHOTS} 张图片，请分成几组")
    return Gallery(shots=tuple(_shot(each) for each in said))


def _film(said: list[Said]) -> Film:
    (first, *_) = said
    title = _named(first, "视频")
    poster = Shot(file=first[POSTER], alt=title) if POSTER in first else None
    return Film(file=first[FILE], title=title, poster=poster)


def _named(said: Said, what: str) -> str:
    if not said.get(NAME):
        raise NotMedia(f"请给这个{what}写个名称")
    return said[NAME]


def _card(kind: Literal["activity", "panorama", "tip"]) -> Callable[[list[Said]], Card]:
    # What it is called is looked up; until then it has the name it was chosen by.
    return lambda said: Card(type=kind, key=said[0][KEY], title=said[0].get(NAME, ""))


_MADE: Final[Mapping[str, Callable[[list[Said]], Any]]] = {
    "picture": lambda said: Picture(shot=_shot(said[0])),
    "gallery": _gallery,
    "attachment": lambda said: Attachment(file=said[0][FILE], name=_named(said[0], "附件")),
    "video": _film,
    "audio": lambda said: Sound(file=said[0][FILE], title=_named(said[0], "音频")),
    "activity": _card("activity"),
    "panorama": _card("panorama"),
    "tip": _card("tip"),
}


def written(block: MediaBlock) -> str:
    """What would have to be typed for it."""
    match block:
        case Picture():
            return text_of([_said(block.shot)])
        case Gallery():
            return text_of([_said(each) for each in block.shots])
        case Attachment():
            return text_of([{FILE: block.file, NAME: block.name}])
        case Film():
            poster = block.poster.file if block.poster else ""
            return text_of([{FILE: block.file, NAME: block.title, POSTER: poster}])
        case Sound():
            return text_of([{FILE: block.file, NAME: block.title}])
    return text_of([{KEY: block.key, NAME: block.title}])


def _said(shot: Shot) -> Said:
    cut = "" if shot.cut == WHOLE else shot.cut
    return {FILE: shot.file, ALT: shot.alt, CAPTION: shot.caption, CROP: cut}
