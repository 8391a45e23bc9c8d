"""What came of a load: the counts, the table people read, and the same for programs."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SHOWN_RULES, KEPT_RULES = 5, 50
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))


@dataclass
class Tally:
    """The pushes of one kind. Every one `sent` ends as replied, silent, lost or faulty."""

    sent: int = 0
    replied: int = 0
    silent: int = 0  # success, or an empty answer
    late: int = 0  # tries that were given up because the time was over
    lost: int = 0  # pushes without an answer after the last try
    repeated: int = 0  # tries after the first
    faults: int = 0  # answers WeChat would not take
    unsent: int = 0  # due, but every line was busy until the time was over
    verified: int = 0  # answers whose signature, cipher and fields were read
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)  # seconds from the first try to the answer
    rules: Counter[str] = field(default_factory=Counter)  # what was wrong with faulty answers

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.faults

    @property
    def per_second(self) -> float:
        return self.sent / self.seconds if self.seconds else 0.0

    def blame(self, rule: str) -> None:
        """Count what was wrong; a text that differs every time must not fill the table."""
        self.rules[rule if rule in self.rules or len(self.rules) < KEPT_RULES else "其他"] += 1

    def ms(self) -> dict[str, float]:
        ordered = sorted(self.waits)
        most = len(ordered) - 1
        return {
            name: round(ordered[min(most, int(len(ordered) * share))] * 1000, 2) if ordered else 0.0
            for name, share in PERCENTILES
        }

    def __add__(self, other: "Tally") -> "Tally":
        mine, theirs = vars(self), vars(other)
        return Tally(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, Any]:
        counts = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return {
            **counts,
            "seconds": round(self.seconds, 3),
            "per_second": round(self.per_second, 1),
            "ms": self.ms(),
            "rules": dict(self.rules.most_common()),
        }


COUNTED = (
    ("发出", "sent"),
    ("有回复", "replied"),
    ("不回复（success）", "silent"),
    ("没有应答", "lost"),
    ("出故障", "faults"),
    ("应答太迟的次数", "late"),
    ("重推的次数", "repeated"),
    ("没轮到发的", "unsent"),
    ("逐字核对的应答", "verified"),
)


@dataclass(frozen=True)
class Report:
    """One finished load."""

    follows: Tally
    texts: Tally
    cpu_seconds: float  # processor time of this program, to tell who the slow one was
    about: dict[str, Any]

    @property
    def total(self) -> Tally:
        return self.follows + self.texts

    @property
    def is_good(self) -> bool:
        return self.total.is_good

    def as_dict(self) -> dict[str, Any]:
        total = self.total
        own = self.cpu_seconds / total.sent * 1e6 if total.sent else 0.0
        return {
            **self.about,
            "good": self.is_good,
            "own_cpu_us": round(own, 1),  # per push
            "follows": self.follows.as_dict(),
            "texts": self.texts.as_dict(),
            "total": total.as_dict(),
        }

    def table(self) -> str:
        columns = (self.follows, self.texts, self.total)
        rows: list[tuple[str, ...]] = [("", "关注", "消息", "合计")]
        rows += [(label, *(str(getattr(one, name)) for one in columns)) for label, name in COUNTED]
        rows.append(("每秒", *(f"{one.per_second:.0f}" for one in columns)))
        waits = [one.ms() for one in columns]
        labels = {"p50": "一半在几毫秒内", "p90": "九成", "p99": "九成九", "max": "最慢"}
        rows += [(label, *(f"{one[name]:.1f}" for one in waits)) for name, label in labels.items()]
        lines = _aligned(rows)
        rules = self.total.rules.most_common(SHOWN_RULES)
        if rules:
            lines += ["", "故障："] + [f"  {count} 次 {rule}" for rule, count in rules]
        return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under each other in a terminal, where a Chinese character takes two places."""
    widths = [max(_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0] + " " * (widths[0] - _width(row[0]))
        rest = (" " * (width - _width(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join([first, *rest]).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
