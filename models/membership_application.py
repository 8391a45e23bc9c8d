"""What a 入会申请 knows beyond its case: who wants to join, where, what he declared, and its clocks.

One row per case of kind `application`. State, thread and who brought it are the case's. Not here: the moves
(`app.services.case_moves`) and what the clocks count (`app.services.application_clocks`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.member import MemberKind
from models.types import SealedJSON

_DUE = ("due_at", "near_at", "reminder_due_at", "lapse_due_at")


class MembershipApplication(Base):
    __tablename__ = "membership_application"
    __table_args__ = tuple(
        sa.Index(
            f"ix_membership_application_{due}",
            due,
            sqlite_where=sa.text(f"{due} IS NOT NULL"),
            postgresql_where=sa.text(f"{due} IS NOT NULL"),
        )
        for due in _DUE
    )

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    branch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"))  # asked for; None: not known
    kind: Mapped[MemberKind]
    facts: Mapped[object | None] = mapped_column(
        SealedJSON("membership_application.facts")  # app.services.application_facts; None: forgotten
    )
    declaration_version: Mapped[str] = mapped_column(sa.String(16))
    declared_at: Mapped[datetime]
    taken_by: Mapped[str] = mapped_column(sa.String(64), default="")  # who of the staff reviews it
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))  # whom it made

    # Due times; all are None once it is decided.
    due_at: Mapped[datetime | None]  # until when we decide; None while we wait for the applicant
    near_at: Mapped[datetime | None]  # when staff are reminded
    overdue: Mapped[bool] = mapped_column(default=False)
    seconds_left: Mapped[int | None]  # working time that was left when we began to wait for the applicant
    reminder_due_at: Mapped[datetime | None]  # of the applicant
    lapse_due_at: Mapped[datetime | None]
