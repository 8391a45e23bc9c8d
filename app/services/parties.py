"""Whom somebody brings along: names and ages, where the organiser asks; for a child, its guardian's consent.

Who signs up himself is no child: a member is 16 at least (`roster_rows`), and of others no age is known.

Data of children under 14 are sensitive, and need the consent of a guardian (PIPL 28, 31). One guardian speaks
for all children of a party; of two families each signs up for itself. The words he agreed to are kept, sealed
with names and ages, and go with the answers (`sign_up_forgetting`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.errors import DomainError
from models import Activity

CHILD: Final = 14  # years; who is younger needs a guardian
NAME: Final = 20  # characters
OLDEST: Final = 120
KEPT_DAYS: Final = 180  # after the end of the activity


class BadParty(DomainError):
    status = 422


@dataclass(frozen=True, slots=True)
class Guest:
    name: str
    age: int  # full years on the day of the activity

    @property
    def is_child(self) -> bool:
        return self.age < CHILD

    def __str__(self) -> str:
        return f"{self.name}（{self.age} 岁）"


@dataclass(frozen=True, slots=True)
class Party:
    """What was said of them. `guardian`: the name of who agreed in `consent`; empty where no child comes."""

    guests: tuple[Guest, ...] = ()
    guardian: str = ""
    agreed: bool = False

    @property
    def children(self) -> list[Guest]:
        return [each for each in self.guests if each.is_child]


NOBODY: Final = Party()


def consent(activity: Activity, guardian: str, children: Sequence[Guest] | str) -> str:
    """What a guardian agrees to, in words."""
    named = children if isinstance(children, str) else "、".join(map(str, children))
    return (
        f"我是{named}的监护人{guardian}，同意孩子参加「{activity.title}」，"
        "同意工会为办好这次活动记下孩子的姓名和年龄：只给办活动的人看，"
        f"活动结束 {KEPT_DAYS} 天后删除。"
    )


def stored(activity: Activity, seats: int, party: Party, now: datetime) -> dict[str, Any] | None:
    """As `SignUp.party` keeps it; None where nothing is asked, or nobody comes along.

    Raises: BadParty.
    """
    if not activity.names_guests or seats <= 1:
        if party.guests:
            raise BadParty(f"「{activity.title}」没有问同伴是谁，不用填。")
        return None
    guests = [Guest(_name(each.name, "同伴"), each.age) for each in party.guests]
    if len(guests) != seats - 1:
        raise BadParty(f"带 {seats - 1} 位同伴，请写明 {seats - 1} 位的姓名和年龄。", question="guests")
    for each in guests:
        if not 0 <= each.age <= OLDEST:
            raise BadParty(f"{each.name}的年龄应是 0 到 {OLDEST}。", question="guests")
    kept: dict[str, Any] = {"guests": [{"name": each.name, "age": each.age} for each in guests]}
    children = [each for each in guests if each.is_child]
    if not children:
        return kept
    if not (party.guardian.strip() and party.agreed):
        named = "、".join(map(str, children))
        raise BadParty(f"{named}不满 {CHILD} 周岁，要有监护人的姓名和同意。", question="guardian")
    guardian = _name(party.guardian, "监护人")
    kept["guardian"] = {
        "name": guardian,
        "words": consent(activity, guardian, children),
        "at": now.isoformat(),
    }
    return kept


def lines(kept: object) -> list[tuple[str, str]]:
    """What is kept, for who may read it: a heading and words each."""
    found: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    guests = "、".join(str(Guest(each["name"], each["age"])) for each in found.get("guests", ()))
    guardian = found.get("guardian")
    said = f"{guardian['words']}（{guardian['name']}）" if guardian else ""
    return [("同伴", guests), ("监护人同意", said)]


def guests_of(kept: object) -> list[Guest]:
    found: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    return [Guest(each["name"], each["age"]) for each in found.get("guests", ())]


def is_kept(party: Party, kept: object) -> bool:
    """Whether these people, and who speaks for them, are those that are kept."""
    found: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    guardian = found.get("guardian", {}).get("name", "")
    same = list(party.guests) == guests_of(kept) and party.guardian.strip() == guardian
    return bool(party.guests) and same


def _name(said: str, whose: str) -> str:
    name = " ".join("".join(letter for letter in said if letter.isprintable()).split())
    if not name or len(name) > NAME:
        raise BadParty(f"请写{whose}的姓名，最多 {NAME} 个字。", question="guests")
    return name
