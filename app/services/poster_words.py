"""What a poster says, the same on the picture and on the page that is printed."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from app.clock import WEEKDAYS, shanghai
from app.services import sittings
from models import Activity, Poster

ACT: Final = "微信扫一扫，马上报名"  # where the code answers in the chat
LOOK: Final = "扫一扫，看活动"  # where it opens a page


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    summary: str
    facts: Sequence[tuple[str, str]]  # name and value: 时间, 地点, …
    account: str
    act: str
    place: str  # where it hangs
    cover: str = ""  # the stored file behind the title
    code: str = ""

    @property
    def digest(self) -> str:
        """Another picture is wanted where this differs."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()


def words_of(activity: Activity, poster: Poster, account: str) -> Words:
    facts = [
        ("时间", _when(activity)),
        ("地点", activity.place),
        ("名额", seats(activity)),
        ("组织", activity.organiser),
        ("报名截止", moment(activity.closes_at)),
    ]
    return Words(
        title=activity.title,
        summary=activity.summary,
        facts=[each for each in facts if each[1]],
        account=account,
        act=ACT if poster.counts else LOOK,
        place=poster.place,
        cover=activity.cover,
        code=poster.code,
    )


def _when(activity: Activity) -> str:
    """The first time, and how many there are."""
    first, count = sittings.of(activity)[0], sittings.count(activity)
    return f"{span(first.starts_at, first.ends_at)}{f'，{count}' if count else ''}"


def moment(when: datetime) -> str:
    """12月5日（周六）14:00; a poster is read on any day, so never 明天."""
    local = shanghai(when)
    return f"{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}"


def span(start: datetime, end: datetime) -> str:
    """To the minute; the second date only where it is another."""
    same_day = shanghai(start).date() == shanghai(end).date()
    return f"{moment(start)}—{f'{shanghai(end):%H:%M}' if same_day else moment(end)}"


def seats(activity: Activity) -> str:
    count = "不限" if activity.capacity is None else f"{activity.capacity} 个"
    return f"{count}，每人可带 {activity.guests} 位同伴" if activity.guests else count
