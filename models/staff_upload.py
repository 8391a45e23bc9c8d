"""A sheet that somebody of staff sent in, between its preview and its import."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON, public_id


class UploadKind(StrEnum):
    ROSTER = "roster"  # of members
    REGISTER = "register"  # of electricity accounts


class UploadState(StrEnum):
    LOOKING = "looking"  # a job goes through it
    READY = "ready"  # it was looked at; staff decide
    IMPORTING = "importing"
    IMPORTED = "imported"
    REFUSED = "refused"  # no sheet of this kind; `said` tells why

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    UploadState.LOOKING: "正在查看",
    UploadState.READY: "待您确认",
    UploadState.IMPORTING: "正在导入",
    UploadState.IMPORTED: "已导入",
    UploadState.REFUSED: "读不了",
}


class StaffUpload(Base):
    __tablename__ = "staff_upload"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    kind: Mapped[UploadKind]
    state: Mapped[UploadState]
    name: Mapped[str] = mapped_column(sa.String(80))  # of the file, as it came
    # Its bytes are sealed (`app.services.staff_uploads`). None: deleted, since it was imported or refused.
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_file.id"))
    preview: Mapped[object | None] = mapped_column(
        SealedJSON("staff_upload.preview")  # app.services.import_previews
    )
    said: Mapped[str | None] = mapped_column(sa.String(400))  # how the last job on it ended
    job: Mapped[str | None] = mapped_column(sa.String(16))  # public id of the one that works on it
    created_at: Mapped[datetime] = mapped_column(index=True)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
