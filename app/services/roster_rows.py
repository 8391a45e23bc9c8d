"""One line of a roster: its columns, what a cell of each may hold, and the value that becomes of it.

An empty cell says nothing: what we know stays. 「无」 takes a value away. Only 离开日期 speaks by being
empty: who is listed without one is a member. Finding the columns is in `app.services.roster_sheets`;
what other sheets hold too is in `app.services.sheet_cells`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from app.clock import years_between
from app.services import branches
from app.services.sheet_cells import (
    PHONE_TITLES,
    SPACE_IN_CHINESE,
    Column,
    Wrong,
    day,
    name,
    phone,
    plain,
    short,
)
from models import MemberKind, Sex

OLDEST = date(1900, 1, 1)
YOUNGEST = (
    16  # years; 《劳动法》第十五条: nobody younger may be employed, so no member is a child (`parties`)
)
FAR_AHEAD = timedelta(days=3660)

_STAFF_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Row:
    """What a line of the roster says of one member; `given` holds what it does say, None takes away."""

    line: int
    staff_number: str
    name: str
    branch: str  # lineage
    given: Mapping[str, Any]


# --- one kind of cell each


def staff_number(said: str, today: date | None = None) -> str:
    """A staff number as we keep it: half-width, capital letters, no spaces."""
    number = plain(said).replace(" ", "").upper()
    if not _STAFF_NUMBER.fullmatch(number):
        raise Wrong(f"「{short(said)}」不对；只能有数字、字母和短横，最多 32 位")
    return number


def _branch(said: str, today: date) -> str:
    names = [SPACE_IN_CHINESE.sub("", each).strip() for each in said.replace("\\", "/").split("/")]
    if any(not each for each in names):
        raise Wrong(f"「{short(said)}」里有空的一级；应写成 公司工会/分工会/班组")
    if refused := branches.wrong_lineage(names):
        raise Wrong(f"「{short(said)}」{refused}")
    return branches.lineage_of(names)


def _sex(said: str, today: date) -> Sex:
    found = _SEXES.get(plain(said).upper())
    if found is None:
        raise Wrong(f"「{short(said)}」不对；应写 男 或 女")
    return found


def kind(said: str, today: date | None = None) -> MemberKind:
    found = _KINDS.get(plain(said).replace(" ", ""))
    if found is None:
        raise Wrong(f"「{short(said)}」不对；应写 在职、劳务派遣 或 退休")
    return found


def _post(said: str, today: date) -> str:
    if len(said) > 40:
        raise Wrong(f"有 {len(said)} 个字，最多 40 个")
    return said


def _born_on(said: str, today: date) -> str:
    born = day(said)
    if not OLDEST <= born <= today:
        raise Wrong(f"「{short(said)}」不对；应在 1900 年以后、今天以前")
    if years_between(born, today) < YOUNGEST:
        raise Wrong(f"「{short(said)}」不对；职工要满 {YOUNGEST} 周岁，请核对年份")
    return born.isoformat()


def _joined_on(said: str, today: date) -> date:
    joined = day(said)
    if not OLDEST <= joined <= today + FAR_AHEAD:
        raise Wrong(f"「{short(said)}」不对；请核对年份")
    return joined


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
    Column("sex", "性别", _sex, clearable=True),
    Column("born_on", "出生日期", _born_on, ("出生年月日", "出生年月", "生日"), clearable=True),
    Column("phone", "手机号", phone, PHONE_TITLES, clearable=True),
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
        hint="；如果是合并单元格，请取消合并，每一行都写上",
    ),
    Column("post", "岗位", _post, ("职务", "岗位名称", "职位"), clearable=True, blank=""),
    Column("kind", "人员类别", kind, ("用工形式", "用工性质", "人员类型", "人员性质", "类别")),
    Column("joined_on", "入会日期", _joined_on, ("入会时间", "加入工会日期"), clearable=True),
    Column(
        "left_on", "离开日期", _joined_on, ("离职日期", "离开时间", "离职时间", "退会日期"), clearable=True
    ),
)
