"""What each kind of work that staff start does. Each may be done twice; none waits inside a transaction."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.clock import civil_date
from app.jobs import dossiers as printing
from app.jobs import sheet_imports, upkeep_work
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.services import activities, acts_found, attendance, case_sheets, dossiers, participants, permissions

# Its own name has 65 characters, and `stored_file.content_type` room for 64; browsers go by the file's name.
XLSX: Final = "application/octet-stream"
MOST_ROWS: Final = 200_000


def workbook(title: str, heads: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    """One sheet of text. Nothing in it is a formula or a link, whatever it begins with."""
    import xlsxwriter  # noqa: PLC0415 - who only serves messages does without it

    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    head = book.add_format({"bold": True, "bg_color": "#E8F3EC", "border": 1})
    sheet = book.add_worksheet(title[:31])
    for place, words in enumerate(heads):
        sheet.set_column(place, place, 18)
        sheet.write_string(0, place, words, head)
    sheet.freeze_panes(1, 0)
    for number, line in enumerate(lines, 1):
        for place, words in enumerate(line):
            sheet.write_string(number, place, words[:32_000])
    book.close()
    return file.getvalue()


async def _export_acts(bench: Bench) -> Ended:
    """`given`: what `acts_found.chosen` takes, days as ISO dates."""
    standing = await standing_of(bench)
    permissions.demand(standing, permissions.Right.AUDIT_EXPORT)
    given: dict[str, Any] = dict(bench.given)
    for name in ("since", "until"):
        given[name] = date.fromisoformat(given[name]) if given.get(name) else None
    wanted = acts_found.chosen(standing, **given)
    lines: list[list[str]] = []
    async with bench.database.reading() as session:
        async for act in acts_found.each(session, wanted):
            lines.append(acts_found.line(act))
            if len(lines) >= MOST_ROWS:
                break
    await bench.went_on(len(lines), len(lines))
    name = f"操作记录-{civil_date(bench.clock.now()):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 条。", workbook("操作记录", acts_found.HEADS, lines), name, XLSX)


async def _export_participants(bench: Bench) -> Ended:
    """`given`: the public id of an activity."""
    standing = await standing_of(bench)
    lines: list[list[str]] = []
    async with bench.database.reading() as session:
        activity = await activities.get(session, str(bench.given["activity"]), drafts=True)
        permissions.demand(standing, permissions.Right.ACTIVITIES_PEOPLE, activity.branch_id)
        async for each in participants.each(session, activity):
            lines.append(participants.line(activity, each))
            if len(lines) >= MOST_ROWS:
                break
    await bench.went_on(len(lines), len(lines))
    name = f"报名名单-{civil_date(bench.clock.now()):%Y%m%d}.xlsx"
    sheet = workbook("报名名单", participants.heads(activity), lines)
    return Ended(f"共 {len(lines)} 人次。", sheet, name, XLSX)


async def _export_attendance(bench: Bench) -> Ended:
    """`given`: the public id of an activity."""
    standing = await standing_of(bench)
    async with bench.database.reading() as session:
        activity = await activities.get(session, str(bench.given["activity"]), drafts=True)
        permissions.demand(standing, permissions.Right.ACTIVITIES_PEOPLE, activity.branch_id)
        heads = attendance.heads(activity)
        lines = [line async for line in attendance.each(session, activity)][:MOST_ROWS]
    await bench.went_on(len(lines), len(lines))
    name = f"签到表-{civil_date(bench.clock.now()):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 人次。", workbook("签到表", heads, lines), name, XLSX)


async def _export_cases(bench: Bench) -> Ended:
    """`given`: as `case_sheets.asked_by` takes it."""
    asked = case_sheets.asked_by(await standing_of(bench), bench.given, bench.clock.now())
    lines: list[list[str]] = []
    async with bench.database.reading() as session:
        async for each in case_sheets.each(session, asked):
            lines.append(each)
            if len(lines) % case_sheets.AT_ONCE == 0:
                await bench.went_on(len(lines), MOST_ROWS)
            if len(lines) >= MOST_ROWS:
                break
    await bench.went_on(len(lines), len(lines))
    name = f"事项-{civil_date(bench.clock.now()):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 件。", workbook("事项", case_sheets.HEADS, lines), name, XLSX)


KINDS: Final[Mapping[str, Work]] = {
    "audit.export": _export_acts,
    "activities.people": _export_participants,
    "activities.attendance": _export_attendance,
    case_sheets.EXPORT: _export_cases,
    dossiers.PRINT: printing.print_case,
    "messages.retry": upkeep_work.retry_messages,
    "keys.rotate": upkeep_work.rotate_keys,
    "members.look": sheet_imports.look_at_roster,
    "members.import": sheet_imports.import_roster,
    "customers.look": sheet_imports.look_at_register,
    "customers.import": sheet_imports.import_register,
}
