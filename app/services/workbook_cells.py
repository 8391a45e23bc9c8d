"""What the XML of a workbook's sheet says, cell by cell: texts, numbers, dates, and what is no value at all.

Opening the file is in `app.services.workbooks`.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

MAX_COLUMNS = 60  # one more is kept, to be seen
MAX_TEXT = 40_000  # Excel itself allows 32,767
MAX_LINE = 1_048_576
MAX_DEPTH = 64  # elements within each other; expat keeps every one that is open
MAX_ELEMENTS = 300_000
MAX_TEXTS = 3_000_000  # one for every cell of the largest roster
_REFERENCE = re.compile(r"([A-Z]{1,3})\d{1,7}")
_ZEROS = re.compile(r"0{2,32}")  # a number format that shows 7 as 00007
_SECTIONS = {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs", "tableStyles", "colors", "extLst"}


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell without a value: why, in Chinese."""

    why: str


NOT_CALCULATED = Unusable("是公式，还没有算出结果；请复制后「选择性粘贴 → 数值」")

Value = str | int | float | bool | date | datetime | time | timedelta | Unusable


class Formats:
    """What the styles make of a number: a date, or digits with leading zeros."""

    def __init__(self, epoch_1904: bool) -> None:
        # The library weighs 8 MB: who only serves messages does without it.
        from openpyxl.styles import numbers  # noqa: PLC0415
        from openpyxl.utils import datetime as dates  # noqa: PLC0415

        self._builtin, self._is_date, self._moment = (
            numbers.BUILTIN_FORMATS,
            numbers.is_date_format,
            dates.from_excel,
        )
        self._epoch = dates.MAC_EPOCH if epoch_1904 else dates.WINDOWS_EPOCH
        self._formats: list[str] = []

    def learn(self, elements: Iterable[tuple[str, dict[str, str]]]) -> None:
        """From the elements of the styles part."""
        own: dict[int, str] = {}
        section = ""
        for name, attributes in elements:
            if name in _SECTIONS:
                section = name
            elif name == "numFmt" and "numFmtId" in attributes:
                own[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
            elif name == "xf" and section == "cellXfs":
                number = int(attributes.get("numFmtId", 0))
                self._formats.append(own.get(number, self._builtin.get(number, "General")))

    def number(self, text: str, style: int) -> Value:
        try:
            value: int | float = int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError:
            return Unusable(f"的内容「{text[:20]}」读不出来")
        if not math.isfinite(value):
            return Unusable("的数字太大")
        form = self._formats[style] if style < len(self._formats) else "General"
        if self._is_date(form):
            try:
                moment: Value = self._moment(value, self._epoch)
            except (ValueError, OverflowError):
                return Unusable("的日期超出了范围")
            return moment
        if _ZEROS.fullmatch(form) and value == int(value) >= 0:
            return str(int(value)).zfill(len(form))
        return value


class ElementParser:
    """Every element of a part that only describes the workbook: name without prefix, attributes."""

    def __init__(self) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []
        self._depth = 0

    def dress(self, parser: Any) -> None:
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH or len(self.found) > MAX_ELEMENTS:
            raise ValueError("no workbook needs that")
        self.found.append((name.rpartition(":")[2], attributes))

    def _end(self, name: str) -> None:
        self._depth -= 1


class TextParser:
    """The texts that cells point to; readings above the characters are left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._taking = self._reading = False
        self._depth = 0

    def dress(self, parser: Any) -> None:
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._say

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH or len(self.found) > MAX_TEXTS:
            raise ValueError("no workbook needs that")
        name = name.rpartition(":")[2]
        if name == "rPh":
            self._reading = True
        elif name == "t":
            self._taking = not self._reading

    def _end(self, name: str) -> None:
        self._depth -= 1
        name = name.rpartition(":")[2]
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._reading = False
        elif name == "si":
            self.found.append("".join(self._parts)[:MAX_TEXT])
            self._parts = []

    def _say(self, text: str) -> None:
        if self._taking:
            self._parts.append(text)


class LineParser:
    """Lines of a sheet as they come by."""

    def __init__(self, texts: list[str], formats: Formats) -> None:
        self._texts, self._formats = texts, formats
        self._lines: list[tuple[int, dict[int, Value]]] = []
        self._line, self._column = 0, -1
        self._cells: dict[int, Value] = {}
        self._cell: dict[str, str] = {}
        self._parts: list[str] = []
        self._taking = self._reading = self._formula = self._valued = False
        self._depth = 0

    def dress(self, parser: Any) -> None:
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._say

    def take(self) -> list[tuple[int, dict[int, Value]]]:
        lines, self._lines = self._lines, []
        return lines

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError("no workbook needs that")
        name = name.rpartition(":")[2]
        if name == "c":
            self._cell, self._parts = attributes, []
            self._formula = self._valued = False
        elif name == "v":
            self._taking = self._valued = True
        elif name == "t":
            self._taking = not self._reading
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._line = int(attributes.get("r", self._line + 1))
            self._column, self._cells = -1, {}
            if not 0 < self._line <= MAX_LINE:
                raise ValueError("no such line")
        elif name == "rPh":
            self._reading = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        name = name.rpartition(":")[2]
        if name == "c":
            self._keep()
        elif name in {"v", "t"}:
            self._taking = False
        elif name == "row":
            if self._cells:
                self._lines.append((self._line, self._cells))
        elif name == "rPh":
            self._reading = False

    def _say(self, text: str) -> None:
        if self._taking:
            self._parts.append(text)

    def _keep(self) -> None:
        reference = self._cell.get("r")
        if reference is None:
            self._column += 1
        elif found := _REFERENCE.fullmatch(reference):
            self._column = _column(found[1])
        else:
            raise ValueError("no such cell")
        if self._column > MAX_COLUMNS:
            return
        value = self._value("".join(self._parts)[:MAX_TEXT])
        if value != "":
            self._cells[self._column] = value

    def _value(self, text: str) -> Value:
        kind = self._cell.get("t", "n")
        if self._formula and not text and not (kind == "str" and self._valued):
            return NOT_CALCULATED
        if not text or kind in {"str", "inlineStr", "d"}:
            return text
        if kind == "s":
            return self._texts[int(text)]
        if kind == "b":
            return text == "1"
        if kind == "e":
            return Unusable(f"是错误值 {text[:20]}")
        return self._formats.number(text, int(self._cell.get("s") or 0))


def _column(letters: str) -> int:
    """A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def letters(column: int) -> str:
    """0 is A."""
    said, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        said = chr(65 + rest) + said
    return said
