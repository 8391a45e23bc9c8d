"""A roster as people send it: finding the columns, reading every line, telling every mistake with its cell.

What a cell may hold is in `app.services.roster_rows`, opening the file in `app.services.workbooks`; the
template people fill in is in `app.services.roster_templates`. Here is nothing of the database.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any

from app.errors import OperatorError
from app.services import workbooks
from app.services.roster_rows import COLUMNS, Column, Row, Wrong, cell, text
from app.services.workbook_cells import MAX_COLUMNS, Value, letters

SHEET = "花名册"
MAX_ROWS = 50_000
HEAD_WITHIN = 20  # lines; above may stand a title
MISTAKES_KEPT = 1000

Lines = Iterable[tuple[int, Mapping[int, Value]]]


class BadRoster(OperatorError):
    """The sheet as a whole is no roster; no line was looked at."""


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int
    place: str  # E5
    title: str  # of the column
    message: str

    def __str__(self) -> str:
        return f"第 {self.line} 行（{self.place}）：{self.title}{self.message}。"


@dataclass(slots=True)
class Roster:
    """What a file says: the lines that can be used, and all that is wrong in the others."""

    rows: list[Row] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)  # the first MISTAKES_KEPT
    wrong_lines: int = 0
    ignored: list[str] = field(default_factory=list)  # columns we do not know
    missing: list[str] = field(default_factory=list)  # columns that could be there
    sheet: str = ""
    other_sheets: list[str] = field(default_factory=list)


def load(path: Path, today: date) -> Roster:
    """Raises: OperatorError."""
    try:
        with path.open("rb") as file:
            return read(file, today)
    except OSError as error:
        raise OperatorError(f"读不了 {path}：{type(error).__name__}") from None


def load_csv(path: Path, today: date) -> Roster:
    """As our own demonstration is kept, UTF-8; what people send is a workbook. Raises: BadRoster."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = ((number, dict(enumerate(line))) for number, line in enumerate(csv.reader(file), 1))
        return read_lines(lines, today)


def read(file: IO[bytes], today: date) -> Roster:
    """A workbook's sheet 花名册, or its first one.

    Raises:
        BadWorkbook: it cannot be opened.
        BadRoster: no columns of a roster are found, or there is too much of it.
    """
    with workbooks.opened(file, SHEET) as sheet:
        roster = read_lines(sheet.lines, today)
        roster.sheet, roster.other_sheets = sheet.name, sheet.others
    return roster


def read_lines(lines: Lines, today: date) -> Roster:
    """Raises: BadRoster."""
    rest = iter(lines)
    head = _head(rest)
    roster = Roster(ignored=head.ignored)
    roster.missing = [each.title for each in COLUMNS if each not in head.places]
    seen: dict[str, int] = {}
    doubled: set[str] = set()
    same: dict[Any, Any] = {}  # values that many lines share are kept once
    number = 0
    for line, cells in rest:
        if not any(_says(cells.get(place)) for place in head.places.values()):
            continue
        number += 1
        if number > MAX_ROWS:
            raise BadRoster(f"超过 {MAX_ROWS} 行，请按分工会分成几个文件。")
        row, mistakes = _row(line, cells, head.places, today, same)
        if row is not None and (first := seen.setdefault(row.staff_number, line)) != line:
            place = f"{letters(head.places[COLUMNS[0]])}{line}"
            mistakes = [Mistake(line, place, "工号", f"「{row.staff_number}」与第 {first} 行重复")]
            doubled.add(row.staff_number)
        if mistakes:
            roster.wrong_lines += 1
            roster.mistakes += mistakes[: MISTAKES_KEPT - len(roster.mistakes)]
        elif row is not None:
            roster.rows.append(row)
    if doubled:  # which of the two is right is not ours to say
        unsure = [row for row in roster.rows if row.staff_number in doubled]
        roster.rows = [row for row in roster.rows if row.staff_number not in doubled]
        roster.wrong_lines += len(unsure)
    if not number:
        raise BadRoster("表头下面没有内容，没有可以导入的人。")
    return roster


