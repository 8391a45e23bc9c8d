"""Panorama tours of activities and union places: scenes one looks around in, and what one may tap there.

Not here: how a picture is cut (`app.services.panorama_pictures`), and its bytes (stored files).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class PanoramaState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"

    @property
    def label(self) -> str:
        return {"draft": "草稿", "published": "已发布"}[self.value]


class PictureState(StrEnum):
    WAITING = "waiting"  # to be cut, or being cut
    READY = "ready"  # all tiles are made
    FAILED = "failed"  # `said` tells why

    @property
    def label(self) -> str:
        return {"waiting": "正在切图", "ready": "可以看", "failed": "没有切成"}[self.value]


class HotspotKind(StrEnum):
    SCENE = "scene"
    TEXT = "text"
    PICTURE = "picture"
    ACTIVITY = "activity"

    @property
    def label(self) -> str:
        return {"scene": "去另一处", "text": "文字", "picture": "图片", "activity": "活动"}[self.value]


class Panorama(Base):
    """A tour. Its first scene is where it begins."""

    __tablename__ = "panorama"
    __table_args__ = (sa.Index("ix_panorama_state_position", "state", "position"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    title: Mapped[str] = mapped_column(sa.String(40))
    about: Mapped[str] = mapped_column(sa.String(120), default="")  # one line of a card
    activity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id"), index=True)  # None: a place
    branch_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[PanoramaState]
    position: Mapped[int]  # in the list, from below
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class PanoramaScene(Base):
    __tablename__ = "panorama_scene"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    panorama_id: Mapped[int] = mapped_column(sa.ForeignKey("panorama.id"), index=True)
    position: Mapped[int]  # in the tour, from below
    title: Mapped[str] = mapped_column(sa.String(30))
    alt: Mapped[str] = mapped_column(sa.String(120))  # what is to be seen, for who cannot see it
    yaw: Mapped[float] = mapped_column(sa.Float)  # degrees to the right of the picture's middle, -180 to 180
    pitch: Mapped[float] = mapped_column(sa.Float)  # degrees above the horizon


class PanoramaPicture(Base):
    """One equirectangular picture of a scene. The newest that is ready is shown; older ones go then."""

    __tablename__ = "panorama_picture"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    scene_id: Mapped[int] = mapped_column(sa.ForeignKey("panorama_scene.id"), index=True)
    state: Mapped[PictureState]
    sha256: Mapped[str] = mapped_column(sa.String(64))  # of what was uploaded
    upload: Mapped[str] = mapped_column(sa.String(16))  # a stored file; empty once it is cut: it knows where
    preview: Mapped[str] = mapped_column(sa.String(16))  # a stored file, made first; empty: not yet
    width: Mapped[int]  # pixels, of the upload; twice its height
    said: Mapped[str] = mapped_column(sa.String(200))  # why it could not be cut
    created_at: Mapped[datetime]


class PanoramaTile(Base):
    """A square of one level, counted from the upper left corner."""

    __tablename__ = "panorama_tile"
    __table_args__ = (sa.UniqueConstraint("picture_id", "level", "across", "down"),)

    picture_id: Mapped[int] = mapped_column(sa.ForeignKey("panorama_picture.id"))
    level: Mapped[int]  # 0 is the coarsest
    across: Mapped[int]
    down: Mapped[int]
    file: Mapped[str] = mapped_column(sa.String(16))  # a stored file


class Hotspot(Base):
    """A point in a scene that leads somewhere or says something."""

    __tablename__ = "hotspot"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    scene_id: Mapped[int] = mapped_column(sa.ForeignKey("panorama_scene.id"), index=True)
    kind: Mapped[HotspotKind]
    yaw: Mapped[float] = mapped_column(sa.Float)  # degrees, as of a scene
    pitch: Mapped[float] = mapped_column(sa.Float)
    label: Mapped[str] = mapped_column(sa.String(30))
    words: Mapped[str] = mapped_column(sa.String(300))  # of a text; of a picture what is on it
    to_scene_id: Mapped[int | None] = mapped_column(sa.ForeignKey("panorama_scene.id"), index=True)
    activity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id"), index=True)
    file: Mapped[str] = mapped_column(sa.String(16))  # a stored file, of a picture
    created_at: Mapped[datetime]
