"""Workbooks for the tests of rosters: good ones from rows of cells, and parts of one replaced by anything."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import openpyxl
import xlsxwriter

HEAD = ("工号", "姓名", "所在组织")
LI = ("10001", "李建国", "公司工会/北区分工会")


def workbook(*lines: Sequence[Any], sheet: str = "花名册", head: Sequence[Any] = HEAD) -> io.BytesIO:
    """Texts in their cells."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = sheet
    for line in (head, *lines) if head else lines:
        page.append(list(line))
    return saved(book)


def excel(*lines: Sequence[Any], head: Sequence[Any] = HEAD) -> io.BytesIO:
    """As Excel writes it: texts in a table of their own, dates as numbers with a format."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet("花名册")
    day = book.add_format({"num_format": "yyyy/m/d"})
    for number, line in enumerate((head, *lines)):
        for place, value in enumerate(line):
            page.write(number, place, value, *([day] if isinstance(value, date) else []))
    book.close()
    return file


def saved(book: Any) -> io.BytesIO:
    file = io.BytesIO()
    book.save(file)
    return file


def parts(file: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Mapping[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_sheet(xml: str | bytes) -> io.BytesIO:
    """A workbook whose only sheet is `xml`."""
    content = xml if isinstance(xml, bytes) else xml.encode()
    return packed(parts(workbook(LI)) | {SHEET: content})


def sheet_of(*cells: str, before: str = "") -> str:
    """The XML of a sheet with one line per argument; the head stands above."""
    head = "".join(f'<c t="inlineStr"><is><t>{title}</t></is></c>' for title in HEAD)
    lines = "".join(f"<row>{line}</row>" for line in (head, *cells))
    return f'{before}<worksheet xmlns="{NAMESPACE}"><sheetData>{lines}</sheetData></worksheet>'


def inline(*texts: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
