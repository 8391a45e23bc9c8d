"""One line of a roster: its columns, what a cell of each may hold, and the value that becomes of it.

An empty cell says nothing: what we know stays. 「无」 takes a value away. Only 离开日期 speaks by being
empty: who is listed without one is a member. Finding the columns is in `app.services.roster_sheets`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.services import branches
from app.services.workbook_cells import Unusable, Value
from models import MemberKind, Sex

NOTHING = "无"  # takes away what we know
_NOTHING = frozenset({NOTHING, "-", "—", "/"})
EXACT_DIGITS = 15  # Excel rounds what is longer
OLDEST = date(1900, 1, 1)
FAR_AHEAD = timedelta(days=3660)
SHOWN = 20  # characters of a wrong value that are repeated

_STAFF_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z_-]{0,31}")
_PHONE = re.compile(r"1[3-9]\d{9}")
_DATE = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]0{1,2}:00(?::00)?(?:\.0+)?)?"
)
_SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how a workbook writes a character that XML has not
_WIDE = {0xFF01 + n: 0x21 + n for n in range(94) if chr(0x21 + n).isalnum() or chr(0x21 + n) in "/-_"}
_IN_NAMES = frozenset("·•．.-'’ ()（）")


class Wrong(ValueError):
    """What is wrong with a cell and what would be right; begins where the name of the column ends."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Row:
    """What a line of the roster says of one member; `given` holds what it does say, None takes away."""

    line: int
    staff_number: str
    name: str
    branch: str  # lineage
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    field: str
    title: str
    parse: Callable[[str, date], Any]
    synonyms: tuple[str, ...] = ()
    required: bool = False


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


def staff_number(said: str, today: date | None = None) -> str:
    """A staff number as we keep it: half-width, capital letters, no spaces."""
    number = plain(said).replace(" ", "").upper()
    if not _STAFF_NUMBER.fullmatch(number):
        raise Wrong(f"「{_short(said)}」不对；只能有数字、字母和短横，最多 32 位")
    return number


def name(said: str, today: date | None = None) -> str:
    said = _SPACE_IN_CHINESE.sub("", said)
    if len(said) > 40:
        raise Wrong(f"有 {len(said)} 个字，最多 40 个")
    strange = [each for each in said if not _belongs_in_a_name(each)]
    if strange or not any(each.isalpha() or unicodedata.category(each) == "Co" for each in said):
        raise Wrong(f"「{_short(said)}」不像姓名")
    return said


def _belongs_in_a_name(character: str) -> bool:
    # Private characters: rare names that old machines drew themselves.
    return character.isalnum() or character in _IN_NAMES or unicodedata.category(character) in {"Co", "Mn"}


def _branch(said: str, today: date) -> str:
    names = [_SPACE_IN_CHINESE.sub("", each).strip() for each in said.replace("\\", "/").split("/")]
    if any(not each for each in names):
        raise Wrong(f"「{_short(said)}」里有空的一级；应写成 公司工会/分工会/班组")
    if refused := branches.wrong_lineage(names):
        raise Wrong(f"「{_short(said)}」{refused}")
    return branches.lineage_of(names)


def _sex(said: str, today: date) -> Sex:
    found = _SEXES.get(plain(said).upper())
    if found is None:
        raise Wrong(f"「{_short(said)}」不对；应写 男 或 女")
    return found


def kind(said: str, today: date | None = None) -> MemberKind:
    found = _KINDS.get(plain(said).replace(" ", ""))
    if found is None:
        raise Wrong(f"「{_short(said)}」不对；应写 在职、劳务派遣 或 退休")
    return found


def _phone(said: str, today: date) -> str:
    digits = re.sub(r"[\s()-]", "", plain(said)).removeprefix("+86")
    if len(digits) == 13:
        digits = digits.removeprefix("86")
    if not _PHONE.fullmatch(digits):
        raise Wrong(f"「{_short(said)}」不对；应是 11 位手机号，例如 13812345678")
    return digits


