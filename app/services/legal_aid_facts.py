"""What somebody is asked who applies for legal aid, on which ground, and the form in which it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from app.clock import spoken
from app.services.consultation_facts import NOT_TO_THEM, Opponent, Paper, Papers, Tried
from app.services.legal_topics import LegalTopic
from app.services.statutory_deadlines import Dates, Deadline, deadlines
from models import AidMatter, Case, Consultation, Employment, LegalAid

PROMISE_VERSION: Final = "2026-12"  # raise it when the words below change
PROMISE: Final = (
    "我家庭经济困难，付不起请律师的钱；我填的情况都是真的。\n"
    "如果不真实，同意工会终止援助，由我承担责任（《法律援助法》第四十一条、第四十八条）。"
)
# What the law of labour says of time limits, by matter; of others only what the member was told counts.
TOPICS: Final = {
    AidMatter.WAGES: LegalTopic.WAGES,
    AidMatter.CONTRACT: LegalTopic.CONTRACT,
    AidMatter.INJURY: LegalTopic.INJURY,
    AidMatter.INSURANCE: LegalTopic.INSURANCE,
}
# The matter of what was asked a lawyer; 其他 is asked again.
MATTERS: Final = {
    LegalTopic.WAGES: AidMatter.WAGES,
    LegalTopic.INJURY: AidMatter.INJURY,
    LegalTopic.INSURANCE: AidMatter.INSURANCE,
    **dict.fromkeys(
        (LegalTopic.CONTRACT, LegalTopic.HOURS_LEAVE, LegalTopic.WOMEN, LegalTopic.DISPATCH),
        AidMatter.CONTRACT,
    ),
}


class Ground(StrEnum):
    """Why aid is due: exempt by the law, or poor, which a promise is enough for."""

    NO_INCOME = "no_income"
    RELIEF = "relief"
    MIGRANT = "migrant"
    MARTYR = "martyr"
    BRAVE = "brave"
    RETRIAL = "retrial"
    VIOLENCE = "violence"
    PROMISE = "promise"

    @property
    def label(self) -> str:
        return _GROUNDS[self][0]

    @property
    def law(self) -> str:
        return f"《法律援助法》第{_GROUNDS[self][1]}条"


_GROUNDS = {
    Ground.NO_INCOME: ("没有固定生活来源的老人、未成年人、残疾人等", "四十二"),
    Ground.RELIEF: ("社会救助、司法救助或优抚对象", "四十二"),
    Ground.MIGRANT: ("进城务工，追讨工资或工伤赔偿", "四十二"),
    Ground.MARTYR: ("英雄烈士近亲属，维护烈士的名誉", "三十二"),
    Ground.BRAVE: ("因见义勇为主张权益", "三十二"),
    Ground.RETRIAL: ("再审改判无罪，请求国家赔偿", "三十二"),
    Ground.VIOLENCE: ("遭受虐待、遗弃或家庭暴力", "三十二"),
    Ground.PROMISE: ("都不是，家庭经济困难", "四十一"),
}


class Wants(StrEnum):
    ADVICE = "advice"
    DRAFTING = "drafting"
    REPRESENTATION = "representation"

    @property
    def label(self) -> str:
        return {
            "advice": "当面咨询",
            "drafting": "代写申请书、起诉状",
            "representation": "代理仲裁、诉讼",
        }[self.value]


_UNKNOWN: Final = Dates()
_NONE: Final = Papers()


@dataclass(frozen=True, slots=True)
class AidIntake:
    """All answers. `parts` is the story; `contact` a telephone number, `consultation` the number of one."""

    matter: AidMatter
    ground: Ground
    wants: Wants
    opponent: Opponent
    tried: Tried
    parts: Sequence[dict[str, Any]]
    dates: Dates = _UNKNOWN
    opponent_name: str = ""
    papers: Papers = _NONE
    preservation: bool = False
    contact: str = ""
    consultation: str = ""

    @property
    def deadlines(self) -> list[Deadline]:
        """Of the law where it knows some for this matter; and what the member was told."""
        if self.matter not in TOPICS:
            return deadlines(LegalTopic.OTHER, Dates(told_on=self.dates.told_on))
        return deadlines(TOPICS[self.matter], self.dates)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a consultation told already. `matter` is None where it has to be asked."""

    number: str
    matter: AidMatter | None
    opponent: Opponent
    opponent_name: str
    tried: Tried
    dates: Dates
    papers: Papers
    contact: str
    words: str

    @property
    def as_words(self) -> list[dict[str, Any]]:
        """As the thread of the application keeps it."""
        text = f"咨询 {self.number} 里说过：{self.words}"
        return [{"type": "text", "text": text}] if self.words else []


