"""The register as it is sent to us: gone through once to tell every mistake, and again to be brought in.

Between the two only the numbers are kept in memory, not what is said of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO

from app.services import sheet_templates, sheets
from app.services.customer_rows import FORM, MAX_ROWS, Row
from app.services.sheet_cells import NOTHING
from app.services.sheets import Findings, Line, Reader

_EXAMPLE = ("6101234567", "李建国", "13812345678", "黄陵 北区", "桥山街道轩辕路12号楼3单元", "")
_WIDTHS = {"number": 16, "name": 20, "phone": 16, "area": 16, "address": 44}
_RULES = (
    "只填「户号」这一页，每户一行。列的先后可以换，不用的列可以删，户号、户名、片区三列一定要有。",
    "户号：系统按户号认户，一个户号只写一行。开头的 0 照写，这一列已设为文本。",
    "户名、手机号：客户核实户号时要核对其中一样。加密保存，不会显示给没有核实的人。",
    "片区：停电通知按它选人，同一个片区每一行要写得一样，例如 黄陵 北区。",
    "销户日期：已经销户的写上，例如 2026-03-05；在用的留空。",
    f"手机号、用电地址留空，表示不改原来的资料；要去掉原来的内容，写「{NOTHING}」。",
    "户名或手机号与原来不同，算作换了客户：已经核实的人要重新核实，系统会告诉他。",
    f"一个文件最多 {MAX_ROWS} 户。文件里没有的户，原来怎样还是怎样。",
)


@dataclass(slots=True)
class Register(Findings):
    """A file that was gone through: what is wrong with it, and which lines can be used."""

    path: Path | bytes  # bytes that were sent in are a workbook
    today: date
    usable: int = 0  # lines
    areas: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)  # which of two is right is not ours to say

    def rows(self) -> Iterator[Row]:
        """The usable lines, read anew. Raises: OperatorError."""
        with sheets.opened(self.path, FORM) as sheet:
            for line in Reader(FORM, sheet.lines, self.today):
                if not line.mistakes and line.said["number"] not in self.doubled:
                    yield _row(line)

    def chunks(self, size: int) -> Iterator[Sequence[Row]]:
        chunk: list[Row] = []
        for row in self.rows():
            chunk.append(row)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def look(path: Path | bytes, today: date) -> Register:
    """Go through a file, .xlsx or .csv. Raises: OperatorError: it is no register, or no file."""
    register = Register(path, today)
    seen: dict[str, int] = {}
    with sheets.opened(path, FORM) as sheet:
        register.sheet, register.other_sheets = sheet.name, sheet.others
        reader = Reader(FORM, sheet.lines, today)
        register.ignored, register.missing = reader.ignored, reader.missing
        for line in reader:
            mistakes = line.mistakes
            if not mistakes and (first := seen.setdefault(line.said["number"], line.number)) != line.number:
                number = line.said["number"]
                mistakes = [reader.mistake(line.number, "number", f"「{number}」与第 {first} 行重复")]
                if number not in register.doubled:
                    register.doubled.add(number)
                    register.usable -= 1
                    register.wrong_lines += 1
            if mistakes:
                register.note(mistakes)
            else:
                register.usable += 1
                register.areas.add(line.said["area"])
    return register


def template(file: IO[bytes]) -> None:
    """Write an empty register to `file`."""
    sheet_templates.write(file, FORM, example=_EXAMPLE, rules=_RULES, widths=_WIDTHS)


def _row(line: Line) -> Row:
    said = {"closed_on": None, **line.said}
    number, name, area = (said.pop(each) for each in ("number", "name", "area"))
    return Row(line.number, number, name, area, said)
