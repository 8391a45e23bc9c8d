"""What 心理疏导 and 健康咨询 know beyond their case: what was asked first, what was agreed to.

One row per case of these kinds. Topic, state, clocks and thread are the case's; who brought it lies in
`CaseReporter` alone. A name somebody goes by here is sealed like all that tells about people.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON


class Care(Base):
    __tablename__ = "care"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    details: Mapped[object | None] = mapped_column(SealedJSON("care.details"))  # app.services.care_facts
    urgent: Mapped[bool] = mapped_column(default=False)  # there were words of danger: before all others

    consent_version: Mapped[str] = mapped_column(sa.String(16))
    consent_at: Mapped[datetime]  # the day: the minute would lead to the message
    referral_consent_at: Mapped[datetime | None]  # a consent of its own, for telling somebody outside
