"""Letters for what we print: those every reader of PDF has for simplified Chinese, no font of our own.

Whatever was written is words and nothing else: what cannot be shown is marked, and counted by who prints.
"""

from typing import Final

FONT: Final = "STSong-Light"
UNKNOWN: Final = "〓"  # what printers put where they have no letter
_SPELLED: Final = str.maketrans(
    {"•": "・", "·": "・", "–": "－", "\u00a0": " ", "\t": " ", "　": " ", "−": "－"}
)


def register() -> None:
    """Once for each process that prints; again does no harm."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 - who only serves messages does without it
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def printable(words: str) -> tuple[str, int]:
    """What the letters at hand can show, and how many they cannot."""
    found = [char for char in words.translate(_SPELLED) if char.isprintable()]
    shown = [char if is_known(char) else UNKNOWN for char in found]
    return "".join(shown), sum(not is_known(char) for char in found)


def is_known(char: str) -> bool:
    if char == "・":  # the dot in names; where it stands for the other one readers have it
        return True
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
