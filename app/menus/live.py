"""The live menus in the memory of this process, read anew when another process applied a revision."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.menus import revisions
from app.menus.file import read
from app.menus.hits import Hits
from app.menus.known import Handlers
from app.menus.matching import Book, compile_book
from app.menus.mistakes import MenuMistakes
from models import MenuRevision

log = structlog.get_logger(__name__)

OLDER_TRIED = 10  # revisions looked at for one that still works, when the newest does not


class LiveMenus:
    """Call `refresh` at start and every two seconds; ask `book` as often as you like."""

    def __init__(self, reading: Callable[[], AsyncSession], known: Handlers) -> None:
        self._reading = reading
        self._known = known
        self._version = -1
        self._refused = 0  # number of the last revision that could not be read
        self._lock = asyncio.Lock()
        self.number = 0
        """Of the revision in `book`; 0 before one is read."""
        self.book = Book.empty(known)
        self.hits = Hits()

    async def refresh(self) -> bool:
        """Read the newest revision if there is a newer one. True when `book` changed.

        A revision that this program cannot read (made by a newer one, or naming a handler that is gone)
        never replaces one that works.
        """
        async with self._lock, self._reading() as session:
            version = await revisions.version(session)
            if version == self._version:
                return False
            tried = OLDER_TRIED if self.number == 0 else 1
            newest = await revisions.history(session, limit=tried)
            changed = await self._take(newest[0]) if newest else False
            for older in newest[1:]:
                if self.number:
                    break
                changed = await self._take(older)
            self._version = version
            return changed

    async def _take(self, revision: MenuRevision) -> bool:
        if revision.number == self.number:
            return False
        try:
            # Parsing takes long enough to be felt by messages; they go on meanwhile.
            book = await asyncio.to_thread(_compiled, revision.text, self._known)
        except MenuMistakes as error:
            if self._refused != revision.number:
                self._refused = revision.number
                log.error("menus.refused", revision=revision.number, kept=self.number, reason=error.message)
            return False
        self.book, self.number = book, revision.number
        log.info("menus.live", revision=revision.number)
        return True


def _compiled(text: str, known: Handlers) -> Book:
    return compile_book(read(text, known), known)
