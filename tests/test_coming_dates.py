"""Days that lie ahead, as people say them on Monday 23 November 2026."""

from datetime import date

import pytest

from app.dialogue.answers import Accept, Refuse, Said
from app.dialogue.dates import coming_date
from tests.conftest import NOON


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("今天", date(2026, 11, 23)),
        ("明天", date(2026, 11, 24)),
        ("大后天", date(2026, 11, 26)),
        ("10天后", date(2026, 12, 3)),
        ("3天之内", date(2026, 11, 26)),
        ("周三", date(2026, 11, 25)),
        ("这周日", date(2026, 11, 29)),
        ("下周一", date(2026, 11, 30)),
        ("下星期天", date(2026, 12, 6)),
        ("12月5日", date(2026, 12, 5)),
        ("12.5", date(2026, 12, 5)),
        ("1月4号", date(2027, 1, 4)),  # without a year the next such day
        ("2027-03-05", date(2027, 3, 5)),
        ("20270305", date(2027, 3, 5)),
        ("2028年2月29日", date(2028, 2, 29)),
    ],
)
def test_a_day_ahead_is_understood(said: str, day: date) -> None:
    result = coming_date.parse(Said(at=NOON, text=said), None)

    assert isinstance(result, Accept)
    assert result.value == day
    assert coming_date.load(coming_date.dump(result.value)) == day


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("昨天", "11月22日已经过了"),
        ("2026年11月22日", "11月22日已经过了"),
        ("2月29日", "没有认出日期"),  # there is none next year
        ("13月1日", "没有认出日期"),
        ("下", "没有认出日期"),
        ("尽快", "没有认出日期"),
        ("", "没有认出日期"),
    ],
)
def test_what_is_no_day_ahead_is_refused_with_an_example(said: str, reason: str) -> None:
    result = coming_date.parse(Said(at=NOON, text=said), None)

    assert isinstance(result, Refuse)
    assert reason in result.reason
