"""What an act changed, in words that people read: rows and columns by their names, values as pages say them.

Nothing is looked up: a row of another table is named by its kind and number. An act of years ago may name
tables, columns and states that are no more; whatever is not known stays as it was put down, and is never an
error. Not here: the names (`act_names`, `act_columns`) and what codes say (`act_codes`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from app import rich_text
from app.clock import shanghai
from app.services import act_codes, act_names, audit, delivery_log
from models import LINEAGE, Base, StaffAct
from models.types import SealedJSON, SealedText, UTCDateTime

EMPTY: Final = "空"
SEALED: Final = "已加密，只记有没有变"
HIDDEN: Final = "不记内容"
MINUTE: Final = "%Y-%m-%d %H:%M"
SECOND: Final = "%Y-%m-%d %H:%M:%S"
AT_ONCE: Final = {"insert": "成批加入", "update": "成批更改", "delete": "成批删除"}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+\d\d:\d\d|Z)")
_DIGEST: Final = re.compile(r"（保密 [0-9a-f]{8}）")
_NOT_KEPT: Final = "（不记）"
# Ids without a foreign key, and lists of them.
_LEAD_TO: Final = {
    "branch_id": "branch",
    "owner_id": "staff",
    "decided_by_id": "staff",
    "writer_ids": "staff",
}
# Inside of a form: what is chosen there, and not typed.
_CODED: Final = frozenset({"kind", "category", "danger", "hand"})
_LINEAGES: Final = frozenset({"branch.lineage", "branch_move.before", "branch_move.after"})


@dataclass(frozen=True, slots=True)
class Line:
    """A value before and after; empty where the act put none down."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Row:
    """Where a value stood."""

    table: str = ""
    act: str = ""
    kind: object = None  # what the row's own column of that name says, where the act has it


