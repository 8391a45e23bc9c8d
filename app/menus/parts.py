"""The parts of a file that can be understood, each with its path, even while others have mistakes.

So an operator sees all mistakes in one go, not the second half after the first is mended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.menus.model import Button, Item, Rule
from app.menus.source import Path
from app.services.audiences import Audience

Model = TypeVar("Model", bound=BaseModel)


@dataclass
class Bar:
    """One menu bar: the default one, or one for an audience."""

    path: Path
    buttons: list[tuple[Path, Button]]
    when: Audience | None = None

    def items(self) -> Iterator[tuple[Path, Item]]:
        """Everything that acts when tapped."""
        for path, button in self.buttons:
            if button.items is None:
                yield path, button
            else:
                yield from (((*path, "items", n), item) for n, item in enumerate(button.items))


@dataclass
class Parts:
    bars: list[Bar] = field(default_factory=list)
    rules: list[tuple[Path, Rule]] = field(default_factory=list)
    named: list[tuple[Path, str]] = field(default_factory=list)  # handlers of greetings and fallback


def understood(data: dict[str, Any]) -> Parts:
    parts = Parts()
    parts.bars.append(_bar(("menu",), data.get("menu")))
    for n, entry in enumerate(_list(data.get("menus_for"))):
        if isinstance(entry, dict):
            bar = _bar(("menus_for", n, "menu"), entry.get("menu"))
            bar.when = _try(Audience, entry.get("when"))
            parts.bars.append(bar)
    for n, entry in enumerate(_list(data.get("keywords"))):
        rule = _try(Rule, entry)
        if rule:
            parts.rules.append((("keywords", n), rule))
    greetings = data.get("greetings")
    for name, value in greetings.items() if isinstance(greetings, dict) else ():
        if name in {"subscribe", "scan"} and isinstance(value, str):
            parts.named.append((("greetings", name), value.strip()))
    if isinstance(data.get("fallback"), str):
        parts.named.append((("fallback",), data["fallback"].strip()))
    return parts


def _bar(path: Path, data: Any) -> Bar:
    found = ((n, _try(Button, entry)) for n, entry in enumerate(_list(data)))
    return Bar(path, [((*path, n), button) for n, button in found if button])


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _try(model: type[Model], data: Any) -> Model | None:
    try:
        return model.model_validate(data)
    except ValidationError:
        return None
