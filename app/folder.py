"""Bytes in a folder of this machine, written through to its disk; see `app.files` for what they are."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path


class Folder:
    """A `Store` of `app.files`. Raises: OSError: the folder cannot be made."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._root.mkdir(parents=True, exist_ok=True)

    async def put(self, path: str, data: bytes) -> None:
        await asyncio.to_thread(_write, self._root / path, data)

    async def get(self, path: str) -> bytes:
        return await asyncio.to_thread((self._root / path).read_bytes)

    async def part(self, path: str, start: int, length: int) -> bytes:
        return await asyncio.to_thread(_read, self._root / path, start, length)

    async def delete(self, path: str) -> None:
        await asyncio.to_thread((self._root / path).unlink)

    async def paths(self) -> AsyncIterator[str]:
        for top in await asyncio.to_thread(lambda: sorted(self._root.iterdir())):
            for path in await asyncio.to_thread(_files_below, top):
                yield path.relative_to(self._root).as_posix()


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all; the row that says READY is on the disk, so these bytes must be there before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unready = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with unready.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unready.replace(path)
    finally:
        unready.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _files_below(top: Path) -> list[Path]:
    return [path for path in top.rglob("*") if path.is_file()]
