"""What an organiser asks of an activity that is over, and what was answered.

Who answered lies nowhere in the clear: an answer is found again by a digest of activity and person, for as
long as it may be changed; then by nobody.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON


class ActivityFeedback(Base):
    """The questions; one row per activity."""

    __tablename__ = "activity_feedback"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), unique=True)
    questions: Mapped[object] = mapped_column(sa.JSON)  # app.services.feedback_questions
    asked_at: Mapped[datetime | None]  # None: still to do


class FeedbackAnswer(Base):
    __tablename__ = "feedback_answer"
    __table_args__ = (sa.UniqueConstraint("activity_id", "person_digest"),)

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"))
    person_digest: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary(16)
    )  # None: not to be changed any more
    answers: Mapped[object] = mapped_column(SealedJSON("feedback_answer.answers"))  # question key -> answer
    day: Mapped[datetime]  # the minute would lead to who tapped then
