"""What it takes to see which rule of a menu file some words hit, and whether there is danger in them.

Every message pays it. Printed by `make quality`.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app.menus import Known, compile_book
from app.menus.file import read
from app.services import crisis

RULES, TIMES = 300, 2000
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
QUESTION, STORY = "今天天气怎么样，能不能出去玩", "今天班组开会说了安全的事。" * 160


def rules(number: int) -> str:
    """Keywords of a menu file: so many that are said whole, and as many that may be part of a sentence."""
    whole = (f"  - {{say: [词语{n}号], do: help.show}}\n" for n in range(number))
    part = (
        f"  - {{say: {chr(0x4E00 + n * 7)}{chr(0x5000 + n * 11)}, match: contains, do: help.show}}\n"
        for n in range(number)
    )
    return "".join((*whole, *part))


def table(path: Path, known: Mapping[str, Known]) -> str:
    """One line, of the shipped file with hundreds of rules more."""
    text = path.read_text(encoding="utf-8").replace("keywords:\n", f"keywords:\n{rules(RULES)}", 1)
    book = compile_book(read(text, known), known)
    hit = _microseconds(lambda: book.match(f"词语{RULES - 1}号", NOW))
    missed = _microseconds(lambda: book.match(QUESTION, NOW))
    short, long = (_microseconds(partial(crisis.watch, text)) for text in (QUESTION, STORY))
    return (
        f"{2 * RULES} keyword rules: {hit:.1f} µs for words that hit, {missed:.1f} for words that do not;"
        f" danger: {short:.1f} µs in a sentence, {long:.0f} in {len(STORY)} characters"
    )


def _microseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - began) / TIMES * 1e6
