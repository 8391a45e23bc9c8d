"""What staff did: one row for each act, and the chain of digests that tells if a row was changed.

Rows are only added. Sealing is a job: it puts each act at the end of the chain, after the act's transaction.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON, SealedText, public_id


class StaffAct(Base):
    __tablename__ = "staff_act"
    __table_args__ = (
        sa.Index("ix_staff_act_staff_id_at", "staff_id", "at"),
        sa.Index("ix_staff_act_act_at", "act", "at"),
        sa.Index("ix_staff_act_subject", "subject"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    at: Mapped[datetime] = mapped_column(index=True)
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))  # None: a command of an operator
    by: Mapped[str] = mapped_column(sa.String(64))  # the name at that time
    channel: Mapped[str] = mapped_column(sa.String(16))  # console, cli
    act: Mapped[str] = mapped_column(sa.String(48))  # as `app.services.acts` names it
    subject: Mapped[str] = mapped_column(sa.String(64), default="")  # a number or public id that finds it
    branch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"), index=True)
    reason: Mapped[str | None] = mapped_column(SealedText("staff_act.reason"))
    changes: Mapped[object] = mapped_column(SealedJSON("staff_act.changes"))  # [{table, id, before, after}]
    address: Mapped[str | None] = mapped_column(SealedText("staff_act.address"))  # where it was done from


class StaffActSeal(Base):
    """The place of an act in the chain: `digest` covers the act and the digest before."""

    __tablename__ = "staff_act_seal"

    act_id: Mapped[int] = mapped_column(sa.ForeignKey("staff_act.id"), unique=True)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
