"""Posters of activities: one for each place where it hangs, with a QR code of its own; and who scanned which.

Not here: the picture itself (a `StoredFile`), and how a code is made at WeChat (a job).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class Poster(Base):
    __tablename__ = "poster"
    __table_args__ = (sa.UniqueConstraint("activity_id", "place"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"))
    place: Mapped[str] = mapped_column(sa.String(20))  # where it hangs: 食堂门口
    code: Mapped[str] = mapped_column(sa.String(255), default="")  # what its QR code says; empty: none yet
    counts: Mapped[bool] = mapped_column(default=False)  # the code is WeChat's, so that scans reach us
    code_until: Mapped[datetime | None]  # WeChat knows it that long; None: for good
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_file.id"))  # the picture
    drawn_of: Mapped[str] = mapped_column(sa.String(64), default="")  # digest of what the picture says
    created_at: Mapped[datetime]


class PosterScan(Base):
    """Somebody scanned a poster: once per person, then nobody's, so that the count stays and no name."""

    __tablename__ = "poster_scan"
    __table_args__ = (
        sa.UniqueConstraint("poster_id", "person_id"),
        sa.Index(
            "ix_poster_scan_scanned_at",
            "scanned_at",
            sqlite_where=sa.text("person_id IS NOT NULL"),
            postgresql_where=sa.text("person_id IS NOT NULL"),
        ),
    )

    poster_id: Mapped[int] = mapped_column(sa.ForeignKey("poster.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    followed: Mapped[bool]  # began to follow the account by this very scan
    scanned_at: Mapped[datetime]  # the last time; only the day once it is nobody's
