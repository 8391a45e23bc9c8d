"""Reading a roster: columns by name, values as people write them, mistakes with their cells; the template."""

import io
import string
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services import roster_sheets, roster_templates, sheets
from app.services.roster_rows import COLUMNS, Row
from app.services.sheet_cells import NOTHING
from models import MemberKind, Sex
from tests.roster_files import HEAD, LI, excel, inline, sheet_of, with_sheet, workbook

TODAY = date(2026, 11, 23)
ALL = tuple(each.title for each in COLUMNS)


def read(*lines: Sequence[Any], head: Sequence[Any] = HEAD) -> roster_sheets.Roster:
    return roster_sheets.read(excel(*lines, head=head), TODAY)


def value(title: str, cell: Any) -> Any:
    """What becomes of one cell; of a wrong one what is said of it."""
    roster = read((*LI, cell), head=(*HEAD, title))
    if roster.mistakes:
        return str(roster.mistakes[0]).partition("：")[2].removesuffix("。")
    return next((found for name, found in roster.rows[0].given.items() if name == _field(title)), "nothing")


def _field(title: str) -> str:
    return next(each.field for each in COLUMNS if each.title == title)


# --- columns


def test_columns_are_found_by_name_in_any_order_with_a_title_above() -> None:
    head = ["序号", "部 门", "员工编号*", "姓名（必填）", "联系电话", "出生年月日(年-月-日)", "民族"]
    line = [1, "公司工会/北区分工会", 10001, "李建国", 13812345678, date(1985, 3, 5), "汉"]
    file = workbook(("黄陵供电公司工会花名册",), (), head, line, head=[])

    roster = roster_sheets.read(file, TODAY)

    assert roster.rows == [
        Row(
            *(4, "10001", "李建国", "公司工会/北区分工会"),
            {"born_on": "1985-03-05", "phone": "13812345678", "left_on": None},
        )
    ]
    assert roster.ignored == ["序号", "民族"]
    assert roster.missing == ["性别", "岗位", "人员类别", "入会日期", "离开日期"]


def test_the_sheet_called_so_is_read_or_else_the_first() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["别的"])
    page = book.create_sheet("花名册")
    page.append(HEAD)
    page.append(LI)
    file = io.BytesIO()
    book.save(file)

    roster = roster_sheets.read(file, TODAY)

    assert (roster.sheet, roster.other_sheets, len(roster.rows)) == ("花名册", ["Sheet"], 1)
    assert roster_sheets.read(workbook(LI, sheet="人员"), TODAY).sheet == "人员"


def test_empty_lines_between_people_are_nothing() -> None:
    roster = read(LI, (), ("", " ", "\u3000"), ("10002", *LI[1:]))

    assert [row.line for row in roster.rows] == [2, 5]


# --- staff numbers and names


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("10001", "10001"),
        (10001, "10001"),
        (10001.0, "10001"),
        ("00123", "00123"),
        ("１０００１", "10001"),
        (" a-１2 ", "A-12"),
        ("1000\u200b1", "10001"),
        ("\ufeff10001", "10001"),
    ],
)
def test_a_staff_number_is_kept_as_people_mean_it(cell: Any, number: str) -> None:
    assert read((cell, *LI[1:])).rows[0].staff_number == number


def test_zeros_that_only_the_format_shows_belong_to_the_number() -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(HEAD)
    page.append([123, *LI[1:]])
    page["A2"].number_format = "00000"
    file = io.BytesIO()
    book.save(file)

    assert roster_sheets.read(file, TODAY).rows[0].staff_number == "00123"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (None, "工号没有写"),
        ("工-1", "工号「工-1」不对；只能有数字、字母和短横，最多 32 位"),
        (1.5, "工号「1.5」不对；只能有数字、字母和短横，最多 32 位"),
        (-5, "工号「-5」不对；只能有数字、字母和短横，最多 32 位"),
        (610632198503050012, "工号的数字太长，表格会改掉末几位；请把这一列设为「文本」再填一遍"),
        ("10\x07001", "工号里有看不见的控制字符；请清空这一格，重新输入"),
    ],
)
def test_a_staff_number_that_cannot_be_is_told(cell: Any, said: str) -> None:
    assert [str(each) for each in read((cell, *LI[1:])).mistakes] == [f"第 2 行（A2）：{said}。"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("李　娜", "李娜"),
        ("李 建 国", "李建国"),
        ("阿卜杜·热合曼", "阿卜杜·热合曼"),
        ("Anna  Li", "Anna Li"),
        ("李\n建国", "李建国"),
        ("王\u202e强", "王强"),
        ("䶮磊", "䶮磊"),
        ("\ue123伟", "\ue123伟"),  # a rare character in an old machine's own place
    ],
)
def test_names_lose_the_spaces_that_only_align_them(cell: str, name: str) -> None:
    assert read(("10001", cell, LI[2])).rows[0].name == name


