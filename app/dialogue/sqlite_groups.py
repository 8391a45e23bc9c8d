"""Groups of messages on SQLite, in place: a trip to a thread costs more than reading or writing a group.

What may wait for another process or a slow disk goes to a thread; see `app.sqlite_inline`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import structlog

from app.database import open_sqlite
from app.dialogue import sqlite_statements as statements
from app.dialogue.journal import Entry, Question, Snapshot, TalkQuestion, Written
from app.sqlite_inline import InlineConnection

log = structlog.get_logger(__name__)
Result = TypeVar("Result")


class SQLiteGroups:
    """See `app.dialogue.groups.GroupStore`. Connections that failed are opened anew."""

    at_once = 1
    # It holds up the loop, so that only those come along whom the loop has just heard: with 32 people at once
    # groups of 8 to 15, and a fifth more work for each message than in groups twice as large.
    patience = 0.0005

    def __init__(self, path: str, write_turn: AbstractAsyncContextManager[object]) -> None:
        self._path, self._write_turn = path, write_turn
        self._reader: InlineConnection | None = None
        self._writer: InlineConnection | None = None

    async def read(self, questions: Sequence[Question]) -> list[Snapshot]:
        snapshots = self._read(questions)
        if any(
            question.is_person and snapshot.speaker is None
            for question, snapshot in zip(questions, snapshots, strict=True)
        ):
            async with self._write_turn:
                await self._in_transaction(lambda db: statements.meet(db.driver, questions, snapshots))
            snapshots = self._read(questions)
        return snapshots

    async def are_in_talk(self, asked: Sequence[TalkQuestion]) -> list[bool]:
        return self._reading(lambda db: statements.are_in_talk(db, asked))

    def _read(self, questions: Sequence[Question]) -> list[Snapshot]:
        return self._reading(lambda db: statements.read(db, questions))

    def _reading(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._reader is None:
            self._reader = open_sqlite(self._path, "read")
        try:
            return work(self._reader.driver)
        except Exception:
            self._reader.stop()
            self._reader = None
            raise

    async def write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        async with self._write_turn:
            apart = self._of_talks(entries)
            if not apart:
                return await self._write(entries)
            stored = iter(await self._write([entry for entry in entries if entry.key not in apart]))
            return [Written.STALE if entry.key in apart else next(stored) for entry in entries]

    def _of_talks(self, entries: Sequence[Entry]) -> set[str]:
        """The keys of those that belong to a talk."""
        asked = [(entry.key, entry.unless) for entry in entries if entry.unless is not None]
        open_ = self._reading(lambda db: statements.are_in_talk(db, [talk for _, talk in asked]))
        return {key for (key, _), stands in zip(asked, open_, strict=True) if stands}

    async def _write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        if not entries:
            return []
        try:
            written = await self._store(entries)
        except Exception as error:
            if len(entries) == 1:
                raise
            log.warning("group_failed", size=len(entries), error=type(error).__name__)
        else:
            if written is Written.OK or len(entries) == 1:
                return [written] * len(entries)
        return [await self._store_alone(entry) for entry in entries]

    async def _store_alone(self, entry: Entry) -> Written | Exception:
        try:
            return await self._store([entry])
        except Exception as error:
            return error

    async def _store(self, entries: Sequence[Entry]) -> Written:
        """All or nothing; for a single entry the answer tells why nothing was stored."""

        def work(db: InlineConnection) -> Written:
            written = statements.store(db.driver, entries)
            if written is not Written.OK:
                db.driver.rollback()
                if len(entries) == 1:
                    return statements.look(db.driver, entries[0])
            return written

        return await self._in_transaction(work)

    async def _in_transaction(self, work: Callable[[InlineConnection], Result]) -> Result:
        if self._writer is None:
            self._writer = open_sqlite(self._path, "write")
        db = self._writer
        try:
            await db.begin("BEGIN IMMEDIATE")
            result = work(db)
            await db.commit()
        except BaseException:
            db.stop()
            self._writer = None
            raise
        return result

    async def close(self) -> None:
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.stop()
