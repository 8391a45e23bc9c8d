"""What staff keep beside a case for each other and for themselves; its person reads none of it.

Of an anonymous case the times are days, as they are of the case itself.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText, public_id


class CaseMention(Base):
    """Somebody of staff is named in a note of a case."""

    __tablename__ = "case_mention"
    __table_args__ = (
        sa.UniqueConstraint("entry_id", "staff_id"),
        sa.Index(
            "ix_case_mention_open",
            "staff_id",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
    )

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), index=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("case_entry.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # when he opened the case


class CaseReminder(Base):
    """Somebody of staff wants to look at a case again."""

    __tablename__ = "case_reminder"
    __table_args__ = (
        *(
            sa.Index(
                f"ix_case_reminder_{name}",
                *columns,
                sqlite_where=sa.text("ended_at IS NULL"),
                postgresql_where=sa.text("ended_at IS NULL"),
            )
            for name, columns in {"due": ("due_at",), "open": ("staff_id", "due_at")}.items()
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), index=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    why: Mapped[str] = mapped_column(SealedText("case_reminder.why"))
    due_at: Mapped[datetime]  # of an anonymous case always the same hour
    created_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # done, given up, or the case is over


class CaseSeen(Base):
    """How much of a case somebody who answers it has opened."""

    __tablename__ = "case_seen"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    entry_id: Mapped[int] = mapped_column(sa.BigInteger)  # the newest that was shown


class CaseDraft(Base):
    """What somebody of staff has typed as an answer and not sent."""

    __tablename__ = "case_draft"
    __table_args__ = (sa.UniqueConstraint("case_id", "staff_id"),)

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    text: Mapped[str] = mapped_column(SealedText("case_draft.text"))
    saved_at: Mapped[datetime] = mapped_column(index=True)
