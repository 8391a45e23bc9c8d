"""Which drafts of answers for everybody began with a case. What is public never leads back here."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.content import ContentKind


class CaseKnowledge(Base):
    __tablename__ = "case_knowledge"
    __table_args__ = (sa.UniqueConstraint("kind", "key"),)

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), index=True)
    kind: Mapped[ContentKind]
    key: Mapped[str] = mapped_column(sa.String(64))  # as of the draft and of what it becomes
    by: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]  # of an anonymous case the day
