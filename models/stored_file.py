"""Files we keep, and WeChat media still to be fetched before they die after three days."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class FileState(StrEnum):
    EXPECTED = "expected"  # its bytes are still at WeChat
    READY = "ready"
    LOST = "lost"  # WeChat no longer has it, or it was refused; `reason` tells
    INFECTED = "infected"  # the scanner found a virus; nobody is shown it; `reason` tells
    DELETED = "deleted"  # nobody needs it: a job deletes its bytes, then the row


def _index(name: str, column: str, condition: str) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(f"ix_stored_file_{name}", column, sqlite_where=where, postgresql_where=where)


class StoredFile(Base):
    __tablename__ = "stored_file"
    __table_args__ = (
        _index("loose", "owner_id", "NOT kept AND state <> 'deleted'"),
        _index("deleted", "created_at", "state = 'deleted'"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))  # image, voice, video; document, original
    content_type: Mapped[str] = mapped_column(sa.String(64), default="")  # told by the bytes themselves
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # bytes
    sha256: Mapped[str] = mapped_column(sa.String(64), default="")
    state: Mapped[FileState]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    # A case has it; else it belongs to a dialogue, or to nothing (`app.services.loose_files`).
    kept: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    created_at: Mapped[datetime]


class MediaFetch(Base):
    """A due row: fetch `media_id` from WeChat into `file_id`."""

    __tablename__ = "media_fetch"
    __table_args__ = (sa.UniqueConstraint("file_id"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    media_id: Mapped[str] = mapped_column(sa.String(128))
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_file.id"))
    done: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
