"""One line of the register of electricity accounts: its columns, and what a cell of each may hold.

An empty cell says nothing: what we know stays. 「无」 takes a value away. Only 销户日期 speaks by being
empty: an account that is listed without one has a customer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.errors import DomainError
from app.services import customer_accounts
from app.services.sheet_cells import PHONE_TITLES, Column, Wrong, day, plain, short
from app.services.sheets import Form

OLDEST = date(1950, 1, 1)
MAX_ROWS = 200_000

_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|[2-9]\d{6,7}")
_LOOKS_LIKE_FORMULA = tuple("=+-@")


@dataclass(frozen=True, slots=True)
class Row:
    """What a line says of one account; `given` holds what it does say, None takes away."""

    line: int
    number: str
    name: str
    area: str
    given: Mapping[str, Any]


def _number(said: str, today: date) -> str:
    try:
        return customer_accounts.written(said)
    except DomainError:
        usual = "或 ".join(f"{length} 位" for length in customer_accounts.LENGTHS)
        raise Wrong(f"「{short(said)}」不对；应是 {usual}数字，开头的 0 不能少") from None


def _words(longest: int, what: str) -> Any:
    def parse(said: str, today: date) -> str:
        if len(said) > longest:
            raise Wrong(f"有 {len(said)} 个字，最多 {longest} 个")
        if said.startswith(_LOOKS_LIKE_FORMULA) or not any(each.isalpha() for each in said):
            raise Wrong(f"「{short(said)}」不像{what}")
        return said

    return parse


def _phone(said: str, today: date) -> str:
    digits = re.sub(r"[\s()-]", "", plain(said)).removeprefix("+86")
    if not _PHONE.fullmatch(digits):
        raise Wrong(f"「{short(said)}」不对；应是 11 位手机号，或带区号的座机")
    return digits


def _closed_on(said: str, today: date) -> date:
    closed = day(said)
    if not OLDEST <= closed <= today:
        raise Wrong(f"「{short(said)}」不对；应是今天或以前，还没销的户请留空")
    return closed


COLUMNS: Final = (
    Column(
        *("number", "户号", _number, ("用户编号", "客户编号", "用户户号", "用电户号", "用户号")),
        required=True,
    ),
    Column("name", "户名", _words(100, "户名"), ("用户名称", "客户名称", "用电户名"), required=True),
    Column("phone", "手机号", _phone, PHONE_TITLES, clearable=True),
    Column(
        *("area", "片区", _words(40, "片区"), ("所属片区", "供电所", "供电片区", "管理单位", "台区")),
        required=True,
        hint="；如果是合并单元格，请取消合并，每一行都写上",
    ),
    Column("address", "用电地址", _words(100, "地址"), ("地址", "用户地址"), clearable=True),
    Column("closed_on", "销户日期", _closed_on, ("销户时间",), clearable=True),
)
FORM: Final = Form(
    sheet="户号",
    columns=COLUMNS,
    template="gonghui accounts template",
    max_rows=MAX_ROWS,
    noun="户",
    divide="片区",
    shared=frozenset({"area", "closed_on"}),
)
