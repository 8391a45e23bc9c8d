"""Electricity accounts (户号): what the marketing system says of them, and who has bound which.

A binding is a person's own word; only a verified one shows anything of the account. Not here: who may verify
(`app.services.customer_accounts`), how the register comes in (`app.services.customer_registers`).
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedText, public_id


class BindingState(StrEnum):
    UNVERIFIED = "unverified"  # selects notices by area, and nothing else
    VERIFIED = "verified"

    @property
    def label(self) -> str:
        return "已核实" if self is BindingState.VERIFIED else "未核实"


class CustomerAccount(Base):
    """A row of the register. Its number is found by the digest alone."""

    __tablename__ = "customer_account"
    __table_args__ = (sa.Index("ix_customer_account_area", "area"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    number: Mapped[str] = mapped_column(SealedText("customer_account.number"))
    number_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(SealedText("customer_account.name"))
    phone: Mapped[str | None] = mapped_column(SealedText("customer_account.phone"))  # digits
    area: Mapped[str] = mapped_column(sa.String(40))  # 黄陵 北区
    address: Mapped[str | None] = mapped_column(SealedText("customer_account.address"))
    closed_on: Mapped[date | None]  # the first day without a customer
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    def is_closed(self, today: date) -> bool:
        return self.closed_on is not None and self.closed_on <= today


class AccountBinding(Base):
    """An account as one person has bound it; several persons may bind the same one."""

    __tablename__ = "account_binding"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "number_digest"),
        sa.Index("ix_account_binding_number_digest", "number_digest"),
        sa.Index("ix_account_binding_area", "area"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    number: Mapped[str] = mapped_column(SealedText("account_binding.number"))
    number_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    nickname: Mapped[str | None] = mapped_column(SealedText("account_binding.nickname"))  # 老家
    chosen_area: Mapped[str | None] = mapped_column(sa.String(40))  # what the person said
    area: Mapped[str | None] = mapped_column(sa.String(40))  # what selects notices
    state: Mapped[BindingState]
    bound_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def is_verified(self) -> bool:
        return self.state is BindingState.VERIFIED

    @property
    def shown_area(self) -> str | None:
        """What the person may read: of an unverified one only his own word, else it would tell him."""
        return self.area if self.is_verified else self.chosen_area
