"""Files by which WeChat checks that a domain is ours; kept here so that every process serves them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class VerificationFile(Base):
    __tablename__ = "verification_file"

    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    content: Mapped[str] = mapped_column(sa.String(1024))
    added_at: Mapped[datetime]
