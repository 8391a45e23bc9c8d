"""The only source of time: the moment in UTC, the civil date in China, and a monotonic stopwatch.

In development a clock file may hold an offset in seconds that the service and the sandbox both read,
so that 49 hours can pass in a test. Leases use `real_now`, which the file does not move.
"""

import calendar
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, UTC and aware."""
        ...

    def real_now(self) -> datetime:
        """The present moment no development setting moves; for leases between processes."""
        ...

    def monotonic(self) -> float:
        """Seconds of a stopwatch that never jumps; for limits inside one process."""
        ...


class SystemClock:
    """The machine's clock, moved by the offset in `offset_file` where one is given."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._read_at = float("-inf")
        self._offset = timedelta()

    def now(self) -> datetime:
        return self.real_now() + self._moved()

    def real_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def _moved(self) -> timedelta:
        if self._file is None:
            return self._offset
        if time.monotonic() - self._read_at > 0.2:  # a file is looked at, not hammered
            self._read_at = time.monotonic()
            try:
                self._offset = timedelta(seconds=float(self._file.read_text() or 0))
            except (OSError, ValueError):
                self._offset = timedelta()
        return self._offset


def shanghai(moment: datetime) -> datetime:
    """`moment` on a clock in China."""
    return moment.astimezone(SHANGHAI)


def civil_date(moment: datetime) -> date:
    """The date people in China write down at `moment`."""
    return shanghai(moment).date()


def start_of_day(moment: datetime) -> datetime:
    """`moment` without its time of day in China."""
    return shanghai(moment).replace(hour=0, minute=0, second=0, microsecond=0)


def day_begins(day: date, *, days: int = 0) -> datetime:
    """When `day`, or the day so many later, begins in China."""
    return datetime.combine(day + timedelta(days=days), datetime.min.time(), SHANGHAI)


def months_later(day: date, months: int) -> date:
    """The same day so many months later or, below 0, earlier; the last of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def years_between(born: date, day: date) -> int:
    """Full years: how old somebody is on `day`."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def written(day: date) -> str:
    """With its year: 2026年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def in_full(moment: datetime) -> str:
    """A moment as forms and notices write it: 2026年11月24日 09:00."""
    local = shanghai(moment)
    return f"{written(local.date())} {local:%H:%M}"


def ends_on(due_at: datetime) -> date:
    """The last day before `due_at`, which may be its midnight."""
    return civil_date(due_at - timedelta(seconds=1))


def due_day(due_at: datetime | None) -> str:
    """The last day for something, as people read it: 11月23日; without one 近期."""
    if due_at is None:
        return "近期"
    day = ends_on(due_at)
    return f"{day.month}月{day.day}日"


WEEKDAYS = "一二三四五六日"


def spoken(moment: datetime, now: datetime, *, read_later: bool = False) -> str:
    """`moment` as our pages and replies say it: 今天 19:30, 明天 9:00, 11月23日（周一）19:30.

    `read_later`: the date always, since 明天 may be read the day after.
    """
    local, today = shanghai(moment), civil_date(now)
    clock = f"{local.hour}:{local.minute:02d}"
    days = (local.date() - today).days
    near = {-1: "昨天", 0: "今天", 1: "明天"}.get(days)
    if near and not read_later:
        return f"{near} {clock}"
    year = "" if local.year == today.year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{clock}"
