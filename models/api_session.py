"""Who is signed in to the API: one row for a phone, from its log-in until it is given up or revoked.

Tokens are random and never stored: the row holds their digests.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ApiSession(Base):
    __tablename__ = "api_session"
    __table_args__ = (sa.Index("ix_api_session_expires_at", "expires_at"),)

    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"), index=True)
    access_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    access_until: Mapped[datetime]
    refresh_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    before_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), unique=True)  # the one before
    started_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # moved on by each refresh
    revoked_at: Mapped[datetime | None]
