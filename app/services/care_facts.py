"""What is told before a counsellor or a doctor reads the story, and the form in which it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from app.clock import spoken
from app.services.care_topics import TOPICS, Topic
from models import Care, CaseKind

URGENT: Final = "里面有危险的话：请马上看，先确认本人安全；有现实危险时打 110 或 120。"


class Wanted(StrEnum):
    """How somebody wants to be answered."""

    WORDS = "words"
    CALL = "call"

    @property
    def label(self) -> str:
        return {"words": "打字回复就行", "call": "想通电话"}[self.value]


class Doctor(StrEnum):
    """Whether a doctor knows of it already."""

    YES = "yes"
    NO = "no"

    @property
    def label(self) -> str:
        return {"yes": "有，正在看", "no": "没有"}[self.value]


@dataclass(frozen=True, slots=True)
class Intake:
    """All answers. `parts` is the story; `called` is any name somebody wants to go by, or nothing."""

    topic: Topic
    parts: Sequence[dict[str, Any]]
    called: str = ""
    wanted: Wanted = Wanted.WORDS
    contact: str = ""  # a telephone number, where a call is wanted
    since: str = ""  # health: for how long, in the person's words
    doctor: Doctor | None = None  # health

    @property
    def kind(self) -> CaseKind:
        return next(kind for kind, topics in TOPICS.items() if isinstance(self.topic, topics))


def to_details(intake: Intake) -> dict[str, Any]:
    """The answers that are kept sealed, as codes and words."""
    return {
        "called": intake.called,
        "wanted": intake.wanted.value,
        "since": intake.since,
        "doctor": intake.doctor.value if intake.doctor else "",
    }


def read(care: Care) -> list[tuple[str, str]]:
    """What was answered and is still kept, as name and value, for those who work on it."""
    kept: Any = care.details or {}
    rows = [
        ("怎么称呼", kept.get("called", "")),
        ("希望", Wanted(kept["wanted"]).label if kept.get("wanted") else ""),
        ("从什么时候起", kept.get("since", "")),
        ("在看的医生", Doctor(kept["doctor"]).label if kept.get("doctor") else ""),
        ("转介到", kept.get("referred_to", "")),
    ]
    return [(name, value) for name, value in rows if value]


def called(care: Care) -> str:
    """The name somebody goes by here; empty where he gave none, or it was forgotten."""
    kept: Any = care.details or {}
    return str(kept.get("called", ""))


def agreed(care: Care, now: datetime) -> list[tuple[str, str]]:
    """What the member agreed to and when, as name and value."""
    told = f"{spoken(care.consent_at, now).removesuffix('0:00').rstrip()} 同意（{care.consent_version} 版）"
    handed_on = care.referral_consent_at
    more = [("转介", f"{spoken(handed_on, now)}记下本人的单独同意")] if handed_on is not None else []
    return [("告知", told), *more]


def warnings(care: Care) -> list[str]:
    """What whoever works on it must know first."""
    return [URGENT] if care.urgent else []
