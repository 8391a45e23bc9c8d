"""Backups that were made: when, how large and with which key, so that it is seen when there are none."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Backup(Base):
    """One that was made, checked and put in its place. Whether it is still there, nobody here knows."""

    __tablename__ = "backup"

    made_at: Mapped[datetime] = mapped_column(index=True)  # the moment of the database it holds
    name: Mapped[str] = mapped_column(sa.String(255))  # of the file, without its folder
    size: Mapped[int] = mapped_column(sa.BigInteger)  # bytes
    files: Mapped[int]  # how many stored files are in it
    sealed_with: Mapped[str] = mapped_column(sa.String(32))  # the name of the key