def carry(case: Case, consultation: Consultation, words: str, contact: str) -> Carried | None:
    """None once its facts were forgotten."""
    kept: Any = consultation.details
    if not kept:
        return None
    tried = Tried(kept["tried"])
    dates = Dates(
        happened_on=consultation.happened_on,
        known_on=consultation.known_on,
        employment=consultation.employment,
        left_on=consultation.left_on,
        applied=tried in (Tried.ARBITRATION, Tried.COURT),
        award_on=_date(kept.get("award_on")),
        told_on=_date(kept.get("told_on")),
    )
    topic = LegalTopic(case.topic) if case.topic in LegalTopic.__members__.values() else LegalTopic.OTHER
    return Carried(
        case.number,
        MATTERS.get(topic),
        Opponent(kept["opponent"]),
        kept["opponent_name"],
        tried,
        dates,
        papers_of(kept),
        contact,
        words,
    )


def to_details(intake: AidIntake) -> dict[str, Any]:
    """The answers that are kept sealed, as codes and words."""
    dates = intake.dates
    return {
        "ground": intake.ground.value,
        "wants": intake.wants.value,
        "opponent": intake.opponent.value,
        "opponent_name": intake.opponent_name,
        "tried": intake.tried.value,
        "papers": [paper.value for paper in intake.papers.kinds],
        "papers_words": intake.papers.words,
        "happened_on": _iso(dates.happened_on),
        "known_on": _iso(dates.known_on),
        "employment": dates.employment and dates.employment.value,
        "left_on": _iso(dates.left_on),
        "award_on": _iso(dates.award_on),
        "told_on": _iso(dates.told_on),
        "consultation": intake.consultation,
    }


def read(row: LegalAid) -> list[tuple[str, str]]:
    """What was answered and is still kept, as name and value."""
    kept: Any = row.details or {}
    rows = [
        ("申请的事", row.matter.label),
        ("从咨询转来", kept.get("consultation") or ""),
        ("要的帮助", Wants(kept["wants"]).label if "wants" in kept else ""),
        ("理由", _ground(kept)),
        ("对方", _opponent(kept)),
        ("受伤日期", kept.get("happened_on") or ""),
        ("知道的日期", kept.get("known_on") or ""),
        ("在职情况", Employment(kept["employment"]).label if kept.get("employment") else ""),
        ("离开日期", kept.get("left_on") or ""),
        ("做过什么", Tried(kept["tried"]).label if "tried" in kept else ""),
        ("收到裁决书", kept.get("award_on") or ""),
        ("有人告诉的期限", kept.get("told_on") or ""),
        ("手里的材料", papers_of(kept).label if "papers" in kept else ""),
        ("财产保全", "要马上申请保全或先予执行" if row.preservation else ""),
    ]
    return [(name, value) for name, value in rows if value]


def warnings(row: LegalAid, today: date) -> list[str]:
    """What whoever works on it must know first."""
    lines = [NOT_TO_THEM] if row.own_company else []
    if row.deadline_on and row.deadline_basis:
        deadline = Deadline(row.deadline_on, row.deadline_basis)
        lines.append(f"期限：{deadline.spoken(today)}（按本人说的日期算，请核对）")
    if row.fast_track:
        why = "要马上申请保全或先予执行" if row.preservation else "离期限不足 7 天"
        lines.append(f"{why}：请先指派、后补材料（《法律援助法》第四十四条）。")
    return lines


def agreed(row: LegalAid, now: datetime) -> list[tuple[str, str]]:
    """What the member agreed to and promised, as name and value."""
    told = [("告知", f"{spoken(row.consent_at, now)} 同意（{row.consent_version} 版）")]
    if row.promised_at is not None:
        told.append(("诚信承诺", f"{spoken(row.promised_at, now)} 承诺（{PROMISE_VERSION} 版）"))
    return told


def papers_of(kept: dict[str, Any]) -> Papers:
    return Papers(tuple(Paper(each) for each in kept["papers"]), kept["papers_words"])


def _ground(kept: dict[str, Any]) -> str:
    if "ground" not in kept:
        return ""
    ground = Ground(kept["ground"])
    return f"{ground.label}（{ground.law}）"


def _opponent(kept: dict[str, Any]) -> str:
    if "opponent" not in kept:
        return ""
    name = kept["opponent_name"]
    return Opponent(kept["opponent"]).label + (f"（{name}）" if name else "")


def _date(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
