"""Sheets as people send them: finding the columns, reading every line, telling every mistake with its cell.

What a cell may hold is in `app.services.sheet_cells`, opening a workbook in `app.services.workbooks`. What a
line means, and whether two of them may say the same, is for who asks: a roster, a register of accounts.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from app.errors import OperatorError
from app.services import workbooks
from app.services.sheet_cells import Column, Wrong, cell, text
from app.services.workbook_cells import MAX_COLUMNS, Value, letters
from app.services.workbooks import Sheet

HEAD_WITHIN = 20  # lines; above may stand a title
MISTAKES_KEPT = 1000

Lines = Iterable[tuple[int, Mapping[int, Value]]]


class BadSheet(OperatorError):
    """The sheet as a whole is not what it should be; no line was looked at."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of sheet. A line with the titles of its first two columns is the head."""

    sheet: str  # 花名册
    columns: tuple[Column, ...]
    template: str  # the command that writes an empty one
    max_rows: int
    noun: str  # what a line stands for: 人
    divide: str  # by what a file that is too long may be divided
    shared: frozenset[str] = frozenset()  # fields whose values many lines share: each is kept once


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int
    place: str  # E5
    title: str  # of the column
    message: str

    def __str__(self) -> str:
        return f"第 {self.line} 行（{self.place}）：{self.title}{self.message}。"