def _post(said: str, today: date) -> str:
    if len(said) > 40:
        raise Wrong(f"有 {len(said)} 个字，最多 40 个")
    return said


def day(said: str, today: date | None = None) -> date:
    """2020-03-05, 2020/3/5, 2020年3月5日 or 20200305."""
    if found := _DATE.fullmatch(plain(said)):
        year, month, of_month = found[1], found[2] or found[4], found[3] or found[5]
        try:
            return date(int(year), int(month), int(of_month))
        except ValueError:
            raise Wrong(f"「{_short(said)}」这一天不存在") from None
    raise Wrong(f"「{_short(said)}」不是日期；应写成 2020-03-05")


def _born_on(said: str, today: date) -> str:
    born = day(said)
    if not OLDEST <= born <= today:
        raise Wrong(f"「{_short(said)}」不对；应在 1900 年以后、今天以前")
    return born.isoformat()


def _joined_on(said: str, today: date) -> date:
    joined = day(said)
    if not OLDEST <= joined <= today + FAR_AHEAD:
        raise Wrong(f"「{_short(said)}」不对；请核对年份")
    return joined


def _short(said: str) -> str:
    return said if len(said) <= SHOWN else said[:SHOWN] + "…"


_SEXES: Final = {"男": Sex.MALE, "男性": Sex.MALE, "M": Sex.MALE,
                 "女": Sex.FEMALE, "女性": Sex.FEMALE, "F": Sex.FEMALE}  # fmt: skip
_KINDS: Final = {
    **dict.fromkeys(
        ("在职", "在岗", "正式", "正式职工", "正式工", "全民", "合同制", "在职职工"), MemberKind.IN_SERVICE
    ),
    **dict.fromkeys(("劳务派遣", "派遣", "派遣制", "派遣工", "劳务派遣工", "外包"), MemberKind.DISPATCHED),
    **dict.fromkeys(("退休", "离退休", "离休", "退休人员", "退休职工"), MemberKind.RETIRED),
}

COLUMNS: Final = (
    Column(
        *("staff_number", "工号", staff_number),
        ("员工编号", "员工号", "职工编号", "职工号", "人员编号", "人员编码", "人资编码", "工号/编号"),
        required=True,
    ),
    Column("name", "姓名", name, ("名字", "员工姓名", "职工姓名", "会员姓名"), required=True),
    Column("sex", "性别", _sex),
    Column("born_on", "出生日期", _born_on, ("出生年月日", "出生年月", "生日")),
    Column("phone", "手机号", _phone, ("手机", "手机号码", "联系电话", "电话", "移动电话", "联系方式")),
    Column(
        *("branch", "所在组织", _branch),
        (
            "部门",
            "分工会",
            "组织",
            "所在部门",
            "所属组织",
            "所属工会",
            "所在分工会",
            "工会组织",
            "单位",
            "所在单位",
        ),
        required=True,
    ),
    Column("post", "岗位", _post, ("职务", "岗位名称", "职位")),
    Column("kind", "人员类别", kind, ("用工形式", "用工性质", "人员类型", "人员性质", "类别")),
    Column("joined_on", "入会日期", _joined_on, ("入会时间", "加入工会日期")),
    Column("left_on", "离开日期", _joined_on, ("离职日期", "离开时间", "离职时间", "退会日期")),
)
CLEARABLE = frozenset({"sex", "born_on", "phone", "post", "joined_on", "left_on"})


def cell(column: Column, value: Value | None, today: date) -> tuple[bool, Any]:
    """Whether the cell says anything, and what: None takes away.

    Raises:
        Wrong: it says something that cannot be.
    """
    said = text(value)
    if not said:
        if column.required:
            hint = "；如果是合并单元格，请取消合并，每一行都写上" if column.field == "branch" else ""
            raise Wrong(f"没有写{hint}")
        return False, None
    if said in _NOTHING and column.field in CLEARABLE:
        return True, "" if column.field == "post" else None
    return True, column.parse(said, today)
