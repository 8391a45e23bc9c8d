"""What people may consult the lawyer about; named as in the labour-law answers where they have it."""

from enum import StrEnum


class LegalTopic(StrEnum):
    WAGES = "wages"
    CONTRACT = "contract"  # of employment, and its end
    INJURY = "injury"
    INSURANCE = "insurance"
    HOURS_LEAVE = "hours_leave"
    WOMEN = "women"
    DISPATCH = "dispatch"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    LegalTopic.WAGES: "工资、加班费",
    LegalTopic.CONTRACT: "劳动合同、辞退",
    LegalTopic.INJURY: "工伤",
    LegalTopic.INSURANCE: "社会保险",
    LegalTopic.HOURS_LEAVE: "工时、休假",
    LegalTopic.WOMEN: "女职工权益",
    LegalTopic.DISPATCH: "劳务派遣",
    LegalTopic.OTHER: "其他劳动权益",
}


def topic_label(topic: str) -> str:
    """How people read a stored topic; one of another time counts as the last."""
    known = topic in LegalTopic.__members__.values()
    return (LegalTopic(topic) if known else LegalTopic.OTHER).label
