"""The two files of a picture in an album: rows beside bytes, and never the one without the other.

How a picture is made small is the edges' (`app.files.photograph`), and where bytes lie.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.services import stored_files
from models import StoredFile


class Drawn(Protocol):
    """A picture made small; `digest` is of what was sent."""

    @property
    def digest(self) -> str: ...
    @property
    def large(self) -> bytes: ...
    @property
    def small(self) -> bytes: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture whose bytes lie in their place; its rows are still to be added."""

    drawn: Drawn
    large: StoredFile
    small: StoredFile

    @property
    def parts(self) -> dict[str, bytes]:
        """The bytes by the public ids of their files."""
        return {self.large.public_id: self.drawn.large, self.small.public_id: self.drawn.small}


def kept(drawn: Drawn, now: datetime) -> Kept:
    """Rows of the two files; the edge puts the bytes where they belong."""
    large, small = (
        stored_files.made(data, "image/jpeg", now, kind="image") for data in (drawn.large, drawn.small)
    )
    return Kept(drawn, large, small)


class Bytes(Protocol):
    """Where they lie; edges hand in `app.files.Files`."""

    async def put_all(self, parts: Mapping[str, bytes]) -> None: ...
    async def delete_all(self, public_ids: Iterable[str]) -> None: ...


async def keep(files: Bytes, drawn: Drawn, now: datetime, row: Callable[[Kept], Awaitable[bool]]) -> bool:
    """Put the bytes away, then have `row` add them in a transaction of its own; whether it did.

    Bytes that belong to no row go again.
    """
    picture = kept(drawn, now)
    await files.put_all(picture.parts)
    is_new = False
    try:
        is_new = await row(picture)
    finally:
        if not is_new:
            await files.delete_all(picture.parts)
    return is_new
