"""Asking the virus scanner anew about files of articles that it gave no answer about.

The bytes are read and looked at outside of any transaction. Two processes that ask about the same file do no
harm. Not here: files that come by WeChat (`app.jobs.media`).
"""

from typing import Final

import structlog

from app.database import Database
from app.files import Files
from app.scanning import Answer, Scanner, Verdict
from app.services import article_scans
from models import ArticleMedia

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20
IN_VAIN: Final = 3  # one after the other: the scanner is not there; the next round comes in a minute
GONE: Final = "文件已经不在"


class Looker:
    """Where none is set any more, all that waits is let go."""

    def __init__(self, database: Database, files: Files, scanner: Scanner) -> None:
        self._database, self._files, self._scanner = database, files, scanner
        self._after = 0  # id of the last one: one that sticks must not keep the others

    async def run(self) -> int:
        """How many were asked about."""
        in_vain = 0
        found = await self._next()
        for number, media in enumerate(found, 1):
            answer = await self._ask(media)
            self._after = media.id
            if answer.verdict is not Verdict.CLEAN:
                log.warning("upload_not_clean", media=media.public_id, said=answer.words)
            if answer.verdict is Verdict.UNKNOWN:
                in_vain += 1
            else:
                in_vain = 0
                virus = answer.words if answer.verdict is Verdict.INFECTED else None
                async with self._database.transaction() as session:
                    await article_scans.settle(session, media.id, virus)
            if in_vain == IN_VAIN:
                return number
        return len(found)

    async def _next(self) -> list[ArticleMedia]:
        async with self._database.reading() as session:
            found = await article_scans.held_after(session, self._after, AT_ONCE)
            if not found and self._after:
                found = await article_scans.held_after(session, 0, AT_ONCE)
        return list(found)

    async def _ask(self, media: ArticleMedia) -> Answer:
        try:
            data = await self._files.get(media.file)
        except FileNotFoundError:
            return Answer(Verdict.UNKNOWN, GONE)
        return await self._scanner.ask(data)
