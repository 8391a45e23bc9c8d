"""Deadlines of the law, to the day."""

from datetime import date, timedelta

import pytest

from app.services.legal_topics import LegalTopic, topic_label
from app.services.statutory_deadlines import Dates, Deadline, a_year_after, deadlines, nearest
from models import Basis, Employment

TODAY = date(2026, 11, 23)
A, I, W = LegalTopic.CONTRACT, LegalTopic.INJURY, LegalTopic.WAGES  # noqa: E741


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2025, 11, 23), date(2026, 11, 23)),
        (date(2024, 2, 29), date(2025, 2, 28)),  # there is no such day
        (date(2023, 2, 28), date(2024, 2, 28)),
        (date(2027, 3, 1), date(2028, 3, 1)),
        (date(2025, 12, 31), date(2026, 12, 31)),
    ],
)
def test_a_year_ends_on_the_same_day(day: date, last: date) -> None:
    assert a_year_after(day) == last


@pytest.mark.parametrize(
    ("topic", "dates", "expected"),
    [
        (A, Dates(known_on=date(2026, 3, 5)), [(date(2027, 3, 5), Basis.ARBITRATION)]),
        (A, Dates(), []),  # not remembered
        # wages: no limit while the job lasts, a year after it
        (W, Dates(known_on=date(2020, 1, 1), employment=Employment.EMPLOYED), []),
        (
            W,
            Dates(known_on=date(2020, 1, 1), employment=Employment.LEFT, left_on=date(2026, 10, 31)),
            [(date(2027, 10, 31), Basis.AFTER_LEAVING)],
        ),
        (
            W,
            Dates(known_on=date(2026, 1, 1), employment=Employment.LEFT),
            [(date(2027, 1, 1), Basis.ARBITRATION)],
        ),
        (
            W,
            Dates(known_on=date(2026, 1, 1), employment=Employment.OTHER),
            [(date(2027, 1, 1), Basis.ARBITRATION)],
        ),
        # injuries: thirty days for the employer, a year for the worker and the union
        (
            I,
            Dates(happened_on=date(2026, 11, 1)),
            [(date(2026, 12, 1), Basis.INJURY_EMPLOYER), (date(2027, 11, 1), Basis.INJURY_WORKER)],
        ),
        (I, Dates(known_on=date(2026, 11, 1)), []),
        # an award: fifteen days, and the arbitration lies behind
        (A, Dates(known_on=date(2024, 1, 1), award_on=TODAY), [(date(2026, 12, 8), Basis.COURT)]),
        (A, Dates(known_on=date(2024, 1, 1), applied=True), []),
        (W, Dates(employment=Employment.LEFT, left_on=date(2024, 1, 1), applied=True), []),
        (
            I,
            Dates(happened_on=date(2026, 11, 10), applied=True, award_on=TODAY),
            [
                (date(2026, 12, 8), Basis.COURT),
                (date(2026, 12, 10), Basis.INJURY_EMPLOYER),
                (date(2027, 11, 10), Basis.INJURY_WORKER),
            ],
        ),
        # what somebody said counts beside the law
        (
            A,
            Dates(known_on=date(2026, 3, 5), told_on=date(2026, 11, 30)),
            [(date(2026, 11, 30), Basis.TOLD), (date(2027, 3, 5), Basis.ARBITRATION)],
        ),
    ],
)
def test_what_a_few_dates_tell(topic: LegalTopic, dates: Dates, expected: list[tuple[date, Basis]]) -> None:
    assert [(each.on, each.basis) for each in deadlines(topic, dates)] == expected


@pytest.mark.parametrize(
    ("days", "near", "passed"),
    [(-1, False, True), (0, True, False), (1, True, False), (6, True, False), (7, False, False)],
)
def test_near_is_fewer_than_seven_days_and_the_last_day_still_counts(
    days: int, near: bool, passed: bool
) -> None:
    deadline = Deadline(TODAY + timedelta(days=days), Basis.ARBITRATION)

    assert (deadline.is_near(TODAY), deadline.is_passed(TODAY)) == (near, passed)
    assert deadline.days_left(TODAY) == days


def test_the_nearest_ahead_counts_else_the_last_that_passed() -> None:
    injured = deadlines(I, Dates(happened_on=date(2026, 10, 1)))

    found = nearest(injured, TODAY)
    assert found is not None
    assert found.basis is Basis.INJURY_WORKER  # the employer's thirty days are over
    found = nearest(injured, date(2028, 1, 1))
    assert found is not None
    assert found.on == date(2027, 10, 1)
    assert nearest([], TODAY) is None


def test_every_deadline_of_the_law_names_law_and_article() -> None:
    for basis in Basis:
        deadline = Deadline(TODAY, basis)
        assert deadline.what
        assert ("条" in deadline.law) is (basis is not Basis.TOLD)


def test_a_topic_of_another_time_is_some_other_matter() -> None:
    assert topic_label("wages") == "工资、加班费"
    assert topic_label("safety") == topic_label("") == "其他劳动权益"
