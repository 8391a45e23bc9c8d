"""Who came to which sitting (场次) of an activity that has several; of each sign-up and sitting one row.

The sittings themselves stand in `Activity.sittings`. An activity without any takes place once: then the
sign-up itself says who came, and there are no rows here. Other pages and the API say 场次 and sessions; here
a session is one of the database.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

KEY = 8  # characters


class SittingArrival(Base):
    __tablename__ = "sitting_arrival"
    __table_args__ = (sa.UniqueConstraint("sign_up_id", "sitting"),)

    sign_up_id: Mapped[int] = mapped_column(sa.ForeignKey("sign_up.id"))
    sitting: Mapped[str] = mapped_column(sa.String(KEY))  # its key
    arrived: Mapped[int]  # of the seats of the sign-up
    at: Mapped[datetime]  # as the phone at the door had it, within bounds
    by: Mapped[str] = mapped_column(sa.String(64))  # "member", or a name of staff
    channel: Mapped[str] = mapped_column(sa.String(16))  # scan, hand, venue
