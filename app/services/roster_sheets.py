"""A roster as people send it: one row for each member, and every mistake with its cell.

What a cell may hold is in `app.services.roster_rows`; finding columns and reading lines, as of every sheet,
in `app.services.sheets`; the template people fill in, in `app.services.roster_templates`. Here is nothing of
the database.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Final

from app.errors import OperatorError
from app.services import sheets, workbooks
from app.services.roster_rows import COLUMNS, Row
from app.services.sheets import Findings, Form, Line, Lines, Mistake, Reader

SHEET = "花名册"
MAX_ROWS = 50_000
FORM: Final = Form(
    sheet=SHEET,
    columns=COLUMNS,
    template="gonghui members template",
    max_rows=MAX_ROWS,
    noun="人",
    divide="分工会",
    shared=frozenset({"branch", "post", "joined_on"}),
)
_ORDER = (
    ("born_on", "joined_on", "在出生日期以前，请核对"),
    ("joined_on", "left_on", "在入会日期以前，请核对"),
)


@dataclass(slots=True)
class Roster(Findings):
    """What a file says: the lines that can be used, and all that is wrong in the others."""

    rows: list[Row] = field(default_factory=list)


def load(path: Path, today: date) -> Roster:
    """Raises: OperatorError."""
    try:
        with path.open("rb") as file:
            return read(file, today)
    except OSError as error:
        raise OperatorError(f"读不了 {path}：{type(error).__name__}") from None


def load_csv(path: Path, today: date) -> Roster:
    """As our own demonstration is kept, UTF-8; what people send is a workbook. Raises: BadSheet."""
    with sheets.opened(path, FORM) as sheet:
        return read_lines(sheet.lines, today)


def read(file: IO[bytes], today: date) -> Roster:
    """A workbook's sheet 花名册, or its first one.

    Raises:
        BadWorkbook: it cannot be opened.
        BadSheet: no columns of a roster are found, or there is too much of it.
    """
    with workbooks.opened(file, SHEET) as sheet:
        roster = read_lines(sheet.lines, today)
        roster.sheet, roster.other_sheets = sheet.name, sheet.others
    return roster


def read_lines(lines: Lines, today: date) -> Roster:
    """Raises: BadSheet."""
    reader = Reader(FORM, lines, today)
    roster = Roster(ignored=reader.ignored, missing=reader.missing)
    seen: dict[str, int] = {}
    doubled: set[str] = set()
    for line in reader:
        row, mistakes = _row(reader, line)
        if row is not None and (first := seen.setdefault(row.staff_number, row.line)) != row.line:
            words = f"「{row.staff_number}」与第 {first} 行重复"
            mistakes = [reader.mistake(row.line, "staff_number", words)]
            doubled.add(row.staff_number)
        if mistakes:
            roster.note(mistakes)
        elif row is not None:
            roster.rows.append(row)
    if doubled:  # which of the two is right is not ours to say
        unsure = [row for row in roster.rows if row.staff_number in doubled]
        roster.rows = [row for row in roster.rows if row.staff_number not in doubled]
        roster.wrong_lines += len(unsure)
    return roster


def _row(reader: Reader, line: Line) -> tuple[Row | None, list[Mistake]]:
    if line.mistakes:
        return None, line.mistakes
    found = {"left_on": None, **line.said}
    for earlier, later, message in _ORDER:
        first, second = found.get(earlier), found.get(later)
        if first and second and str(first) > str(second):
            return None, [reader.mistake(line.number, later, message)]
    number, name, branch = (found.pop(each) for each in ("staff_number", "name", "branch"))
    return Row(line.number, number, name, branch, found), []
