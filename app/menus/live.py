"""The live menus in the memory of this process, read anew when another process applied a revision."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.menus import revisions
from app.menus.file import read_applied, read_unchecked
from app.menus.known import Handlers
from app.menus.matching import Book, compile_book, reply_buttons
from app.menus.mistakes import MenuMistakes
from app.menus.targets import Say
from app.tallies import Tally
from models import MenuHit, MenuRevision

log = structlog.get_logger(__name__)

OLDER_TRIED = 10  # revisions looked at for one that still works, when the newest does not
REMEMBERED = 50  # revisions whose buttons may still be on somebody's phone


class LiveMenus:
    """Call `refresh` at start and every two seconds; ask `book` as often as you like."""

    def __init__(self, reading: Callable[[], AsyncSession], known: Handlers) -> None:
        self._reading = reading
        self._known = known
        self._version = -1
        self._refused = 0  # number of the last revision that could not be read
        self._replies: dict[int, Mapping[str, Say]] = {}  # by revision: its buttons that only reply
        self._lock = asyncio.Lock()
        self.number = 0
        """Of the revision in `book`; 0 before one is read."""
        self.book = Book.empty(known)
        self.hits: Tally[str] = Tally(MenuHit.__table__, "rule")

    async def refresh(self) -> bool:
        """Read the newest revision if there is a newer one. True when `book` changed.

        A revision that this program cannot read (made by a newer one, or naming a handler that is gone)
        never replaces one that works.
        """
        async with self._lock, self._reading() as session:
            version = await revisions.version(session)
            if version == self._version:
                return False
            recent = await revisions.history(session, limit=REMEMBERED)
            changed = False
            for revision in recent[: 1 if self.number else OLDER_TRIED]:
                changed = await self._take(revision, recent)
                if self.number:
                    break
            self._version = version
            return changed

    async def _take(self, revision: MenuRevision, recent: Sequence[MenuRevision]) -> bool:
        if revision.number == self.number:
            return False
        try:
            # Parsing takes long enough to be felt by messages; they go on meanwhile.
            book = await asyncio.to_thread(self._compiled, revision, recent)
        except MenuMistakes as error:
            if self._refused != revision.number:
                self._refused = revision.number
                log.error("menus.refused", revision=revision.number, kept=self.number, reason=error.message)
            return False
        self.book, self.number = book, revision.number
        log.info("menus.live", revision=revision.number)
        return True

    def _compiled(self, revision: MenuRevision, recent: Sequence[MenuRevision]) -> Book:
        file = read_applied(revision.text, self._known)
        older = [self._replies_of(each) for each in recent if each.number < revision.number]
        return compile_book(file, self._known, older)

    def _replies_of(self, revision: MenuRevision) -> Mapping[str, Say]:
        if revision.number not in self._replies:
            try:
                self._replies[revision.number] = reply_buttons(read_unchecked(revision.text))
            except MenuMistakes:  # written for another form of the file
                self._replies[revision.number] = {}
        return self._replies[revision.number]
