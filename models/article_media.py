"""Pictures, films, sound and files that staff put into the text of an article or attach to the evidence of a
clarification, and the cuts of their pictures.

Not here: which block shows them (`app.rich_text.media`), and their bytes (stored files).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.stored_file import FileState
from models.types import public_id


class MediaSort(StrEnum):
    PICTURE = "picture"
    DOCUMENT = "document"
    FILM = "film"
    SOUND = "sound"

    @property
    def label(self) -> str:
        return {"picture": "图片", "document": "附件", "film": "视频", "sound": "音频"}[self.value]


class MediaOwner(StrEnum):
    """What a file was uploaded for; nothing else shows it."""

    ARTICLE = "article"
    CLARIFICATION = "clarification"

    @property
    def label(self) -> str:
        return {"article": "一篇文章", "clarification": "一条澄清"}[self.value]


NOT_READY = "state <> 'ready'"  # written out, as the index must have it


class ArticleMedia(Base):
    """Something uploaded for one article or clarification; of a picture `file` is what cuts are made of."""

    __tablename__ = "article_media"
    __table_args__ = (
        sa.Index(
            "ix_article_media_not_ready",
            "id",
            sqlite_where=sa.text(NOT_READY),
            postgresql_where=sa.text(NOT_READY),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    owner: Mapped[MediaOwner] = mapped_column(default=MediaOwner.ARTICLE, server_default="article")
    key: Mapped[str] = mapped_column(sa.String(16), index=True)  # the public id of the owner, or to be
    sort: Mapped[MediaSort]
    name: Mapped[str] = mapped_column(sa.String(80))  # of the file, as it was called
    ending: Mapped[str] = mapped_column(sa.String(8))
    file: Mapped[str] = mapped_column(sa.String(16))  # a stored file
    size: Mapped[int] = mapped_column(sa.BigInteger)  # bytes
    width: Mapped[int]  # pixels, of pictures
    height: Mapped[int]
    # Expected: held until a virus scanner has looked at it; nobody is shown what is not ready.
    state: Mapped[FileState] = mapped_column(default=FileState.READY, server_default=FileState.READY.value)
    reason: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")  # what it said
    by: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    look_at: Mapped[datetime] = mapped_column(index=True)  # when to look whether anything needs it still


class ArticleCut(Base):
    """What is shown of a picture, in one width."""

    __tablename__ = "article_cut"
    __table_args__ = (sa.UniqueConstraint("media_id", "cut", "width"),)

    media_id: Mapped[int] = mapped_column(sa.ForeignKey("article_media.id"))
    cut: Mapped[str] = mapped_column(sa.String(16))  # as `app.rich_text.media` names it
    width: Mapped[int]  # pixels
    height: Mapped[int]
    file: Mapped[str] = mapped_column(sa.String(16))  # a stored file
