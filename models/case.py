"""Whatever a person brings to us (人工, 留言, later consultations): a numbered case and its thread.

Who brought it lies apart, in `CaseReporter`, so that a case can be worked on without knowing.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import SealedJSON, public_id


class CaseKind(StrEnum):
    DESK = "desk"  # 人工: somebody wants to talk to a person
    FEEDBACK = "feedback"  # 留言

    @property
    def label(self) -> str:
        return {"desk": "人工服务", "feedback": "留言"}[self.value]


class CaseState(StrEnum):
    SUBMITTED = "submitted"
    ANSWERED = "answered"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return {"submitted": "已提交", "answered": "已答复", "closed": "已办结"}[self.value]


class EntryKind(StrEnum):
    MEMBER = "member"
    STAFF = "staff"
    NOTE = "note"  # internal, never sent
    EVENT = "event"  # a move from one state to another


class Case(Base):
    __tablename__ = "case"
    __table_args__ = (sa.Index("ix_case_kind_state", "kind", "state"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    kind: Mapped[CaseKind]
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)  # LY-2026-0042
    topic: Mapped[str] = mapped_column(sa.String(24), default="")
    state: Mapped[CaseState]
    anonymous: Mapped[bool] = mapped_column(default=False)
    branch_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    owner_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    opened_at: Mapped[datetime]
    first_answer_due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    entries: Mapped[list["CaseEntry"]] = relationship(
        lazy="raise", order_by="CaseEntry.id", back_populates="case"
    )


class CaseEntry(Base):
    __tablename__ = "case_entry"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), index=True)
    kind: Mapped[EntryKind]
    blocks: Mapped[object] = mapped_column(SealedJSON("case_entry.blocks"))  # [{type: text|file|…}]
    from_state: Mapped[CaseState | None]
    to_state: Mapped[CaseState | None]
    by: Mapped[str] = mapped_column(sa.String(64), default="")  # staff name or "system"; never the reporter
    created_at: Mapped[datetime]

    case: Mapped[Case] = relationship(lazy="raise", back_populates="entries")


class CaseReporter(Base):
    """Who brought a case; found by digest, opened only by an act that is logged."""

    __tablename__ = "case_reporter"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    person_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16), index=True)
    reporter: Mapped[object] = mapped_column(SealedJSON("case_reporter.reporter"))  # {person_id, follower_id}
