"""Staff: who works in the console, in which roles and branches, and where they are signed in.

Not here: what a role may do (`app.services.permissions`), what staff did (`models.staff_act`).
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.portal_session import DeviceKind
from models.types import SealedText, public_id


class Role(StrEnum):
    """What somebody is to the union, as the console knows it; what it allows is in `permissions`."""

    UNION_ADMIN = "union_admin"
    EDITOR = "editor"
    APPROVER = "approver"
    LAWYER = "lawyer"
    COMPANY_LAWYER = "company_lawyer"  # of the company's legal department: never against the company
    COUNSELLOR = "counsellor"
    DOCTOR = "doctor"
    ORGANISER = "organiser"
    CHECKER = "checker"  # who stands at the door of activities, often for one day
    COMPLAINTS = "complaints"
    HANDLER = "handler"
    DISPATCHER = "dispatcher"
    TRAINER = "trainer"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    LEAD = "lead"

    @property
    def label(self) -> str:
        return _ROLES[self]


_ROLES = {
    Role.UNION_ADMIN: "工会管理员",
    Role.EDITOR: "编辑",
    Role.APPROVER: "审核",
    Role.LAWYER: "律师",
    Role.COMPANY_LAWYER: "公司法务",
    Role.COUNSELLOR: "心理咨询师",
    Role.DOCTOR: "医生",
    Role.ORGANISER: "活动组织",
    Role.CHECKER: "活动签到",
    Role.COMPLAINTS: "投诉受理",
    Role.HANDLER: "部门承办",
    Role.DISPATCHER: "供电调度",
    Role.TRAINER: "培训",
    Role.AUDITOR: "审计",
    Role.OPERATOR: "运维",
    Role.LEAD: "值班组长",
}


class StaffState(StrEnum):
    INVITED = "invited"  # no password yet
    ACTIVE = "active"
    DISABLED = "disabled"  # kept for the record of what was done

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {StaffState.INVITED: "已邀请", StaffState.ACTIVE: "使用中", StaffState.DISABLED: "已停用"}


class Staff(Base):
    __tablename__ = "staff"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    login: Mapped[str] = mapped_column(sa.String(32), unique=True)  # in small letters
    name: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[StaffState]
    password: Mapped[str | None] = mapped_column(sa.String(255))  # argon2, with its parameters
    totp_secret: Mapped[str | None] = mapped_column(SealedText("staff.totp_secret"))  # base32; None: no TOTP
    totp_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # of the last code taken; none is twice
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), unique=True)  # for alerts
    created_at: Mapped[datetime]
    most_cases: Mapped[int | None]  # unanswered ones at once; None: as many as is usual
    away_from: Mapped[date | None]
    away_until: Mapped[date | None]  # the last day of it
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    grants: Mapped[list["StaffGrant"]] = relationship(lazy="raise", order_by="StaffGrant.id")

    def is_away(self, day: date) -> bool:
        return self.away_from is not None and self.away_from <= day <= (self.away_until or self.away_from)


class StaffGrant(Base):
    """A role for a branch and all below it; without a branch for the whole union."""

    __tablename__ = "staff_grant"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    role: Mapped[Role]
    branch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"), index=True)
    given_at: Mapped[datetime]


class StaffLink(Base):
    """A secret by which somebody chooses a password, says which WeChat is theirs, or signs in; good once."""

    __tablename__ = "staff_link"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    purpose: Mapped[str] = mapped_column(sa.String(16))  # password, wechat, sign_in
    secret_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class StaffRecoveryCode(Base):
    """Opens the second step once, for who lost the phone; the row goes when it is used."""

    __tablename__ = "staff_recovery_code"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    code_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))


class StaffSession(Base):
    """A browser signed in to the console, from the sign-in until it ends or is taken back."""

    __tablename__ = "staff_session"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    mark_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    device: Mapped[DeviceKind]
    address: Mapped[str] = mapped_column(SealedText("staff_session.address"))  # where it was begun from
    started_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]  # within minutes

    staff: Mapped[Staff] = relationship(lazy="raise")


class StaffTry(Base):
    """A sign-in that failed, or that has not come to its end yet; counted by the login that was typed."""

    __tablename__ = "staff_try"
    __table_args__ = (sa.Index("ix_staff_try_login_digest_at", "login_digest", "at"),)

    login_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    at: Mapped[datetime] = mapped_column(index=True)
