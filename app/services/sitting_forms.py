"""Sittings of an activity in its form: rows as typed, moved about, and what `sittings` takes of them.

A row of which nothing is typed is none. Rows may stand in any order: saved they are sorted by time.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from app.clock import shanghai
from app.services import form_words, sittings
from app.services.form_words import NotWhole
from app.services.sittings import MOST, Raw
from models import Activity

Row = dict[str, str]  # a value for each of FIELDS
FIELDS: Final = ("key", "starts", "ends", "title", "place")
TYPED: Final = FIELDS[1:]
APART: Final = timedelta(days=7)  # of a new row from the last one, where there is no other
ADD: Final = "sitting-add"
_WORDS: Final = {"starts": "开始", "ends": "结束"}


def rows_of(activity: Activity) -> list[Row]:
    return [
        {
            "key": row["key"],
            "starts": _typed(each.starts_at),
            "ends": _typed(each.ends_at),
            "title": row["title"],
            "place": row["place"],
        }
        for row, each in zip(activity.sittings, sittings.of(activity), strict=False)
    ]


def without_times(rows: Sequence[Row]) -> list[Row]:
    return [{**row, "starts": "", "ends": ""} for row in rows]


def values_of(rows: Sequence[Row]) -> list[Raw]:
    """Raises: NotWhole: a row without its times."""
    found = []
    for number, row in enumerate((each for each in rows if is_filled(each)), 1):
        times = [form_words.moment(row[name], f"第 {number} 次{label}") for name, label in _WORDS.items()]
        found.append(sittings.raw(times[0], times[1], row["title"], row["place"], row["key"]))
    return found


def is_filled(row: Row) -> bool:
    return any(row[name] for name in TYPED)


def followed(rows: Sequence[Row], like: Activity) -> list[Row]:
    """Rows of a copy: those whose times are not typed are as long after the first as they were there.

    Raises: NotWhole: not even the first has its start.
    """
    there = {each.key: each for each in sittings.of(like) if each.key}
    kept = [dict(row) for row in rows]
    copied = [row for row in kept if row["key"] in there and not (row["starts"] and row["ends"])]
    if not copied:
        return kept
    typed = next((row for row in kept if row["key"] in there and row["starts"]), None)
    if typed is None:
        raise NotWhole("请写第 1 次的开始时间，后面的按原来的间隔排。")
    by = form_words.moment(typed["starts"], "第 1 次开始") - there[typed["key"]].starts_at
    for row in copied:
        # The clock may be another this time; the days between are what stays.
        each = there[row["key"]]
        row["starts"] = row["starts"] or _typed(each.starts_at + by)
        lasts = each.ends_at - each.starts_at
        row["ends"] = row["ends"] or _typed(form_words.moment(row["starts"], "开始") + lasts)
    return kept


def rearranged(rows: Sequence[Row], do: str) -> list[Row]:
    """After a button was pressed: `sitting-add`, `sitting-remove-3`; `sitting-up-3` and `sitting-down-3` have
    two rows change what they are about, and leave the times.
    """
    kept = [dict(row) for row in rows]
    if do == ADD:
        kept = [row for row in kept if is_filled(row) or row["key"]]
        return [*kept, _next(kept)] if len(kept) < MOST else kept
    what, _, said = do.removeprefix("sitting-").partition("-")
    place = int(said) if said.isascii() and said.isdecimal() and len(said) < 3 else len(kept)
    if place >= len(kept):
        return kept
    if what == "remove":
        return kept[:place] + kept[place + 1 :]
    other = place + {"up": -1, "down": 1}.get(what, 0)
    if 0 <= other < len(kept):
        for name in ("title", "place"):
            kept[place][name], kept[other][name] = kept[other][name], kept[place][name]
    return kept


def shown(rows: Sequence[Row]) -> list[Row]:
    """As the form shows them: with an empty one at the end."""
    kept = [row for row in rows if is_filled(row) or row["key"]]
    return [*kept, _blank()][:MOST]


def _next(rows: Sequence[Row]) -> Row:
    """As long after the last one as that is after the one before it."""
    try:
        begins = [form_words.moment(row["starts"], "") for row in rows[-2:]]
        ends = form_words.moment(rows[-1]["ends"], "") if rows else None
    except NotWhole:
        return _blank()
    if ends is None:
        return _blank()
    apart = begins[1] - begins[0] if len(begins) > 1 else APART
    if apart <= timedelta():
        apart = APART
    times = {"starts": _typed(begins[-1] + apart), "ends": _typed(ends + apart)}
    return {**_blank(), **times, "place": rows[-1]["place"]}


def _blank() -> Row:
    return dict.fromkeys(FIELDS, "")


def _typed(moment: Any) -> str:
    """As a field for a date and time has it."""
    return f"{shanghai(moment):%Y-%m-%dT%H:%M}"
