"""What the platform was told to do wrong and has not done yet.

Each wish holds for the next `times` matching calls or pushes and is then forgotten; without `times` it holds
until cleared. The kinds and their fields: `sandbox.misbehaving.wishes`.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.misbehaving import wishes as words
from sandbox.misbehaving.wishes import CALLBACK, EVERY


@dataclass(eq=False)
class Wish:
    """One kind of misbehaviour for the next `times` matching occasions. Fields of other kinds lie idle."""

    path: str = EVERY
    times: int | None = 1
    errcode: int = -1
    seconds: float = 0.0
    count: int = 1
    urls: list[str] = field(default_factory=list)
    after: bool = True  # drop: whether the call takes effect before its answer is lost
    at: str = "body"  # drop: how far the answer comes
    status: str = ""  # mass: how it ends
    allowed: bool = True  # mass: a reprint whose original allows it
    failed: int = 0  # mass: how many of those who should get it do not
    result: str = "failed"  # publishing: how it ends
    article: int = 1  # publishing: which article, from 1, is at fault


class Misbehaviour:
    """The wishes now pending, by kind."""

    def __init__(self) -> None:
        self._wishes: dict[str, list[Wish]] = {kind: [] for kind in words.KINDS}

    def ask(self, wishes: dict[str, Any]) -> None:
        """Add wishes as the control endpoint receives them: all of them, or none.

        Raises:
            NotPossible: an unknown kind or field, or a value of another type.
        """
        read = [(kind, Wish(**words.read(kind, wanted))) for kind, wanted in wishes.items()]
        for kind, wish in read:
            self._wishes[kind].append(wish)

    def take(self, kind: str, path: str = EVERY) -> Wish | None:
        """The first pending wish that matches, used up by one."""
        for wish in self._wishes[kind]:
            # "*" among API calls never catches a push: they fail differently.
            if wish.path == path or (wish.path == EVERY and path != CALLBACK):
                if wish.times is not None:
                    wish.times -= 1
                    if wish.times <= 0:
                        self._wishes[kind].remove(wish)
                return wish
        return None

    def seconds(self, path: str) -> float:
        """How long an answer on `path` is to be kept waiting now; uses up what asked for it."""
        asked = (self.take("delay_next", path), self.take("slow", path))
        return sum(wish.seconds for wish in asked if wish)

    def forget(self, kind: str, wish: Wish) -> None:
        if wish in self._wishes[kind]:
            self._wishes[kind].remove(wish)

    def clear(self) -> None:
        for wishes in self._wishes.values():
            wishes.clear()

    def pending(self) -> dict[str, list[dict[str, Any]]]:
        """By kind, each with the fields its kind has and the `times` that are left."""
        return {
            kind: [
                {field.name: getattr(wish, field.name) for field in words.KINDS[kind].fields}
                for wish in wishes
            ]
            for kind, wishes in self._wishes.items()
            if wishes
        }
