"""A change of a member's data that staff approve: another phone number, or another person bound to it.

One row per case of kind `member_change`. State, thread and who asked are the case's.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.member import Member
from models.types import SealedJSON


class ChangeKind(StrEnum):
    PHONE = "phone"
    MOVE = "move"  # who asks has shown that he is the member, whom another WeChat account has bound

    @property
    def label(self) -> str:
        return "换手机号" if self is ChangeKind.PHONE else "换微信号"


class MemberChange(Base):
    __tablename__ = "member_change"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    what: Mapped[ChangeKind]
    facts: Mapped[object | None] = mapped_column(
        SealedJSON("member_change.facts")  # {"phone": digits}, or {"proof": phone | birth}; None: forgotten
    )
    holder_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id"), index=True
    )  # of a move: who had the binding then, and was told
    objections_until: Mapped[datetime | None]
    objected_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship(lazy="raise")
