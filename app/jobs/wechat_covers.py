"""The cover of a WeChat article that brings no picture: green hills and the title, 2.35 to 1.

Drawn the same from the same words, so that it is brought to WeChat once.
"""

import io
from typing import Final

from app.jobs.fonts import Fonts
from app.jobs.poster_drawing import DEEP, GREEN, PALE, wrapped

WIDE, HIGH = 900, 383
EDGE: Final = 64
_HILLS: Final = (
    (-260, 250, 560, 900, "#8CC5BA"),
    (280, 290, 1260, 1000, "#4C9C8F"),
    (-160, 330, 820, 1000, GREEN),
)
_MOST_LINES: Final = 2


def draw(title: str, above: str, fonts: Fonts | None) -> bytes:
    """A JPEG. `above` stands small over the title; without a Chinese font there are no words on it."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - who only serves messages does without it

    sheet = Image.new("RGB", (WIDE, HIGH), PALE)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((762, 36, 852, 126), fill="#F6C667")
    for left, top, right, bottom, colour in _HILLS:
        pen.ellipse((left, top, right, bottom), fill=colour)
    if fonts is not None:
        pen.text((EDGE, 44), above, GREEN, fonts.of(26, bold=True))
        for size in (60, 52, 44):
            font = fonts.of(size, bold=True)
            lines = wrapped(title, font, WIDE - 2 * EDGE - 110)
            if len(lines) <= _MOST_LINES:
                break
        for number, line in enumerate(lines[:_MOST_LINES]):
            pen.text((EDGE, 88 + number * round(size * 1.3)), line, DEEP, font)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88)
    return out.getvalue()
