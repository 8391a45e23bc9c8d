"""What a message reads of the database beside the journal."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database


class Reading:
    """One session that cannot write, for all that a message reads; none where it reads nothing.

    One, since who held a connection and waited for a second one would wait for all others who do the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: AsyncSession | None = None

    def session(self) -> AsyncSession:
        if self._session is None:
            self._session = self._database.reading()
        return self._session

    @property
    def wants_to_write(self) -> bool:
        session = self._session
        return session is not None and bool(session.new or session.dirty or session.deleted)

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
