"""Departments to which complaints are handed, and who of staff works in each."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import public_id


class Department(Base):
    __tablename__ = "department"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    branch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"), index=True)  # whose it is
    active: Mapped[bool] = mapped_column(default=True)  # others keep what they have, and get nothing new
    created_at: Mapped[datetime]


class DepartmentStaff(Base):
    """Somebody of staff works in a department."""

    __tablename__ = "department_staff"
    __table_args__ = (sa.UniqueConstraint("department_id", "staff_id"),)

    department_id: Mapped[int] = mapped_column(sa.ForeignKey("department.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    added_at: Mapped[datetime]
