"""Templates of an account as WeChat last told them, which carries which notice: chosen by staff; and who
has said yes to being told by which.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class TemplateKind(StrEnum):
    MESSAGE = "message"  # 模板消息: one's own matter, and nobody is asked before
    ONCE = "once"  # 一次性订阅通知: one yes, one notice
    LASTING = "lasting"  # 长期订阅通知: until the person takes the yes back

    @property
    def is_subscribed(self) -> bool:
        return self is not TemplateKind.MESSAGE

    @property
    def label(self) -> str:
        return {"message": "模板消息", "once": "订阅通知（一次一条）", "lasting": "订阅通知（长期）"}[
            self.value
        ]


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
    kind: Mapped[TemplateKind] = mapped_column(
        default=TemplateKind.MESSAGE, server_default=TemplateKind.MESSAGE.value
    )
    fetched_at: Mapped[datetime]


class NoticeConsent(Base):
    """How many subscription notices by a template a follower has agreed to and not got yet.

    WeChat asks people in a popup and tells us what they answered; one yes is one notice.
    """

    __tablename__ = "notice_consent"
    __table_args__ = (sa.UniqueConstraint("follower_id", "template_id"),)

    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("follower.id"))
    template_id: Mapped[str] = mapped_column(sa.String(64))
    remaining: Mapped[int] = mapped_column(default=0)
    said_at: Mapped[datetime]  # the last yes or no