@pytest.mark.parametrize("cell", ["=1+1", "@李", "李<b>", "???", "123", "·"])
def test_what_is_no_name_is_told(cell: str) -> None:
    file = with_sheet(sheet_of(inline("10001", cell.replace("<", "&lt;"), LI[2])))

    assert "不像姓名" in str(roster_sheets.read(file, TODAY).mistakes[0])


# --- where people belong


@pytest.mark.parametrize(
    ("cell", "branch"),
    [
        ("公司工会 / 北区分工会／抢修一班", "公司工会/北区分工会/抢修一班"),
        ("公司工会\\北区 分工会", "公司工会/北区分工会"),
        ("公司工会", "公司工会"),
    ],
)
def test_the_path_of_a_branch(cell: str, branch: str) -> None:
    assert read(("10001", "李建国", cell)).rows[0].branch == branch


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("公司工会//一班", "空的一级；应写成 公司工会/分工会/班组"),
        ("/公司工会", "空的一级"),
        ("长" * 41, "超过 40 个字"),
        ("/".join(["长" * 40] * 7), "超过 255 个字"),
        (None, "没有写；如果是合并单元格，请取消合并，每一行都写上"),
    ],
)
def test_a_path_that_cannot_be_is_told(cell: str | None, said: str) -> None:
    found = str(read(("10001", "李建国", cell)).mistakes[0])

    assert said in found
    assert "（C2）" in found


# --- the other columns


@pytest.mark.parametrize(
    "cell",
    [
        *(date(2001, 3, 5), datetime(2001, 3, 5), "2001-03-05", "2001/3/5", "2001.3.5", "2001年3月5日"),
        *("20010305", 20010305, "２００１－０３－０５", "2001-03-05 00:00:00", " 2001年03月05日 "),
    ],
)
def test_dates_as_people_write_them(cell: Any) -> None:
    assert value("入会日期", cell) == date(2001, 3, 5)
    assert value("出生日期", cell) == "2001-03-05"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2020年3月", "「2020年3月」不是日期；应写成 2020-03-05"),
        ("2021-02-29", "「2021-02-29」这一天不存在"),
        (43895, "「43895」不是日期；应写成 2020-03-05"),
        ("1895-01-01", "「1895-01-01」不对；应在 1900 年以后、今天以前"),
        ("2026-11-24", "「2026-11-24」不对；应在 1900 年以后、今天以前"),
        ("2012-11-24", "「2012-11-24」不对；职工要满 16 周岁，请核对年份"),
        (datetime(2020, 3, 5, 14, 30), "「2020-03-05 14:30:00」不是日期；应写成 2020-03-05"),
        (True, "「是」不是日期；应写成 2020-03-05"),
    ],
)
def test_dates_that_cannot_be_are_told(cell: Any, said: str) -> None:
    assert value("出生日期", cell) == f"出生日期{said}"


def test_dates_of_an_old_mac_are_the_same_days() -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.worksheets[0].append([*HEAD, "入会日期"])
    book.worksheets[0].append([*LI, date(2020, 3, 5)])
    file = io.BytesIO()
    book.save(file)

    assert roster_sheets.read(file, TODAY).rows[0].given["joined_on"] == date(2020, 3, 5)


def test_days_in_a_wrong_order_are_told() -> None:
    early = (*LI, "1985-03-05", "1984-07-01", None)
    late = ("10002", *LI[1:], "1985-03-05", "2007-07-01", "2006-01-01")

    found = read(early, late, head=(*HEAD, "出生日期", "入会日期", "离开日期")).mistakes

    assert [str(each) for each in found] == [
        "第 2 行（E2）：入会日期在出生日期以前，请核对。",
        "第 3 行（F3）：离开日期在入会日期以前，请核对。",
    ]


@pytest.mark.parametrize(
    ("title", "cell", "found"),
    [
        ("手机号", 13812345678, "13812345678"),
        ("手机号", "138 1234-5678", "13812345678"),
        ("手机号", "+86 138１２３４5678", "13812345678"),
        ("手机号", "8613812345678", "13812345678"),
        ("手机号", "0911-5212345", "手机号「0911-5212345」不对；应是 11 位手机号，例如 13812345678"),
        ("手机号", 1.38e10, "13800000000"),
        ("手机号", "1.38E+10", "手机号「1.38E+10」不对；应是 11 位手机号，例如 13812345678"),
        ("性别", "男性", Sex.MALE),
        ("性别", "Ｆ", Sex.FEMALE),
        ("性别", "先生", "性别「先生」不对；应写 男 或 女"),
        ("人员类别", "劳务派遣工", MemberKind.DISPATCHED),
        ("人员类别", " 离退休 ", MemberKind.RETIRED),
        ("人员类别", "实习", "人员类别「实习」不对；应写 在职、劳务派遣 或 退休"),
        ("岗位", "变电\t运维工", "变电 运维工"),
        ("岗位", "岗" * 41, "岗位有 41 个字，最多 40 个"),
    ],
)
def test_each_column_takes_what_people_write(title: str, cell: Any, found: Any) -> None:
    assert value(title, cell) == found


