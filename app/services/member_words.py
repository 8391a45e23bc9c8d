"""How members are written out for staff: fields by their titles, private values masked, changes in a line."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from app.services.roster_rows import COLUMNS
from models import MemberKind, Sex

NOTHING = "（空）"
_TITLES = {each.field: each.title for each in COLUMNS}
_LABELS: dict[str, type[Sex] | type[MemberKind]] = {"sex": Sex, "kind": MemberKind}


def mask_phone(phone: str) -> str:
    """138****5678"""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) > 7 else "****"


def mask_day(day: str) -> str:
    """1985-**-**"""
    return f"{day[:4]}-**-**"


def title(field: str) -> str:
    return _TITLES.get(field, field)


def said(field: str, value: Any) -> str:
    """A value of a member, or as a move keeps it; what is private masked."""
    if value is None or value == "":
        return NOTHING
    if field == "phone":
        return mask_phone(str(value))
    if field == "born_on":
        return mask_day(str(value))
    if field in _LABELS:
        return _LABELS[field](value).label
    if isinstance(value, date):
        return value.isoformat()
    return str(value.value if isinstance(value, StrEnum) else value)


def changes(kept: Mapping[str, list[Any]] | None) -> str:
    """What a move keeps, as a line: 手机号 138****5678 → 139****0000；岗位 抢修工 → 班长."""
    return "；".join(
        f"{title(field)} {said(field, before)} → {said(field, after)}"
        for field, (before, after) in (kept or {}).items()
    )
