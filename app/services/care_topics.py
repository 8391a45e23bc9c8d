"""What people may bring to a counsellor or to a doctor."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from models import CaseKind


class CounselTopic(StrEnum):
    WORK = "work"
    MOOD = "mood"
    FAMILY = "family"
    PEOPLE = "people"
    SLEEP = "sleep"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "work": "工作压力",
            "mood": "情绪",
            "family": "家庭",
            "people": "人际",
            "sleep": "睡眠",
            "other": "其他",
        }[self.value]


class HealthTopic(StrEnum):
    CHRONIC = "chronic"
    MEDICINE = "medicine"
    WORK = "work"  # what one's work does to one's health
    REPORT = "report"
    FIRST_AID = "first_aid"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "chronic": "慢病",
            "medicine": "用药疑问",
            "work": "职业健康",
            "report": "体检报告",
            "first_aid": "急救常识",
            "other": "其他",
        }[self.value]


Topic = CounselTopic | HealthTopic
TOPICS: Final[Mapping[CaseKind, type[CounselTopic] | type[HealthTopic]]] = {
    CaseKind.COUNSELLING: CounselTopic,
    CaseKind.HEALTH: HealthTopic,
}


def topic_label(kind: CaseKind, topic: str) -> str:
    """How people read a stored topic; one of another time counts as the last."""
    known = {each.value: each.label for each in TOPICS[kind]}
    return known.get(topic, known["other"])
