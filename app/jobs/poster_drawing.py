"""Drawing a poster as a PNG of A4 at 200 dots an inch: cover, title, facts, the code with its quiet zone.

Takes about a second of computing: call it in a thread.
"""

import io
from typing import TYPE_CHECKING, Final

from app.jobs.fonts import Fonts
from app.services.poster_words import Words

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDE, HIGH = 1654, 2339
COVER: Final = 480, 860  # pixels of the cover's height: as much as the words leave
EDGE: Final = 110
CODE: Final = 540
GREEN, DEEP, PALE, INK, GREY = "#00695C", "#004D43", "#E3F1EE", "#1F2725", "#5A6663"
FOOT: Final = 96
HILLS: Final = (
    (-500, 420, 1000, 1700, "#8CC5BA"),
    (500, 500, 2300, 1900, "#4C9C8F"),
    (-300, 640, 1500, 1900, GREEN),
)


def draw(words: Words, cover: bytes | None, fonts: Fonts) -> bytes:
    from PIL import Image, ImageDraw  # noqa: PLC0415 - who only serves messages does without it

    sheet = Image.new("RGB", (WIDE, HIGH), "white")
    pen = ImageDraw.Draw(sheet)
    below = HIGH - FOOT - CODE - 120  # where the code's part begins
    tried = ImageDraw.Draw(Image.new("1", (1, 1)))  # how high the words are
    needed = _facts(tried, words, fonts, _title(tried, words, fonts, 60) + 36, HIGH) + 30
    high = min(max(below - needed, COVER[0]), COVER[1])
    if cover is None or not _cover(sheet, cover, high):
        _ground(pen, high)
    _facts(pen, words, fonts, _title(pen, words, fonts, high + 60) + 36, below - 24)
    _code(sheet, pen, words, fonts, below)
    pen.rectangle((0, HIGH - FOOT, WIDE, HIGH), fill=GREEN)
    pen.text((EDGE, HIGH - FOOT / 2), words.account, "white", fonts.of(42, bold=True), anchor="lm")
    pen.text((WIDE - EDGE, HIGH - FOOT / 2), words.place, "#CFE5E1", fonts.of(32), anchor="rm")
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True, dpi=(200, 200))
    return out.getvalue()


def _cover(sheet: "Image", cover: bytes, high: int) -> bool:
    """Cut to its place, from the middle; false where it is no picture any more."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(cover)) as picture:
            sheet.paste(ImageOps.fit(picture.convert("RGB"), (WIDE, high)), (0, 0))
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _ground(pen: "ImageDraw", high: int) -> None:
    """Where there is no cover: green hills under a pale sun, drawn by us."""
    up = COVER[1] - high
    pen.rectangle((0, 0, WIDE, high), fill=PALE)
    pen.ellipse((1120, 130 - up // 3, 1460, 470 - up // 3), fill="#F6C667")
    for left, top, right, bottom, colour in HILLS:
        pen.ellipse((left, top - up, right, bottom - up), fill=colour)
    pen.rectangle((0, high, WIDE, HIGH), fill="white")


def _title(pen: "ImageDraw", words: Words, fonts: Fonts, top: int) -> int:
    """As large as three lines allow; returns where it ends."""
    for size in (132, 112, 96, 80):
        font = fonts.of(size, bold=True)
        lines = wrapped(words.title, font, WIDE - 2 * EDGE)
        if len(lines) <= (1 if size > 100 else 2):
            break
    for line in lines[:3]:
        pen.text((EDGE, top), line, INK, font)
        top += round(size * 1.28)
    small = fonts.of(44)
    for line in wrapped(words.summary, small, WIDE - 2 * EDGE)[:2]:
        pen.text((EDGE, top + 16), line, GREY, small)
        top += 64
    return top + 16


def _facts(pen: "ImageDraw", words: Words, fonts: Fonts, top: int, bottom: int) -> int:
    """As many as there is room for; returns where they end."""
    name, value = fonts.of(40, bold=True), fonts.of(48, bold=True)
    left = EDGE + 210
    for label, said in words.facts:
        lines = wrapped(said, value, WIDE - EDGE - left)[:2]
        if top + 70 * len(lines) > bottom:
            break
        pen.text((EDGE, top + 8), label, GREEN, name)
        for line in lines:
            pen.text((left, top), line, INK, value)
            top += 70
        top += 10
    return top


def _code(sheet: "Image", pen: "ImageDraw", words: Words, fonts: Fonts, top: int) -> None:
    """The code keeps four modules of white around it, inside of a box."""
    import segno  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    pen.rounded_rectangle((EDGE - 40, top, WIDE - EDGE + 40, top + CODE + 60), 36, fill=PALE)
    drawn = io.BytesIO()
    made = segno.make(words.code, error="m", micro=False)
    scale = max(1, CODE // made.symbol_size(border=4)[0])
    made.save(drawn, kind="png", scale=scale, border=4)
    with Image.open(drawn) as code:
        size = code.width
        at = (WIDE - EDGE - size, top + (CODE + 60 - size) // 2)
        sheet.paste(code.convert("RGB"), at)
    middle = top + (CODE + 60) / 2
    pen.text((EDGE + 20, middle - 110), words.act, DEEP, fonts.of(68, bold=True), anchor="lm")
    follow = f"关注「{words.account}」" if words.account else ""
    for step, line in enumerate((follow, "名额、候补、改期都会告诉您")):
        pen.text((EDGE + 20, middle + 10 + 74 * step), line, GREY, fonts.of(42), anchor="lm")


def wrapped(said: str, font: "FreeTypeFont", width: int) -> list[str]:
    """Broken where it must be: Chinese has no spaces, but numbers and Latin words stay whole."""
    lines: list[str] = []
    line = ""
    for part in _parts(said):
        if line and font.getlength(line + part) > width and part not in "，。、；：！？）」—":
            lines.append(line.rstrip())
            line = part.lstrip()
        else:
            line += part
    return [*lines, line] if line else lines


def _parts(said: str) -> list[str]:
    parts: list[str] = []
    for letter in said:
        joins = letter.isascii() and not letter.isspace()
        if (
            parts
            and joins
            and parts[-1][-1].isascii()
            and not parts[-1][-1].isspace()
            and len(parts[-1]) < 20
        ):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def _is_latin(letter: str) -> bool:
    return bool(letter) and letter.isascii() and not letter.isspace()
