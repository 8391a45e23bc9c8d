"""`serve --watch`: a saved menu file is applied when it differs from the last one tried."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import structlog

from app.menus.mistakes import MenuMistakes
from app.menus.source import decode

log = structlog.get_logger(__name__)

Apply = Callable[[str], Awaitable[object]]


class Watcher:
    """`tried` are digests of texts that were applied before the start.

    A file whose text was live once is no news: after a rollback a restart must not bring it back.
    """

    def __init__(self, path: Path, apply: Apply, tried: frozenset[str] = frozenset()) -> None:
        self._path = path
        self._apply = apply
        self._before_start = tried
        self._seen: tuple[int, int] | None = None  # time and size of the file when last read
        self._last = ""

    async def poll(self) -> bool:
        """Look once. True when a text was applied; a broken one is told once and changes nothing."""
        raw = await asyncio.to_thread(self._changed)
        if raw is None:
            return False
        digest = sha256(raw.replace(b"\r\n", b"\n")).hexdigest()
        started, self._before_start = self._before_start, frozenset()
        if digest == self._last or digest in started:
            self._last = digest
            return False
        try:
            await self._apply(decode(raw))
        except MenuMistakes as error:
            self._last = digest
            log.warning("menus.file_refused", file=self._path.name, reason=error.message)
            return False
        except Exception:
            self._seen = None  # not the file's fault: look at it again next time
            raise
        self._last = digest
        log.info("menus.file_applied", file=self._path.name)
        return True

    def _changed(self) -> bytes | None:
        """The file's bytes if it was saved since the last look."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return None
            raw = self._path.read_bytes()
        except OSError:  # editors replace files; it will be there at the next look
            return None
        self._seen = seen
        return raw
