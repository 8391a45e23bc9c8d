"""What a legal consultation knows beyond its case: the facts asked for, and what was agreed to.

One row per case of kind `consultation`. Topic, state, clocks, thread and who brought it are the case's. Dates
that order work are plain; whatever tells about people is sealed. Not here: what follows from the facts
(`app.services.statutory_deadlines`) and the moves (`app.services.case_moves`).
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON


class Employment(StrEnum):
    EMPLOYED = "employed"
    LEFT = "left"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {"employed": "还在上班", "left": "已经离开", "other": "还没入职，或说不清"}[self.value]


class Basis(StrEnum):
    """Where a deadline comes from."""

    ARBITRATION = "arbitration"
    AFTER_LEAVING = "after_leaving"  # wages: the year of arbitration begins when the job ends
    INJURY_EMPLOYER = "injury_employer"
    INJURY_WORKER = "injury_worker"
    COURT = "court"
    TOLD = "told"  # a day the member was told by somebody


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class Consultation(Base):
    __tablename__ = "consultation"
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)

    happened_on: Mapped[date | None]  # of an injury; None here and below: not remembered, or forgotten since
    known_on: Mapped[date | None]
    employment: Mapped[Employment | None]
    left_on: Mapped[date | None]
    own_company: Mapped[bool] = mapped_column(default=False)  # the opponent: never to its legal department
    details: Mapped[object | None] = mapped_column(
        SealedJSON("consultation.details")  # app.services.consultations.Details
    )

    deadline_on: Mapped[date | None]  # the nearest that is ahead, else the last that seems passed
    deadline_basis: Mapped[Basis | None]
    urgency: Mapped[Urgency]
    fast_track: Mapped[bool] = mapped_column(default=False)  # fewer than seven days to a deadline

    consent_version: Mapped[str] = mapped_column(sa.String(16))
    consent_at: Mapped[datetime]
    referral_consent_at: Mapped[datetime | None]  # a consent of its own, for telling somebody outside
