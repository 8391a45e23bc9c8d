"""Sittings (场次) of an activity: when the same people come, once or several times.

An activity that says nothing of them has one, which is its own start and end. All else about time asks here,
so that there is one rule for both. Each has a key that stays when it is moved. Not here: who came to which
(`arrivals`), and dates for which one signs up separately (`activity_series`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.clock import shanghai, spoken
from app.errors import DomainError, NotFound
from models import LIVE, UNANNOUNCED, Activity, SignUpState
from models.sitting import KEY
from models.types import PUBLIC_ALPHABET, public_id

MOST: Final = 30  # of one activity
WITHIN: Final = timedelta(days=366)  # from the first start to the last end
TITLE, PLACE = 30, 80  # characters
STAYS_OPEN: Final = timedelta(hours=2)  # checking in, after the end
_SAID: Final = 5  # dates named one by one
Raw = dict[str, str]  # key, starts_at, ends_at (ISO, UTC), title, place: as the row of the activity has it


@dataclass(frozen=True, slots=True)
class Sitting:
    """One time. `key` is empty where the activity takes place once; `place` falls back on the activity's."""

    key: str
    number: int  # from 1, by time
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    opens_at: datetime  # of checking in

    @property
    def closes_at(self) -> datetime:
        """The last moment of checking in."""
        return self.ends_at + STAYS_OPEN

    @property
    def name(self) -> str:
        """第 2 次（决赛）; empty where there is one alone."""
        return f"第 {self.number} 次{f'（{self.title}）' if self.title else ''}" if self.key else ""


def of(activity: Activity) -> tuple[Sitting, ...]:
    """At least one, by time. The door of each opens no earlier than the one before has ended."""
    rows: Sequence[Raw] = activity.sittings or [
        raw(activity.starts_at, activity.ends_at),
    ]
    found: list[Sitting] = []
    for number, row in enumerate(rows, 1):
        starts_at, ends_at = _moment(row["starts_at"]), _moment(row["ends_at"])
        opens_at = starts_at - timedelta(minutes=activity.check_in_minutes)
        if found:
            opens_at = max(opens_at, found[-1].ends_at)
        place = row["place"] or activity.place
        found.append(Sitting(row["key"], number, starts_at, ends_at, row["title"], place, opens_at))
    return tuple(found)


def for_moment(activity: Activity, at: datetime) -> Sitting:
    """For which somebody at the door at that moment has come: the one whose door opened last and has not
    closed; else the next; after all of them the last.
    """
    found = of(activity)
    opened = sum(each.opens_at <= at for each in found)
    if opened and (at <= found[opened - 1].closes_at or opened == len(found)):
        return found[opened - 1]
    return found[opened]


def last(activity: Activity) -> Sitting:
    return of(activity)[-1]


def ahead(activity: Activity, now: datetime) -> Sitting | None:
    """The next that has not begun, where there are several."""
    return next((each for each in of(activity) if each.key and each.starts_at > now), None)


def find(activity: Activity, key: str) -> Sitting | None:
    return next((each for each in of(activity) if each.key == key), None)


def get(activity: Activity, key: str) -> Sitting:
    """Raises: NotFound."""
    if (found := find(activity, key)) is None:
        raise NotFound("没有这一次，请刷新页面再试。")
    return found


def hearers(activity: Activity) -> frozenset[SignUpState]:
    """Whose sign-up is told of changes: who has come once and will come again, too."""
    return LIVE if activity.sittings else LIVE - {SignUpState.CHECKED_IN}


def reminded(activity: Activity) -> frozenset[SignUpState]:
    """Whose sign-up is reminded."""
    return hearers(activity) & {SignUpState.CONFIRMED, SignUpState.CHECKED_IN}


def whens(activity: Activity) -> list[tuple[datetime, str]]:
    """What people were told: another one is told again."""
    return [(each.starts_at, each.place) for each in of(activity)]


# --- in words ----------------------------------------------------------------------------------------------


def when(activity: Activity, now: datetime, *, read_later: bool = False) -> str:
    """共 3 次：12月2日、9日、16日 19:00; of one sitting as `spoken`."""
    found = of(activity)
    if len(found) == 1:
        return spoken(found[0].starts_at, now, read_later=read_later)
    return f"{count(activity)}：{_dates([shanghai(each.starts_at) for each in found], shanghai(now).year)}"


def count(activity: Activity) -> str:
    """共 3 次; empty where there is one."""
    number = len(of(activity))
    return f"共 {number} 次" if number > 1 else ""


