"""Answers of the API to calls that carry a key, kept so that the same call again is told the same.

No column leads to a person: the key's digest holds who called, and nobody finds a caller by it.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON


class KeptAnswer(Base):
    __tablename__ = "kept_answer"

    key_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16), unique=True)  # of caller, route and key
    call_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16))  # of address and body
    answer: Mapped[object | None] = mapped_column(SealedJSON("kept_answer.answer"))  # None: under way
    at: Mapped[datetime] = mapped_column(index=True)
