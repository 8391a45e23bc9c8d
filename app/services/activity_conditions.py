"""What an organiser asks of those who sign up, in his form and his file: how old, how often, what to accept;
and what coming earns.

Not here: whether somebody meets it (`eligibility`).
"""

import unicodedata
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, StringConstraints

from app.clock import shanghai
from app.errors import DomainError
from app.services import eligibility, safety_notices
from app.services.form_words import NotWhole, moment, number
from app.services.points import MOST
from models import Activity, Again, Allocation

_COLUMNS: Final = (
    *("youngest", "oldest", "kind_of", "apart_months", "again"),
    *("safety_notice", "names_guests", "colleagues", "team_least", "team_most", "points"),
)
FIELDS: Final = (*_COLUMNS, "changes_until", "tell_of_notice")
OLDEST, LONGEST_APART, KIND = 120, 60, 20  # years; months; characters
LARGEST: Final = 50  # people of a team
NOTICE: Final = 500  # characters: one message of a chat holds them


class Conditions(BaseModel):
    """These lines of an activity in a file."""

    youngest: int | None = Field(None, ge=0, le=OLDEST)
    oldest: int | None = Field(None, ge=0, le=OLDEST)
    kind_of: str = Field("", max_length=KIND)
    apart_months: int = Field(0, ge=0, le=LONGEST_APART)
    again: Again = Again.REFUSED
    safety_notice: Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTICE)] = ""
    names_guests: bool = False
    colleagues: bool = False
    team_least: int | None = Field(None, ge=2, le=LARGEST)
    team_most: int | None = Field(None, ge=2, le=LARGEST)
    points: int = Field(0, ge=0, le=MOST)

    def condition_values(self) -> dict[str, Any]:
        return _plain({name: getattr(self, name) for name in _COLUMNS})


def check(activity: Activity) -> None:
    """Raises: DomainError: what contradicts itself."""
    youngest, oldest = activity.youngest, activity.oldest
    if youngest is not None and oldest is not None and youngest > oldest:
        raise DomainError(f"年龄先后不对：最小 {youngest} 周岁，最大 {oldest} 周岁。")
    if activity.apart_months and not activity.kind_of:
        raise DomainError("写了几个月内不重复，请再写是哪一类活动，例如 疗休养。")
    if activity.kind_of and not activity.apart_months:
        raise DomainError(f"写了同类活动「{activity.kind_of}」，请再写几个月内不重复。")
    if activity.changes_until is not None and activity.changes_until > activity.starts_at:
        raise DomainError("改报名的期限不能晚于活动开始。")
    if activity.names_guests and not activity.guests:
        raise DomainError("要登记同伴的姓名和年龄，请先写每人可带几位同伴。")
    if activity.colleagues and activity.safety_notice:
        raise DomainError("安全须知要本人看过、同意，不能替同事报名：两样只能选一样。")
    _check_teams(activity)


def _check_teams(activity: Activity) -> None:
    least, most = activity.team_least, activity.team_most
    if (least is None) is not (most is None):
        raise DomainError("组队报名，请写每队最少和最多几人。")
    if least is None or most is None:
        return
    if not 2 <= least <= most:
        raise DomainError(f"每队人数先后不对：最少 {least} 人，最多 {most} 人；至少 2 人。")
    if activity.capacity is not None and activity.capacity < least:
        raise DomainError(f"名额 {activity.capacity} 个，一队最少 {least} 人也放不下。")
    others = {
        "每人可带同伴": activity.guests,
        "报名要审核": activity.approval,
        "替同事报名": activity.colleagues,
        "抽签或按组织分": activity.allocation in (Allocation.LOT, Allocation.QUOTA),
    }
    if also := [name for name, is_set in others.items() if is_set]:
        raise DomainError(f"组队报名是先到先得，不能和{'、'.join(also)}一起用。")


def of_activity(activity: Activity) -> dict[str, str]:
    """Words of the form."""
    until = activity.changes_until
    return {
        "youngest": "" if activity.youngest is None else str(activity.youngest),
        "oldest": "" if activity.oldest is None else str(activity.oldest),
        "kind_of": activity.kind_of,
        "apart_months": str(activity.apart_months or ""),
        "again": activity.again.value,
        "safety_notice": activity.safety_notice,
        "names_guests": "yes" if activity.names_guests else "",
        "colleagues": "yes" if activity.colleagues else "",
        "team_least": str(activity.team_least or ""),
        "team_most": str(activity.team_most or ""),
        "points": str(activity.points or ""),
        "changes_until": f"{shanghai(until):%Y-%m-%dT%H:%M}" if until is not None else "",
        "tell_of_notice": "",
    }


def facts(activity: Activity) -> dict[str, str]:
    """Name → words, for who reviews it; what is not asked for is empty."""
    until = activity.changes_until
    said = dict(eligibility.conditions(activity))
    return {
        "年龄": said.get("年龄", ""),
        "同类活动": said.get("同类活动", ""),
        "安全须知": activity.safety_notice,
        "登记同伴的姓名和年龄": "是" if activity.names_guests else "",
        "可以替同事报名": "是" if activity.colleagues else "",
        "组队": said.get("组队", ""),
        "积分": said.get("积分", ""),
        "报名以后可以改到": f"{shanghai(until):%Y-%m-%d %H:%M}" if until is not None else "",
    }


def values_of(filled: dict[str, Any]) -> dict[str, Any]:
    """Raises: NotWhole."""
    if len(filled["kind_of"]) > KIND:
        raise NotWhole(f"同类活动最多 {KIND} 个字。")
    if len(filled["safety_notice"]) > NOTICE:
        raise NotWhole(f"安全须知最多 {NOTICE} 个字，现在是 {len(filled['safety_notice'])} 个字。")
    ages = {"youngest": "最小年龄", "oldest": "最大年龄"}
    values: dict[str, Any] = {
        name: number(filled[name], label, OLDEST) if filled[name] else None for name, label in ages.items()
    }
    for name, label in {"team_least": "每队最少几人", "team_most": "每队最多几人"}.items():
        values[name] = number(filled[name], label, LARGEST) if filled[name] else None
    values["kind_of"] = filled["kind_of"]
    values["apart_months"] = number(filled["apart_months"] or "0", "几个月内不重复", LONGEST_APART)
    values["again"] = Again.BEHIND if filled["again"] == Again.BEHIND else Again.REFUSED
    values["safety_notice"], values["names_guests"] = filled["safety_notice"], bool(filled["names_guests"])
    values["colleagues"] = bool(filled["colleagues"])
    values["points"] = number(filled["points"] or "0", "积分", MOST)
    until = filled["changes_until"]
    values["changes_until"] = moment(until, "改报名的期限") if until else None
    return _plain(values)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """One kind is one word, however it was typed."""
    kind = "".join(unicodedata.normalize("NFKC", values["kind_of"]).split())
    return values | {"kind_of": kind, "safety_notice": safety_notices.plain(values["safety_notice"])}
