"""How satisfied the one who brought a case was: when that is asked, and what was answered.

Not here: whose case it is (`CaseReporter`), and who is asked (`app.services.rating_invitations`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText

WORST_OF_GOOD = 3  # below that somebody should call back


class CaseRating(Base):
    """One for a case. Due times are the schedule: what is done or will not be done is NULL."""

    __tablename__ = "case_rating"
    __table_args__ = (
        *(
            sa.Index(
                f"ix_case_rating_{column}",
                column,
                sqlite_where=sa.text(f"{column} IS NOT NULL"),
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
            )
            for column in ("invite_due_at", "remind_due_at", "end_due_at", "rated_at")
        ),
        sa.Index(
            "ix_case_rating_unhappy",
            "case_id",
            sqlite_where=sa.text("score < 3"),
            postgresql_where=sa.text("score < 3"),
        ),
    )

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    invite_due_at: Mapped[datetime | None]
    remind_due_at: Mapped[datetime | None]
    end_due_at: Mapped[datetime | None]  # when what still waits to be sent is withdrawn
    ends_at: Mapped[datetime]  # until then it can be given and changed
    invited_at: Mapped[datetime | None]  # None: nobody was asked, and nobody may rate

    score: Mapped[int | None] = mapped_column(sa.SmallInteger)  # 1 to 5
    words: Mapped[str | None] = mapped_column(SealedText("case_rating.words"))
    rated_at: Mapped[datetime | None]
    called_back_at: Mapped[datetime | None]  # somebody looked after a bad one

    def is_open(self, now: datetime) -> bool:
        return self.invited_at is not None and now < self.ends_at

    @property
    def is_unhappy(self) -> bool:
        return self.score is not None and self.score < WORST_OF_GOOD

    @property
    def waits_for_call(self) -> bool:
        return self.is_unhappy and self.called_back_at is None
