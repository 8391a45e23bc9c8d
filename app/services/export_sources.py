"""How a chapter of an export comes about: its name, its fields, which columns it shows, how it is read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

Row = Mapping[str, Any]
Said = Callable[[str], str]  # what a person said, out of a push as it was kept; the platform's own reader
Read = Callable[[AsyncSession, int], Awaitable[Sequence[Row]]]
ReadTalk = Callable[[AsyncSession, int, Said], Awaitable[Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class Source:
    key: str
    title: str
    fields: Mapping[str, str]
    columns: frozenset[str]  # table.column: what leads here from a person
    read: ReadTalk


SOURCES: list[Source] = []


def chapter(key: str, title: str, *columns: str, **fields: str) -> Callable[[Read], Read]:
    """A chapter that is read from the session and the person's id alone."""

    def keep(read: Read) -> Read:
        async def without_pushes(session: AsyncSession, person_id: int, _: Said) -> Sequence[Row]:
            return await read(session, person_id)

        SOURCES.append(Source(key, title, fields, frozenset(columns), without_pushes))
        return read

    return keep


def chapter_of_talk(key: str, title: str, *columns: str, **fields: str) -> Callable[[ReadTalk], ReadTalk]:
    """A chapter that needs what was said out of pushes, too."""

    def keep(read: ReadTalk) -> ReadTalk:
        SOURCES.append(Source(key, title, fields, frozenset(columns), read))
        return read

    return keep
