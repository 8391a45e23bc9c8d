"""What the menu file may name: the handlers of this program, as the assembly hands them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """One handler: its name in the file, its title for people, the arguments `with` may give it.

    `takes`: which of `photo` and `location` its first question accepts.
    """

    name: str
    title: str
    args: frozenset[str] = field(default_factory=frozenset)
    takes: frozenset[str] = field(default_factory=frozenset)


Handlers = Mapping[str, Known]