@dataclass(slots=True)
class Line:
    """One line as it was read: what it says by field, or what is wrong with it."""

    number: int
    said: dict[str, Any]
    mistakes: list[Mistake] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a file is and what is wrong with it; what can be used of it is for who reads it."""

    mistakes: list[Mistake] = field(default_factory=list)  # the first MISTAKES_KEPT
    wrong_lines: int = 0
    ignored: list[str] = field(default_factory=list)  # columns we do not know
    missing: list[str] = field(default_factory=list)  # columns that could be there
    sheet: str = ""
    other_sheets: list[str] = field(default_factory=list)

    def note(self, mistakes: list[Mistake]) -> None:
        """One more line is wrong."""
        self.wrong_lines += 1
        self.mistakes += mistakes[: MISTAKES_KEPT - len(self.mistakes)]


class Reader:
    """The lines below the head, one after the other; gone through once."""

    def __init__(self, form: Form, lines: Lines, today: date) -> None:
        """Raises: BadSheet: no columns of such a sheet are found."""
        self._form, self._today = form, today
        self._rest = iter(lines)
        self.places, self.ignored = _head(form, self._rest)
        self.missing = [each.title for each in form.columns if each not in self.places]
        self._same: dict[Any, Any] = {}

    def __iter__(self) -> Iterator[Line]:
        """Raises: BadSheet: too many lines, or none; workbooks.BadWorkbook."""
        number = 0
        for line, cells in self._rest:
            if not any(_says(cells.get(place)) for place in self.places.values()):
                continue
            number += 1
            if number > self._form.max_rows:
                raise BadSheet(f"超过 {self._form.max_rows} 行，请按{self._form.divide}分成几个文件。")
            yield self._read(line, cells)
        if not number:
            raise BadSheet(f"表头下面没有内容，没有可以导入的{self._form.noun}。")

    def mistake(self, line: int, field_: str, message: str) -> Mistake:
        """One that only shows when values are compared."""
        column = next(each for each in self.places if each.field == field_)
        return Mistake(line, f"{letters(self.places[column])}{line}", column.title, message)

    def _read(self, number: int, cells: Mapping[int, Value]) -> Line:
        line = Line(number, {})
        for column, place in self.places.items():
            try:
                says, value = cell(column, cells.get(place), self._today)
            except Wrong as wrong:
                line.mistakes.append(
                    Mistake(number, f"{letters(place)}{number}", column.title, wrong.message)
                )
                continue
            if says:
                shared = column.field in self._form.shared
                line.said[column.field] = self._same.setdefault(value, value) if shared else value
        return line


@contextmanager
def opened(path: Path | bytes, form: Form) -> Iterator[Sheet]:
    """The lines of a workbook, or of a text with commas in UTF-8, by the end of its name.

    Bytes that were sent in are a workbook.

    Raises: OperatorError: also while the lines are gone through.
    """
    if isinstance(path, bytes):
        with workbooks.opened(io.BytesIO(path), form.sheet) as sheet:
            yield sheet
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise OperatorError(f"读不了 {path}：{type(error).__name__}") from None
    with file:
        if path.suffix.lower() == ".csv":
            if path.stat().st_size > workbooks.MAX_FILE:
                raise BadSheet("文件太大，最多 20 MB。请分成几个文件。")
            text_file = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            yield Sheet(path.name, [], _of_text(text_file))
        else:
            with workbooks.opened(file, form.sheet) as sheet:
                yield sheet


def _of_text(file: Iterable[str]) -> Iterator[tuple[int, dict[int, Value]]]:
    try:
        for number, line in enumerate(csv.reader(file), 1):
            yield number, dict(enumerate(line[: MAX_COLUMNS + 1]))
    except (UnicodeDecodeError, csv.Error):
        raise BadSheet("这不是 UTF-8 的 CSV。请用 Excel 或 WPS 打开，另存为 .xlsx 再试。") from None


def _says(value: Value | None) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


# --- the head


def _plain(title: str) -> str:
    """A title as it is compared: without spaces, stars and what stands in brackets."""
    title = re.sub(r"\s", "", unicodedata.normalize("NFKC", title))
    return re.sub(r"\(.*?\)|[*:]", "", title)


def _head(
    form: Form, lines: Iterator[tuple[int, Mapping[int, Value]]]
) -> tuple[dict[Column, int], list[str]]:
    known = {_plain(title): each for each in form.columns for title in (each.title, *each.synonyms)}
    mark = set(form.columns[:2])
    above: set[Column] = set()
    for number, (_, cells) in enumerate(lines):
        titles = {place: said for place, value in cells.items() if (said := _title(value))}
        found = {known[_plain(said)] for said in titles.values() if _plain(said) in known}
        if found >= mark:
            return _checked(form, known, titles)
        if found and above | found >= mark:
            raise BadSheet("表头占了两行（有合并的单元格）。请取消合并，让各列的名称都在同一行。")
        above = found
        if number == HEAD_WITHIN:
            break
    else:
        if not above:
            raise BadSheet(f"没有找到表头，工作表可能是空的。请用 {form.template} 生成的模板填写。")
    needed = "、".join(each.title for each in form.columns if each.required)
    raise BadSheet(f"没有找到表头：要有一行写着 {needed} 等各列的名称。请用 {form.template} 生成的模板填写。")


def _title(value: Value) -> str:
    try:
        return text(value)
    except Wrong:
        return ""


def _checked(
    form: Form, known: Mapping[str, Column], titles: Mapping[int, str]
) -> tuple[dict[Column, int], list[str]]:
    """Where each column is, and titles we do not know."""
    if any(place >= MAX_COLUMNS for place in titles):
        raise BadSheet(f"超过 {MAX_COLUMNS} 列，请删去用不到的列。")
    places: dict[Column, int] = {}
    ignored = []
    for place, said in sorted(titles.items()):
        column = known.get(_plain(said))
        if column is None:
            ignored.append(said[:MAX_COLUMNS])
        elif column in places:
            both = f"{letters(places[column])} 列和 {letters(place)} 列"
            raise BadSheet(f"{both}都是「{column.title}」，请删去或改名其中一列。")
        else:
            places[column] = place
    if missing := [each.title for each in form.columns if each.required and each not in places]:
        raise BadSheet(f"缺少这些列：{'、'.join(missing)}。")
    return {each: places[each] for each in form.columns if each in places}, ignored
