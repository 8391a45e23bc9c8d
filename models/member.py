"""Members of the union as the roster has them, their branches, and every change of either.

A member is an employee of the roster, whether or not he uses WeChat. `person_id` says who he is in chat and
on the portal, once he has bound himself. Not here: who may bind (`app.services.binding`), how a roster comes
in (`app.services.rosters`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import SealedJSON, SealedText, public_id

LINEAGE = "/"  # between the names of a lineage; no branch has it in its name


class MemberEvent(StrEnum):
    JOINED = "joined"
    CHANGED = "changed"
    LEFT = "left"
    RETURNED = "returned"
    BOUND = "bound"
    UNBOUND = "unbound"

    @property
    def label(self) -> str:
        return _EVENT_LABELS[self]


_EVENT_LABELS = {
    MemberEvent.JOINED: "入册",
    MemberEvent.CHANGED: "资料更改",
    MemberEvent.LEFT: "离开",
    MemberEvent.RETURNED: "回来",
    MemberEvent.BOUND: "绑定微信",
    MemberEvent.UNBOUND: "解除绑定",
}


class MemberKind(StrEnum):
    IN_SERVICE = "in_service"
    DISPATCHED = "dispatched"
    RETIRED = "retired"

    @property
    def label(self) -> str:
        return _KIND_LABELS[self]


_KIND_LABELS = {
    MemberKind.IN_SERVICE: "在职",
    MemberKind.DISPATCHED: "劳务派遣",
    MemberKind.RETIRED: "退休",
}


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"

    @property
    def label(self) -> str:
        return "女" if self is Sex.FEMALE else "男"


@dataclass(frozen=True, slots=True)
class Membership:
    """What rules ask of somebody who is a member today."""

    kind: MemberKind
    lineage: str  # of his branch
    sex: Sex | None = None

    def is_in(self, branch: str) -> bool:
        """Whether his branch or one above it is called so; `branch` may be a stretch of a lineage."""
        return f"{LINEAGE}{branch}{LINEAGE}" in f"{LINEAGE}{self.lineage}{LINEAGE}"


class Branch(Base):
    """公司工会, 分工会 or 班组: a node of the tree. What has members or children is never deleted."""

    __tablename__ = "branch"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    name: Mapped[str] = mapped_column(sa.String(40))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("branch.id"), index=True)
    lineage: Mapped[str] = mapped_column(
        sa.String(255), unique=True
    )  # names from the root, joined by LINEAGE
    takes_cases: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    created_at: Mapped[datetime]

    @property
    def way(self) -> str:
        """All names as people read them: 公司工会 › 北区分工会 › 抢修一班."""
        return self.lineage.replace(LINEAGE, " › ")


class BranchMove(Base):
    """A branch was given another name or another place; what it was called before, and by whom."""

    __tablename__ = "branch_move"

    branch_id: Mapped[int] = mapped_column(sa.ForeignKey("branch.id"), index=True)
    before: Mapped[str] = mapped_column(sa.String(255))  # lineages
    after: Mapped[str] = mapped_column(sa.String(255))
    by: Mapped[str] = mapped_column(sa.String(64))
    channel: Mapped[str] = mapped_column(sa.String(16))  # console, cli
    at: Mapped[datetime]


class Member(Base):
    __tablename__ = "member"
    __table_args__ = (
        sa.Index("ix_member_branch_id_left_on", "branch_id", "left_on"),
        # For names that begin so; whatever the database thinks of the order of letters.
        sa.Index("ix_member_name", "name", postgresql_ops={"name": "varchar_pattern_ops"}),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    staff_number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    sex: Mapped[Sex | None]
    born_on: Mapped[str | None] = mapped_column(SealedText("member.born_on"))  # 1985-03-05
    phone: Mapped[str | None] = mapped_column(SealedText("member.phone"))  # digits
    branch_id: Mapped[int] = mapped_column(sa.ForeignKey("branch.id"))
    post: Mapped[str] = mapped_column(sa.String(40), default="")
    kind: Mapped[MemberKind]
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]  # the first day without the rights of a member
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    bound_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    branch: Mapped[Branch] = relationship(lazy="raise")

    def has_left(self, today: date) -> bool:
        return self.left_on is not None and self.left_on <= today


class MemberMove(Base):
    """What happened to a member: came in by a roster, changed, left, came back, bound, unbound."""

    __tablename__ = "member_move"

    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    what: Mapped[str] = mapped_column(sa.String(24))  # joined, changed, left, returned, bound, unbound
    changes: Mapped[object | None] = mapped_column(
        SealedJSON("member_move.changes")
    )  # field -> [before, after]
    by: Mapped[str] = mapped_column(sa.String(64))  # "member", or a name of staff
    channel: Mapped[str] = mapped_column(sa.String(16))  # chat, portal, api, console, cli
    at: Mapped[datetime]


class Guess(Base):
    """A failed try to prove who one is, counted by person and by what was tried."""

    __tablename__ = "guess"
    __table_args__ = (
        sa.Index("ix_guess_person_id_at", "person_id", "at"),
        sa.Index("ix_guess_subject_at", "subject", "at"),
    )

    purpose: Mapped[str] = mapped_column(sa.String(16))  # member, account
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    subject: Mapped[bytes] = mapped_column(sa.LargeBinary(32))  # digest of the number tried
    at: Mapped[datetime]
