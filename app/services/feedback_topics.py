"""What a 留言 is about, in words."""

from enum import StrEnum


class FeedbackTopic(StrEnum):
    WORK_LIFE = "work_life"
    ACTIVITIES = "activities"
    RIGHTS = "rights"
    SAFETY = "safety"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _TOPICS[self]


_TOPICS = {
    FeedbackTopic.WORK_LIFE: "工作生活建议",
    FeedbackTopic.ACTIVITIES: "活动与福利",
    FeedbackTopic.RIGHTS: "权益保障",
    FeedbackTopic.SAFETY: "安全生产",
    FeedbackTopic.OTHER: "其他",
}


def topic_label(topic: str) -> str:
    """How people read a stored topic; one of another time counts as 其他."""
    known = topic in FeedbackTopic.__members__.values()
    return (FeedbackTopic(topic) if known else FeedbackTopic.OTHER).label
