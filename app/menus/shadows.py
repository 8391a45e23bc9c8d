"""Keywords that can never be hit because earlier ones take every text they would answer.

Exact words are asked before all others, whatever their place; the others go in the file's order.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.menus.mistakes import Mistake, one_of
from app.menus.model import Hours, How, Rule
from app.menus.patterns import BadPattern, compile_pattern, is_anchored
from app.menus.source import Path, Source
from app.menus.words import normalise
from app.services.audiences import covers, each

# Always the engine's own, whatever the file says (architecture: order of routing).
RESERVED = frozenset({"取消", "上一步", "帮助", "人工", "继续"})

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Word:
    path: Path
    written: str
    text: str
    rule: Rule
    pattern: re.Pattern[str] | None = None
    whole: bool = True  # a pattern that looks at text alone, not at its ends


def unusable(rules: list[tuple[Path, Rule]], source: Source) -> Iterator[Mistake]:
    """Words that could not be matched at all."""
    for path, rule in rules:
        for n, written in enumerate(rule.say):
            if problem := _problem(written, rule.match):
                yield Mistake(*source.place((*path, "say", n)), *problem)


def check(rules: list[tuple[Path, Rule]], source: Source) -> Iterator[Mistake]:
    """Mistakes in the words of rules, and words hidden by others."""
    yield from unusable(rules, source)
    exact: dict[str, list[_Word]] = {}
    others: list[_Word] = []
    for path, rule in rules:
        for n, written in enumerate(rule.say):
            if _problem(written, rule.match):
                continue
            word = _word((*path, "say", n), written, rule)
            earlier = exact.setdefault(word.text, []) if rule.match is How.EXACT else others
            takers = [each for each in earlier if _takes(each, word)]
            hider = next((each for each in takers if _always_when(each.rule, word.rule)), None)
            if hider:
                yield _hidden(word, hider, source)
            elif together := _union([each.rule for each in takers], word.rule):
                yield _hidden_by_all(word, [each for each in takers if each.rule in together], source)
            earlier.append(word)


def warnings(rules: list[tuple[Path, Rule]], source: Source) -> Iterator[Mistake]:
    for path, rule in rules:
        for n, written in enumerate(rule.say):
            if rule.match in {How.CONTAINS, How.PREFIX} and len(normalise(written)) == 1:
                message = f"「{written}」只有一个字，会命中很多不相干的消息。"
                yield Mistake(*source.place((*path, "say", n)), message, "建议至少两个字。")


def _problem(written: str, how: How) -> tuple[str, str] | None:
    if how is How.PATTERN:
        try:
            compile_pattern(written)
        except BadPattern as error:
            return f"规则「{written}」不能用：{error}", ""
        return None
    text = normalise(written)
    if not text:
        return f"「{written}」里没有字，永远不会命中。", "标点和空格不参与匹配，请写文字。"
    if text in RESERVED and how is How.EXACT:
        return f"「{written}」由系统自己处理，写在这里不起作用。", "请删掉这个词。"
    return None


def _word(path: Path, written: str, rule: Rule) -> _Word:
    if rule.match is How.PATTERN:
        return _Word(path, written, written, rule, compile_pattern(written), not is_anchored(written))
    return _Word(path, written, normalise(written), rule)


def _takes(earlier: _Word, later: _Word) -> bool:
    """Does every text that `later` would hit hit `earlier` too?"""
    if earlier.rule.match is later.rule.match and earlier.text == later.text:
        return True
    if later.rule.match is How.PATTERN:
        return False  # what a pattern can match is not known well enough to blame anybody
    if earlier.pattern:
        return earlier.whole and earlier.pattern.search(later.text) is not None
    if earlier.rule.match is How.CONTAINS:
        return earlier.text in later.text
    return later.rule.match is How.PREFIX and later.text.startswith(earlier.text)


def _always_when(wide: Rule, narrow: Rule) -> bool:
    """Does `wide` hold at every moment and for everybody that `narrow` holds?"""
    return (
        (wide.hours is None or wide.hours is narrow.hours)
        and (wide.begins_at or _FIRST) <= (narrow.begins_at or _FIRST)
        and (wide.ends_at or _LAST) >= (narrow.ends_at or _LAST)
        and covers(wide.when, narrow.when)
    )


def _union(wide: Sequence[Rule], narrow: Rule) -> list[Rule]:
    """Rules of `wide` that hold between them whenever, and for whomever, `narrow` does; none if they do not.

    Whoever has just one of the values `narrow` asks for stands for everybody: more only make more hold.
    Working hours and days off are thought possible at any moment, so that nobody is blamed wrongly.
    """
    found: list[Rule] = []
    for audience in each(narrow.when) if narrow.when else [None]:
        for hours in [narrow.hours] if narrow.hours else list(Hours):
            holding = [rule for rule in wide if rule.hours in (None, hours) and covers(rule.when, audience)]
            chain = _chain(holding, narrow)
            if not chain:
                return []
            found += chain
    return found


def _chain(rules: Sequence[Rule], narrow: Rule) -> list[Rule]:
    """Rules whose dates follow each other without a gap from the first moment of `narrow` to its last."""
    at, end = narrow.begins_at or _FIRST, narrow.ends_at or _LAST
    found: list[Rule] = []
    while at < end:
        begun = [rule for rule in rules if (rule.begins_at or _FIRST) <= at]
        furthest = max(begun, key=_end, default=None)
        if furthest is None or _end(furthest) <= at:
            return []
        found.append(furthest)
        at = _end(furthest)
    return found


def _end(rule: Rule) -> datetime:
    return rule.ends_at or _LAST


def _hidden(word: _Word, hider: _Word, source: Source) -> Mistake:
    line = source.place(hider.path)[0]
    same = hider.text == word.text and hider.rule.match is word.rule.match
    why = f"第 {line} 行已经有「{hider.written}」" if same else f"第 {line} 行的「{hider.written}」会先命中"
    equal = same and _always_when(word.rule, hider.rule)
    hint = "请删掉一个。" if equal else "把这条移到前面，或给前面那条加上条件。"
    return Mistake(*source.place(word.path), f"「{word.written}」永远不会命中：{why}。", hint)


def _hidden_by_all(word: _Word, hiders: list[_Word], source: Source) -> Mistake:
    lines = one_of([str(line) for line in sorted({source.place(each.path)[0] for each in hiders})])
    message = f"「{word.written}」永远不会命中：第 {lines} 行合起来总会先命中。"
    return Mistake(*source.place(word.path), message, "请删掉这条，或改前面几条的条件，给它留出时间或人。")
