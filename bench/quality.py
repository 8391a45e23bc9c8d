"""`python -m bench.quality`: how often a question finds its answer, and how long that takes.

As in the chat, a keyword of the menu file comes first and the search after it. Two sets: `development`, on
which the search is tuned, and `kept`, which nobody who tunes it reads; only its counts are printed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import handlers
from app.clock import SHANGHAI
from app.dialogue.router import Registry
from app.knowledge import Choices, Entry, Hit, Index, LawAnswer, Signpost, load
from app.menus import Book, Do, Known, compile_book
from app.menus.file import read
from app.services import crisis
from app.services.library import Library
from bench import checking, matching, searching

ROOT = Path(__file__).parent.parent
SETS = ("development", "kept")
MATTERS = ("safety", "law", "function", "other")
GAP = "gap"
A_MONDAY = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked and every answer that would be right: `safety/…`, `law/…`, `do/…`, `reply/…`.

    None at all: nothing of ours should answer; `gap` alone: something should, and nothing does yet.
    """

    ask: str
    matter: str
    expect: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """`asked` questions have an answer here; of `others` none, so whatever is `named` to them is false."""

    asked: int
    first: int  # the answer named first is right
    among_three: int
    outright: int  # given at once, and right
    others: int
    named: int

    def __str__(self) -> str:
        return (
            f"hit@1 {self.first}/{self.asked} (outright {self.outright}), "
            f"hit@3 {self.among_three}/{self.asked}, false {self.named}/{self.others}"
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Up to three answers, each with all names it goes by; whether the first was given at once.

    `meant`: by a keyword, such as a greeting, which is never a false answer.
    """

    names: tuple[frozenset[str], ...]
    outright: bool = False
    meant: bool = False


class Answering:
    """What the account answers to a text when no dialogue is open."""

    def __init__(self) -> None:
        registry = Registry(handlers.routers(Library()))
        known = {each.name: Known(each.name, each.title, each.args, each.takes) for each in registry.values()}
        self.known = known
        text = (ROOT / "menus.yaml").read_text(encoding="utf-8")
        self.book: Book = compile_book(read(text, known), known)
        self.entries = load(ROOT / "content").entries
        self.index = Index(self.entries)

    def find(self, text: str) -> Found:
        danger = crisis.watch(text)
        if danger is not None and danger.alert:
            return Found(())  # the lines about danger stand alone
        keyword = self.book.match(text, A_MONDAY)
        if keyword is not None:
            target = keyword.target
            name = (
                f"do/{target.handler}"
                if isinstance(target, Do)
                else f"reply/{keyword.rule.partition(':')[2]}"
            )
            return Found((frozenset({name}),), outright=True, meant=True)
        match self.index.search(text):
            case Hit(entry, also):
                return Found(tuple(map(names, (entry, *also))), outright=True)
            case Choices(entries):
                return Found(tuple(map(names, entries)))
        return Found(())


def names(entry: Entry) -> frozenset[str]:
    """All that an expected answer may call this one."""
    if isinstance(entry, Signpost):
        leads_to = entry.go[0][1].partition("?")[0]
        return frozenset({f"sign/{entry.id}", f"do/{leads_to}", *(f"reply/{form}" for form in entry.ask)})
    return frozenset({f"{'law' if isinstance(entry, LawAnswer) else 'safety'}/{entry.id}"})


def questions(name: str) -> list[Question]:
    document: list[dict[str, Any]] = YAML(typ="safe").load(ROOT / "tests" / "data" / f"questions_{name}.yaml")
    return [Question(each["ask"], each["matter"], frozenset(each["expect"])) for each in document]


def judge(answering: Answering, asked: Iterable[Question]) -> Score:
    """Gaps count as neither: nothing right can be named to them."""
    ours, named = [], []
    for each in asked:
        found = answering.find(each.ask)
        if not each.expect:
            named.append(bool(found.names) and not found.meant)
        elif each.expect != {GAP}:
            right = [bool(called & each.expect) for called in found.names]
            ours.append((right[:1] == [True], any(right), right[:1] == [True] and found.outright))
    return Score(
        asked=len(ours),
        first=sum(first for first, _, _ in ours),
        among_three=sum(three for _, three, _ in ours),
        outright=sum(outright for _, _, outright in ours),
        others=len(named),
        named=sum(named),
    )


def table(rows: Sequence[tuple[str, str, Score]]) -> str:
    """As it stands in the README."""
    lines = ["| set | about | asked | hit@1 | hit@3 | false |", "|---|---|--:|--:|--:|--:|"]
    for name, matter, score in rows:
        hits = [
            f"{100 * n / score.asked:.0f} %" if score.asked else "–" for n in (score.first, score.among_three)
        ]
        false = f"{score.named} of {score.others}" if score.others else "–"
        lines.append(f"| {name} | {matter} | {score.asked or '–'} | {hits[0]} | {hits[1]} | {false} |")
    return "\n".join(lines)


def main() -> None:
    answering = Answering()
    rows: list[tuple[str, str, Score]] = []
    for name in SETS:
        asked = questions(name)
        for matter in MATTERS:
            rows.append((name, matter, judge(answering, [each for each in asked if each.matter == matter])))
        rows.append((name, "all", judge(answering, asked)))
    search = searching.table(answering.entries, [each.ask for each in questions(SETS[0])])
    menu = ROOT / "menus.yaml"
    costs = [each.table(menu, answering.known) for each in (checking, matching)]
    print(table(rows), search, *costs, sep="\n\n")
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    told = [{"set": name, "about": matter, "score": str(score)} for name, matter, score in rows]
    (results / "quality.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
