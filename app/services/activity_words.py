"""What an activity says, in words by their names: for who reviews it, and to see what differs from before."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import shanghai
from app.services import activity_conditions, branches, check_in_places, map_places, quotas, sittings
from app.services.audiences import Audience
from app.services.sign_up_questions import Question, questions_of
from app.services.sittings import Sitting
from models import Activity

TIMES: Final = ("时间", "分几次", "报名")  # what differs between the dates of a series anyway


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; of several lines only those that differ."""

    name: str
    before: str
    after: str


async def facts(session: AsyncSession, activity: Activity) -> dict[str, str]:
    """Name → words, in the order of the form; what is not given is empty."""
    ways = {each.id: each.way for each in await branches.list_all(session)}
    capacity = "不限" if activity.capacity is None else str(activity.capacity)
    guests = f"，每人可带 {activity.guests} 位" if activity.guests else ""
    place = check_in_places.load(activity.check_in_place)
    on_map = map_places.load(activity.map_place)
    there = f"，{place.point} {place.metres} 米以内" if place is not None else ""
    return {
        "标题": activity.title,
        "简介": activity.summary,
        "时间": f"{_minute(activity.starts_at)} 到 {_minute(activity.ends_at)}",
        "分几次": "\n".join(_sitting(activity, each) for each in sittings.of(activity) if each.key),
        "报名": f"{_minute(activity.opens_at)} 到 {_minute(activity.closes_at)}",
        "地点": activity.place,
        "地图": f"{on_map.words}（{on_map.point}）" if on_map else "",
        "组织": activity.organiser,
        "联系": activity.contact,
        "名额": f"{capacity}{guests}，{activity.allocation.label}",
        "各组织的名额": await quotas.facts(session, activity),
        "报名要审核": "是" if activity.approval else "否",
        "归属": ways.get(activity.branch_id or 0, "整个工会"),
        "对象": str(Audience.model_validate(activity.audience)) if activity.audience else "所有人",
        **activity_conditions.facts(activity),
        "签到": f"提前 {activity.check_in_minutes} 分钟{there}",
        "封面": activity.cover_alt,
        "介绍": rich_text.to_text(rich_text.load(activity.blocks)),
        "报名时要问的": "\n".join(_question(each) for each in questions_of(activity)),
    }


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """What differs. A thing that one of them does not know yet is compared with nothing."""
    found = []
    for name in {**after, **before}:
        was, now = before.get(name, ""), after.get(name, "")
        if was != now:
            found.append(Difference(name, *_lines(was, now)))
    return found


def _lines(was: str, now: str) -> tuple[str, str]:
    old, new = was.split("\n"), now.split("\n")
    if len(old) == 1 and len(new) == 1:
        return was, now
    gone, came = [], []
    for how, start, end, to_start, to_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if how != "equal":
            gone += old[start:end]
            came += new[to_start:to_end]
    return "\n".join(gone), "\n".join(came)


def _sitting(activity: Activity, each: Sitting) -> str:
    place = f"，{each.place}" if each.place != activity.place else ""
    return f"{each.name}：{_minute(each.starts_at)} 到 {_minute(each.ends_at)}{place}"


def _question(question: Question) -> str:
    options = f"（{'、'.join(question.options)}）" if question.options else ""
    return f"{question.prompt}{options}{'' if question.required else '，可不填'}"


def _minute(moment: datetime) -> str:
    return f"{shanghai(moment):%Y-%m-%d %H:%M}"
