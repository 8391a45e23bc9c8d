"""What readers do with an article: like it, keep it to read again; and what somebody has read lately.

Each is a row of its own and counted when shown: a number in the article's row would make all who tap wait for
one another.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ArticleLike(Base):
    __tablename__ = "article_like"
    __table_args__ = (sa.UniqueConstraint("article_id", "person_id"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    at: Mapped[datetime]


class ArticleFavourite(Base):
    __tablename__ = "article_favourite"
    __table_args__ = (
        sa.UniqueConstraint("article_id", "person_id"),
        sa.Index("ix_article_favourite_person_id_id", "person_id", "id"),
    )

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime]


class ArticleVisit(Base):
    """看过的: only of who lets us count, see `app.services.interests`."""

    __tablename__ = "article_visit"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "article_id"),
        sa.Index("ix_article_visit_person_id_last_at", "person_id", "last_at"),
    )

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
