"""What an organiser asks of those who sign up: how old, how often; in his form, in a file, and checked.

Not here: whether somebody meets it (`eligibility`).
"""

import unicodedata
from typing import Any, Final

from pydantic import BaseModel, Field

from app.errors import DomainError
from app.services.form_words import NotWhole, number
from models import Activity, Again

FIELDS: Final = ("youngest", "oldest", "kind_of", "apart_months", "again")
OLDEST, LONGEST_APART, KIND = 120, 60, 20  # years; months; characters


class Conditions(BaseModel):
    """These lines of an activity in a file."""

    youngest: int | None = Field(None, ge=0, le=OLDEST)
    oldest: int | None = Field(None, ge=0, le=OLDEST)
    kind_of: str = Field("", max_length=KIND)
    apart_months: int = Field(0, ge=0, le=LONGEST_APART)
    again: Again = Again.REFUSED

    def condition_values(self) -> dict[str, Any]:
        return _plain({name: getattr(self, name) for name in FIELDS})


def check(activity: Activity) -> None:
    """Raises: DomainError: what contradicts itself."""
    youngest, oldest = activity.youngest, activity.oldest
    if youngest is not None and oldest is not None and youngest > oldest:
        raise DomainError(f"年龄先后不对：最小 {youngest} 周岁，最大 {oldest} 周岁。")
    if activity.apart_months and not activity.kind_of:
        raise DomainError("写了几个月内不重复，请再写是哪一类活动，例如 疗休养。")
    if activity.kind_of and not activity.apart_months:
        raise DomainError(f"写了同类活动「{activity.kind_of}」，请再写几个月内不重复。")


def of_activity(activity: Activity) -> dict[str, str]:
    """Words of the form."""
    return {
        "youngest": "" if activity.youngest is None else str(activity.youngest),
        "oldest": "" if activity.oldest is None else str(activity.oldest),
        "kind_of": activity.kind_of,
        "apart_months": str(activity.apart_months or ""),
        "again": activity.again.value,
    }


def values_of(filled: dict[str, Any]) -> dict[str, Any]:
    """Raises: NotWhole."""
    if len(filled["kind_of"]) > KIND:
        raise NotWhole(f"同类活动最多 {KIND} 个字。")
    ages = {"youngest": "最小年龄", "oldest": "最大年龄"}
    values: dict[str, Any] = {
        name: number(filled[name], label, OLDEST) if filled[name] else None for name, label in ages.items()
    }
    values["kind_of"] = filled["kind_of"]
    values["apart_months"] = number(filled["apart_months"] or "0", "几个月内不重复", LONGEST_APART)
    values["again"] = Again.BEHIND if filled["again"] == Again.BEHIND else Again.REFUSED
    return _plain(values)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """One kind is one word, however it was typed."""
    kind = "".join(unicodedata.normalize("NFKC", values["kind_of"]).split())
    return values | {"kind_of": kind}
