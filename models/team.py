"""Teams of activities that are signed up for in teams. Who is in one: the sign-ups with its id.

Not here: what they may do (`app.services.teams`), what becomes of them (`app.services.team_rows`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class Team(Base):
    """Gathered, then handed in, then seated; or dropped on the way."""

    __tablename__ = "team"

    public_id: Mapped[str] = mapped_column(
        sa.String(16), unique=True, default=public_id
    )  # who has it may join
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(20))
    # Whose sign-up speaks for all: while the team waits it takes the seats of all.
    captain_id: Mapped[int] = mapped_column(sa.ForeignKey("sign_up.id"), index=True)
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    seated_at: Mapped[datetime | None]  # since then each holds his own seat
    dropped_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]  # that it is not handed in, and sign-ups close soon

    @property
    def gathers(self) -> bool:
        return self.submitted_at is None and self.dropped_at is None
