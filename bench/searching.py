"""How long one search takes with 1,000 and with 20,000 answers.

Those are made of the shipped ones, their question forms mixed anew, so that tokens are as common as in real
ones. Printed by `make quality`.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import replace

from app.knowledge import Entry, Index

SIZES = (1_000, 20_000)
FORMS = 10
TARGET_MS = {1_000: 3.0, 20_000: 10.0}


def mixed(entries: Sequence[Entry], size: int) -> list[Entry]:
    """`size` answers, each with question forms of all the shipped ones, cut in the middle and joined."""
    dice = random.Random(20261128)
    forms = [form for entry in entries for form in entry.ask]
    made = []
    for number in range(size):
        ask = tuple(f"{dice.choice(forms)[:8]}{dice.choice(forms)[-8:]}" for _ in range(FORMS))
        made.append(replace(dice.choice(entries), id=f"made-{number}", ask=ask))
    return made


def measure(entries: Sequence[Entry], asked: Sequence[str]) -> tuple[float, float]:
    """Milliseconds for a question in the middle, and for one slower than 95 of 100."""
    index = Index(entries)
    took = []
    for text in asked:
        began = time.perf_counter()
        index.search(text)
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    return took[len(took) // 2], took[len(took) * 95 // 100]


def table(shipped: Sequence[Entry], asked: Sequence[str]) -> str:
    lines = ["| answers | median ms | p95 ms | target ms |", "|--:|--:|--:|--:|"]
    for size in (len(shipped), *SIZES):
        entries = shipped if size == len(shipped) else mixed(shipped, size)
        median, p95 = measure(entries, asked)
        lines.append(f"| {size:,} | {median:.2f} | {p95:.2f} | {TARGET_MS.get(size, '–')} |")
    return "\n".join(lines)
