"""One form for texts that mean the same: full-width or not, capital or not, with or without a final mark."""

import string
import unicodedata

_EDGES = (
    string.punctuation
    + string.whitespace
    + "　、。〃〈〉《》「」『』【】〔〕〖〗…—～·‘’“”￥€£"
    + "！＂＃％＆＇（）＊＋，－．／：；＜＝＞？＠［＼］＿｛｜｝"
    + "\u200b\u200c\u200d\ufeff\ufe0f"  # what keyboards and copying leave behind unseen
)


def normalise(text: str) -> str:
    """`text` as rules compare it."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.lower().strip(_EDGES)


def shown_width(text: str) -> float:
    """How many 汉字 wide a name is on a phone."""
    return sum(1.0 if unicodedata.east_asian_width(each) in "WF" else 0.5 for each in text)
