"""How a chapter of an export comes about: its name, its fields, which columns it shows, how it is read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    key: str
    title: str
    fields: Mapping[str, str]
    columns: frozenset[str]  # table.column: what leads here from a person
    read: Callable[[AsyncSession, int], Awaitable[Sequence[Row]]]


SOURCES: list[Source] = []


def chapter(key: str, title: str, *columns: str, **fields: str) -> Callable[[Any], Any]:
    def keep(read: Callable[[AsyncSession, int], Awaitable[Sequence[Row]]]) -> Any:
        SOURCES.append(Source(key, title, fields, frozenset(columns), read))
        return read

    return keep
