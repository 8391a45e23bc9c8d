"""Deadlines that the law sets, as far as a few dates tell them, each with the article it comes from.

Counted as 《民法典》第二百零一条、第二百零二条 say: the day itself does not count, a year ends on the same
day of the next one, and where there is no such day on the last of the month. A last day that falls on a
holiday is not moved on: who is early loses nothing. None of this is a judgement, only a lawyer can say that
a time limit was broken or suspended; hence what seems passed is said with care and refuses nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.services.legal_topics import LegalTopic
from models import Basis, Employment

NEAR = timedelta(
    days=7
)  # with less than that left help comes first and papers later: 《法律援助法》第四十四条


@dataclass(frozen=True, slots=True)
class Dates:
    """What a member remembers; None: not asked, or not known."""

    happened_on: date | None = None  # of an injury
    known_on: date | None = None
    employment: Employment | None = None
    left_on: date | None = None
    applied: bool = False  # for arbitration, or further: the year for that does not run any more
    award_on: date | None = None  # when the award of the arbitrators was received
    told_on: date | None = None  # a last day the member was told by somebody


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which something can be done."""

    on: date
    basis: Basis

    @property
    def what(self) -> str:
        return WHAT[self.basis]

    @property
    def law(self) -> str:
        """Law and article; empty where it is only what somebody said."""
        return _LAW[self.basis]

    def days_left(self, today: date) -> int:
        """Negative once it seems passed."""
        return (self.on - today).days

    def is_passed(self, today: date) -> bool:
        return today > self.on

    def spoken(self, today: date) -> str:
        """In a sentence; what seems passed refuses nobody."""
        day = f"{self.on.year}年{self.on.month}月{self.on.day}日"
        law = f"（{self.law}）" if self.law else ""
        if self.is_passed(today):
            return f"{self.what}的期限看起来是 {day}{law}，可能已经过了。期限可以中断、中止，律师会帮您看。"
        left = self.days_left(today)
        return f"{self.what}最晚 {day}{law}，{f'还有 {left} 天' if left else '今天是最后一天'}。"

    def is_near(self, today: date) -> bool:
        return timedelta() <= self.on - today < NEAR


_ARBITRATION = "《劳动争议调解仲裁法》第二十七条"
_INJURY = "《工伤保险条例》第十七条"
WHAT = {
    Basis.ARBITRATION: "申请劳动仲裁",
    Basis.AFTER_LEAVING: "为工资申请劳动仲裁",
    Basis.INJURY_EMPLOYER: "单位申报工伤",
    Basis.INJURY_WORKER: "本人、家属或工会申报工伤",
    Basis.COURT: "不服裁决去法院起诉",
    Basis.TOLD: "您说的事",
}
_LAW = {
    Basis.ARBITRATION: _ARBITRATION,
    Basis.AFTER_LEAVING: _ARBITRATION,
    Basis.INJURY_EMPLOYER: _INJURY,
    Basis.INJURY_WORKER: _INJURY,
    Basis.COURT: "《劳动争议调解仲裁法》第四十八条、第五十条",
    Basis.TOLD: "",
}


def deadlines(topic: LegalTopic, dates: Dates) -> list[Deadline]:
    """Every deadline these dates tell, the earliest first."""
    found = [Deadline(dates.told_on, Basis.TOLD)] if dates.told_on else []
    if dates.award_on:
        found.append(Deadline(dates.award_on + timedelta(days=15), Basis.COURT))
    if topic is LegalTopic.INJURY:
        found += _of_injury(dates.happened_on)
    elif dates.applied or dates.award_on:
        pass  # the arbitration has begun
    elif topic is LegalTopic.WAGES:
        found += _of_wages(dates)
    elif dates.known_on:
        found.append(Deadline(a_year_after(dates.known_on), Basis.ARBITRATION))
    return sorted(found, key=lambda each: each.on)


def nearest(found: Sequence[Deadline], today: date) -> Deadline | None:
    """The next one that is ahead; else the last that seems passed."""
    ahead = [each for each in found if not each.is_passed(today)]
    return min(ahead, key=lambda each: each.on) if ahead else max(found, key=lambda e: e.on, default=None)


def a_year_after(day: date) -> date:
    """The same day of the next year; of 29 February the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _of_injury(happened_on: date | None) -> list[Deadline]:
    if happened_on is None:
        return []
    return [
        Deadline(happened_on + timedelta(days=30), Basis.INJURY_EMPLOYER),
        Deadline(a_year_after(happened_on), Basis.INJURY_WORKER),
    ]


def _of_wages(dates: Dates) -> list[Deadline]:
    """None while the job lasts; then a year. Where nobody knows whether it lasts, the earlier is safer."""
    if dates.employment is Employment.EMPLOYED:
        return []
    if dates.employment is Employment.LEFT and dates.left_on:
        return [Deadline(a_year_after(dates.left_on), Basis.AFTER_LEAVING)]
    return [Deadline(a_year_after(dates.known_on), Basis.ARBITRATION)] if dates.known_on else []
