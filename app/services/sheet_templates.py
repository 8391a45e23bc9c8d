"""The workbook people fill in: columns ready as text, and the rules with an example on a second sheet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any

from app.services.sheet_cells import Column
from app.services.sheets import Form

RULES_SHEET = "填写说明"
WIDTH = 12  # characters of a column, where nothing else is said


def write(
    file: IO[bytes],
    form: Form,
    *,
    example: Sequence[str],
    rules: Sequence[str],
    widths: Mapping[str, int],
    lines: Iterable[Sequence[str]] = (),
    dress: Callable[[Any, int, Column], None] | None = None,
) -> None:
    """An empty sheet as `form` wants it, or one filled in with `lines`; `dress` adds to a column."""
    import xlsxwriter  # noqa: PLC0415 - who only serves messages does without it

    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    head = book.add_format({"bold": True, "bg_color": "#E8F3EC", "border": 1})
    as_text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(form.sheet)
    for place, column in enumerate(form.columns):
        sheet.set_column(place, place, widths.get(column.field, WIDTH), as_text)
        sheet.write_string(0, place, column.title, head)
        if dress is not None:
            dress(sheet, place, column)
    sheet.freeze_panes(1, 0)
    for number, line in enumerate(lines, 1):
        for place, said in enumerate(line):
            if said:
                sheet.write_string(number, place, said, as_text)
    told = book.add_worksheet(RULES_SHEET)
    told.write_string(0, 0, f"例子（填在「{form.sheet}」里，不要填在这里）", head)
    for place, column in enumerate(form.columns):
        told.set_column(place, place, widths.get(column.field, WIDTH))
        told.write_string(1, place, column.title, head)
    for place, said in enumerate(example):
        told.write_string(2, place, said, as_text)
    for number, rule in enumerate(rules, 1):
        told.write_string(3 + number, 0, f"{number}. {rule}")
    book.close()