@dataclass(frozen=True, slots=True)
class Told:
    """One row that was changed, what an act said beside it (`facts`), or a sentence about many rows."""

    title: str = ""
    lines: tuple[Line, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def as_line(self) -> str:
        facts = [f"{name}：{value}" for name, value in self.facts]
        lines = [f"{each.name}：{each.before or '——'} → {each.after or '——'}" for each in self.lines]
        return self.note or f"{self.title}　{'；'.join(facts + lines)}".strip("　")


def told(act: StaffAct) -> list[Told]:
    """All that an act changed, in its order."""
    changes = act.changes if isinstance(act.changes, list) else [act.changes] if act.changes else []
    return [_change(each, act.act) for each in changes]


def _named(table: str, row: object) -> str:
    """A row of another table, which is not looked up: 工作人员 3."""
    return f"{act_names.table(table)} {row}"


def _change(change: object, act: str) -> Told:
    if not isinstance(change, dict):
        return Told(note=str(change))
    if isinstance(details := change.get("details"), dict) and details:
        facts = [(act_names.detail(str(name)), _detail(act, name, each)) for name, each in details.items()]
        return Told(facts=tuple(facts))
    if "table" not in change and "more" not in change:
        return Told(note=_inside(change))
    title = act_names.table(str(change.get("table", "")))
    if how := change.get("at_once"):
        return Told(note=f"{title}：{AT_ONCE.get(str(how), how)}（{change.get('count', 1)} 次）")
    if more := change.get("more"):
        return Told(note=f"还有 {more} 行没有逐行列出。")
    return Told(f"{title} {change.get('id', '')}".strip(), tuple(_lines(change, act)))


def _lines(change: Mapping[str, Any], act: str) -> list[Line]:
    before, after = (_values(change.get(side)) for side in ("before", "after"))
    table, kind = str(change.get("table", "")), after.get("kind", before.get("kind"))
    rows = (_Row(table, act, before.get("kind", kind)), _Row(table, act, kind))
    found = []
    for name in dict.fromkeys((*before, *after)):
        said = [
            _words(row, name, side[name], form) if name in side else ""
            for form in (MINUTE, SECOND)
            for row, side in zip(rows, (before, after), strict=True)
        ]
        # Of the same minute: what differs is said to the second.
        was, now = said[:2] if said[0] != said[1] else said[2:]
        found.append(Line(act_names.column(table, name), was, now))
    return found


def _values(side: object) -> dict[str, Any]:
    return side if isinstance(side, dict) else {} if side is None else {"": side}


# --- values ------------------------------------------------------------------------------------------------


def _words(row: _Row, name: str, value: object, form: str) -> str:
    if value is None or value in ("", [], {}):
        return act_codes.NOTHING.get(f"{row.table}.{name}", EMPTY)
    if isinstance(value, bool):
        return "是" if value else "否"
    table = Base.metadata.tables.get(row.table)
    column = table.columns.get(name) if table is not None else None
    if value == _NOT_KEPT and (column is None or name in audit.HIDDEN):
        return HIDDEN
    if column is None:
        return _unknown(value, form)
    if isinstance(column.type, SealedText | SealedJSON | sa.LargeBinary):
        return SEALED
    if (target := _leads_to(column)) is not None:
        ids = value if isinstance(value, list) else [value]
        return "、".join(_named(target, each) for each in ids)
    if isinstance(column.type, UTCDateTime):
        return _moment(str(value), form)
    if isinstance(value, str):
        return _code(row, column, value)
    return _inside(value, name, lambda each: act_codes.of_text(row.table, name, each))


def _leads_to(column: sa.Column[Any]) -> str | None:
    for key in column.foreign_keys:
        return key.target_fullname.partition(".")[0]
    return _LEAD_TO.get(column.key)


def _code(row: _Row, column: sa.Column[Any], value: str) -> str:
    if (enum := act_codes.enum_of(column)) is not None:
        return act_codes.of_enum(enum, value, act=row.act) or value
    if f"{row.table}.{column.key}" in _LINEAGES:
        return _way(value)
    return act_codes.of_text(row.table, column.key, value, kind=row.kind) or value


def _way(lineage: str) -> str:
    return lineage.replace(LINEAGE, " › ")


def _unknown(value: object, form: str) -> str:
    """Of a column that is no more, or of a detail."""
    if isinstance(value, str):
        return SEALED if _DIGEST.fullmatch(value) else _moment(value, form)
    return _inside(value)


def _moment(value: str, form: str) -> str:
    if _MOMENT.fullmatch(value) is None:
        return value
    try:
        return f"{shanghai(datetime.fromisoformat(value)):{form}}"
    except (ValueError, OverflowError):  # no such day, or at the end of time
        return value


def _nothing(_: str) -> None:
    return None


def _inside(value: object, name: str = "", code: Callable[[str], str | None] = _nothing) -> str:
    """Of what has parts: a list, a form with its names, text in blocks."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "blocks" and (text := _text(value)):
        return text
    if isinstance(value, list):
        apart = "\n" if any(isinstance(each, list | dict) for each in value) else "、"
        return apart.join(_inside(each, "", code) for each in value)
    if isinstance(value, dict):
        return "；".join(
            f"{act_names.detail(key)}：{_inside(each, key, code if key in _CODED else _nothing)}"
            for key, each in value.items()
        )
    return code(value) or _moment(value, MINUTE) if isinstance(value, str) else str(value)


def _text(blocks: object) -> str:
    """Rich text as it is shown, or as a form holds it; empty where it is neither."""
    pairs = blocks if isinstance(blocks, list) else []
    if pairs and all(isinstance(each, list) and len(each) == 2 for each in pairs):
        return "\n".join(str(text) for _, text in pairs)
    try:
        return rich_text.to_text(rich_text.load(blocks))
    except ValueError:
        return ""


# --- what an act says beside its changes -------------------------------------------------------------------


def _detail(act: str, name: str, value: object) -> str:
    if isinstance(value, str) and value:
        if act.startswith("branches."):
            return _way(value)
        if name == "reason_before":
            return delivery_log.in_words(value)
        return act_codes.of_detail(act, name, value) or _unknown(value, MINUTE)
    if name == "branch" and isinstance(value, int):
        return _named("branch", value)
    return _words(_Row(), "", value, MINUTE)
