"""The clocks of a 入会申请: until when we decide, when staff are reminded, how long we wait for more.

Ours counts office hours, stands still while we wait and goes on with what was left. Kept as due times; what
happens when one is reached is in `application_timers`.
"""

from datetime import datetime, timedelta

from app.clock import SHANGHAI, civil_date
from app.services.calendar import CLOSING_TIME, after_working_days, after_working_hours, working_time_between
from models import MembershipApplication

WORKING_DAYS = 10  # to decide, unless the operator set another number
NEAR_DAYS = 3  # working days before the end, when staff are reminded
OFFICE_DAY = timedelta(hours=7)
REMIND_AFTER = timedelta(days=7)  # of silence, when something is missing
LAPSES_AFTER = timedelta(days=30)


def due(now: datetime, working_days: int) -> datetime:
    """The end of the last working day to decide."""
    return datetime.combine(after_working_days(civil_date(now), working_days), CLOSING_TIME, SHANGHAI)


def start(application: MembershipApplication, due_at: datetime, now: datetime) -> None:
    left = working_time_between(now, due_at)
    application.due_at = due_at
    application.near_at = after_working_hours(now, _hours(max(left - NEAR_DAYS * OFFICE_DAY, timedelta())))


def wait(application: MembershipApplication, now: datetime) -> None:
    """We asked for something: our clock stands still. Asking again only restarts the applicant's."""
    if application.due_at is not None:
        application.seconds_left = int(working_time_between(now, application.due_at).total_seconds())
    application.due_at = application.near_at = None
    application.reminder_due_at, application.lapse_due_at = now + REMIND_AFTER, now + LAPSES_AFTER


def go_on(application: MembershipApplication, now: datetime) -> None:
    """What was missing came: our clock goes on with what was left."""
    left = timedelta(seconds=application.seconds_left or 0)
    end(application)
    start(application, after_working_hours(now, _hours(left)), now)


def end(application: MembershipApplication) -> None:
    application.due_at = application.near_at = None
    application.reminder_due_at = application.lapse_due_at = None
    application.seconds_left = None


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600
