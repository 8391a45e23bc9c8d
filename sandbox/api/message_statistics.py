"""Statistics of what people wrote, and of how the service answered (section 11.6)."""

import json
from collections import Counter
from datetime import date, timedelta

from sandbox.api.datacube import Figures, by_hour, table
from sandbox.clock import span_of
from sandbox.conversations import OUT
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

KINDS = {"text": 1, "image": 2, "voice": 3, "video": 4, "shortvideo": 4, "link": 6}  # msg_type
UP_TO = ((5, 1), (10, 2))  # messages of a person: so many are interval 1, or 2; more are 3
MANY = 3


def _written(world: World, first: date, last: date) -> list[Row]:
    """What people wrote to the account in these days: openid, type, at."""
    rows = world.db.all(
        "select openid, type, message.at from message join person using (openid) "
        "where direction = ? and message.at >= ? and message.at < ? order by message.id",
        OUT,
        span_of(first)[0],
        span_of(last)[1],
    )
    return [row for row in rows if row["type"] in KINDS]


def _by_kind(head: Figures, rows: list[Row]) -> list[Figures]:
    told = []
    for kind in sorted(set(KINDS.values())):
        these = [row["openid"] for row in rows if KINDS[row["type"]] == kind]
        if these:
            counted = {"msg_user": len(set(these)), "msg_count": len(these)}
            told.append({**head, "user_source": 0, "msg_type": kind, **counted})
    return told


def _by_number(head: Figures, rows: list[Row]) -> list[Figures]:
    """How many people wrote a few, some, or many messages."""
    written = Counter(row["openid"] for row in rows)
    people = Counter(next((code for most, code in UP_TO if n <= most), MANY) for n in written.values())
    return [
        {**head, "user_source": 0, "count_interval": code, "msg_user": people[code]}
        for code in sorted(people)
    ]


def _day(day: date) -> Figures:
    return {"ref_date": day.isoformat()}


def _week(day: date) -> date | None:
    """Its last day, if it begins on this one."""
    return day + timedelta(6) if day.weekday() == 0 else None


def _month(day: date) -> date | None:
    next_month = day.replace(day=28) + timedelta(4)
    return next_month.replace(day=1) - timedelta(1) if day.day == 1 else None


def _period(world: World, first: date, last: date | None) -> list[Row]:
    """
    Raises:
        ApiError: 61501 no period begins on that day, or it is not over.
    """
    if last is None or last >= world.clock.today():
        raise ApiError(61501, "date range error", "应写这一周或这一月的第一天，并且已经过完")
    return _written(world, first, last)


def _writers_of(world: World, first: date, last: date | None) -> list[Figures]:
    """These may be asked over several days; periods that begin there and are over are told."""
    over = last is not None and last < world.clock.today()
    return _by_number(_day(first), _written(world, first, last)) if last and over else []


@table("getupstreammsg", 7)
def written(world: World, day: date) -> list[Figures]:
    return _by_kind(_day(day), _written(world, day, day))


@table("getupstreammsghour", 1)
def written_by_hour(world: World, day: date) -> list[Figures]:
    hours = by_hour(day, _written(world, day, day))
    return [row for head, rows in hours for row in _by_kind(head, rows)]


@table("getupstreammsgweek", 1)
def written_in_a_week(world: World, day: date) -> list[Figures]:
    return _by_kind(_day(day), _period(world, day, _week(day)))


@table("getupstreammsgmonth", 1)
def written_in_a_month(world: World, day: date) -> list[Figures]:
    return _by_kind(_day(day), _period(world, day, _month(day)))


@table("getupstreammsgdist", 15)
def writers(world: World, day: date) -> list[Figures]:
    return _by_number(_day(day), _written(world, day, day))


@table("getupstreammsgdistweek", 15)
def writers_of_a_week(world: World, day: date) -> list[Figures]:
    return _writers_of(world, day, _week(day))


@table("getupstreammsgdistmonth", 15)
def writers_of_a_month(world: World, day: date) -> list[Figures]:
    return _writers_of(world, day, _month(day))


@table("getinterfacesummary", 30)
def answered(world: World, day: date) -> list[Figures]:
    rows = _pushed(world, day)
    return [{**_day(day), **_answers(rows)}] if rows else []


@table("getinterfacesummaryhour", 1)
def answered_by_hour(world: World, day: date) -> list[Figures]:
    return [{**head, **_answers(rows)} for head, rows in by_hour(day, _pushed(world, day))]


def _pushed(world: World, day: date) -> list[Row]:
    """The pushes of a day, as long as the log has them."""
    return world.db.all(
        "select at, detail from exchange where at >= ? and at < ? "
        "and openid not in (select openid from visitor) order by id",
        *span_of(day),
    )


def _answers(rows: list[Row]) -> Figures:
    """Every try is a call; milliseconds."""
    told = [json.loads(row["detail"]) for row in rows]
    tries = sum(one["tries"] for one in told)
    good = sum(one["result"] != "fault" for one in told)
    took = [round(one["ms"]) for one in told]
    return {
        "callback_count": tries,
        "fail_count": tries - good,
        "total_time_cost": sum(took),
        "max_time_cost": max(took),
    }
