"""What processes agree on through the database: leases, access tokens, versions, counters."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText

CASE_NEWS = "case_news"  # the name of a `SharedVersion`: see `app.services.case_news`
# Where the outbox row told of a case; the last thing in a transaction, since others wait for it.
CASE_NEWS_BY_REPLY = (
    "INSERT INTO shared_version (name, value) SELECT 'case_news', 1"
    " WHERE EXISTS (SELECT 1 FROM outbox WHERE id = {row} AND substr(kind, 1, 6) = 'cases.')"
    " ON CONFLICT (name) DO UPDATE SET value = shared_version.value + 1"
)


class Lease(Base):
    """Who may do a thing alone, until when (real time)."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(sa.String(96), unique=True)
    holder: Mapped[str] = mapped_column(sa.String(32))
    until: Mapped[datetime]


class AccessToken(Base):
    """WeChat's access token of one account, with its expiry beside it."""

    __tablename__ = "access_token"

    app_id: Mapped[str] = mapped_column(sa.String(32), unique=True)
    value: Mapped[str] = mapped_column(SealedText("access_token.value"))
    expires_at: Mapped[datetime]  # real time


class SharedVersion(Base):
    """A number that grows when something in memory everywhere must be read anew."""

    __tablename__ = "shared_version"

    name: Mapped[str] = mapped_column(sa.String(48), unique=True)
    value: Mapped[int] = mapped_column(default=0)


class Counter(Base):
    """The last number given out, such as LY-2026-0042: series LY, year 2026 in Asia/Shanghai."""

    __tablename__ = "counter"
    __table_args__ = (sa.UniqueConstraint("series", "year"),)

    series: Mapped[str] = mapped_column(sa.String(8))
    year: Mapped[int]
    value: Mapped[int] = mapped_column(default=0)
