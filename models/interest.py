"""What somebody seems to be interested in, as counts by topic; whether he lets us count."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Interest(Base):
    __tablename__ = "interest"
    __table_args__ = (sa.UniqueConstraint("person_id", "topic"),)

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    topic: Mapped[str] = mapped_column(sa.String(40))  # app.services.interests: news:union, tips:storms …
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class InterestChoice(Base):
    """Only of who chose: everybody else is counted."""

    __tablename__ = "interest_choice"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    counted: Mapped[bool]  # 个性化推荐; off: nothing is counted, nothing is kept
    counted_from: Mapped[datetime]  # what happened before and was not written yet never is
