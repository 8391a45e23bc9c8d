"""What a 常用语 goes on to do when it is used with one press: its steps, as filled in and as kept.

Not here: doing them (`macros`).
"""

from collections.abc import Mapping
from typing import Any, Final

from app.errors import DomainError
from app.services.case_reminders import WHY_LENGTH

NOTE_LENGTH: Final = 200  # characters
MOST_DAYS: Final = 365
BACK: Final = "back"  # to all, instead of to somebody
FIELDS: Final = ("note", "days", "why", "hand", "close")


def steps_of(typed: Mapping[str, Any]) -> dict[str, Any] | None:
    """As they are kept; None where there are none. `hand` is somebody's public id, or `BACK`.

    Raises: DomainError: too long, no reason for a reminder, or steps that do not go together.
    """
    note, why, hand = (str(typed.get(name) or "").strip() for name in ("note", "why", "hand"))
    days, is_closing = str(typed.get("days") or "").strip(), bool(typed.get("close"))
    if len(note) > NOTE_LENGTH:
        raise DomainError(f"备注最多 {NOTE_LENGTH} 个字。")
    if bool(days) != bool(why):
        raise DomainError("跟进提醒要写几天后，也要写跟进什么。")
    if days and not (days.isascii() and days.isdecimal() and 1 <= int(days[:4]) <= MOST_DAYS):
        raise DomainError(f"几天后提醒，请写 1 到 {MOST_DAYS} 的数。")
    if len(why) > WHY_LENGTH:
        raise DomainError(f"跟进什么最多 {WHY_LENGTH} 个字。")
    if is_closing and (hand or days):
        raise DomainError("办结了就不用再转给别人、再提醒，请去掉一样。")
    steps: dict[str, Any] = {}
    if hand:
        steps["hand"] = hand
    if note:
        steps["note"] = note
    if days:
        steps |= {"days": int(days), "why": why}
    if is_closing:
        steps["close"] = True
    return steps or None
