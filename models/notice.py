"""Templates of an account as WeChat last told them, and which carries which notice: chosen by staff."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class NoticeTemplate(Base):
    __tablename__ = "notice_template"
    __table_args__ = (sa.UniqueConstraint("account_id", "kind"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(sa.String(64))  # which notice, e.g. crisis.alert
    template_id: Mapped[str] = mapped_column(sa.String(64))
    fields: Mapped[dict[str, str]] = mapped_column(sa.JSON)  # the template's field → what we put there
    mapped_by: Mapped[str] = mapped_column(sa.String(64))
    mapped_at: Mapped[datetime]


class KnownTemplate(Base):
    """One that WeChat named when it was last asked."""

    __tablename__ = "known_template"
    __table_args__ = (sa.UniqueConstraint("account_id", "template_id"),)

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    template_id: Mapped[str] = mapped_column(sa.String(64))
    title: Mapped[str] = mapped_column(sa.String(64))
    content: Mapped[str] = mapped_column(sa.Text)  # shows the fields as {{thing1.DATA}}
    example: Mapped[str] = mapped_column(sa.Text)
    fetched_at: Mapped[datetime]