def _dates(moments: Sequence[datetime], year: int) -> str:
    clocks = [f"{each.hour}:{each.minute:02d}" for each in moments]
    days, month = [], 0
    for each in moments:
        is_new_year, is_new_month = each.year != year, each.month != month
        day = f"{each.month}月{each.day}日" if is_new_year or is_new_month else f"{each.day}日"
        days.append(f"{each.year}年{day}" if is_new_year else day)
        year, month = each.year, each.month
    if len(days) > _SAID:
        end = moments[-1]
        return f"{days[0]} {clocks[0]} 起，到{end.year}年{end.month}月{end.day}日为止"
    if len(set(clocks)) == 1:
        return f"{'、'.join(days)} {clocks[0]}"
    return "、".join(f"{day} {clock}" for day, clock in zip(days, clocks, strict=True))


# --- planning ----------------------------------------------------------------------------------------------


def raw(starts_at: datetime, ends_at: datetime, title: str = "", place: str = "", key: str = "") -> Raw:
    """One of a list that `settled` takes."""
    return {
        "key": key,
        "starts_at": starts_at.astimezone(UTC).isoformat(),
        "ends_at": ends_at.astimezone(UTC).isoformat(),
        "title": title,
        "place": place,
    }


def settled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an activity with its sittings by time, each with a key; start and end follow from them.

    Raises: DomainError: too many, too far apart, at the same time, an end before its start, words too long.
    """
    rows: list[Raw] = sorted(given.get("sittings") or [], key=lambda row: _moment(row["starts_at"]))
    if not rows:
        return dict(given)
    if len(rows) > MOST:
        raise DomainError(f"一个活动最多 {MOST} 次，现在写了 {len(rows)} 次，请分成两个活动。")
    _check(rows)
    used: set[str] = set()
    kept = []
    for row in rows:
        key = row["key"]
        if not (0 < len(key) <= KEY) or set(key) - set(PUBLIC_ALPHABET) or key in used:
            key = public_id()[:KEY]
        used.add(key)
        kept.append({**row, "key": key})
    times = {"starts_at": _moment(kept[0]["starts_at"]), "ends_at": _moment(kept[-1]["ends_at"])}
    return {**given, "sittings": kept, **times}


def shifted(rows: Sequence[Raw], by: timedelta) -> list[Raw]:
    """The same so much later; the clock in China is the same where it is whole days."""
    times = ("starts_at", "ends_at")
    return [{**row, **{name: (_moment(row[name]) + by).isoformat() for name in times}} for row in rows]


def check_begun(activity: Activity, given: Mapping[str, Any], now: datetime) -> None:
    """Raises: DomainError: of an announced activity, what has begun would begin at another time, or what is
    new would have begun already.
    """
    if activity.state in UNANNOUNCED:
        return
    before = _starts(activity.sittings, activity.starts_at)
    after = _starts(given.get("sittings", activity.sittings), given["starts_at"])
    for key, (name, starts_at) in before.items():
        if starts_at <= now and (key not in after or after[key][1] != starts_at):
            stays = "，也不能去掉" if key else ""
            raise DomainError(f"「{activity.title}」{name}已经开始，开始时间不能再改{stays}。")
    for key, (name, starts_at) in after.items():
        if starts_at <= now and (key not in before or before[key][1] != starts_at):
            which = f"{name}：" if key else ""
            raise DomainError(f"{which}新的开始时间已经过了，请改成以后的时间。")


def _starts(rows: Sequence[Raw], starts_at: datetime) -> dict[str, tuple[str, datetime]]:
    """Key → how it is called, when it starts."""
    if not rows:
        return {"": ("", starts_at)}
    return {row["key"]: (f"第 {place} 次", _moment(row["starts_at"])) for place, row in enumerate(rows, 1)}


def _check(rows: Sequence[Raw]) -> None:
    ended = None
    for number, row in enumerate(rows, 1):
        starts_at, ends_at = _moment(row["starts_at"]), _moment(row["ends_at"])
        if starts_at >= ends_at:
            raise DomainError(f"第 {number} 次：结束的时间要在开始以后。")
        if ended is not None and starts_at < ended:
            raise DomainError(f"第 {number - 1} 次还没有结束，第 {number} 次就开始了，请把时间错开。")
        if len(row["title"]) > TITLE or len(row["place"]) > PLACE:
            raise DomainError(f"第 {number} 次：名称最多 {TITLE} 个字，地点最多 {PLACE} 个字。")
        ended = ends_at
    if ended is not None and ended - _moment(rows[0]["starts_at"]) > WITHIN:
        raise DomainError("从第一次到最后一次要在一年以内，请把日期往前写，或者分成两个活动。")


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said)
