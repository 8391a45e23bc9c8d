"""Albums of activities, their pictures, and who wants which picture of himself taken away.

Not here: the bytes (each picture is two stored files), and who may see what (`app.services.albums`).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class AlbumSeen(StrEnum):
    """Who may look at an album."""

    EVERYBODY = "everybody"
    MEMBERS = "members"
    PARTICIPANTS = "participants"

    @property
    def label(self) -> str:
        return {"everybody": "所有人", "members": "绑定了工号的会员", "participants": "参加的人"}[self.value]


class PhotoState(StrEnum):
    COMING = "coming"  # sent in chat; its bytes are still at WeChat or not drawn yet
    PENDING = "pending"
    SHOWN = "shown"
    OBJECTED = "objected"  # somebody says that it shows him: hidden at once, then decided
    REFUSED = "refused"
    REMOVED = "removed"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    PhotoState.COMING: "正在接收",
    PhotoState.PENDING: "待审",
    PhotoState.SHOWN: "已公开",
    PhotoState.OBJECTED: "有人要求撤下",
    PhotoState.REFUSED: "未通过",
    PhotoState.REMOVED: "已撤下",
}


class Album(Base):
    """One per activity."""

    __tablename__ = "album"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), unique=True)
    seen_by: Mapped[AlbumSeen]
    takes: Mapped[bool] = mapped_column(default=True)  # pictures of participants
    cover_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # one of its pictures; None: its first
    created_at: Mapped[datetime]


class AlbumPhoto(Base):
    __tablename__ = "album_photo"
    __table_args__ = (
        sa.UniqueConstraint("album_id", "digest"),
        sa.Index("ix_album_photo_album_id_state", "album_id", "state"),
        sa.Index(
            "ix_album_photo_coming",
            "id",
            sqlite_where=sa.text("state = 'coming'"),
            postgresql_where=sa.text("state = 'coming'"),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    album_id: Mapped[int] = mapped_column(sa.ForeignKey("album.id"))
    large: Mapped[str] = mapped_column(sa.String(16), default="")  # a stored file; empty: deleted
    small: Mapped[str] = mapped_column(sa.String(16), default="")
    width: Mapped[int] = mapped_column(default=0)  # pixels of the large one
    height: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str | None] = mapped_column(sa.String(64))  # of what was sent; None: still coming
    caption: Mapped[str] = mapped_column(sa.String(60), default="")
    position: Mapped[int] = mapped_column(default=0)  # in the album
    state: Mapped[PhotoState]
    giver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # None: staff
    given_by: Mapped[str] = mapped_column(sa.String(64))  # "member", or a name of staff
    given_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(sa.String(64), default="")
    reason: Mapped[str] = mapped_column(sa.String(200), default="")


class PhotoObjection(Base):
    """ "This shows me, please take it away": once per person and picture."""

    __tablename__ = "photo_objection"
    __table_args__ = (sa.UniqueConstraint("photo_id", "person_id"),)

    photo_id: Mapped[int] = mapped_column(sa.ForeignKey("album_photo.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # None: forgotten
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
