"""What people agreed to, and what they asked us to do with what we know of them.

Not here: which purposes there are and what is said about each (`app.services.purposes`).
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON, public_id


class ConsentEnd(StrEnum):
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"  # by consent to a newer version of the notice
    CLOSED = "closed"  # the account was closed

    @property
    def label(self) -> str:
        return {"withdrawn": "已撤回", "replaced": "已换成新版", "closed": "已注销"}[self.value]


class Consent(Base):
    """One act of agreeing: a person, a purpose, the version of what was read, and by which way.

    Whose it is tells a digest of its own for each purpose, so that the rows of one person cannot be put
    together by who reads the table, nor held against others that have his name and the same minute.
    """

    __tablename__ = "consent"
    __table_args__ = (
        sa.Index(
            "uq_consent_standing",
            "person_digest",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index("ix_consent_person_digest", "person_digest"),
    )

    person_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16))  # of purpose and person
    purpose: Mapped[str] = mapped_column(sa.String(24))
    version: Mapped[str] = mapped_column(sa.String(16))
    given_at: Mapped[datetime]  # of a confidential purpose only the day
    given_by: Mapped[str] = mapped_column(sa.String(16))  # chat, portal, api
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[ConsentEnd | None]


class RequestKind(StrEnum):
    EXPORT = "export"
    DELETE = "delete"
    CORRECT = "correct"
    CLOSE = "close"

    @property
    def label(self) -> str:
        return _KINDS[self]


_KINDS = {
    RequestKind.EXPORT: "导出我的资料",
    RequestKind.DELETE: "删除资料",
    RequestKind.CORRECT: "更正资料",
    RequestKind.CLOSE: "注销",
}


class PrivacyRequest(Base):
    """What a person asked for under the law on personal information, and what became of it: the receipt.

    Its public id opens the receipt to whoever has it: the receipt names nobody.
    """

    __tablename__ = "privacy_request"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)  # QX-2026-0042
    kind: Mapped[RequestKind]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # None once closed
    channel: Mapped[str] = mapped_column(sa.String(16))  # portal, api, wechat
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[object] = mapped_column(SealedJSON("privacy_request.outcome"))  # lines, in Chinese

    # Of an export: the link that opens it in any browser, for a short while.
    link_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), unique=True)
    link_until: Mapped[datetime | None]
