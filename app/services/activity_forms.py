"""What the form of an activity holds: words as they were typed, and what `activities` takes of them."""

import re
from typing import Any, Final

from pydantic import ValidationError

from app import rich_text
from app.clock import shanghai
from app.errors import DomainError
from app.rich_text import NotRichText
from app.services import (
    activity_conditions,
    check_in_places,
    form_words,
    map_places,
    quotas,
    sitting_forms,
    sittings,
)
from app.services.audiences import Audience
from app.services.form_words import NotWhole
from app.services.sign_up_questions import QuestionKind, questions_of
from models import Activity, Allocation, Branch

# fields → words; "blocks": [[type, words], …]; "questions": [{key, prompt, …}, …], "quotas" likewise
Filled = dict[str, Any]

FIELDS: Final = (
    *("title", "summary", "place", "organiser", "branch", "audience", "capacity", "guests", "allocation"),
    *("check_in_minutes", "check_in_point", "check_in_metres"),
    *("contact_name", "contact_phone"),
    *("map_point", "map_name", "map_address", "map_same"),
    *activity_conditions.FIELDS,
)
TIMES: Final = {
    "opens": "报名开始",
    "closes": "报名截止",
    "starts": "活动开始",
    "ends": "活动结束",
}
LONGEST: Final = {
    "title": ("标题", 60),
    "summary": ("简介", 120),
    "place": ("地点", 80),
    "organiser": ("组织", 60),
    "contact_name": ("联系人", 20),
    "contact_phone": ("联系电话", 20),
}
KINDS: Final = {"text": "填空", "choice": "选择", "phone": "电话"}
CHECK_IN, MOST_BEFORE = 120, 1440  # minutes before the start: as is usual, and at most
OPTIONS, OPTION = 20, 20  # of a question; characters of one
EVERYBODY, MEMBERS, KEEP, OF = "", "members", "keep", "branch:"  # of the field `audience`
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,23}")
_PHONE: Final = re.compile(r"[0-9][0-9 -]{4,18}")
_PARTS: Final = re.compile(r"[、，,；;\n]+")


def empty() -> Filled:
    filled: Filled = dict.fromkeys((*FIELDS, *TIMES), "")
    filled |= {"check_in_minutes": str(CHECK_IN), "check_in_metres": str(check_in_places.USUAL)}
    filled |= {"blocks": [["paragraph", ""]], "questions": [], "quotas": [], "quotas_released": "yes"}
    filled["sittings"] = []
    return filled | {"guests": "0", "approval": ""}


def of_activity(activity: Activity, branches: dict[int, Branch]) -> Filled:
    filled = empty() | {name: getattr(activity, name) for name in LONGEST}
    filled |= {name: f"{shanghai(getattr(activity, f'{name}_at')):%Y-%m-%dT%H:%M}" for name in TIMES}
    filled["sittings"] = sitting_forms.rows_of(activity)
    if filled["sittings"]:
        filled |= {"starts": "", "ends": ""}  # they follow
    filled["capacity"] = "" if activity.capacity is None else str(activity.capacity)
    filled["guests"], filled["approval"] = str(activity.guests), "yes" if activity.approval else ""
    filled["allocation"] = activity.allocation.value
    filled["quotas"] = quotas.rows_of(activity, branches)
    filled["quotas_released"] = "yes" if activity.quotas_released else ""
    filled |= activity_conditions.of_activity(activity)
    filled["check_in_minutes"] = str(activity.check_in_minutes)
    if (place := check_in_places.load(activity.check_in_place)) is not None:
        filled["check_in_point"], filled["check_in_metres"] = place.point, str(place.metres)
    if (on_map := map_places.load(activity.map_place)) is not None:
        filled["map_point"], filled["map_address"] = on_map.point, on_map.address
        filled["map_name"] = "" if on_map.name == activity.place else on_map.name
    branch = branches.get(activity.branch_id) if activity.branch_id is not None else None
    filled["branch"] = branch.public_id if branch else ""
    filled["audience"] = _audience_choice(activity.audience, branches)
    typed = rich_text.to_typed(rich_text.load(activity.blocks))
    filled["blocks"] = [list(each) for each in typed] or [["paragraph", ""]]
    filled["questions"] = [
        {
            "key": each.key,
            "prompt": each.prompt,
            "kind": each.kind.value,
            "options": "、".join(each.options),
            "required": "yes" if each.required else "",
        }
        for each in questions_of(activity)
    ]
    return filled


