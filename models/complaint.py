"""What 投诉建议 know beyond their case: how it is signed, whom it is about, who has it, what is due when.

One row per case of this kind. Topic, state and thread are the case's, and so is the time by which its person
hears next (`Case.answer_due_at`); who brought it lies in `CaseReporter` alone.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.case import CaseState
from models.types import SealedText


class ComplaintSort(StrEnum):
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"

    @property
    def label(self) -> str:
        return "投诉" if self is ComplaintSort.COMPLAINT else "建议"


class Naming(StrEnum):
    """How somebody signs."""

    NAMED = "named"
    NICKNAME = "nickname"
    ANONYMOUS = "anonymous"

    @property
    def label(self) -> str:
        return {"named": "实名", "nickname": "昵称", "anonymous": "匿名"}[self.value]


class Complaint(Base):
    __tablename__ = "complaint"
    __table_args__ = (
        sa.Index("ix_complaint_department_id", "department_id", "case_id"),
        *(
            sa.Index(
                f"ix_complaint_{column}",
                column,
                sqlite_where=sa.text(f"{column} IS NOT NULL"),
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
            )
            for column in ("remind_due_at", "resume_due_at", "merged_into_id", "about_branch_id")
        ),
    )

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    sort: Mapped[ComplaintSort]
    naming: Mapped[Naming]
    nickname: Mapped[str | None] = mapped_column(SealedText("complaint.nickname"))
    about_branch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"))  # it never gets the case
    about: Mapped[str | None] = mapped_column(SealedText("complaint.about"))  # in words, where no branch fits

    department_id: Mapped[int | None] = mapped_column(sa.ForeignKey("department.id"))  # the main one
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("case.id"))

    # Due times, not durations.
    step_due_at: Mapped[datetime | None]  # of what is to be done next, by whoever has it now
    remind_due_at: Mapped[datetime | None]
    reminded: Mapped[bool] = mapped_column(default=False)  # who must act was; the lead is next
    return_by: Mapped[datetime | None]  # a department gives it back no later
    law_due_at: Mapped[datetime | None]  # what the law allows at most
    resume_due_at: Mapped[datetime | None]  # of a suspended one
    suspended_from: Mapped[CaseState | None]
    extended_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]


class ComplaintPart(Base):
    """会办: another department is asked for an answer of its own; the main one sums up."""

    __tablename__ = "complaint_part"
    __table_args__ = (
        sa.UniqueConstraint("case_id", "department_id"),
        sa.Index("ix_complaint_part_department_id", "department_id", "case_id"),
    )

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"))
    department_id: Mapped[int] = mapped_column(sa.ForeignKey("department.id"))
    question: Mapped[str | None] = mapped_column(SealedText("complaint_part.question"))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(SealedText("complaint_part.answer"))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(sa.String(64), default="")


class CaseLink(Base):
    """Two cases have to do with each other; the older one comes first."""

    __tablename__ = "case_link"
    __table_args__ = (sa.UniqueConstraint("case_id", "other_id"),)

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"))
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), index=True)
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
