"""Which rule a text hits. Compiled once per revision; this is on the path of every message.

Order: exact words first, wherever they stand; then the others in the file's order. Those are found by their
first two characters, and patterns by one combined expression, so that a text that hits nothing costs little
however many rules there are.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add

from app.menus.known import Handlers
from app.menus.model import Hours, How, MenuFile, Rule
from app.menus.patterns import SEEN, compile_pattern
from app.menus.targets import REPLY, Do, Say, Target, item_target, parse_key, reply_key, rule_target
from app.menus.wording import why
from app.menus.words import normalise
from app.services import audiences
from app.services.audiences import Facts
from app.services.calendar import is_working_time

__all__ = ["Book", "Do", "Match", "Say", "Target", "compile_book"]

Guard = Callable[[datetime, Facts], bool]
RULE_LENGTH = 160  # characters of a rule's name in the hit counts


@dataclass(frozen=True, slots=True)
class Match:
    rule: str  # such as keyword:值班电话
    target: Target
    why: str  # for `menus try` and the log, in Chinese


@dataclass(frozen=True, slots=True)
class _Entry:
    match: Match
    guard: Guard | None
    hits: Callable[[str], bool]


Exact = Mapping[str, tuple[tuple[Guard | None, Match], ...]]


class _Sieve:
    """Which entries a text may hit at all; a false alarm costs one more test, nothing else."""

    def __init__(self, starts: Sequence[tuple[str, int]], patterns: Sequence[tuple[str, int]]) -> None:
        self._starts: dict[str, list[int]] = {}
        for start, index in starts:
            self._starts.setdefault(start, []).append(index)
        self._keys = frozenset(self._starts)
        self._singles = any(len(key) == 1 for key in self._keys)
        self._pattern_indexes = [index for _, index in patterns]
        joined = "|".join(f"(?:{text})" for text, _ in patterns)
        self._patterns = re.compile(joined, re.IGNORECASE) if patterns else None

    def candidates(self, text: str) -> Sequence[int]:
        """Indexes in the file's order."""
        found: list[int] = []
        if not self._keys.isdisjoint(map(add, text, text[1:])):
            for key in self._keys.intersection(map(add, text, text[1:])):
                found += self._starts[key]
        if self._singles:
            for key in self._keys.intersection(text):
                found += self._starts[key]
        if self._patterns and self._patterns.search(text, 0, SEEN):
            found += self._pattern_indexes
        return sorted(found)


class Book:
    """All that one revision answers."""

    def __init__(
        self,
        *,
        exact: Exact,
        entries: tuple[_Entry, ...],
        sieve: _Sieve,
        replies: Mapping[str, Say],
        greetings: Mapping[str, Do],
        fallback: Do | None,
        known: Handlers,
    ) -> None:
        self._exact = exact
        self._entries = entries
        self._sieve = sieve
        self._replies = replies
        self._greetings = greetings
        self._known = known
        self.fallback = fallback

    def match(self, text: str, at: datetime, facts: Facts = audiences.NOBODY_KNOWN) -> Match | None:
        """The rule `text` hits at `at`, or None."""
        found = self._exact.get(text)
        word = text if found else normalise(text)
        found = found or self._exact.get(word)
        if found:
            for guard, match in found:
                if guard is None or guard(at, facts):
                    return match
        for index in self._sieve.candidates(word):
            entry = self._entries[index]
            if entry.hits(word) and (entry.guard is None or entry.guard(at, facts)):
                return entry.match
        return None

    def exact(self, text: str, at: datetime, facts: Facts = audiences.NOBODY_KNOWN) -> Match | None:
        """The exact rule for `text`, or None; for texts that an open question has refused."""
        for guard, match in self._exact.get(text) or self._exact.get(normalise(text), ()):
            if guard is None or guard(at, facts):
                return match
        return None

    def button(self, key: str) -> Target | None:
        """What a tapped button means, also one from an older menu; None leads to help."""
        if key.startswith(REPLY):
            return self._replies.get(key)
        target = parse_key(key)
        handler = self._known.get(target.handler) if target else None
        if target is None or handler is None or not handler.args.issuperset(target.args):
            return None
        return target

    def greeting(self, kind: str) -> Do | None:
        """What a new follower (`subscribe`) or the scan of a QR code (`scan`) starts."""
        return self._greetings.get(kind)

    @classmethod
    def empty(cls, known: Handlers) -> "Book":
        """For the moments before a revision is read: buttons work, no word does."""
        return cls(
            exact={},
            entries=(),
            sieve=_Sieve((), ()),
            replies={},
            greetings={},
            fallback=None,
            known=known,
        )


def compile_book(file: MenuFile, known: Handlers, older: Iterable[Mapping[str, Say]] = ()) -> Book:
    """`older`: the `reply_buttons` of revisions before this one, newest first; phones may still show them."""
    exact: dict[str, list[tuple[Guard | None, Match]]] = {}
    entries: list[_Entry] = []
    starts: list[tuple[str, int]] = []
    patterns: list[tuple[str, int]] = []
    replies: dict[str, Say] = {}
    for each in older:
        replies = {**each, **replies}
    for name, rule in _named(file.keywords):
        target, guard = rule_target(rule), _guard(rule)
        for word in rule.say:
            match = Match(name, target, why(rule, word))
            if rule.match is How.EXACT:
                exact.setdefault(normalise(word), []).append((guard, match))
            else:
                if rule.match is How.PATTERN:
                    patterns.append((word, len(entries)))
                else:
                    starts.append((normalise(word)[:2], len(entries)))
                entries.append(_Entry(match, guard, _test(rule.match, word)))
    named = {"subscribe": file.greetings.subscribe, "scan": file.greetings.scan}
    return Book(
        exact={word: tuple(found) for word, found in exact.items()},
        entries=tuple(entries),
        sieve=_Sieve(starts, patterns),
        replies=replies | reply_buttons(file),
        greetings={kind: Do(handler) for kind, handler in named.items() if handler},
        fallback=Do(file.fallback),
        known=known,
    )


def _named(rules: tuple[Rule, ...]) -> list[tuple[str, Rule]]:
    """Rules with the names their hits are counted under; the same first word gets a number."""
    seen: dict[str, int] = {}
    named = []
    for rule in rules:
        name = f"keyword:{rule.say[0]}"[: RULE_LENGTH - 5]
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name}#{seen[name]}", rule))
    return named


def _test(how: How, word: str) -> Callable[[str], bool]:
    if how is How.PATTERN:
        search = compile_pattern(word).search
        return lambda text: search(text, 0, SEEN) is not None
    form = normalise(word)
    return (lambda text: text.startswith(form)) if how is How.PREFIX else (lambda text: form in text)


def _guard(rule: Rule) -> Guard | None:
    hours, begins, ends, when = rule.hours, rule.begins_at, rule.ends_at, rule.when
    if hours is None and begins is None and ends is None and when is None:
        return None

    def holds(at: datetime, facts: Facts) -> bool:
        return (
            (begins is None or at >= begins)
            and (ends is None or at < ends)
            and audiences.matches(when, facts)
            and (hours is None or is_working_time(at) is (hours is Hours.WORKING))
        )

    return holds


def reply_buttons(file: MenuFile) -> dict[str, Say]:
    """What its buttons that only reply say, by their keys."""
    bars = [("", file.menu), *((str(each.when), each.menu) for each in file.menus_for)]
    found = {}
    for menu, buttons in bars:
        for button in buttons:
            for item in button.items or (button,):
                target = item_target(item)
                if isinstance(target, Say):
                    found[reply_key(menu, button.name, item)] = target
    return found
