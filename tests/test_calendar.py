"""Working hours as the office in the county keeps them."""

from datetime import UTC, date, datetime

import pytest
from structlog.testing import capture_logs

from app.clock import SHANGHAI
from app.services import calendar


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-11-23 08:30", True),  # a Monday
        ("2026-11-23 08:29", False),
        ("2026-11-23 12:00", False),  # midday
        ("2026-11-23 14:30", True),
        ("2026-11-23 18:00", False),
        ("2026-11-22 10:00", False),  # a Sunday
        ("2026-10-01 10:00", False),  # National Day, a Thursday
        ("2026-10-10 10:00", True),  # a Saturday worked for it
        ("2026-02-17 10:00", False),  # Spring Festival
    ],
)
def test_the_office_works_by_the_chinese_calendar(moment: str, working: bool) -> None:
    assert calendar.is_working_time(at(moment)) is working
    assert calendar.is_working_time(at(moment).astimezone(UTC)) is working


def test_beyond_the_years_we_know_monday_to_friday_count_and_the_log_says_so_once() -> None:
    calendar.is_working_day.cache_clear()
    calendar._told.clear()

    with capture_logs() as logs:
        days = [calendar.is_working_day(date(2099, 6, day)) for day in range(1, 8)]

    assert days == [True, True, True, True, True, False, False]  # 1 June 2099 is a Monday
    assert [line["event"] for line in logs] == ["holidays.unknown"]


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23 09:00", 2, "2026-11-23 11:00"),
        ("2026-11-23 11:00", 2, "2026-11-23 15:30"),  # over midday
        ("2026-11-23 17:00", 2, "2026-11-24 09:30"),
        ("2026-09-30 17:30", 1, "2026-10-08 09:00"),  # over the holidays
        ("2026-11-22 20:00", 4, "2026-11-23 15:00"),
    ],
)
def test_working_hours_pass_only_while_the_office_is_open(start: str, hours: float, end: str) -> None:
    assert calendar.after_working_hours(at(start), hours) == at(end)


def test_working_days_are_counted_from_the_next_day() -> None:
    assert calendar.after_working_days(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert calendar.after_working_days(date(2026, 11, 27), 3) == date(2026, 12, 2)
