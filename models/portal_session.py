"""Which browsers are signed in to the portal: one row each, from the sign-in until it ends or is taken back.

The browser keeps the session itself, sealed (`app.portal.tickets`); the row holds a digest of its mark.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class DeviceKind(StrEnum):
    """What somebody looked from, as its browser says; no more is kept of it."""

    IPHONE = "iphone"
    IPAD = "ipad"
    ANDROID = "android"
    HARMONY = "harmony"
    WINDOWS = "windows"
    MAC = "mac"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    DeviceKind.IPHONE: "iPhone",
    DeviceKind.IPAD: "iPad",
    DeviceKind.ANDROID: "安卓手机",
    DeviceKind.HARMONY: "鸿蒙手机",
    DeviceKind.WINDOWS: "Windows 电脑",
    DeviceKind.MAC: "苹果电脑",
    DeviceKind.OTHER: "其他设备",
}


class PortalSession(Base):
    __tablename__ = "portal_session"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"), index=True)
    mark_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    device: Mapped[DeviceKind]
    started_at: Mapped[datetime] = mapped_column(index=True)
