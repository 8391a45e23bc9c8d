"""Working days and hours in China: weekends, public holidays, and the Saturdays worked for them.

The holiday arrangement is published each autumn for one year; beyond the years we have, Monday to Friday
count as working days and the log says so once.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import chinese_calendar
import structlog

from app.clock import SHANGHAI, shanghai

log = structlog.get_logger(__name__)

# The office's hours; the long midday break is the custom in the county.
SPANS = ((time(8, 30), time(12, 0)), (time(14, 30), time(18, 0)))
CLOSING_TIME = SPANS[-1][1]

_told: set[int] = set()


@lru_cache(maxsize=1024)
def is_working_day(day: date) -> bool:
    """Is `day` (a date in China) one on which the office works?"""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # how the package says that it does not know this year yet
        if day.year not in _told:
            _told.add(day.year)
            log.warning("holidays.unknown", year=day.year, assumed="monday to friday")
        return day.weekday() < 5


_NAMES: Final = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}


def is_known(day: date) -> bool:
    """Has the arrangement of that year been published, as far as we know?"""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def holiday(day: date) -> str:
    """The public holiday for which `day` is free; empty for working days and for weekends alone."""
    if not is_known(day):
        return ""
    is_free, name = chinese_calendar.get_holiday_detail(day)
    return _NAMES.get(str(name), "节日") if is_free and name else ""


def is_working_time(moment: datetime) -> bool:
    """Is somebody in the office at `moment`? The closing minute itself is off."""
    local = shanghai(moment)
    clock = local.time()
    return any(start <= clock < end for start, end in SPANS) and is_working_day(local.date())


def after_working_hours(start: datetime, hours: float) -> datetime:
    """The moment when `hours` of office time have passed since `start`."""
    left, day = timedelta(hours=hours), shanghai(start).date()
    while True:
        if is_working_day(day):
            for opens, closes in SPANS:
                begin = max(start, datetime.combine(day, opens, SHANGHAI))
                end = datetime.combine(day, closes, SHANGHAI)
                if begin + left <= end:
                    return (begin + left).astimezone(start.tzinfo)
                left -= max(end - begin, timedelta())
        day += timedelta(days=1)


def working_time_between(start: datetime, end: datetime) -> timedelta:
    """How much office time lies between two moments; none when `end` is not the later one."""
    # On one clock: comparing across two costs more than all the rest, and figures ask this a thousand times.
    start, end = shanghai(start), shanghai(end)
    total, day = timedelta(), start.date()
    while day <= end.date():
        if is_working_day(day):
            for opens, closes in _spans_of(day):
                total += max(min(end, closes) - max(start, opens), timedelta())
        day += timedelta(days=1)
    return total


@lru_cache(maxsize=1024)
def _spans_of(day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The office's hours as moments of this day, were it a working one."""
    return tuple(
        (datetime.combine(day, opens, SHANGHAI), datetime.combine(day, closes, SHANGHAI))
        for opens, closes in SPANS
    )


def after_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day`; the day itself does not count."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
