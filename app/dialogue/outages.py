"""Telling a database that failed from a handler that did: then nobody is answered, and it is tried again."""

import sqlite3
import sys

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes: connection lost, run the transaction again, no room left, stopped by an operator, trouble
# with the disk; and single codes: the server may only read, a lock did not come in time.
AWAY = ("08", "40", "53", "57", "58", "25006", "55P03")
OTHERS = ("40", "55P03")  # two who waited for each other, a lock that did not come in time


def is_database_away(error: BaseException) -> bool:
    """Whether the database, not the handler, failed: then nothing may be answered."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError) or error.orig is None:
            return True
        error = error.orig
    if isinstance(error, sqlite3.OperationalError):
        # Its general error is for wrong statements; locked, full, unreadable and the like have codes.
        return getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_ERROR
    if isinstance(error, PoolTimeout | OSError) or _is_of_the_driver(error):
        return True
    return str(getattr(error, "sqlstate", None) or "").startswith(AWAY)


def _is_of_the_driver(error: BaseException) -> bool:
    """asyncpg's own errors, which carry no SQLSTATE; where it was never loaded there are none."""
    asyncpg = sys.modules.get("asyncpg")
    return asyncpg is not None and isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError))


def others_were_in_the_way(error: BaseException) -> bool:
    """Whether the database is well, and only another transaction kept this one from its locks."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return str(getattr(error, "sqlstate", None) or "").startswith(OTHERS)
