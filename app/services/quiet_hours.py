"""When people are left in peace: from 21:00 to 8:00 in China nothing is sent that can wait."""

from datetime import datetime, timedelta

from app.clock import shanghai

FROM, UNTIL = 21, 8  # o'clock


def is_quiet(now: datetime) -> bool:
    hour = shanghai(now).hour
    return hour >= FROM or hour < UNTIL


def after_quiet(now: datetime) -> datetime:
    """`now`, or the next morning if it is quiet."""
    if not is_quiet(now):
        return now
    local = shanghai(now)
    day = local if local.hour < UNTIL else local + timedelta(days=1)
    return day.replace(hour=UNTIL, minute=0, second=0, microsecond=0)