def values_of(filled: Filled, branches: dict[str, Branch], kept: object = None) -> dict[str, Any]:
    """What `activities.create` and `activities.change` take. `branches` by public id; `kept`: the audience
    that stays.

    Raises: NotWhole.
    """
    if not filled["title"]:
        raise NotWhole("请写标题。")
    for name, (label, most) in LONGEST.items():
        if len(filled[name]) > most:
            raise NotWhole(f"{label}最多 {most} 个字。")
    values: dict[str, Any] = {name: filled[name] for name in LONGEST}
    if values["contact_phone"] and not _PHONE.fullmatch(values["contact_phone"]):
        raise NotWhole("联系电话只写数字，可以用短横线分开，例如 0911-2345678。")
    values |= _times(filled)
    values["capacity"] = (
        form_words.number(filled["capacity"], "名额", 100_000) if filled["capacity"] else None
    )
    values["guests"] = form_words.number(filled["guests"] or "0", "可带同伴", 9)
    values["approval"] = bool(filled["approval"])
    values |= _allocation(filled, branches)
    values |= _check_in(filled) | _on_map(filled)
    values |= activity_conditions.values_of(filled)
    values["branch_id"] = _branch(filled["branch"], branches).id if filled["branch"] else None
    values["audience"] = _audience(filled["audience"], branches, kept)
    values["questions"] = _questions(filled["questions"])
    try:
        values["blocks"] = rich_text.dump(
            rich_text.from_typed((kind, text) for kind, text in filled["blocks"])
        )
    except NotRichText as refused:
        raise NotWhole(f"正文第 {refused.line} 块：{refused.message}。") from None
    return values


def _times(filled: Filled) -> dict[str, Any]:
    """Where there are sittings, start and end follow from them, whatever stands in their fields."""
    rows = sitting_forms.values_of(filled["sittings"])
    asked = {name: label for name, label in TIMES.items() if not rows or name not in ("starts", "ends")}
    given = {f"{name}_at": form_words.moment(filled[name], label) for name, label in asked.items()}
    return sittings.settled(given | {"sittings": rows})


def _allocation(filled: Filled, branches: dict[str, Branch]) -> dict[str, Any]:
    said = filled["allocation"]
    allocation = Allocation(said) if said in {each.value for each in Allocation} else Allocation.FIRST_COME
    by_branch = quotas.values_of(filled["quotas"], branches) if allocation is Allocation.QUOTA else []
    released = bool(filled["quotas_released"])
    return {"allocation": allocation, "quotas": by_branch, "quotas_released": released}


def _check_in(filled: Filled) -> dict[str, Any]:
    try:
        place = check_in_places.parse(filled["check_in_point"], filled["check_in_metres"])
    except DomainError as refused:
        raise NotWhole(refused.message) from None
    minutes = form_words.number(
        filled["check_in_minutes"] or str(CHECK_IN), "提前开始签到的分钟", MOST_BEFORE
    )
    return {"check_in_minutes": minutes, "check_in_place": place.dump() if place is not None else None}


def _on_map(filled: Filled) -> dict[str, Any]:
    """`map_same`: where one checks in."""
    point = filled["check_in_point"] if filled["map_same"] else filled["map_point"]
    if filled["map_same"] and not point:
        raise NotWhole("还没有写签到地点；请写上，或者直接写地图上的坐标。")
    try:
        place = map_places.parse(point, filled["map_name"], filled["map_address"], place=filled["place"])
    except DomainError as refused:
        raise NotWhole(refused.message) from None
    return {"map_place": place.dump() if place is not None else None}


def _branch(public_id: str, branches: dict[str, Branch]) -> Branch:
    if public_id not in branches:
        raise NotWhole("没有这个组织，或者不归您管，请重新选择。")
    return branches[public_id]


def _audience(choice: str, branches: dict[str, Branch], kept: object) -> object:
    if choice == KEEP:
        return kept
    if choice == MEMBERS:
        return Audience(member=True).model_dump(mode="json")
    if choice.startswith(OF):
        lineage = _branch(choice.removeprefix(OF), branches).lineage
        try:
            return Audience(branch=(lineage,)).model_dump(mode="json")
        except ValidationError:
            raise NotWhole("这个组织不能作为对象，请重新选择。") from None
    return None


def _audience_choice(audience: object, branches: dict[int, Branch]) -> str:
    """What the field shows; `KEEP` for what a file says and the form cannot."""
    if not audience:
        return EVERYBODY
    if audience == Audience(member=True).model_dump(mode="json"):
        return MEMBERS
    for branch in branches.values():
        if audience == Audience(branch=(branch.lineage,)).model_dump(mode="json"):
            return f"{OF}{branch.public_id}"
    return KEEP


def _questions(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Rows without words are none."""
    found: list[dict[str, Any]] = []
    used = {row["key"] for row in rows}
    for number, row in enumerate(rows, 1):
        if not row["prompt"]:
            continue
        key = row["key"]
        if not _KEY.fullmatch(key):
            key = next(name for place in range(1, 100) if (name := f"q{place}") not in used)
            used.add(key)
        options = [part.strip() for part in _PARTS.split(row["options"]) if part.strip()]
        if row["kind"] == QuestionKind.CHOICE and len(set(options)) < 2:
            raise NotWhole(f"第 {number} 个问题是选择题，请写至少两个选项，用顿号分开。")
        if any(len(option) > OPTION for option in options) or len(options) > OPTIONS:
            raise NotWhole(f"第 {number} 个问题的选项最多 {OPTIONS} 个，每个最多 {OPTION} 个字。")
        kind = row["kind"] if row["kind"] in KINDS else "text"
        found.append(
            {
                "key": key,
                "prompt": row["prompt"][:100],
                "kind": kind,
                "options": list(dict.fromkeys(options)) if kind == "choice" else [],
                "required": bool(row["required"]),
            }
        )
    return found
