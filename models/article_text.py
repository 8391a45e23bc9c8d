"""What articles say as plain words, and what they are found by: a copy, made anew at any time."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ArticleText(Base):
    __tablename__ = "article_text"
    __table_args__ = (sa.Index("ix_article_text_article_id_version", "article_id", "version"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), unique=True)
    version: Mapped[int] = mapped_column()  # of the article when it was read
    place: Mapped[int] = mapped_column(
        unique=True
    )  # among all that were read, from 0; another at each reading
    text: Mapped[str] = mapped_column(sa.Text())


class ArticleGram(Base):
    """In which articles something stands (`app.services.article_grams`): their places, so many to a row."""

    __tablename__ = "article_gram"
    __table_args__ = (sa.UniqueConstraint("gram", "segment"),)

    gram: Mapped[int] = mapped_column()
    segment: Mapped[int] = mapped_column()
    places: Mapped[bytes] = mapped_column(sa.LargeBinary())  # app.services.article_places
