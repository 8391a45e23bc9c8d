"""Files that are no roster, broken ones, and files that somebody made to do harm: each is told what it is."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from app.errors import OperatorError
from app.services import roster_sheets, sheets, workbooks
from tests.roster_files import (
    HEAD,
    LI,
    NAMESPACE,
    SHEET,
    excel,
    inline,
    packed,
    parts,
    saved,
    sheet_of,
    with_sheet,
    workbook,
)

TODAY = date(2026, 11, 23)


def refusal(file: io.BytesIO | bytes) -> str:
    with pytest.raises(OperatorError) as refused:
        roster_sheets.read(io.BytesIO(file) if isinstance(file, bytes) else file, TODAY)
    return refused.value.message


def mistakes(file: io.BytesIO) -> list[str]:
    return [str(each) for each in roster_sheets.read(file, TODAY).mistakes]


# --- not what it is called


OLD = workbooks.OLD_OFFICE + bytes(2000)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "文件是空的"),
        ("工号,姓名\n10001,李建国\n".encode(), "文本（CSV）"),
        ("工号,姓名\n10001,李建国\n".encode("gb18030"), "文本（CSV）"),
        (b"<html><table><tr><td>10001", "这是网页文件"),
        (OLD, "旧格式的表格"),
        (OLD + "EncryptedPackage".encode("utf-16-le"), "设了打开密码"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "不是 .xlsx"),
        (b"PK\x03\x04" + b"\x00" * 100, "文件坏了"),
    ],
)
def test_a_file_is_told_what_it_is(file: bytes, said: str) -> None:
    assert said in refusal(file)


def test_other_things_in_a_zip_are_no_roster() -> None:
    assert "压缩文件" in refusal(packed({"a.txt": b"hello"}))
    assert "压缩文件" in refusal(packed(parts(workbook(LI)) | {"xl/workbook.bin": b""}))  # xlsb

    letter = parts(workbook(LI))
    letter["_rels/.rels"] = letter["_rels/.rels"].replace(b"xl/workbook.xml", b"word/document.xml")
    assert "例如 Word" in refusal(packed(letter))


def test_half_a_file_is_broken() -> None:
    whole = workbook(*[LI] * 50).getvalue()

    assert "文件坏了" in refusal(whole[: len(whole) // 2])


@pytest.mark.parametrize("missing", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"])
def test_a_part_that_is_not_there_is_broken(missing: str) -> None:
    left = parts(workbook(LI))
    del left[missing]

    assert "文件坏了" in refusal(packed(left))


def test_a_changed_byte_does_not_pass_the_checksum() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # stored, so that the byte can be found
        for name, content in parts(with_sheet(sheet_of(inline(*LI)))).items():
            archive.writestr(name, content)

    assert "文件坏了" in refusal(file.getvalue().replace(b"10001", b"10002"))


def test_a_locked_part_is_told_so() -> None:
    whole = bytearray(workbook(LI).getvalue())
    for start in (whole.index(b"PK\x01\x02") + 8, whole.index(b"PK\x03\x04") + 6):
        whole[start] |= 1

    assert "设了密码" in refusal(bytes(whole))


# --- made to do harm


def test_a_bomb_is_weighed_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed(parts(workbook(LI)) | {SHEET: bytes(30 * 1024 * 1024)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *given, **more: pytest.fail("opened"))

    assert bomb.getbuffer().nbytes < 50_000
    assert "解开后有 30 MB" in refusal(bomb)


def test_too_large_a_file_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_FILE", 1000)

    assert "最多 20 MB" in refusal(workbook(LI))


def test_too_much_in_a_file_is_refused_however_well_it_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1000)
    assert "不像要填的表格" in refusal(workbook(LI))

    monkeypatch.setattr(workbooks, "MAX_PARTS", 3)
    assert "个部件" in refusal(workbook(LI))


def test_a_part_that_lies_about_its_size_is_broken() -> None:
    honest = packed(parts(with_sheet(sheet_of(*[inline(*LI)] * 2000)))).getvalue()
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        size = archive.getinfo(SHEET).file_size

    assert "文件坏了" in refusal(honest.replace(size.to_bytes(4, "little"), (500).to_bytes(4, "little")))


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPES = [
    f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>',
    '<!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">',
]


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_end_the_reading(doctype: str, encoding: str) -> None:
    xml = sheet_of(inline("&a9;", "李建国", "工会"), before=doctype).encode(encoding)

    assert "DOCTYPE" in refusal(with_sheet(xml))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "_rels/.rels"])
def test_entities_end_it_in_every_part(part: str) -> None:
    members = parts(excel(LI))
    _, found, rest = members[part].rpartition(b"?>")
    members[part] = b"<!DOCTYPE x [<!ENTITY a 'ha'>]>" + (rest if found else members[part])

    assert "DOCTYPE" in refusal(packed(members))


DEEP, LONG = b"<a>" * 300_000, b"x" * 3_000_000


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"])
@pytest.mark.parametrize(
    "content",
    [DEEP, b'<a b="' + LONG, b"<!--" + LONG, b"<a><?b " + LONG, b"<" + LONG, b"<a>" + b"<b/>" * 400_000],
)
def test_what_would_take_minutes_or_all_the_memory_is_given_up_soon(part: str, content: bytes) -> None:
    bomb = packed(parts(excel(LI)) | {part: content})

    tracemalloc.start()
    try:
        assert "文件坏了" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 130 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "xml",
    [
        b"\xff\xfe\x00rubbish",
        sheet_of(inline(*LI)).encode("gb18030"),  # says it is UTF-8
        b'<?xml version="1.0" encoding="x-nothing"?><a/>',
        sheet_of(inline("1", "李\x07建国", "工会")).encode(),
        sheet_of(inline(*LI))[:-20].encode(),
        sheet_of('<c t="s"><v>99999</v></c>').encode(),
        sheet_of('<c t="s"><v>x</v></c>').encode(),
        sheet_of('<c r="AAAA1"><v>1</v></c>').encode(),
        sheet_of('<c s="x"><v>1</v></c>').encode(),
        f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="99999999"><c><v>1</v></c></row>'.encode(),
        f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="x"/>'.encode(),
    ],
)
def test_what_cannot_be_read_is_broken(xml: bytes) -> None:
    assert "文件坏了" in refusal(with_sheet(xml))


def test_a_sheet_that_claims_to_be_endless_is_as_long_as_its_lines() -> None:
    xml = sheet_of(inline(*LI)).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    far = xml.replace("</sheetData>", f'<row r="1048576">{inline("10002", *LI[1:])}</row></sheetData>')

    assert [row.line for row in roster_sheets.read(with_sheet(far), TODAY).rows] == [2, 1048576]


def test_cells_far_to_the_right_are_not_kept() -> None:
    xml = sheet_of(inline(*LI) + '<c r="XFD2"><v>1</v></c>')

    assert len(roster_sheets.read(with_sheet(xml), TODAY).rows) == 1


# --- too much, too little


def test_more_lines_than_a_roster_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_sheets, "FORM", replace(roster_sheets.FORM, max_rows=3))
    people = [(str(n), "李建国", "公司工会") for n in range(4)]

    assert len(roster_sheets.read(workbook(*people[:3], (None, " ")), TODAY).rows) == 3
    assert "超过 3 行" in refusal(workbook(*people))


def test_more_columns_than_a_roster_has_are_refused() -> None:
    wide = [*HEAD, *(f"列{n}" for n in range(57))]

    assert len(roster_sheets.read(workbook(LI, head=wide), TODAY).rows) == 1
    assert "超过 60 列" in refusal(workbook(LI, head=[*wide, "又一列"]))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (lambda: workbook(head=[]), "可能是空的"),
        (workbook, "表头下面没有内容"),
        (lambda: workbook((None,), ("  ", "\u3000")), "表头下面没有内容"),
        (lambda: workbook(*[("a", "b")] * 30, head=[]), "没有找到表头"),
        (lambda: workbook(LI, head=["工号", "姓名", "组别"]), "缺少这些列：所在组织"),
        (lambda: workbook(LI, head=["工号", "姓名", "部门", "员工编号"]), "A 列和 D 列都是「工号」"),
    ],
)
def test_a_sheet_that_is_no_roster_says_what_is_missing(file: Callable[[], io.BytesIO], said: str) -> None:
    assert said in refusal(file())


def test_a_head_of_two_merged_lines_is_told_so() -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(["工号", "个人信息", None, "所在组织"])
    page.append([None, "姓名", "性别", None])
    page.append(["10001", "李建国", "男", "公司工会"])
    page.merge_cells("A1:A2")
    page.merge_cells("B1:C1")

    assert "表头占了两行" in refusal(saved(book))


def test_only_hidden_sheets_are_no_roster() -> None:
    members = parts(workbook(LI))
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(b'state="visible"', b'state="hidden"')

    assert "没有看得见的工作表" in refusal(packed(members))


# --- wrong cells in a good file


def test_a_formula_that_was_never_calculated_is_named_with_its_cell() -> None:
    assert mistakes(workbook(("10001", "=B9", "公司工会"))) == [
        "第 2 行（B2）：姓名是公式，还没有算出结果；请复制后「选择性粘贴 → 数值」。"
    ]


def test_a_calculated_formula_is_its_value() -> None:
    cells = inline("10001") + '<c t="str"><f>B9</f><v>李建国</v></c>' + inline("公司工会")
    empty = '<c/><c t="str"><f>IF(1,"")</f><v></v></c>'  # nothing is a value too

    read = roster_sheets.read(with_sheet(sheet_of(cells, empty)), TODAY)

    assert [(row.name, row.line) for row in read.rows] == [("李建国", 2)]
    assert not read.mistakes


def test_an_error_value_is_a_mistake() -> None:
    cells = '<c t="e"><v>#N/A</v></c>' + inline(*LI[1:])

    assert mistakes(with_sheet(sheet_of(cells))) == ["第 2 行（A2）：工号是错误值 #N/A。"]


def test_one_number_on_two_lines_counts_for_neither() -> None:
    wang = ("10001", "王强", "公司工会")
    read = roster_sheets.read(workbook(LI, ("10002", *LI[1:]), wang), TODAY)

    assert [str(each) for each in read.mistakes] == ["第 4 行（A4）：工号「10001」与第 2 行重复。"]
    assert [row.staff_number for row in read.rows] == ["10002"]
    assert read.wrong_lines == 2


def test_an_endless_cell_is_a_mistake_and_not_repeated_whole() -> None:
    found = mistakes(workbook(("1" * 10_000, "李" * 10_000, "工会" * 5_000)))

    assert len(found) == 3
    assert "最多 32 位" in found[0]
    assert found[1] == "第 2 行（B2）：姓名有 10000 个字，最多 40 个。"
    assert all(len(each) < 120 for each in found)


def test_a_file_with_nothing_right_keeps_only_the_first_mistakes() -> None:
    read = roster_sheets.read(workbook(*[("?", "?", "?/")] * 500), TODAY)

    assert read.wrong_lines == 500
    assert len(read.mistakes) == sheets.MISTAKES_KEPT
