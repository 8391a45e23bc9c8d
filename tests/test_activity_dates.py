"""On which days a repeated event takes place, and what the calendar says of each."""

from datetime import date

import pytest

from app.errors import DomainError
from app.services import activity_dates
from app.services.activity_dates import FORTNIGHTLY, LIST, MONTHLY, WEEKLY, days, parse, ways

WEDNESDAY = date(2026, 9, 9)


def on(first: date, how: str, until: str = "", listed: str = "") -> list[str]:
    return [each.on.isoformat() for each in days(first, how, until, listed)]


def test_every_week_and_every_other() -> None:
    assert on(WEDNESDAY, WEEKLY, "2026-09-30") == ["2026-09-16", "2026-09-23", "2026-09-30"]
    assert on(WEDNESDAY, FORTNIGHTLY, "2026-10-07") == ["2026-09-23", "2026-10-07"]
    assert ways(WEDNESDAY)[WEEKLY] == "每周三"


def test_every_second_saturday_of_the_month_and_a_fifth_that_not_every_month_has() -> None:
    second, fifth = date(2026, 10, 10), date(2026, 10, 31)

    assert on(second, MONTHLY, "2027-01-31") == ["2026-11-14", "2026-12-12", "2027-01-09"]
    assert ways(second)[MONTHLY] == "每月第 2 个周六"
    assert on(fifth, MONTHLY, "2027-05-31") == ["2027-01-30", "2027-05-29"]


def test_a_list_of_days_in_the_ways_people_write_them() -> None:
    listed = "2026-09-20、10月8日 12/5，2027年1月9日"

    assert on(WEDNESDAY, LIST, "", listed) == ["2026-09-20", "2026-10-08", "2026-12-05", "2027-01-09"]
    assert on(date(2026, 12, 20), LIST, "", "1月9日") == ["2027-01-09"]  # the next one


def test_holidays_are_named_and_so_are_weekends_worked_for_them() -> None:
    found = {each.on: each for each in days(date(2026, 9, 30), WEEKLY, "2026-10-14", "")}
    worked = days(WEDNESDAY, LIST, "", "2026-10-10、2026-11-28、2027-10-01")

    assert found[date(2026, 10, 7)].is_holiday and found[date(2026, 10, 7)].note == "国庆节放假"
    assert not found[date(2026, 10, 14)].note and found[date(2026, 10, 14)].words == "2026-10-14 周三"
    notes = [(each.is_holiday, each.note) for each in worked]
    assert notes[:2] == [(False, "调休，要上班"), (False, "")]
    assert not notes[2][0] and "还没有公布" in notes[2][1]


@pytest.mark.parametrize(
    ("how", "until", "listed", "said"),
    [
        (WEEKLY, "", "", "请填写到哪一天为止"),
        (WEEKLY, "2026-09-09", "", "要在第一场以后"),
        (WEEKLY, "9999-12-31", "", "太远了"),
        (WEEKLY, "2026-09-15", "", "排不出第二场"),
        (WEEKLY, "2027-09-30", "", "最多 52 场"),
        (LIST, "", "", "排不出第二场"),
        (LIST, "", "2月30日", "「2月30日」不是日期"),
        (LIST, "", "下周三", "「下周三」不是日期"),
        (LIST, "", "9月16日、2026-09-16", "写了两次"),
        (LIST, "", "9月9日", "写了两次"),
    ],
)
def test_what_makes_no_series_says_why(how: str, until: str, listed: str, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        days(WEDNESDAY, how, until, listed)


def test_no_more_than_fit() -> None:
    assert len(on(WEDNESDAY, WEEKLY, "2027-09-01")) == activity_dates.MOST - 1
    assert parse(["2026-09-16"]) == [date(2026, 9, 16)]
    with pytest.raises(DomainError, match="没有看懂"):
        parse(["2026-99-16"])
