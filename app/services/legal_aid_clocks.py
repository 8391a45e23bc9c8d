"""The clocks of a 法律援助申请: until when we decide, assign or look at an objection; how long we wait.

Days of the calendar, as the law counts them（《法律援助法》第四十三条、第四十九条）: the day itself does not
count, and a last day on which the office rests moves to the next on which it works（《民法典》第二百零一条、
第二百零三条）. Ours end when the office closes, the member's at midnight. Kept as due times; what happens
when one is reached is in `legal_aid_timers`.
"""

from datetime import date, datetime, timedelta
from typing import Final

from app.clock import SHANGHAI, civil_date, day_begins, ends_on
from app.services.calendar import CLOSING_TIME, after_working_days, is_working_day
from models import Case, LegalAid

DECIDE: Final = 7  # days, from the receipt of complete papers
ASSIGN: Final = 3  # from the decision
REVIEW: Final = 5  # of an objection
OBJECT: Final = 15  # days a member has to object; the law sets none
SUPPLY: Final = (3, 15, 60)  # days for what is missing: at least, usually, at most
_NEAR: Final = {DECIDE: 2, ASSIGN: 1, REVIEW: 1}  # days before the end, when staff are reminded
REMIND: Final = timedelta(days=2)  # before the end of the member's time


def last_day(day: date, days: int) -> date:
    """The last of so many days after `day`."""
    last = day + timedelta(days=days)
    return last if is_working_day(last) else after_working_days(last, 1)


def ours(now: datetime, days: int) -> datetime:
    """When the office closes on the last of so many days."""
    return datetime.combine(last_day(civil_date(now), days), CLOSING_TIME, SHANGHAI)


def theirs(now: datetime, days: int) -> datetime:
    """Midnight after the last of so many days."""
    return day_begins(last_day(civil_date(now), days), days=1)


def days_left(due_at: datetime, now: datetime) -> int:
    """0 on the last day, negative after it."""
    return (ends_on(due_at) - civil_date(now)).days


def left_in_words(due_at: datetime, now: datetime) -> str:
    """还剩 5 天, 今天是最后一天, 已经超过 2 天."""
    left = days_left(due_at, now)
    if left > 0:
        return f"还剩 {left} 天"
    late = f"已经超过 {-left} 天" if left else "已经超过时限"
    return "今天是最后一天" if left == 0 and now < due_at else late


def owe(case: Case, row: LegalAid, since: datetime, days: int) -> None:
    """A promise of its own, kept or broken on its own."""
    row.due_at = ours(since, days)
    row.near_at = row.due_at - timedelta(days=_NEAR[days])
    row.overdue = False
    case.first_answer_due_at = row.due_at


def owe_at_once(case: Case, row: LegalAid, now: datetime) -> None:
    """Where a deadline of the law is near: by the end of the next day on which the office works."""
    next_day = after_working_days(civil_date(now), 1)
    row.due_at, row.near_at = datetime.combine(next_day, CLOSING_TIME, SHANGHAI), None
    row.overdue = False
    case.first_answer_due_at = row.due_at


def wait(case: Case, row: LegalAid, until: datetime, now: datetime) -> None:
    """Papers are missing: our clock stops, to begin anew when they have come."""
    owe_nothing(case, row)
    expect(row, until, now)


def expect(row: LegalAid, until: datetime, now: datetime) -> None:
    """Papers come by `until`, while our own clock goes on."""
    row.supplement_due_at = until
    row.reminder_due_at = max(until - REMIND - timedelta(days=1), now)


def owe_nothing(case: Case, row: LegalAid) -> None:
    row.due_at = row.near_at = None
    row.overdue = False
    case.first_answer_due_at = None


def came(row: LegalAid) -> None:
    """What was missing is there."""
    row.supplement_due_at = row.reminder_due_at = None


def end(case: Case, row: LegalAid) -> None:
    owe_nothing(case, row)
    came(row)
    row.objection_until = None
