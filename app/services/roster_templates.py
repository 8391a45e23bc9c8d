"""The roster's workbook to be filled in: with choices to pick from, and its rules.

Made with rows it is a roster as it would be sent to us.
"""

from collections.abc import Iterable
from datetime import date
from typing import IO, Any

from app.services import sheet_templates
from app.services.roster_rows import COLUMNS, Row
from app.services.roster_sheets import FORM, MAX_ROWS
from app.services.sheet_cells import NOTHING, Column
from models import MemberKind, Sex

_WIDTHS = {"branch": 44, "phone": 16, "post": 18}
_DATES = frozenset({"born_on", "joined_on", "left_on"})
_CHOICES: dict[str, list[str]] = {
    "sex": [each.label for each in (Sex.MALE, Sex.FEMALE)],
    "kind": [each.label for each in MemberKind],
}
_EXAMPLE = ("10001", "李建国", "男", "1985-03-05", "13812345678",
            "黄陵供电公司工会/北区分工会/抢修一班", "配电抢修工", "在职", "2007-07-01", "")  # fmt: skip
_RULES = (
    "只填「花名册」这一页，每人一行。列的先后可以换，不用的列可以删，工号、姓名、所在组织三列一定要有。",
    "工号：系统按工号认人，一个工号只写一行。前面有 0 的照写，这一列已设为文本。",
    "姓名：与身份证一致。职工在公众号里绑定时要核对。",
    "出生日期、入会日期、离开日期：写成 2020-03-05。出生日期和手机号加密保存，用于本人绑定时核对。",
    "手机号：11 位。",
    "所在组织：从公司工会写到班组，用斜杠隔开，例如 黄陵供电公司工会/北区分工会/抢修一班。没有的会自动建好。",
    "人员类别：在职、劳务派遣或退休。新来的人不填，算在职。",
    "离开日期：从这一天起不再是会员。在册的人留空；以前离开、现在回来的，也留空。",
    f"其他各格留空，表示不改原来的资料；要去掉原来的内容，写「{NOTHING}」。",
    f"一个文件最多 {MAX_ROWS} 人。文件里没有的人，原来怎样还是怎样。",
)


def template(file: IO[bytes], rows: Iterable[Row] = ()) -> None:
    """Write the template to `file`, filled in with `rows`."""
    sheet_templates.write(
        file,
        FORM,
        example=_EXAMPLE,
        rules=_RULES,
        widths=_WIDTHS,
        lines=([_said(row, column) for column in COLUMNS] for row in rows),
        dress=_choices,
    )


def _choices(sheet: Any, place: int, column: Column) -> None:
    if column.field in _CHOICES:
        sheet.data_validation(
            *(1, place, MAX_ROWS, place),
            {
                "validate": "list",
                "source": _CHOICES[column.field],
                "error_title": column.title,
                "error_message": f"请从列表里选：{'、'.join(_CHOICES[column.field])}",
            },
        )
    elif column.field in _DATES:
        sheet.data_validation(
            *(1, place, MAX_ROWS, place),
            {"validate": "any", "input_title": column.title, "input_message": "写成 2020-03-05"},
        )


def _said(row: Row, column: Column) -> str:
    """What stands in the cell: nothing, the value, or that there is none."""
    if column.required:
        return str(getattr(row, column.field))
    if column.field not in row.given:
        return ""
    value = row.given[column.field]
    if column.field == "left_on":
        return "" if value is None else str(value)
    if value is None or value == "":
        return NOTHING
    if isinstance(value, date):
        return value.isoformat()
    return value.label if isinstance(value, Sex | MemberKind) else str(value)
