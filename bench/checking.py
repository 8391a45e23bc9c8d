"""How long one check of the shipped menu file takes: what an editor waits for after each pause in typing.

Printed by `make quality`.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from app.menus import Known
from app.menus.file import read

TARGET_MS = 200.0
TIMES = 20


def table(path: Path, known: Mapping[str, Known]) -> str:
    """One line: in the middle, and slower than 95 of 100."""
    text, took = path.read_text(encoding="utf-8"), []
    for _ in range(TIMES):
        began = time.perf_counter()
        read(text, known)
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    middle, slow = took[TIMES // 2], took[TIMES * 95 // 100]
    return f"one check of {path.name}: {middle:.0f} ms, p95 {slow:.0f} ms (target {TARGET_MS:.0f} ms)"
