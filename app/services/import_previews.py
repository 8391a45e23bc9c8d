"""What a sheet that was sent in would change, as plain values that can be kept (sealed) and shown.

Sentences are those of the services; where they name a command, the page has something to click instead.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from app.errors import DomainError
from app.services import customer_registers, member_words, rosters, workbooks
from app.services.customer_accounts import mask, mask_owner
from app.services.customer_registers import AccountEvent, TooManyLose
from app.services.customer_rows import COLUMNS as ACCOUNT_COLUMNS
from app.services.roster_changes import Change
from app.services.sheets import Findings, Form, Mistake, Reader
from models import MemberEvent

SHOWN: Final = 200  # new branches or areas
_ORDER = (MemberEvent.JOINED, MemberEvent.CHANGED, MemberEvent.RETURNED, MemberEvent.LEFT)
_ACCOUNT_TITLES = {each.field: each.title for each in ACCOUNT_COLUMNS}
_FORCE = "加 --force"


def check(data: bytes, form: Form, today: date) -> None:
    """Whether this is such a sheet at all; its lines are looked at later.

    Raises: OperatorError.
    """
    with workbooks.opened(io.BytesIO(data), form.sheet) as sheet:
        Reader(form, sheet.lines, today)


def on_page(message: str, form: Form) -> str:
    """A refusal as the page says it."""
    message = message.replace(f"{form.template} 生成的模板", "这一页的空白模板")
    return message.replace(_FORCE, "请勾选「核对过，仍要导入」")


def of_roster(
    findings: Findings, usable: int, outcome: rosters.Outcome, outside: Sequence[Mistake]
) -> dict[str, Any]:
    counts = []
    samples = []
    for event in _ORDER:
        number = outcome.events[event]
        if number:
            note = _fields(outcome) if event is MemberEvent.CHANGED else ""
            counts.append([event.label, number, note])
            samples.append([event.label, number, [_member(each) for each in outcome.samples[event]]])
    if outcome.moved:
        counts.append(["换组织", outcome.moved, "已经算在上面"])
    counts.append(["没有变化", outcome.unchanged, ""])
    kept = _of_file(findings, usable, outside)
    with_complete = _warning(outcome, complete=True)
    plainly = _warning(outcome, complete=False)
    return kept | {
        "counts": counts,
        "samples": samples,
        "new": outcome.new_branches[:SHOWN],
        "new_count": len(outcome.new_branches),
        "absent": outcome.missing,
        "active": outcome.active,
        "warning": plainly,
        "warning_complete": with_complete if with_complete != plainly else "",
    }


def of_register(
    findings: Findings, usable: int, outcome: customer_registers.Outcome, verified: int
) -> dict[str, Any]:
    counts = []
    samples = []
    for event in AccountEvent:
        number = outcome.events[event]
        if number:
            named = [f"{_ACCOUNT_TITLES[name]} {n}" for name, n in outcome.fields.most_common()]
            note = "、".join(named) if event is AccountEvent.CHANGED else ""
            counts.append([event.label, number, note])
            samples.append([event.label, number, [_account(each) for each in outcome.samples[event]]])
    counts.append(["没有变化", outcome.unchanged, ""])
    if outcome.losing:
        counts.append(["要重新核实的绑定", outcome.losing, "会告诉本人"])
    warning = ""
    try:
        customer_registers.refuse_the_unlikely(outcome.losing, verified)
    except TooManyLose as refused:
        warning = refused.message
    return _of_file(findings, usable, ()) | {
        "counts": counts,
        "samples": samples,
        "new": outcome.new_areas[:SHOWN],
        "new_count": len(outcome.new_areas),
        "warning": warning,
    }


def said(counts: Iterable[Sequence[Any]]) -> str:
    """How an import ended: 入册 3，资料更改 2（手机号 2），没有变化 5."""
    told = [f"{label} {number}" + (f"（{note}）" if note else "") for label, number, note in counts]
    return f"{'，'.join(told)}。"


def _of_file(findings: Findings, usable: int, outside: Sequence[Mistake]) -> dict[str, Any]:
    told = sorted([*findings.mistakes, *outside], key=lambda each: each.line)
    return {
        "sheet": findings.sheet,
        "other_sheets": findings.other_sheets,
        "ignored": findings.ignored,
        "missing": findings.missing,
        "usable": usable,
        "wrong": findings.wrong_lines + len(outside),
        "mistakes": [[each.line, each.place, f"{each.title}{each.message}"] for each in told],
    }


def _warning(outcome: rosters.Outcome, *, complete: bool) -> str:
    try:
        rosters.refuse_the_unlikely(outcome, complete=complete, force=False)
    except DomainError as refused:
        return refused.message
    return ""


def _fields(outcome: rosters.Outcome) -> str:
    return "、".join(
        f"{member_words.title(field)} {number}" for field, number in outcome.fields.most_common()
    )


def _member(change: Change) -> list[str]:
    told = change.branch if change.event is MemberEvent.JOINED else member_words.changes(change.kept())
    return [change.staff_number, change.name, told]


def _account(change: customer_registers.Change) -> list[str]:
    changed = "、".join(_ACCOUNT_TITLES[name] for name in change.fields) if change.before else ""
    told = f"{change.row.area}　{changed}".rstrip("　")
    return [mask(change.row.number), mask_owner(change.row.name), told]
