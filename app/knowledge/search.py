"""Finding the answer to a text, in memory, among all kinds of answers at once.

BM25 over words, characters and bigrams (`vocabulary.py`, `postings.py`), then three outcomes: one answer, a
few to choose from, or none. What decides between them is how much of the text an answer accounts for, how
much that is at all, and how clearly the best one leads.

Not here: where answers come from, and what is said when nothing was found.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.knowledge.entries import Entry
from app.knowledge.laws import LawAnswer
from app.knowledge.postings import Postings, Scores
from app.knowledge.signposts import Signpost
from app.knowledge.tips import Tip
from app.knowledge.vocabulary import Subject, is_about, is_life_at_risk, normalise, tokens

# Chosen on the `development` questions only; others judge them (tests/test_knowledge_search.py).
KNOWN = 1.0
"""A text all of whose words one answer has, as a share of what it could score: however short, it is ours."""
EVIDENCE = 3.4
"""In unseen tokens: what an answer must score at least, where the text names nothing of its subject…"""
EVIDENCE_ON_SUBJECT = 1.8
"""…and where it does."""
LEAST_SHARE = 0.14
"""Below this share of what the text could score, it is about something else."""
CERTAIN_SHARE, CERTAIN_EVIDENCE = 0.3, 4.0
"""From here on one answer may stand alone."""
CLEAR_LEAD = 0.9
"""A second answer scoring above this share of the first makes it a choice."""
NEARBY = 0.6
"""Offered beside the first: answers scoring at least this share of it."""
LISTED = 0.45
"""Shown on a page of results: answers scoring at least this share of the first."""
WORTH_IN_DANGER = 0.5
"""Where a life is at risk, urgent answers scoring at least this share of the first come before it."""

_MOST_CHOICES = 3
_RANKED = 10  # looked at closely
_SHORTEST_CONTAINED = 6  # characters; a shorter question form inside a text proves nothing
_PROSE_WEIGHT = 0.4  # what we wrote, against what people ask

_SUBJECT_OF: dict[type[Entry], Subject] = {
    Tip: Subject.POWER,
    LawAnswer: Subject.WORK,
    Signpost: Subject.ACCOUNT,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer; `also` may be meant instead, best first."""

    entry: Entry
    also: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """One to three that may be meant: ask which, best first."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """None of ours answers."""


Result = Hit | Choices | Miss


class Index:
    """A fixed set of answers, ready to be asked. Build a new one when they change; sharing it is safe."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = tuple(entries)
        self._forms = [tuple(_forms(entry)) for entry in self._entries]
        self._exact = {
            form: number for number, forms in reversed(list(enumerate(self._forms))) for form in forms
        }
        self._openings = _openings(self._forms)
        self._postings = Postings(map(_counts, self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def search(self, text: str) -> Result:
        """The answer to `text`. Any text will do: empty, emoji, thousands of characters."""
        asked = normalise(text)
        exact = self._exact.get(asked)
        if exact is not None:
            return Hit(self._entries[exact])
        ranked, reachable = self._postings.rank(tokens(asked), _RANKED)
        if not ranked:
            return Miss()
        if is_life_at_risk(asked):
            ranked = self._urgent_first(ranked)
        contained = self._contained(asked, [number for number, _ in ranked])
        if contained is not None:
            return Hit(self._entries[contained])
        return self._decide(ranked, reachable, asked)

    def list_fitting(self, text: str) -> list[Entry]:
        """All that may be meant, best first: for a page of results, where more is shown than in a reply."""
        asked = normalise(text)
        if not asked:
            return []
        named = [number for number, forms in enumerate(self._forms) if any(asked in form for form in forms)]
        ranked, reachable = self._postings.rank(tokens(asked), _RANKED)
        if ranked and is_life_at_risk(asked):
            ranked = self._urgent_first(ranked)
        best: list[int] = []
        if ranked and not isinstance(self._decide(ranked, reachable, asked), Miss):
            worth = ranked[0][1] * LISTED
            best = [number for number, score in ranked if score >= worth]
        return [self._entries[number] for number in dict.fromkeys([*best, *named])]

    def _urgent_first(self, ranked: Scores) -> Scores:
        """What saves a life comes before other matters that the text speaks of more."""
        worth = ranked[0][1] * WORTH_IN_DANGER
        urgent = [found for found in ranked if found[1] >= worth and self._entries[found[0]].is_urgent]
        return [*urgent, *(found for found in ranked if found not in urgent)]

    def _subject(self, number: int) -> Subject:
        return _SUBJECT_OF[type(self._entries[number])]

    def _contained(self, asked: str, numbers: Iterable[int]) -> int | None:
        """Of these the one whose longest question form stands word for word in the text."""
        opened = {
            number
            for at in range(len(asked) - _SHORTEST_CONTAINED + 1)
            for number in self._openings.get(asked[at : at + _SHORTEST_CONTAINED], ())
        }
        longest, found = _SHORTEST_CONTAINED - 1, None
        for number in [number for number in numbers if number in opened]:
            for form in self._forms[number]:
                if len(form) > longest and form in asked:
                    longest, found = len(form), number
        return found

    def _decide(self, ranked: Scores, reachable: float, asked: str) -> Result:
        best, score = ranked[0]
        share, evidence = score / reachable, score / self._postings.unseen
        enough = EVIDENCE_ON_SUBJECT if is_about(self._subject(best), asked) else EVIDENCE
        if share < KNOWN and (evidence < enough or share < LEAST_SHARE):
            return Miss()
        rivals = [number for number, other in ranked[1:_MOST_CHOICES] if other >= score * NEARBY]
        also = tuple(self._entries[number] for number in rivals)
        tied = len(ranked) > 1 and ranked[1][1] > score * CLEAR_LEAD
        certain = share >= CERTAIN_SHARE and evidence >= CERTAIN_EVIDENCE
        if certain and not tied:
            return Hit(self._entries[best], also)
        return Choices((self._entries[best], *also))


def _forms(entry: Entry) -> Iterable[str]:
    """How the answer is asked for, word for word."""
    return dict.fromkeys(filter(None, map(normalise, (*entry.ask, entry.title))))


def _openings(forms: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """How a longer form begins → the numbers of the answers that have such a one."""
    found: dict[str, list[int]] = {}
    for number, own in enumerate(forms):
        for form in own:
            if len(form) >= _SHORTEST_CONTAINED:
                found.setdefault(form[:_SHORTEST_CONTAINED], []).append(number)
    return found


def _counts(entry: Entry) -> dict[str, float]:
    """How often each token stands in the answer; our own prose counts less than people's questions."""
    counts: Counter[str] = Counter()
    for text in (*entry.ask, entry.title):
        counts.update(tokens(normalise(text)))
    total: dict[str, float] = dict(counts)
    for text in entry.prose:
        for token in tokens(normalise(text)):
            total[token] = total.get(token, 0.0) + _PROSE_WEIGHT
    return total
