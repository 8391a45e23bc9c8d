"""The clocks of 投诉建议: what is due when, by our promise and by the law at most (《信访工作条例》).

Working days, until the end of the last one. Kept as due times: that of the member's next word is the case's
(`Case.answer_due_at`), that of the next step is its own. What happens when one is reached is in
`complaint_timers`.
"""

from datetime import date, datetime, timedelta
from typing import Final

from app.clock import SHANGHAI, civil_date
from app.services import case_clocks
from app.services.calendar import CLOSING_TIME, after_working_days, after_working_hours, working_time_between
from app.services.cases import moment_kept
from models import Case, Complaint

ACCEPT_DAYS: Final = 3
DISPATCH_DAYS: Final = 2  # of ours, until somebody has it
FINISH_DAYS: Final = 13  # from the acceptance
EXTRA_DAYS: Final = 7  # once
RETURN_DAYS: Final = 2  # a department takes it or gives it back
RETURN_LIMIT: Final = 5
LEAD_AFTER: Final = 1  # working days after who must act was reminded
ACCEPT_LIMIT: Final = 15  # days of the law
FINISH_LIMIT: Final = 60
EXTRA_LIMIT: Final = 30
CLOSES_AFTER: Final = timedelta(days=7)  # a reply to which nothing is said
REOPENS_FOR: Final = timedelta(days=30)  # after the closing
REOPENED_AGAIN_AFTER: Final = timedelta(days=30)


def day_end(day: date) -> datetime:
    return datetime.combine(day, CLOSING_TIME, SHANGHAI)


def working_days(now: datetime, count: int) -> datetime:
    """The end of the `count`-th working day after today."""
    return day_end(after_working_days(civil_date(now), count))


def accept_due(now: datetime) -> datetime:
    return working_days(now, ACCEPT_DAYS)


def file(complaint: Complaint, due_at: datetime, now: datetime) -> None:
    """It has come: whether we take it up is told by `due_at`."""
    complaint.law_due_at = day_end(civil_date(now) + timedelta(days=ACCEPT_LIMIT))
    watch(complaint, due_at)


def take_up(case: Case, complaint: Complaint, now: datetime) -> None:
    """Accepted, or opened again: the time to finish begins."""
    complaint.law_due_at = day_end(civil_date(now) + timedelta(days=FINISH_LIMIT))
    owe(case, complaint, working_days(now, FINISH_DAYS))
    watch(complaint, working_days(now, DISPATCH_DAYS))
    _waits(case, now)


def go_on(
    case: Case, complaint: Complaint, before: Complaint, promised: datetime | None, now: datetime
) -> None:
    """In the place of one that was promised an answer by then (None: it was not taken up, or stood still)."""
    take_up(case, complaint, now)
    if promised is not None:
        complaint.law_due_at = before.law_due_at
        owe(case, complaint, promised)


def hand_out(case: Case, complaint: Complaint, now: datetime) -> None:
    """Given to a department: nobody of the union owes anything."""
    case.return_due_at = None
    complaint.return_by = working_days(now, RETURN_LIMIT)
    watch(complaint, working_days(now, RETURN_DAYS))


def hand_back(case: Case, complaint: Complaint, now: datetime) -> None:
    """It came back to us."""
    _waits(case, now)
    complaint.return_by = None
    watch(complaint, working_days(now, DISPATCH_DAYS))


def work(case: Case, complaint: Complaint) -> None:
    """A department works on it: what is due next is the reply."""
    complaint.return_by = None
    watch(complaint, case.answer_due_at)


def extend(case: Case, complaint: Complaint, now: datetime) -> None:
    """Seven more working days, counted from what was promised, or from now where that has passed."""
    begun = max(case.answer_due_at or now, now)
    if complaint.law_due_at is not None:
        complaint.law_due_at += timedelta(days=EXTRA_LIMIT)
    owe(case, complaint, day_end(after_working_days(civil_date(begun), EXTRA_DAYS)))
    watch(complaint, case.answer_due_at)


def suspend(case: Case, complaint: Complaint, until: datetime, now: datetime) -> None:
    """Our clock stands still; that of the law goes on."""
    if case.answer_due_at is not None:
        case.seconds_left = int(working_time_between(now, case.answer_due_at).total_seconds())
    case.answer_due_at = None
    watch(complaint, None)
    complaint.resume_due_at = until


def resume(case: Case, complaint: Complaint, now: datetime) -> None:
    """With the office time that was left."""
    owe(case, complaint, after_working_hours(now, (case.seconds_left or 0) / 3600))
    case.seconds_left = complaint.resume_due_at = None
    watch(complaint, case.answer_due_at)


def reply(case: Case, complaint: Complaint, at: datetime) -> None:
    case_clocks.answer(case, at)
    case.close_due_at = at + CLOSES_AFTER
    stop(complaint)


def end(case: Case, complaint: Complaint) -> None:
    case_clocks.end(case)
    stop(complaint)


def stop(complaint: Complaint) -> None:
    watch(complaint, None)
    complaint.return_by = complaint.law_due_at = complaint.resume_due_at = None


def owe(case: Case, complaint: Complaint, due_at: datetime) -> None:
    """A new promise, kept or broken on its own; never later than the law allows."""
    bound = complaint.law_due_at
    case.answer_due_at = due_at if bound is None else min(due_at, bound)
    case.first_answer_due_at = case.answer_due_at
    case.overdue = False
    case.close_due_at = None


def _waits(case: Case, now: datetime) -> None:
    """For somebody of ours, from now on; whoever has it has just done something."""
    case.waiting_since = moment_kept(now, anonymous=case.anonymous)
    case.return_due_at = None


def watch(complaint: Complaint, due_at: datetime | None) -> None:
    """Whoever has it now is reminded at `due_at`, and after that the lead; once each."""
    complaint.step_due_at = complaint.remind_due_at = due_at
    complaint.reminded = False
