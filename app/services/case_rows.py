"""The rows of a new case: its number, the case, who brought it and the first words, while a member waits.

On PostgreSQL that is one statement, since each trip to the server costs as much as a row; SQLite has no such
trips, nor statements that write to several tables.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.numbers import Series, next_value, number_of, number_of_value
from models import Base, Case, CaseEntry, CaseReporter

Values = Mapping[str, Any]

_TABLES: dict[str, type[Base]] = {"case": Case, "reporter": CaseReporter, "entry": CaseEntry}


def keep(
    session: Session, series: Series, year: int, case: Values, reporter: Values, entry: Values
) -> tuple[int, str]:
    """Insert the rows with the values given for each, without number and case id; returns id and number.

    `year` is the number's. The counter row stays locked until the commit.
    """
    connection = session.connection()
    rows = {"case": case, "reporter": reporter, "entry": entry}
    counted = {"of_series": series, "of_year": year}
    if connection.dialect.name == "postgresql":
        statement = _at_once(series, year, *(tuple(values) for values in rows.values()))
        given = {f"{row}_{name}": value for row, values in rows.items() for name, value in values.items()}
        found = connection.execute(statement, counted | given).one()
        return found.id, found.number
    number = number_of(series, year, connection.execute(next_value("sqlite"), counted).scalar_one())
    case_id = int(connection.execute(_insert(Case), {**case, "number": number}).scalar_one())
    for row in ("reporter", "entry"):
        connection.execute(_insert(_TABLES[row]), {**rows[row], "case_id": case_id})
    return case_id, number


@cache
def _insert(model: type[Base]) -> Any:
    """One row through Core: the unit of work would cost the member as much again as the database."""
    table: Any = model.__table__
    return sa.insert(table).returning(table.c.id)


@cache
def _at_once(
    series: Series, year: int, case: tuple[str, ...], reporter: tuple[str, ...], entry: tuple[str, ...]
) -> Any:
    counted = next_value("postgresql").cte("counted")
    number = number_of_value(series, year, counted.c.value)
    table: Any = Case.__table__
    opened = (
        _insert_from("case", case, {"number": number}, counted).returning(table.c.id, table.c.number)
    ).cte("opened")
    thread = [
        _insert_from(row, names, {"case_id": opened.c.id}, opened).cte(f"new_{row}")
        for row, names in (("reporter", reporter), ("entry", entry))
    ]
    return sa.select(opened.c.id, opened.c.number).add_cte(*thread)


def _insert_from(row: str, names: tuple[str, ...], known: Mapping[str, Any], source: Any) -> Any:
    """An insert of one row: `names` come as parameters, `known` from what is inserted before it."""
    table: Any = _TABLES[row].__table__
    given = [sa.bindparam(f"{row}_{name}", type_=table.c[name].type).label(name) for name in names]
    values = sa.select(*given, *known.values()).select_from(source)
    return sa.insert(table).from_select([*names, *known], values)