def _says(value: Value | None) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


def _row(
    line: int, cells: Mapping[int, Value], places: dict[Column, int], today: date, same: dict[Any, Any]
) -> tuple[Row | None, list[Mistake]]:
    found: dict[str, Any] = {"left_on": None}
    mistakes = []
    for column, place in places.items():
        try:
            said, value = cell(column, cells.get(place), today)
        except Wrong as wrong:
            mistakes.append(Mistake(line, f"{letters(place)}{line}", column.title, wrong.message))
            continue
        if said:
            found[column.field] = same.setdefault(value, value) if column.field in _SHARED else value
    if mistakes:
        return None, mistakes
    for earlier, later, message in _ORDER:
        first, second = found.get(earlier.field), found.get(later.field)
        if first and second and str(first) > str(second):
            return None, [Mistake(line, f"{letters(places[later])}{line}", later.title, message)]
    number, name, branch = (found.pop(each) for each in ("staff_number", "name", "branch"))
    return Row(line, number, name, branch, found), []


_SHARED = {"branch", "post", "joined_on"}
_BY_FIELD = {each.field: each for each in COLUMNS}
_ORDER = (
    (_BY_FIELD["born_on"], _BY_FIELD["joined_on"], "在出生日期以前，请核对"),
    (_BY_FIELD["joined_on"], _BY_FIELD["left_on"], "在入会日期以前，请核对"),
)

# --- the head


@dataclass(slots=True)
class _Head:
    places: dict[Column, int]
    ignored: list[str]


def _plain(title: str) -> str:
    """A title as it is compared: without spaces, stars and what stands in brackets."""
    title = re.sub(r"\s", "", unicodedata.normalize("NFKC", title))
    return re.sub(r"\(.*?\)|[*:]", "", title)


_TITLES = {_plain(title): each for each in COLUMNS for title in (each.title, *each.synonyms)}
_NEEDED = [each for each in COLUMNS if each.required]
_MARK = {COLUMNS[0], COLUMNS[1]}  # a line with both is the head


def _head(lines: Iterator[tuple[int, Mapping[int, Value]]]) -> _Head:
    above: set[Column] = set()
    for number, (_, cells) in enumerate(lines):
        titles = {place: said for place, value in cells.items() if (said := _title(value))}
        known = {_TITLES[_plain(said)] for said in titles.values() if _plain(said) in _TITLES}
        if known >= _MARK:
            return _checked(titles)
        if known and above | known >= _MARK:
            raise BadRoster("表头占了两行（有合并的单元格）。请取消合并，让各列的名称都在同一行。")
        above = known
        if number == HEAD_WITHIN:
            break
    else:
        if not above:
            raise BadRoster("没有找到表头，工作表可能是空的。请用 gonghui members template 生成的模板填写。")
    raise BadRoster(
        "没有找到表头：要有一行写着 工号、姓名、所在组织 等各列的名称。"
        "请用 gonghui members template 生成的模板填写。"
    )


def _title(value: Value) -> str:
    try:
        return text(value)
    except Wrong:
        return ""


def _checked(titles: dict[int, str]) -> _Head:
    if any(place >= MAX_COLUMNS for place in titles):
        raise BadRoster(f"超过 {MAX_COLUMNS} 列，请删去用不到的列。")
    places: dict[Column, int] = {}
    ignored = []
    for place, said in sorted(titles.items()):
        column = _TITLES.get(_plain(said))
        if column is None:
            ignored.append(said[:MAX_COLUMNS])
        elif column in places:
            both = f"{letters(places[column])} 列和 {letters(place)} 列"
            raise BadRoster(f"{both}都是「{column.title}」，请删去或改名其中一列。")
        else:
            places[column] = place
    if missing := [each.title for each in _NEEDED if each not in places]:
        raise BadRoster(f"缺少这些列：{'、'.join(missing)}。")
    return _Head({each: places[each] for each in COLUMNS if each in places}, ignored)
