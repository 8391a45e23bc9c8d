"""Words that staff use again and again in answers."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class CannedReply(Base):
    __tablename__ = "canned_reply"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    title: Mapped[str] = mapped_column(sa.String(30))
    text: Mapped[str] = mapped_column(sa.String(600))  # with {名称} of what is filled in
    rooms: Mapped[list[str]] = mapped_column(sa.JSON)  # keys of app.services.canned_replies.ROOMS
    steps: Mapped[dict[str, Any] | None] = mapped_column(
        sa.JSON(none_as_null=True)
    )  # app.services.macro_steps
    branch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"), index=True)  # None: any
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"), index=True)  # None: everybody's
    uses: Mapped[int] = mapped_column(default=0)
    changed_by: Mapped[str] = mapped_column(sa.String(64))
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
