"""What all calls of statistics have in common: which days may be asked for, and when those are counted."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sandbox import rights
from sandbox.api.registry import Answer, Call, endpoint
from sandbox.clock import SHANGHAI
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

READY_HOUR = 8  # of the next day
PER_HOUR = 100  # ref_hour is 900 from nine to ten
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
Figures = dict[str, Any]
Count = Callable[[World, date], list[Figures]]


def table(name: str, most_days: int, *, fresh: bool = False) -> Callable[[Count], Count]:
    """Register a table that is counted day by day; `fresh`: it is of those that tell `is_delay`."""

    def register(count: Count) -> Count:
        @endpoint(f"/datacube/{name}")
        async def answer(call: Call) -> Answer:
            rights.require(call.world, rights.STATISTICS)
            first, last = _asked(call, most_days)
            rows = [row for day in days(first, last) for row in count(call.world, day)]
            return {"list": rows, **({"is_delay": False} if fresh else {})}

        return count

    return register


def days(first: date, last: date) -> list[date]:
    """From one to the other, both included."""
    return [first + timedelta(number) for number in range((last - first).days + 1)]


def by_hour(day: date, rows: list[Row]) -> list[tuple[Figures, list[Row]]]:
    """The rows of a day by the hour of their `at`, each with the head of its line."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(datetime.fromtimestamp(row["at"], SHANGHAI).hour, []).append(row)
    return [
        ({"ref_date": day.isoformat(), "ref_hour": hour * PER_HOUR}, within)
        for hour, within in sorted(found.items())
    ]


def _asked(call: Call, most_days: int) -> tuple[date, date]:
    """
    Raises:
        ApiError: 61500 no date, 61501 too many days or not over yet, 61503 not counted yet.
    """
    body = call.json()
    first, last = _date(body, "begin_date"), _date(body, "end_date")
    if not 0 <= (last - first).days < most_days:
        raise ApiError(61501, "date range error", f"最多 {most_days} 天，先写开始")
    today = call.world.clock.today()
    if last >= today:
        raise ApiError(61501, "date range error", "end_date 最晚是昨天")
    hour = datetime.fromtimestamp(call.world.now(), SHANGHAI).hour
    if last == today - timedelta(1) and hour < READY_HOUR:
        raise ApiError(61503, "data not ready", f"昨天的数据 {READY_HOUR} 点以后才有")
    return first, last


def _date(body: dict[str, Any], name: str) -> date:
    value = body.get(name)
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # a 31st of November
    raise ApiError(61500, "date format error", f"{name} 应写成 2026-11-01 这样")
