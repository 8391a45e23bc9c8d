"""What was received, byte for byte: the original behind a stored file, sealed under a key of its own.

The bytes lie as a stored file too (`original_id`), under a name nobody is given. Their key is sealed in this
row: new keys of the service seal this one anew, and the bytes stay where they are.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.identity import AccountKind
from models.types import SealedText


class Evidence(Base):
    __tablename__ = "evidence"
    __table_args__ = (sa.UniqueConstraint("file_id"), sa.UniqueConstraint("original_id"))

    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_file.id"))  # the copy that is shown
    original_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_file.id"))  # the sealed bytes
    key: Mapped[str] = mapped_column(SealedText("evidence.key"))  # hex
    sha256: Mapped[str] = mapped_column(sa.String(64), default="")  # of what was received
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # of what was received, bytes
    source: Mapped[AccountKind]  # to which of our accounts it was sent
    received_at: Mapped[datetime]  # of an anonymous case the day
    stored_at: Mapped[datetime | None]  # None: its bytes are not there yet
