"""On which days a repeated event takes place: every week, every month on the same weekday, or days of a list.

Each day says whether it is a public holiday, or a weekend worked for one: who plans chooses.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.clock import WEEKDAYS
from app.errors import DomainError
from app.services import calendar

MOST: Final = 52  # dates of a series, the first among them
WEEKLY, FORTNIGHTLY, MONTHLY, LIST = "weekly", "fortnightly", "monthly", "list"
_DAY: Final = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?")
_PARTS: Final = re.compile(r"[、，,；;\s]+")


@dataclass(frozen=True, slots=True)
class Day:
    """One day, and what the calendar says of it: a holiday is left out unless somebody wants it."""

    on: date
    is_holiday: bool
    note: str

    @property
    def words(self) -> str:
        return f"{self.on.isoformat()} 周{WEEKDAYS[self.on.weekday()]}"


def ways(first: date) -> dict[str, str]:
    """How a series that begins on this day may go on."""
    weekday = f"周{WEEKDAYS[first.weekday()]}"
    return {
        WEEKLY: f"每{weekday}",
        FORTNIGHTLY: f"每两周的{weekday}",
        MONTHLY: f"每月第 {_which(first)} 个{weekday}",
        LIST: "我来写日期",
    }


def days(first: date, how: str, until: str, listed: str) -> list[Day]:
    """The days behind the first one. `until` as a browser sends a date; `listed` as typed.

    Raises: DomainError: an end that is none, or too far away; a day that is none; none at all.
    """
    found = _listed(first, listed) if how == LIST else _repeated(first, how, _until(first, until))
    if not found:
        raise DomainError("这样排不出第二场，请把日期往后写。")
    if len(found) >= MOST:
        raise DomainError(f"一个系列最多 {MOST} 场，请早一点结束，或者分成两个系列。")
    return [_day(each) for each in found]


def parse(given: Sequence[str]) -> list[date]:
    """Days as the form sends them back. Raises: DomainError."""
    try:
        return [date.fromisoformat(each) for each in given]
    except ValueError:
        raise DomainError("日期没有看懂，请重新排一次。") from None


def _day(on: date) -> Day:
    holiday = calendar.holiday(on)
    if holiday:
        return Day(on, True, f"{holiday}放假")
    if on.weekday() >= 5 and calendar.is_working_day(on):
        return Day(on, False, "调休，要上班")
    return Day(on, False, "" if calendar.is_known(on) else "这一年的放假安排还没有公布，没有核对")


def _repeated(first: date, how: str, until: date) -> list[date]:
    found: list[date] = []
    if how == MONTHLY:
        which, month = _which(first), date(first.year, first.month, 1)
        while len(found) < MOST:
            month = (month + timedelta(days=31)).replace(day=1)
            on = month + timedelta(days=(first.weekday() - month.weekday()) % 7 + 7 * (which - 1))
            if on > until:
                break
            if on.month == month.month:  # a month without a fifth one has none
                found.append(on)
        return found
    step = timedelta(weeks=2 if how == FORTNIGHTLY else 1)
    on = first + step
    while on <= until and len(found) < MOST:
        found.append(on)
        on += step
    return found


def _until(first: date, said: str) -> date:
    try:
        until = date.fromisoformat(said)
    except ValueError:
        raise DomainError("请填写到哪一天为止。") from None
    if until <= first:
        raise DomainError("结束的日期要在第一场以后。")
    if until > first + timedelta(days=366 * 5):
        raise DomainError("结束的日期太远了，请写五年以内的。")
    return until


def _listed(first: date, said: str) -> list[date]:
    found: list[date] = []
    for part in filter(None, _PARTS.split(said)):
        match = _DAY.fullmatch(part)
        try:
            on = _nearest(first, match) if match is not None else None
        except ValueError:
            on = None
        if on is None:
            raise DomainError(f"「{part[:20]}」不是日期，请写成 2026-12-05 或 12月5日。")
        if on == first or on in found:
            raise DomainError(f"{on.isoformat()} 写了两次，一天只能有一场。")
        found.append(on)
    return sorted(found)


def _nearest(first: date, match: re.Match[str]) -> date:
    """Without a year the next such day from the first one on. Raises: ValueError."""
    month, day = int(match[2]), int(match[3])
    if match[1]:
        return date(int(match[1]), month, day)
    on = date(first.year, month, day)
    return on if on >= first else date(first.year + 1, month, day)


def _which(first: date) -> int:
    """The how many-th of its weekday in its month."""
    return (first.day - 1) // 7 + 1
