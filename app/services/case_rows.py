"""The rows of new cases: the case, who brought it and the first words, kept together with those of others.

Many cases at once, and not through the unit of work: members wait for these rows, and it would cost each of
them as much again as the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.services import case_branches
from app.services.bulk import insert_rows
from models import Case, CaseEntry, CaseReporter

Values = Mapping[str, Any]

CASE: Any = Case.__table__
REPORTER: Any = CaseReporter.__table__
ENTRY: Any = CaseEntry.__table__


@dataclass(frozen=True, slots=True)
class NewCase:
    """Values of the three rows, without the ids of case and branch. All cases have the same columns."""

    case: Values
    reporter: Values
    entry: Values
    person_id: int


def insert_cases(connection: sa.Connection, new: Sequence[NewCase]) -> None:
    """Insert the rows; the numbers tell which id became whose."""
    near = [each.person_id if case_branches.has_one(each.case) else None for each in new]
    branches = case_branches.of_persons(connection, [each for each in near if each is not None])
    rows = [{**each.case, "branch_id": branches.get(who)} for each, who in zip(new, near, strict=True)]
    found = insert_rows(connection, CASE, rows, returning=("number", "id"))
    ids = {row.number: row.id for row in found}
    keyed = [(each, {"case_id": ids[each.case["number"]]}) for each in new]
    insert_rows(connection, REPORTER, [{**each.reporter, **key} for each, key in keyed])
    insert_rows(connection, ENTRY, [{**each.entry, **key} for each, key in keyed])
