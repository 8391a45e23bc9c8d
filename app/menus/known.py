"""What the menu file may name: the handlers of this program, as the assembly hands them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """One handler: its name in the file, its title for people, the arguments `with` may give it."""

    name: str
    title: str
    args: frozenset[str] = field(default_factory=frozenset)
    flow: bool = False


Handlers = Mapping[str, Known]
