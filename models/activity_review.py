"""Who wrote the draft of an activity, and what became of it in review.

One row for each activity, from its first writing on. Which state it is in says the activity itself; who moved
it when, and why, its moves.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ActivityReview(Base):
    __tablename__ = "activity_review"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), unique=True)
    writer_ids: Mapped[object] = mapped_column(sa.JSON, default=list)  # staff: none of them approves it
    submitted_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # staff; None: not submitted yet
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why it came back; empty: it did not
    # What it is compared with: its words by their names (app.services.activity_words), and what they were.
    before: Mapped[object | None] = mapped_column(sa.JSON(none_as_null=True))
    before_was: Mapped[str] = mapped_column(sa.String(80), default="")
