"""Pictures of an outing for the demonstration's album, drawn by us: hills, weather, people without faces."""

import io
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDE, HIGH = 1600, 1067
COATS: Final = ("#E08E0B", "#3F6FB5", "#B5476B", "#7A7A2E", "#C62828", "#F2F2EE")
SKIN, HAIR = "#E8B98F", "#2B2622"


@dataclass(frozen=True, slots=True)
class Shot:
    """Where the sun stands, in parts of the width, and how high; the colours; how many walk, and how near."""

    caption: str
    sky: str
    sun: tuple[float, float]
    hills: str
    people: int
    size: int  # pixels of a person's height


SHOTS: Final = (
    Shot("早上八点，在山下集合", "#BFD9E8 #FBE8CF", (0.82, 0.30), "#9DB8B2 #6F9A8D #3F7A5E", 7, 250),
    Shot("半山腰，叶子红了", "#A8CBE0 #EAF2F5", (0.20, 0.18), "#C98F5B #B5653A #7E3F2A", 4, 200),
    Shot("路边歇一歇", "#CFE3EE #F6F1E4", (0.55, 0.15), "#A9B98A #7F9A58 #51703A", 3, 330),
    Shot("登顶", "#7FB4DC #D8ECF7", (0.68, 0.16), "#8CC5BA #4C9C8F #00695C", 6, 280),
    Shot("下山，太阳落到坡后", "#E9A46A #FBE3B8", (0.40, 0.20), "#A77B6B #7A5448 #4B342E", 5, 220),
)


def drawn(number: int) -> bytes:
    """The JPEG of a shot; the same each time."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - who only serves messages does without it

    shot, chance = SHOTS[number], random.Random(number)  # noqa: S311 - where somebody stands is no secret
    sky = Image.new("RGB", (1, 2))
    for height, colour in enumerate(shot.sky.split()):
        sky.paste(colour, (0, height, 1, height + 1))
    sheet = sky.resize((WIDE, HIGH), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(sheet)
    x, y = shot.sun[0] * WIDE, shot.sun[1] * HIGH
    pen.ellipse((x - 80, y - 80, x + 80, y + 80), fill="#FFF3D0")
    for layer, colour in enumerate(shot.hills.split()):
        _ridge(pen, HIGH * (0.42 + 0.14 * layer), colour, chance)
    path = ((0.1, 1.0), (0.52, 0.74), (0.56, 0.74), (0.95, 1.0))
    pen.polygon([(WIDE * across, HIGH * down) for across, down in path], fill="#D9C7A3")
    step = WIDE * 0.72 / shot.people
    for each in range(shot.people):
        tall = shot.size * chance.uniform(0.88, 1.08)
        left = WIDE * 0.14 + step * (each + 0.5) + chance.uniform(-step / 6, step / 6)
        _person(pen, left, HIGH * chance.uniform(0.90, 0.97), tall, COATS[(each + number) % len(COATS)])
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=85)
    return out.getvalue()


def _ridge(pen: "ImageDraw", height: float, colour: str, chance: random.Random) -> None:
    """A range of round hills."""
    left = -300.0
    while left < WIDE:
        across = chance.uniform(500, 900)
        top = height - chance.uniform(20, 130)
        pen.ellipse((left, top, left + across, top + 2 * HIGH), fill=colour)
        left += across * 0.5


def _person(pen: "ImageDraw", x: float, ground: float, tall: float, coat: str) -> None:
    """Seen from behind."""
    wide, head = tall * 0.30, tall * 0.15
    top = ground - tall
    for leg in (x - wide * 0.26, x + wide * 0.26):
        around = (leg - tall * 0.055, ground - tall * 0.45, leg + tall * 0.055, ground)
        pen.rounded_rectangle(around, tall * 0.05, fill="#33414A")
    pen.rounded_rectangle(
        (x - wide / 2, top + head * 1.3, x + wide / 2, ground - tall * 0.34), tall * 0.09, fill=coat
    )
    pen.ellipse((x - head / 2, top, x + head / 2, top + head * 1.15), fill=SKIN)
    pen.chord((x - head * 0.54, top - head * 0.06, x + head * 0.54, top + head * 1.1), 180, 360, fill=HAIR)
    pen.rounded_rectangle(
        (x - wide * 0.3, top + head * 1.7, x + wide * 0.3, ground - tall * 0.48), tall * 0.04, fill="#00695C"
    )
