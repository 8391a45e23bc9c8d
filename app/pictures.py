"""Pictures drawn anew, upright, without place, camera or comment.

Not here: which files are pictures at all, and what is said about one we do not keep (`app.files`).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps, ImageSequence

LARGEST_PIXELS = 50_000_000  # of one picture
LARGEST_MOVING = 30_000_000  # of all frames of a moving one together: each takes four bytes
SHRINK_ABOVE = 3000  # a JPEG twice as wide and as high is opened at half its size: memory, not beauty
MOST_FRAMES = 500
QUALITY = 90
KEPT = {  # colours and holes are part of the picture
    "JPEG": ("icc_profile",),
    "PNG": ("icc_profile", "transparency"),
    "GIF": ("transparency",),
    "WEBP": ("icc_profile",),
}
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


class TooLarge(Exception):
    """More pixels or frames than we draw."""


class Broken(Exception):
    """Not a picture of the kind it begins like."""


def drawn_anew(data: bytes, content_type: str) -> bytes:
    """The same picture without what is not picture. Raises: TooLarge, Broken."""
    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[content_type]]) as picture:
            return _drawn_anew(picture, FORMATS[content_type])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        TypeError,
        KeyError,
        ZeroDivisionError,
    ) as e:
        raise Broken from e


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture as we serve it; sizes in pixels."""

    data: bytes
    width: int
    height: int
    sent_width: int  # of what it was made of


def as_jpegs(data: bytes, boxes: Sequence[tuple[int, int]]) -> list[Jpeg]:
    """What `drawn_anew` has made, once for each of `boxes`, the largest first: made to fit, never larger.

    What moves stands still, what is transparent is white.
    """
    with Image.open(io.BytesIO(data)) as picture:
        flat = Image.new("RGB", picture.size, "white")
        seen = picture.convert("RGBA")
        flat.paste(seen, mask=seen)
    made = []
    for box in boxes:
        flat.thumbnail(box)
        out = io.BytesIO()
        flat.save(out, "JPEG", quality=85, optimize=True, progressive=True)
        made.append(Jpeg(out.getvalue(), flat.width, flat.height, seen.width))
    return made


def _drawn_anew(picture: Image.Image, kind: str) -> bytes:
    if kind == "JPEG":
        picture.draft(None, (SHRINK_ABOVE, SHRINK_ABOVE))
    frames, pixels = getattr(picture, "n_frames", 1), picture.width * picture.height
    moving_too_much = frames > 1 and (pixels * frames > LARGEST_MOVING or frames > MOST_FRAMES)
    if pixels > LARGEST_PIXELS or moving_too_much:
        raise TooLarge
    out = io.BytesIO()
    if frames > 1 and kind in {"GIF", "WEBP"}:
        _save_moving(picture, kind, out)
        return out.getvalue()
    ImageOps.exif_transpose(picture, in_place=True)
    kept = {name: picture.info[name] for name in KEPT[kind] if picture.info.get(name) is not None}
    if kind == "JPEG" and picture.mode not in {"L", "RGB", "CMYK"}:
        picture = picture.convert("RGB")
    picture.info.clear()  # what stays is named: formats grow new fields for words and places
    if kind in {"JPEG", "WEBP"}:
        kept["quality"] = QUALITY
    picture.save(out, kind, **kept)
    return out.getvalue()


def _save_moving(picture: Image.Image, kind: str, out: io.BytesIO) -> None:
    """Every frame with its time; the container's comments stay behind."""
    loop = picture.info.get("loop")
    frames: list[Image.Image] = []
    durations: list[int] = []
    for frame in ImageSequence.Iterator(picture):
        durations.append(int(frame.info.get("duration", 100)) or 100)
        copied = frame.convert("RGBA")
        copied.info.clear()
        frames.append(copied)
    more = {} if loop is None else {"loop": loop}
    first, rest = frames[0], frames[1:]
    first.save(out, kind, save_all=True, append_images=rest, duration=durations, disposal=2, **more)


def cut_to(data: bytes, shape: float | None, focus: tuple[int, int], widths: Sequence[int]) -> list[Jpeg]:
    """A picture of ours cut to `shape` (width by height; None: whole) and made in `widths`, narrowest first.

    The cut is as large as the picture allows, and `focus` (percent from the left and from above) is where it
    lies in what is too much: 0 keeps the left or upper end, 50 the middle. A width that it has not is given
    way to its own; no width twice.
    """
    with Image.open(io.BytesIO(data)) as picture:
        plain = picture.convert("RGB")
    if shape is not None:
        width, height = (
            min(plain.width, round(plain.height * shape)),
            min(plain.height, round(plain.width / shape)),
        )
        left, top = (plain.width - width) * focus[0] // 100, (plain.height - height) * focus[1] // 100
        plain = plain.crop((left, top, left + max(1, width), top + max(1, height)))
    made = []
    for width in sorted({min(each, plain.width) for each in widths}):
        seen = plain
        if width < plain.width:
            size = width, max(1, round(plain.height * width / plain.width))
            seen = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = io.BytesIO()
        seen.save(out, "JPEG", quality=82, optimize=True, progressive=True)
        made.append(Jpeg(out.getvalue(), seen.width, seen.height, plain.width))
    return made
