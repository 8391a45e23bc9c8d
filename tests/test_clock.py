"""The one source of time, and how moments are said in China."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.clock import SystemClock, civil_date, day_begins, due_day, shanghai, spoken
from tests.conftest import NOON, FakeClock


def at(text: str) -> datetime:
    """A moment given in China's time."""
    return datetime.fromisoformat(f"{text}+08:00")


def test_the_present_moment_is_aware_and_utc() -> None:
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_clock_file_moves_now_but_not_leases(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("176400")  # 49 hours
    clock = SystemClock(file)

    moved = clock.now() - clock.real_now()

    assert abs(moved - timedelta(hours=49)) < timedelta(seconds=5)
    assert abs(clock.real_now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("written", ["", "soon", "\n"])
def test_a_clock_file_that_says_nothing_moves_nothing(tmp_path: Path, written: str) -> None:
    file = tmp_path / "clock"
    file.write_text(written)
    clock = SystemClock(file)

    assert abs(clock.now() - clock.real_now()) < timedelta(seconds=5)


def test_a_clock_file_that_is_not_there_moves_nothing(tmp_path: Path) -> None:
    clock = SystemClock(tmp_path / "none")

    assert abs(clock.now() - clock.real_now()) < timedelta(seconds=5)


def test_a_change_of_the_clock_file_is_seen_soon_but_not_asked_for_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopwatch = [100.0]
    monkeypatch.setattr("app.clock.time.monotonic", lambda: stopwatch[0])
    file = tmp_path / "clock"
    file.write_text("0")
    clock = SystemClock(file)
    clock.now()
    file.write_text("3600")

    stopwatch[0] += 0.1
    assert clock.now() - clock.real_now() < timedelta(seconds=5)
    stopwatch[0] += 0.2
    assert clock.now() - clock.real_now() > timedelta(minutes=59)


def test_the_stopwatch_only_goes_forward() -> None:
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()


def test_the_date_people_write_down_is_chinas() -> None:
    late = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)

    assert civil_date(late).isoformat() == "2027-01-01"
    assert shanghai(late).hour == 0


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23T19:30", "今天 19:30"),
        ("2026-11-23T00:05", "今天 0:05"),
        ("2026-11-24T09:00", "明天 9:00"),
        ("2026-11-22T23:59", "昨天 23:59"),
        ("2026-11-30T19:30", "11月30日（周一）19:30"),
        ("2026-11-29T08:00", "11月29日（周日）8:00"),
        ("2027-01-02T08:00", "2027年1月2日（周六）8:00"),
    ],
)
def test_moments_are_said_as_people_say_them(moment: str, words: str) -> None:
    assert spoken(at(moment), NOON) == words
    assert spoken(at(moment).astimezone(UTC), NOON.astimezone(UTC)) == words


def test_what_ends_at_midnight_ends_on_the_day_before() -> None:
    assert due_day(day_begins(civil_date(NOON), days=1)) == due_day(NOON) == "11月23日"
    assert due_day(None) == "近期"


def test_the_clock_of_the_tests_stands_still_until_moved(clock: FakeClock) -> None:
    assert clock.now() == NOON
    assert clock.now() == clock.now() == clock.real_now()
    before = clock.monotonic()

    clock.advance(90)

    assert clock.now() == NOON + timedelta(seconds=90)
    assert clock.monotonic() == before + 90
