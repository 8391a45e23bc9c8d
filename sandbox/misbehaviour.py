"""How the platform can be told to misbehave: refuse, dawdle, lose, repeat.

Each wish holds for the next matching call or push, `times` of them, and is then forgotten.
"""

from dataclasses import dataclass, field
from typing import Any

CALLBACK = "callback"  # the "path" that means pushes to the service instead of API calls
EVERY = "*"


@dataclass
class Wish:
    """One kind of misbehaviour for the next `times` matching occasions."""

    path: str = EVERY
    times: int = 1
    errcode: int = -1
    seconds: float = 0.0
    count: int = 1
    urls: list[str] = field(default_factory=list)
    after: bool = True  # drop: whether the call takes effect before its answer is lost


class Misbehaviour:
    """The wishes now pending, by kind: fail, delay, drop, duplicate, wrong_signature."""

    KINDS = ("fail_next", "delay_next", "drop_next", "duplicate", "wrong_signature")

    def __init__(self) -> None:
        self._wishes: dict[str, list[Wish]] = {kind: [] for kind in self.KINDS}

    def ask(self, wishes: dict[str, Any]) -> None:
        """Add wishes as the control endpoint receives them.

        Raises:
            ValueError: an unknown kind or field.
        """
        for kind, wanted in wishes.items():
            if kind not in self._wishes:
                raise ValueError(f"unknown misbehaviour {kind!r}; known: {', '.join(self.KINDS)}")
            self._wishes[kind].append(self._wish(kind, wanted))

    @staticmethod
    def _wish(kind: str, wanted: Any) -> Wish:
        if isinstance(wanted, dict):
            unknown = wanted.keys() - Wish.__dataclass_fields__.keys()
            if unknown:
                raise ValueError(f"unknown field {sorted(unknown)[0]!r} for {kind}")
            return Wish(**wanted)
        if kind == "duplicate":
            return Wish(count=int(wanted))
        return Wish(path=wanted) if isinstance(wanted, str) else Wish(path=CALLBACK)

    def take(self, kind: str, path: str = EVERY) -> Wish | None:
        """The first pending wish that matches, used up by one."""
        for wish in self._wishes[kind]:
            # "*" among API calls never catches a push: they fail differently.
            if wish.path == path or (wish.path == EVERY and path != CALLBACK):
                wish.times -= 1
                if wish.times <= 0:
                    self._wishes[kind].remove(wish)
                return wish
        return None

    def clear(self) -> None:
        for wishes in self._wishes.values():
            wishes.clear()

    def pending(self) -> dict[str, list[dict[str, Any]]]:
        return {
            kind: [dict(vars(wish)) for wish in wishes] for kind, wishes in self._wishes.items() if wishes
        }
