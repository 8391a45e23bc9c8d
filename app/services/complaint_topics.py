"""What complaints and suggestions may be about."""

from enum import StrEnum


class ComplaintTopic(StrEnum):
    WELFARE = "welfare"
    SAFETY = "safety"
    MANNERS = "manners"
    SUPPORT = "support"
    UNION = "union"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "welfare": "工资福利",
            "safety": "安全生产",
            "manners": "管理和作风",
            "support": "食堂、宿舍等后勤",
            "union": "工会工作",
            "other": "其他",
        }[self.value]


def topic_label(topic: str) -> str:
    """How people read a stored topic; one of another time counts as the last."""
    known = topic in ComplaintTopic.__members__.values()
    return (ComplaintTopic(topic) if known else ComplaintTopic.OTHER).label
