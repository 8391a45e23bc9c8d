"""Groups of messages on PostgreSQL, on connections of our own: SQLAlchemy would cost more than the group."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog
from sqlalchemy.engine import URL

from app.database import WRITING_ON_POSTGRES
from app.dialogue import postgres_statements as statements
from app.dialogue.journal import Entry, Question, Snapshot, TalkQuestion, Written

log = structlog.get_logger(__name__)

SERVER_SETTINGS = {
    **WRITING_ON_POSTGRES,
    "enable_hashjoin": "off",  # a group is small, what it is looked up in is not
    "enable_mergejoin": "off",
    "application_name": "journal",
}


class PostgresGroups:
    """See `app.dialogue.groups.GroupStore`."""

    at_once = 2  # the server is at one group while the next one gathers
    patience = 0.0  # it gathers well by itself

    def __init__(self, url: URL) -> None:
        self._pinned = _Pinned(url.set(drivername="postgresql").render_as_string(hide_password=False))

    async def read(self, questions: Sequence[Question]) -> list[Snapshot]:
        async with self._pinned.borrow() as connection:
            snapshots = await statements.read(connection, questions)
            strangers = [
                question
                for question, snapshot in zip(questions, snapshots, strict=True)
                if question.is_person and snapshot.speaker is None
            ]
            if strangers:
                await statements.meet(connection, strangers)
                snapshots = await statements.read(connection, questions)
        return snapshots

    async def are_in_talk(self, asked: Sequence[TalkQuestion]) -> list[bool]:
        async with self._pinned.borrow() as connection:
            return await statements.are_in_talk(connection, asked)

    async def write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        if len({entry.key for entry in entries}) < len(entries):
            return await self._write_one_by_one(entries)  # a deadline and the answer itself, met in one group
        try:
            return list(await self._write(entries))
        except Exception as error:
            if len(entries) == 1 or isinstance(error, OSError):
                raise
            log.warning("group_failed", size=len(entries), error=type(error).__name__)
            return await self._write_one_by_one(entries)

    async def _write_one_by_one(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        results: list[Written | Exception] = []
        for entry in entries:
            try:
                results += await self._write([entry])
            except Exception as error:
                results.append(error)
        return results

    async def _write(self, entries: Sequence[Entry]) -> list[Written]:
        async with self._pinned.borrow() as connection:
            if all(entry.plain for entry in entries):
                return await statements.write(connection, entries)
            async with connection.transaction():
                written = await statements.write(connection, entries)
                kept = [entry for entry, end in zip(entries, written, strict=True) if end is Written.OK]
                await statements.store_more(connection, kept)
            return written

    async def close(self) -> None:
        await self._pinned.close()


class _Pinned:
    """Connections with the statements prepared; one that was lost is not used again."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._free: list[Any] = []

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Any]:
        """One that nobody else uses meanwhile.

        Raises:
            OSError: the server is away, or went away.
        """
        connection = await self._one()
        try:
            yield connection
        except Exception as error:
            if connection.is_closed():
                raise ConnectionResetError(str(error)) from error
            raise
        finally:
            if not connection.is_closed():
                self._free.append(connection)

    async def _one(self) -> Any:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        try:
            return await asyncpg.connect(
                self._dsn, timeout=2, command_timeout=4, server_settings=SERVER_SETTINGS
            )
        except asyncpg.PostgresError as error:
            raise ConnectionRefusedError(str(error)) from error

    async def close(self) -> None:
        while self._free:
            await self._free.pop().close()
