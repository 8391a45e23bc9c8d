"""A change of an announced activity that waits for an approver, or that came back; one for each activity.

Gone once it was made or taken back. What is announced stays as it is until then.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ActivityChange(Base):
    __tablename__ = "activity_change"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), unique=True)
    # What the form said, and what the activity was then: columns by their names, times in ISO.
    given: Mapped[object] = mapped_column(sa.JSON)
    before: Mapped[object] = mapped_column(sa.JSON)
    differing: Mapped[object] = mapped_column(sa.JSON)  # [name, words before, words after], as it is shown
    later: Mapped[bool]  # all later dates of its series too
    tells_of_notice: Mapped[bool]  # of another safety notice
    submitted_by_id: Mapped[int] = mapped_column(sa.BigInteger)  # staff
    submitted_by: Mapped[str] = mapped_column(sa.String(64))
    submitted_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why it came back; empty: it waits
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
