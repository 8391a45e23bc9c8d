"""Three kinds of case are questions to an adviser: of the law, of the mind, of health. What each is called.

One table for clocks, words and handlers. Not here: what a lawyer must know first (`consultation_facts`),
what a counsellor or a doctor is told first (`care_facts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.knowledge.laws import CAUTION
from app.services import hotlines
from models import CaseKind


@dataclass(frozen=True, slots=True)
class Advice:
    """All words are Chinese and are shown as they are."""

    hours: int  # office hours, until the first answer and until each further one
    adviser: str  # who answers
    go_on: str  # what somebody says to tell more
    own: str  # what somebody says to see his own
    caution: str  # under every answer
    unless: str  # an answer with these words says it itself


LAW_LINE, MIND_LINE = hotlines.find("12348"), hotlines.find("12356")
NO_PRESCRIPTION: Final = "健康咨询不能代替诊断和处方。"

ADVICE: Final[Mapping[CaseKind, Advice]] = {
    CaseKind.CONSULTATION: Advice(
        hours=4, adviser="律师", go_on="补充咨询", own="我的咨询", caution=CAUTION, unless="为准"
    ),
    CaseKind.COUNSELLING: Advice(
        hours=4,
        adviser="咨询师",
        go_on="补充疏导",
        own="我的疏导",
        caution=f"需要马上有人陪时，请打 {MIND_LINE.number}。",
        unless=MIND_LINE.number,
    ),
    CaseKind.HEALTH: Advice(
        hours=8,
        adviser="医生",
        go_on="补充健康咨询",
        own="我的健康咨询",
        caution=NO_PRESCRIPTION,
        unless=NO_PRESCRIPTION.rstrip("。"),
    ),
}
CARE: Final = (CaseKind.COUNSELLING, CaseKind.HEALTH)  # who it is opens in danger alone
