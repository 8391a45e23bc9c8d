"""What a member is asked before a lawyer looks, and the form in which it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from app.clock import spoken
from app.services.legal_topics import LegalTopic
from app.services.statutory_deadlines import Dates, Deadline, deadlines
from models import Consultation


class Opponent(StrEnum):
    OWN_COMPANY = "own_company"
    AGENCY = "agency"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "own_company": "就是我们供电公司",
            "agency": "劳务派遣或外包公司",
            "other": "别的单位或个人",
        }[self.value]


class Tried(StrEnum):
    """How far it has come; the furthest step counts."""

    NOTHING = "nothing"
    TALKED = "talked"
    MEDIATION = "mediation"
    INSPECTION = "inspection"
    ARBITRATION = "arbitration"
    COURT = "court"

    @property
    def label(self) -> str:
        return _TRIED[self]


_TRIED = {
    Tried.NOTHING: "还没有做过什么",
    Tried.TALKED: "和单位谈过",
    Tried.MEDIATION: "找过工会或调解组织",
    Tried.INSPECTION: "向劳动监察投诉过",
    Tried.ARBITRATION: "申请过劳动仲裁",
    Tried.COURT: "已经到法院",
}


class Paper(StrEnum):
    CONTRACT = "contract"
    WAGES = "wages"
    ATTENDANCE = "attendance"
    MEDICAL = "medical"
    NOTICE = "notice"
    TALKS = "talks"

    @property
    def label(self) -> str:
        return _PAPERS[self]


_PAPERS = {
    Paper.CONTRACT: "劳动合同",
    Paper.WAGES: "工资条或银行流水",
    Paper.ATTENDANCE: "考勤或加班记录",
    Paper.MEDICAL: "病历或诊断证明",
    Paper.NOTICE: "书面通知、裁决书",
    Paper.TALKS: "聊天记录、录音",
}


@dataclass(frozen=True, slots=True)
class Papers:
    """What is at hand: known kinds, and anything else in the member's words."""

    kinds: tuple[Paper, ...] = ()
    words: str = ""

    @property
    def label(self) -> str:
        return "、".join([*(kind.label for kind in self.kinds), *filter(None, [self.words])]) or "暂时没有"


class Hurry(StrEnum):
    NO = "no"
    TOLD = "told"  # somebody named a last day
    PRESSING = "pressing"

    @property
    def label(self) -> str:
        return {"no": "没有", "told": "有人告诉过我最后期限", "pressing": "没有期限，但事情很急"}[self.value]


@dataclass(frozen=True, slots=True)
class Intake:
    """All answers. `parts` is the story, `contact` a telephone number or nothing."""

    topic: LegalTopic
    dates: Dates
    opponent: Opponent
    tried: Tried
    parts: Sequence[dict[str, Any]]
    opponent_name: str = ""
    papers: Papers = Papers()
    hurry: Hurry = Hurry.NO
    contact: str = ""

    @property
    def deadlines(self) -> list[Deadline]:
        return deadlines(self.topic, self.dates)


def to_details(intake: Intake) -> dict[str, Any]:
    """The answers that are kept sealed, as codes and words."""
    dates = intake.dates
    return {
        "opponent": intake.opponent.value,
        "opponent_name": intake.opponent_name,
        "tried": intake.tried.value,
        "papers": [paper.value for paper in intake.papers.kinds],
        "papers_words": intake.papers.words,
        "award_on": dates.award_on and dates.award_on.isoformat(),
        "told_on": dates.told_on and dates.told_on.isoformat(),
        "hurry": intake.hurry.value,
    }


def read(consultation: Consultation) -> list[tuple[str, str]]:
    """What was answered and is still kept, as name and value, for those who work on it."""
    kept: Any = consultation.details or {}
    rows = [
        ("受伤日期", _day(consultation.happened_on)),
        ("知道的日期", _day(consultation.known_on)),
        ("在职情况", consultation.employment.label if consultation.employment else ""),
        ("离开日期", _day(consultation.left_on)),
        ("对方", _opponent(kept)),
        ("做过什么", Tried(kept["tried"]).label if "tried" in kept else ""),
        ("收到裁决书", kept.get("award_on") or ""),
        ("材料", _papers(kept).label if "papers" in kept else ""),
        ("着急的事", _hurry(kept)),
        ("转介到", kept.get("referred_to", "")),
    ]
    return [(name, value) for name, value in rows if value]


NOT_TO_THEM = "对方是本公司：不得交给公司的法务部门，请由县总工会安排的律师办理。"


def warnings(consultation: Consultation, today: date) -> list[str]:
    """What whoever works on it must know first: whom it must not reach, and until when there is time."""
    lines = [NOT_TO_THEM] if consultation.own_company else []
    if consultation.deadline_on and consultation.deadline_basis:
        deadline = Deadline(consultation.deadline_on, consultation.deadline_basis)
        lines.append(f"期限：{deadline.spoken(today)}（按本人说的日期算，请核对）")
    if consultation.fast_track:
        lines.append("离期限不足 7 天：请先帮、后补材料（《法律援助法》第四十四条）。")
    return lines


def agreed(consultation: Consultation, now: datetime) -> list[tuple[str, str]]:
    """What the member agreed to and when, as name and value."""
    told = f"{spoken(consultation.consent_at, now)} 同意（{consultation.consent_version} 版）"
    handed_on = consultation.referral_consent_at
    more = [("转介", f"{spoken(handed_on, now)}记下本人的单独同意")] if handed_on is not None else []
    return [("告知", told), *more]


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _opponent(kept: dict[str, Any]) -> str:
    if "opponent" not in kept:
        return ""
    name = kept["opponent_name"]
    return Opponent(kept["opponent"]).label + (f"（{name}）" if name else "")


def _papers(kept: dict[str, Any]) -> Papers:
    return Papers(tuple(Paper(each) for each in kept["papers"]), kept["papers_words"])


def _hurry(kept: dict[str, Any]) -> str:
    hurry = Hurry(kept.get("hurry", Hurry.NO))
    told = f"：{kept['told_on']}" if kept.get("told_on") else ""
    return "" if hurry is Hurry.NO else hurry.label + told