def test_an_empty_cell_says_nothing_and_none_takes_away() -> None:
    assert value("手机号", None) == "nothing"
    assert value("手机号", "无") is None
    assert value("岗位", "—") == ""
    assert value("人员类别", "无").startswith("人员类别「无」不对")
    assert value("离开日期", None) is None  # who is listed without a day is a member


def test_every_mistake_of_a_line_is_told_at_once() -> None:
    roster = read(("?", "?", "公司工会"), ("10002", *LI[1:]))

    assert [each.place for each in roster.mistakes] == ["A2", "B2"]
    assert (roster.wrong_lines, len(roster.rows)) == (1, 1)


# --- the template


def test_the_template_has_the_columns_as_text_choices_and_an_example() -> None:
    file = io.BytesIO()
    roster_templates.template(file)
    book = openpyxl.load_workbook(file)
    page, rules = book["花名册"], book["填写说明"]

    assert [cell.value for cell in page[1]] == list(ALL)
    assert page.column_dimensions["A"].number_format == page.column_dimensions["E"].number_format == "@"
    choices = {min(each.sqref.ranges).min_col: each.formula1 for each in page.data_validations.dataValidation}
    assert choices[3] == '"男,女"'
    assert choices[8] == '"在职,劳务派遣,退休"'
    assert [cell.value for cell in rules[2]] == list(ALL)


def test_the_example_of_the_template_is_itself_right() -> None:
    file = io.BytesIO()
    roster_templates.template(file)
    example = [cell.value for cell in openpyxl.load_workbook(file)["填写说明"][3]]

    roster = read(example, head=ALL)

    assert not roster.mistakes
    assert roster.rows[0].branch.count("/") == 2


# --- there and back

CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
WORDS = st.text(CHINESE, min_size=1, max_size=8)
DAYS = st.dates(date(2001, 1, 1), date(2020, 1, 1))
FIELDS = {
    "sex": st.none() | st.sampled_from(Sex),
    "born_on": st.none() | st.dates(date(1930, 1, 1), date(2000, 1, 1)).map(date.isoformat),
    "phone": st.none() | st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    "post": st.just("") | WORDS.filter(lambda said: said != NOTHING) | st.just("=1+1") | st.just("_x0041_"),
    "kind": st.sampled_from(MemberKind),
    "joined_on": st.none() | DAYS,
}
GIVEN = st.fixed_dictionaries(
    {"left_on": st.none() | st.dates(date(2021, 1, 1), date(2026, 1, 1))}, optional=FIELDS
)
NUMBERS = st.text(string.digits + string.ascii_uppercase, min_size=1, max_size=32)
PEOPLE = st.builds(
    Row, st.just(0), NUMBERS, WORDS, st.lists(WORDS, min_size=1, max_size=4).map("/".join), GIVEN
)
ROSTERS = st.lists(PEOPLE, min_size=1, max_size=8, unique_by=lambda row: row.staff_number)


@settings(max_examples=60, deadline=None)
@given(ROSTERS)
def test_what_is_written_is_read_again(people: list[Row]) -> None:
    rows = [Row(line, *_of(row)) for line, row in enumerate(people, 2)]
    file = io.BytesIO()
    roster_templates.template(file, rows)

    roster = roster_sheets.read(file, TODAY)

    assert not roster.mistakes
    assert roster.rows == rows


def _of(row: Row) -> tuple[Any, ...]:
    return row.staff_number, row.name, row.branch, row.given


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            *[st.text(max_size=30) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)] * 3
        ),
        max_size=5,
    )
)
def test_whatever_stands_in_the_cells_is_a_person_or_a_mistake(lines: list[tuple[Any, ...]]) -> None:
    cells = [(1, dict(enumerate(HEAD))), *((n, dict(enumerate(line))) for n, line in enumerate(lines, 2))]
    try:
        roster = roster_sheets.read_lines(cells, TODAY)
    except sheets.BadSheet:
        return
    assert len(roster.rows) + roster.wrong_lines <= len(lines)
