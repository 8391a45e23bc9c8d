"""Work that staff started and that goes on by itself, such as imports and exports; and its file when done."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON, public_id


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    JobState.WAITING: "等待中",
    JobState.RUNNING: "进行中",
    JobState.DONE: "已完成",
    JobState.FAILED: "没有办成",
}


class StaffJob(Base):
    __tablename__ = "staff_job"
    __table_args__ = (sa.Index("ix_staff_job_state_lease_until", "state", "lease_until"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    kind: Mapped[str] = mapped_column(sa.String(32))
    title: Mapped[str] = mapped_column(sa.String(80))  # as its list shows it
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    state: Mapped[JobState]
    given: Mapped[object] = mapped_column(SealedJSON("staff_job.given"))  # what the work needs to know
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    said: Mapped[str | None] = mapped_column(sa.String(400))  # how it ended, in words
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_file.id"))  # ready to be fetched
    file_name: Mapped[str | None] = mapped_column(sa.String(80))  # as a browser saves it
    lease: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
