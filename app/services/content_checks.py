"""What content is looked through for before it goes to review: grave words, personal data, slips of typing.

A machine does not know what is meant: it says where, and people decide. Knows no database and asks nobody.
Not here: the words that staff add (`content_words`).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app import rich_text
from app.services import content_forms
from app.services.board_wording import ID_NUMBER
from app.services.content_forms import Filled
from models import ContentKind, WordLevel

MOST: Final = 100
_AROUND: Final = 12  # characters shown on both sides
_NOT_READ: Final = frozenset({"category", "danger", "reviewed_on", "publish_at", "expires_at", "source_link"})
_HAN: Final = "[\u4e00-\u9fff]"


@dataclass(frozen=True, slots=True)
class Finding:
    """`block` is its number from 1, or None of a field; `before` and `after` is what stands around."""

    level: WordLevel
    place: str
    block: int | None
    before: str
    words: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Sought:
    """A word that an operator's list names."""

    word: str
    level: WordLevel
    why: str


# --- what is looked for ------------------------------------------------------------------------------------

_L = WordLevel
# 《广告法》第九条第三项: “国家级”、“最高级”、“最佳”等用语. 第一时间 and 第一条 are none of them.
_ABSOLUTE: Final = re.compile(
    "国家级|世界级|最(?:佳|优|高级|先进|权威|便宜|低价|顶尖)|(?:全国|全省|全市|全球|世界|行业)第一|第一品牌|顶级|极品"
    "|独一无二|绝无仅有|史无前例|万能|零风险|(?:百分之百|100 ?%)(?:安全|有效|满意)|永久有效|包治百病"
)
_MOBILE: Final = re.compile(r"(?<![\d.])1[3-9](?:[ -]?\d){9}(?!\d)")
_CARD: Final = re.compile(r"(?<!\d)\d{16,19}(?!\d)")
_DOUBLED: Final = re.compile(
    r"的的|在在|是是(?!非)|和和|与与|及及|或或|并并|将将|把把|被被|为为|就就|也也|都都|而而|对对"
    r"|([，。；：、？！,;?])\1+|。，|，。"
)
_HALF: Final = re.compile(f"(?<={_HAN})[,;:?!](?={_HAN}|$)|(?<={_HAN})\\.$", re.MULTILINE)
_FULL: Final = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
_SPACED: Final = re.compile(f"(?<={_HAN})[ \u3000]+(?={_HAN})")
_PAIRS: Final = ("“”", "「」", "《》", "（）", "【】")
_RULES: Final[Sequence[tuple[re.Pattern[str], WordLevel, str]]] = (
    (ID_NUMBER, _L.SERIOUS, "像是身份证号码，不要公开个人信息"),
    (_MOBILE, _L.SERIOUS, "像是手机号码，不要公开个人信息"),
    (_ABSOLUTE, _L.MILD, "绝对化的说法，广告法第九条不许用"),
    (_DOUBLED, _L.TYPING, "重复了"),
    (_HALF, _L.TYPING, "中文里用了半角标点"),
    (_FULL, _L.TYPING, "数字和字母用半角"),
    (_SPACED, _L.TYPING, "汉字之间有空格"),
)


def findings(kind: ContentKind, filled: Filled, sought: Iterable[Sought] = ()) -> list[Finding]:
    """In the order of the form, the gravest of one place first; `MOST` at most."""
    words, found = list(sought), []
    for place, block, text in _texts(kind, filled):
        here = [*_by_words(place, block, text, words), *_by_rules(place, block, text)]
        found += sorted(here, key=lambda each: list(WordLevel).index(each.level))
    return found[:MOST]


def grave(found: Iterable[Finding]) -> list[Finding]:
    return [each for each in found if each.level is WordLevel.SERIOUS]


def mark(found: Iterable[Finding]) -> str:
    """Of these findings and no others: a reason was given for just them."""
    said = "\n".join(f"{each.place}\t{each.words}\t{each.why}" for each in found)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


# --- parts -------------------------------------------------------------------------------------------------


def _texts(kind: ContentKind, filled: Filled) -> Iterator[tuple[str, int | None, str]]:
    """Place, number of the block, words."""
    for name in content_forms.FIELDS[kind]:
        if name not in _NOT_READ and (text := str(filled.get(name) or "")):
            yield content_forms.LABELS[name], None, text
    one = "块" if kind is ContentKind.ARTICLE else "步"
    blocks: list[Any] = filled.get("blocks", [])
    for number, (type_, text, *_rest) in enumerate(blocks, 1):
        yield f"第 {number} {one}", number, rich_text.read_by_people(str(type_), str(text))


def _by_words(place: str, block: int | None, text: str, words: Sequence[Sought]) -> Iterator[Finding]:
    lower = text.lower()
    for each in words:
        start = lower.find(each.word.lower())
        while start >= 0:
            yield _finding(each.level, place, block, text, start, start + len(each.word), each.why)
            start = lower.find(each.word.lower(), start + len(each.word))


def _by_rules(place: str, block: int | None, text: str) -> Iterator[Finding]:
    for rule, level, why in _RULES:
        for found in rule.finditer(text):
            yield _finding(level, place, block, text, *found.span(), why)
    for found in _CARD.finditer(text):
        if not ID_NUMBER.fullmatch(found[0]) and _is_card(found[0]):
            yield _finding(_L.SERIOUS, place, block, text, *found.span(), "像是银行卡号，不要公开个人信息")
    for opening, closing in _PAIRS:
        if text.count(opening) != text.count(closing):
            start = text.rfind(opening if text.count(opening) > text.count(closing) else closing)
            why = f"{opening}{closing} 没有成对"
            yield _finding(_L.TYPING, place, block, text, start, start + 1, why)


def _finding(
    level: WordLevel, place: str, block: int | None, text: str, start: int, end: int, why: str
) -> Finding:
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    return Finding(level, place, block, before, text[start:end], after, why)


def _is_card(digits: str) -> bool:
    """By its check digit (Luhn)."""
    doubled = (int(each) * (2 if place % 2 else 1) for place, each in enumerate(reversed(digits)))
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0
