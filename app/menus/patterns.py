"""Which regular expressions a keyword may use: short, simple, and never slow on any text.

The bound is on work, not on looks: every place where matching could branch multiplies it. Patterns see
the first `SEEN` characters of a text only.
"""

import importlib
import re
import unicodedata
from typing import Any

LONGEST = 100
SEEN = 120  # characters of a text
MOST_WAYS = 60_000
LONG = 10  # a repeat that may go on longer counts as unbounded
NEUTRAL = ("天", "x", "7", "好的谢谢", "王")  # a pattern that hits all of these would swallow every text

_parser: Any = importlib.import_module("re._parser")


class BadPattern(ValueError):
    """Why a pattern is refused, in Chinese, for the operator."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """`text` as it is used: on normalised words, capital letters alike.

    Raises:
        BadPattern: it is wrong, too long, too slow, or hits nearly everything.
    """
    if len(text) > LONGEST:
        raise BadPattern(f"规则太长，最多 {LONGEST} 个字符。请拆成几条。")
    if text != unicodedata.normalize("NFKC", text):
        raise BadPattern("规则里有全角字符，永远不会匹配。请改用半角。")
    try:
        found = re.compile(text, re.IGNORECASE)
        tree = _parser.parse(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        raise BadPattern("规则写法不对。请检查括号是否成对，特殊符号前要加反斜杠。") from None
    if tree.getwidth()[0] == 0:
        raise BadPattern("规则可以匹配空白，会命中所有消息。请至少写一个必须出现的字。")
    if tree.state.groupdict or "(?" in re.sub(r"\\.|\(\?:", "", text):
        raise BadPattern("规则只能用普通括号和 (?:…)，不能用其他 (?…) 写法。")
    if _ways(tree, repeated=False) > MOST_WAYS:
        raise BadPattern("规则太复杂，匹配会很慢。请减少 .* 和 +，或拆成几条。")
    if all(found.search(probe) for probe in NEUTRAL):
        raise BadPattern("规则几乎会命中所有消息。请写得更具体。")
    return found


def is_anchored(text: str) -> bool:
    """Does it speak of the beginning, the end or word borders?"""
    return any(str(code) == "AT" for code in _codes(_parser.parse(text)))


def _codes(tree: Any) -> list[Any]:
    found = []
    for code, argument in tree:
        found.append(code)
        for part in _parts(argument):
            found.extend(_codes(part))
    return found


def _parts(argument: Any) -> list[Any]:
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for each in argument for part in _parts(each)]
    return []


def _ways(tree: Any, repeated: bool) -> int:
    """How many ways there may be to try `tree` at one place, from above."""
    ways = 1
    for code, argument in tree:
        name = str(code)
        if name in {"GROUPREF", "GROUPREF_EXISTS"}:
            raise BadPattern("规则不能引用前面的括号（如 \\1）。")
        if name.endswith("REPEAT"):
            ways *= _repeat_ways(argument, repeated)
        elif name == "BRANCH":
            if repeated:
                raise BadPattern("重复的括号里不能再有「|」，匹配会很慢。请拆成几条。")
            ways *= sum(_ways(branch, repeated) for branch in argument[1])
        else:
            for part in _parts(argument):
                ways *= _ways(part, repeated)
        if ways > MOST_WAYS:
            return ways
    return ways


def _repeat_ways(argument: Any, repeated: bool) -> int:
    low, high, inner = int(argument[0]), int(argument[1]), argument[2]
    if low != high and repeated:
        raise BadPattern("重复里面套着重复，匹配会很慢。请去掉一层 * 或 +。")
    own = SEEN if high > LONG else high - low + 1
    inside = _ways(inner, repeated or high > 1)
    return own * int(inside ** (high if high <= LONG else 1))
