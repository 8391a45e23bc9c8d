"""What goes round and what was found out about it, in memory: which published claim a text asks about.

By how much two short texts have in common, not by BM25: of claims there are few at a time, and rare words of
a few texts tell nothing. Not here: the rows (`models.clarification`), and what is said in a reply.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.knowledge.vocabulary import normalise, tokens

LIKE: Final = 0.5
"""From here on a text that asks about a rumour asks about this one…"""
SAME: Final = 0.8
"""…and one that does not say so; two claims are told in the same words."""
COVERED: Final = 0.7
"""So much of a short question (听说要涨电费) must stand in what a claim says at length, and every character
that is no particle."""
ALIKE: Final = 0.35
"""Claims that somebody of staff should compare."""
_SAYS_ENOUGH: Final = 4.5  # weight of a question that is looked for so: four characters or more
_PARTICLES: Final = frozenset("的了吗呢吧啊呀要会又还都就")
_OPPOSITES: Final = (
    "涨降",
    "涨跌",
    "升降",
    "增减",
    "加减",
    "多少",
    "快慢",
    "开停",
)  # who says one means no other
_CONTAINED: Final = 5  # characters of a wording that stands in the text word for word
_CHARACTER: Final = 0.5  # what one character counts, against a word or two characters
_LISTED: Final = 3

_ASKS = re.compile(
    r"(?:我|最近|今天|昨天)?(?:听说|听人说|听人家说|听别人说|听闻|据说|传言|谣传|都在传|在传|疯传|流传|有人说|人家说|都说)"
    r"|(?:网上|网络上?|群里|微信群|朋友圈|抖音|快手|视频号|视频里|短视频)(?:里|上)?(?:都|有人|有|在|看到|看见)*(?:说|传|转|发)?"
    r"|(?:这|那)?(?:个|条|件)?(?:事|消息|说法)?(?:到底)?(?:是不是真的|是真的吗|是真的么|真的假的|是真是假|是真的还是假的|真的吗|真的么"
    r"|是假的吧|是假的吗|假的吧|可信吗|属实吗|是真的|有这回事吗|有没有这回事|是不是谣言|是谣言吗|谣言|辟谣)"
)
_SAYS_SO = re.compile(
    "听说|听人说|听人家说|听别人说|听闻|据说|传言|谣|在传|疯传|流传|有人说|人家说|都说"
    "|(?:网上|网络|群里|朋友圈|抖音|快手|视频)(?:里|上)?(?:都|有人|有|在|看到|看见)*(?:说|传|转|发)"
    "|是不是真的|是真的吗|是真的么|真的假的|是真是假|是真的还是假的|是假的吧|是假的吗|可信吗|属实吗|这回事"
    "|是不是(?:真的)?要|真的?要"
)


@dataclass(frozen=True, slots=True)
class Rumour:
    """One published clarification as people get it."""

    id: str
    number: str
    title: str
    told: tuple[str, ...]  # the claim as people tell it
    verdict: str
    mark: str
    short: str
    organ: str
    said_on: date
    updated_on: date | None = None


class Rumours:
    """All that are published, ready to be asked. Build a new one when they change; sharing it is safe."""

    def __init__(self, rumours: Sequence[Rumour] = ()) -> None:
        self.all = tuple(rumours)
        said = [[core(words) for words in (*each.told, each.title)] for each in self.all]
        self._forms = [[(form, _weights(form)) for form in forms] for forms in said]

    def __len__(self) -> int:
        return len(self.all)

    def find(self, text: str) -> Rumour | None:
        """The one that `text` asks about: at once where it is told in the same words, and more freely where
        the text says that it is about a rumour.
        """
        if not self.all:
            return None  # every question comes by here
        is_short = is_asking(text)
        found = self._ranked(text, LIKE if is_short else SAME, in_short=is_short)
        return found[0] if found else None

    def list_fitting(self, text: str) -> list[Rumour]:
        """All that may be meant, best first: for a page of results."""
        asked = normalise(text)
        named = [
            each for each in self.all if asked and asked in normalise(" ".join((*each.told, each.title)))
        ]
        return list({each.id: each for each in [*self._ranked(text, LIKE, in_short=True), *named]}.values())[
            :_LISTED
        ]

    def _ranked(self, text: str, least: float, *, in_short: bool) -> list[Rumour]:
        """`in_short`: the text may name in a few words what a claim says at length."""
        asked = core(text)
        if not asked:
            return []
        own = _weights(asked)
        scores = [
            (
                max(
                    (_score(asked, own, form, weights, in_short=in_short) for form, weights in forms),
                    default=0.0,
                ),
                -number,
            )
            for number, forms in enumerate(self._forms)
        ]
        return [self.all[-number] for score, number in sorted(scores, reverse=True) if score >= least]


def is_asking(text: str) -> bool:
    """Whether the text says that it is about something heard."""
    return _SAYS_SO.search(normalise(text).replace(" ", "")) is not None


def core(text: str) -> str:
    """The claim itself, without 听说 and 是真的吗; in one writing, without spaces."""
    plain = normalise(text).replace(" ", "")
    bare = _ASKS.sub("", plain)
    return bare or plain


def likeness(one: str, other: str) -> float:
    """How much two claims have in common, 0 to 1."""
    left, right = core(one), core(other)
    return _score(left, _weights(left), right, _weights(right))


def _weights(form: str) -> dict[str, float]:
    return {token: _CHARACTER if len(token) == 1 else 1.0 for token in tokens(form)}


def _score(
    asked: str, own: dict[str, float], form: str, others: dict[str, float], *, in_short: bool = False
) -> float:
    if asked == form:
        return 1.0
    if len(form) >= _CONTAINED and form in asked:
        return 0.9
    if _are_opposite(asked, form):
        return 0.0
    both = sum(weight for token, weight in own.items() if token in others)
    mine = sum(own.values())
    whole = mine + sum(others.values())
    named = in_short and mine >= _SAYS_ENOUGH and set(asked) - _PARTICLES <= set(form)
    if named and both >= COVERED * mine:
        return max(both / mine * 0.9, 2 * both / whole)
    return 2 * both / whole if whole else 0.0


def _are_opposite(one: str, other: str) -> bool:
    """Whether one says that something goes up, and the other that it goes down."""
    return any(
        (up in one and down in other and not (down in one or up in other))
        or (down in one and up in other and not (up in one or down in other))
        for up, down in _OPPOSITES
    )
