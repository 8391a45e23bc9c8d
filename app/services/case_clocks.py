"""The clocks of a case: until when we owe an answer, how long we wait for the member, how long both talk.

Our clock counts office hours, stands still while we wait for the member and goes on with what was left;
handing a case from desk to desk never starts it anew. Kept as due times; what happens when one is reached is
in `case_timers`, what goes back to all from a silent owner in `case_owners`.
"""

from datetime import datetime, timedelta

from app.services.advice_kinds import ADVICE
from app.services.calendar import after_working_hours, working_time_between
from models import Case, CaseKind

SILENT_HOURS = 4  # office hours; who has taken a case and says nothing for so long loses it
REMIND_AFTER = timedelta(days=7)  # of silence, when we asked something
GIVE_UP_AFTER = timedelta(days=14)
REOPENS_FOR = timedelta(days=7)  # after an answer, or the closing
TALK_AFTER_ANSWER = timedelta(hours=48)  # as long as the platform lets us write back at all
TALK_GOES_ON = timedelta(minutes=30)  # after the member's own words


def answer_due(kind: CaseKind, now: datetime) -> datetime:
    """When an adviser should have answered what came `now`, the first time as every other."""
    return after_working_hours(now, ADVICE[kind].hours)


def return_due(now: datetime) -> datetime:
    return after_working_hours(now, SILENT_HOURS)


def wait(case: Case, now: datetime) -> None:
    """We asked something: our clock stands still, the member's begins. Asking again only restarts that."""
    if case.answer_due_at is not None:
        case.seconds_left = int(working_time_between(now, case.answer_due_at).total_seconds())
    case.answer_due_at = case.waiting_since = case.return_due_at = None
    case.reminder_due_at = now + REMIND_AFTER
    case.close_due_at = now + GIVE_UP_AFTER
    talk(case, case.close_due_at)


def go_on(case: Case, now: datetime) -> None:
    """The member told more: our clock goes on with what was left."""
    hours = (case.seconds_left or 0) / 3600
    _owe(case, after_working_hours(now, hours), now)


def answer(case: Case, at: datetime) -> None:
    """`at`: as exactly as the case may remember it (`cases.moment_kept`)."""
    _stand(case)
    case.first_answered_at = case.first_answered_at or at
    case.answered_at = at
    talk(case, at + TALK_AFTER_ANSWER)
    if case.kind in ADVICE:  # others are closed by somebody
        case.close_due_at = at + REOPENS_FOR


def reopen(case: Case, now: datetime) -> None:
    """A promise of its own, kept or broken on its own."""
    case.overdue = False
    _owe(case, answer_due(case.kind, now), now)


def owe_again(case: Case, due_at: datetime, at: datetime) -> None:
    """The member wrote again where nothing is opened anew: an answer is owed by `due_at`."""
    case.overdue = False
    case.first_answer_due_at = due_at
    _owe(case, due_at, at)


def end(case: Case) -> None:
    _stand(case)
    case.talk_until = None


def talk(case: Case, until: datetime) -> None:
    """What the member writes belongs here until then, or longer if that was said before.

    Never to an anonymous case: its thread knows days only, and a talk has minutes.
    """
    if not case.anonymous:
        case.talk_until = max(case.talk_until or until, until)


def _owe(case: Case, due_at: datetime, at: datetime) -> None:
    _stand(case)
    case.answer_due_at, case.waiting_since = due_at, at
    case.return_due_at = return_due(at) if case.owner_id is not None else None


def _stand(case: Case) -> None:
    case.answer_due_at = case.waiting_since = case.seconds_left = case.return_due_at = None
    case.reminder_due_at = case.close_due_at = None
