"""The rows of new cases: the case, who brought it and the first words, kept together with those of others.

Through Core, and many cases at once: members wait for these rows, and the unit of work would cost each of
them as much again as the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from models import Case, CaseEntry, CaseReporter

Values = Mapping[str, Any]

CASE: Any = Case.__table__
REPORTER: Any = CaseReporter.__table__
ENTRY: Any = CaseEntry.__table__


@dataclass(frozen=True, slots=True)
class NewCase:
    """Values of the three rows, without the case's id. All cases have the same columns."""

    case: Values
    reporter: Values
    entry: Values


def insert_cases(connection: sa.Connection, new: Sequence[NewCase]) -> None:
    """Insert the rows; the numbers tell which id became whose."""
    found = connection.execute(_INSERT_CASES, [each.case for each in new])
    ids = {row.number: row.id for row in found}
    keyed = [(each, {"case_id": ids[each.case["number"]]}) for each in new]
    connection.execute(_INSERT_REPORTERS, [{**each.reporter, **key} for each, key in keyed])
    connection.execute(_INSERT_ENTRIES, [{**each.entry, **key} for each, key in keyed])


_INSERT_CASES = sa.insert(CASE).returning(CASE.c.number, CASE.c.id)
_INSERT_REPORTERS = sa.insert(REPORTER)
_INSERT_ENTRIES = sa.insert(ENTRY)
