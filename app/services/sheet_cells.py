"""Cells of sheets that people fill in: what one says, and the kinds of values that several sheets hold.

Which columns a sheet has is its own matter (`roster_rows`, `customer_rows`); finding them is in `sheets`.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.services.workbook_cells import Unusable, Value

EXACT_DIGITS = 15  # Excel rounds what is longer
NOTHING = "无"
_NOTHING = frozenset({NOTHING, "-", "—", "/"})
PHONE_TITLES = ("手机", "手机号码", "联系电话", "电话", "移动电话", "联系方式")
SHOWN = 20  # characters of a wrong value that are repeated

_PHONE = re.compile(r"1[3-9]\d{9}")
_DATE = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]0{1,2}:00(?::00)?(?:\.0+)?)?"
)
SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how a workbook writes a character that XML has not
_WIDE = {0xFF01 + n: 0x21 + n for n in range(94) if chr(0x21 + n).isalnum() or chr(0x21 + n) in "/-_"}
_IN_NAMES = frozenset("·•．.-'’ ()（）")


class Wrong(ValueError):
    """What is wrong with a cell and what would be right; begins where the name of the column ends."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet, and how its cells are read."""

    field: str
    title: str
    parse: Callable[[str, date], Any]
    synonyms: tuple[str, ...] = ()
    required: bool = False
    clearable: bool = False  # 「无」 takes away what we know
    blank: Any = None  # what is left then
    hint: str = ""  # what may be wrong where nothing is written


def text(value: Value | None) -> str:
    """What the cell says, without what cannot be seen; "" for nothing.

    Raises:
        Wrong: no value, or characters no keyboard makes.
    """
    if value is None:
        return ""
    if isinstance(value, Unusable):
        raise Wrong(value.why)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, int | float):
        return _number(value)
    return visible(str(value))


def _number(value: int | float) -> str:
    if value != int(value):
        return str(value)
    digits = str(int(value))
    if len(digits) > EXACT_DIGITS:
        raise Wrong("的数字太长，表格会改掉末几位；请把这一列设为「文本」再填一遍")
    return digits


def visible(said: str) -> str:
    if "_x" in said:
        said = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), said)
    if said.isascii() and said.isprintable():
        return " ".join(said.split())
    said = " ".join(unicodedata.normalize("NFC", said).translate(_WIDE).split())
    kept = [each for each in said if unicodedata.category(each) != "Cf"]  # marks without width
    if any(unicodedata.category(each) in {"Cc", "Cs", "Cn"} for each in kept):
        raise Wrong("里有看不见的控制字符；请清空这一格，重新输入")
    return "".join(kept).strip()


def plain(said: str) -> str:
    """Full-width digits, letters and signs as the usual ones."""
    return said if said.isascii() else unicodedata.normalize("NFKC", said)


# --- one kind of cell each


def name(said: str, today: date | None = None) -> str:
    said = SPACE_IN_CHINESE.sub("", said)
    if len(said) > 40:
        raise Wrong(f"有 {len(said)} 个字，最多 40 个")
    strange = [each for each in said if not _belongs_in_a_name(each)]
    if strange or not any(each.isalpha() or unicodedata.category(each) == "Co" for each in said):
        raise Wrong(f"「{short(said)}」不像姓名")
    return said


def _belongs_in_a_name(character: str) -> bool:
    # Private characters: rare names that old machines drew themselves.
    return character.isalnum() or character in _IN_NAMES or unicodedata.category(character) in {"Co", "Mn"}


def phone(said: str, today: date | None = None) -> str:
    digits = re.sub(r"[\s()-]", "", plain(said)).removeprefix("+86")
    if len(digits) == 13:
        digits = digits.removeprefix("86")
    if not _PHONE.fullmatch(digits):
        raise Wrong(f"「{short(said)}」不对；应是 11 位手机号，例如 13812345678")
    return digits


def day(said: str, today: date | None = None) -> date:
    """2020-03-05, 2020/3/5, 2020年3月5日 or 20200305."""
    if found := _DATE.fullmatch(plain(said)):
        year, month, of_month = found[1], found[2] or found[4], found[3] or found[5]
        try:
            return date(int(year), int(month), int(of_month))
        except ValueError:
            raise Wrong(f"「{short(said)}」这一天不存在") from None
    raise Wrong(f"「{short(said)}」不是日期；应写成 2020-03-05")


def short(said: str) -> str:
    return said if len(said) <= SHOWN else said[:SHOWN] + "…"


def cell(column: Column, value: Value | None, today: date) -> tuple[bool, Any]:
    """Whether the cell says anything, and what; an empty one leaves what we know.

    Raises:
        Wrong: it says something that cannot be.
    """
    said = text(value)
    if not said:
        if column.required:
            raise Wrong(f"没有写{column.hint}")
        return False, None
    if column.clearable and said in _NOTHING:
        return True, column.blank
    return True, column.parse(said, today)
