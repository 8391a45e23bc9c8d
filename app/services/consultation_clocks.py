"""The clocks of a consultation: until when we owe an answer, and how long we wait for the member.

Our clock counts office hours, stands still while we wait for the member and goes on with what was left;
handing a case from desk to desk never starts it anew. Kept as due times; what happens when one is reached is
in `consultation_timers`.
"""

from datetime import datetime, timedelta

from app.services.calendar import after_working_hours, working_time_between
from models import Consultation

FIRST_ANSWER_HOURS = 4  # office hours
NEXT_ANSWER_HOURS = 4
REMIND_AFTER = timedelta(days=7)  # of silence, when we asked something
GIVE_UP_AFTER = timedelta(days=14)
REOPENS_FOR = timedelta(days=7)  # after an answer, or the closing


def first_answer_due(now: datetime) -> datetime:
    return after_working_hours(now, FIRST_ANSWER_HOURS)


def wait(consultation: Consultation, now: datetime) -> None:
    """We asked something: our clock stands still, the member's begins. Asking again only restarts that."""
    due_at = consultation.next_answer_due_at
    if due_at is not None:
        consultation.seconds_left = int(working_time_between(now, due_at).total_seconds())
    consultation.next_answer_due_at = None
    consultation.reminder_due_at = now + REMIND_AFTER
    consultation.close_due_at = now + GIVE_UP_AFTER


def go_on(consultation: Consultation, now: datetime) -> None:
    """The member told more: our clock goes on with what was left."""
    hours = (consultation.seconds_left or 0) / 3600
    _stand(consultation)
    consultation.next_answer_due_at = after_working_hours(now, hours)


def answer(consultation: Consultation, now: datetime) -> None:
    _stand(consultation)
    consultation.first_answered_at = consultation.first_answered_at or now
    consultation.answered_at = now
    consultation.close_due_at = now + REOPENS_FOR


def reopen(consultation: Consultation, now: datetime) -> None:
    """A promise of its own, kept or broken on its own."""
    _stand(consultation)
    consultation.overdue = False
    consultation.next_answer_due_at = after_working_hours(now, NEXT_ANSWER_HOURS)


def end(consultation: Consultation) -> None:
    _stand(consultation)


def _stand(consultation: Consultation) -> None:
    consultation.next_answer_due_at = None
    consultation.seconds_left = None
    consultation.reminder_due_at = None
    consultation.close_due_at = None
