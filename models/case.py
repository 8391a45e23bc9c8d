"""Whatever a person brings to us (人工, 留言, consultations, applications): a numbered case and its thread.

Who brought it lies apart, in `CaseReporter`, so that a case can be worked on without knowing.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import SealedJSON, public_id


class CaseKind(StrEnum):
    DESK = "desk"  # 人工: somebody wants to talk to a person
    FEEDBACK = "feedback"  # 留言
    CONSULTATION = (
        "consultation"  # a question for the lawyer; what it adds to a case is in models.consultation
    )
    COUNSELLING = "counselling"  # 心理疏导; what it adds to a case is in models.care
    HEALTH = "health"  # 健康咨询, of a doctor; models.care
    COMPLAINT = "complaint"  # 投诉建议; what it adds to a case is in models.complaint
    APPLICATION = "application"  # 入会申请; what it adds is in models.membership_application
    MEMBER_CHANGE = "member_change"  # what staff approve of a member's data; models.member_change
    LEGAL_AID = "legal_aid"  # 法律援助申请; what it adds is in models.legal_aid

    @property
    def label(self) -> str:
        return _KINDS[self]


_KINDS = {
    CaseKind.DESK: "人工服务",
    CaseKind.FEEDBACK: "留言",
    CaseKind.CONSULTATION: "法律咨询",
    CaseKind.COUNSELLING: "心理疏导",
    CaseKind.HEALTH: "健康咨询",
    CaseKind.COMPLAINT: "投诉建议",
    CaseKind.APPLICATION: "入会申请",
    CaseKind.MEMBER_CHANGE: "资料变更",
    CaseKind.LEGAL_AID: "法律援助申请",
}


class CaseState(StrEnum):
    SUBMITTED = "submitted"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING_USER = "waiting_user"  # we asked something; our clocks stand still
    ANSWERED = "answered"
    REOPENED = "reopened"  # the member wrote again soon after the answer
    CLOSED = "closed"
    REFERRED = "referred"  # handed to somebody outside, with a consent of its own
    CANCELLED = "cancelled"  # the member withdrew it
    SUPPLEMENT = "supplement"  # of an application: something is missing; our clock stands still
    REVIEWING = "reviewing"
    APPROVED = "approved"
    REFUSED = "refused"
    GRANTED = "granted"  # legal aid: somebody is still to be assigned
    REJECTED = "rejected"  # legal aid is not given; may be objected to
    OBJECTION = "objection"
    UPHELD = "upheld"  # the objection changed nothing
    CONCLUDED = "concluded"
    TERMINATED = "terminated"  # legal aid ended before its time; may be objected to
    DEEMED_WITHDRAWN = "deemed_withdrawn"  # what was missing did not come in time
    ACCEPTED = "accepted"  # of a complaint, as all that follow
    NOT_ACCEPTED = "not_accepted"  # with a reason, and where to go
    DISPATCHED = "dispatched"  # to a department
    RETURNED = "returned"  # it was the wrong one
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    REPLIED = "replied"
    MERGED = "merged"  # into another; its person hears the answer to that one

    @property
    def label(self) -> str:
        return _STATES[self]

    @property
    def said_to_member(self) -> str:
        """The label as the member reads it."""
        return _SAID_TO_MEMBER.get(self, self.label)

    def label_in(self, kind: CaseKind) -> str:
        """As a state is called in cases of this kind."""
        return _OF_AID.get(self, self.label) if kind is CaseKind.LEGAL_AID else self.label

    def said_in(self, kind: CaseKind) -> str:
        """The same, as the member reads it."""
        is_aid = kind is CaseKind.LEGAL_AID and self in _OF_AID
        return _OF_AID[self] if is_aid else self.said_to_member


_STATES = {
    CaseState.SUBMITTED: "已提交",
    CaseState.TRIAGED: "已分诊",
    CaseState.ASSIGNED: "已派单",
    CaseState.IN_PROGRESS: "处理中",
    CaseState.WAITING_USER: "待用户补充",
    CaseState.ANSWERED: "已答复",
    CaseState.REOPENED: "重新办理",
    CaseState.CLOSED: "已办结",
    CaseState.REFERRED: "已转介",
    CaseState.CANCELLED: "已撤销",
    CaseState.SUPPLEMENT: "待补正",
    CaseState.REVIEWING: "审查中",
    CaseState.APPROVED: "已通过",
    CaseState.REFUSED: "未通过",
    CaseState.GRANTED: "同意援助",
    CaseState.REJECTED: "不予援助",
    CaseState.OBJECTION: "异议中",
    CaseState.UPHELD: "维持",
    CaseState.CONCLUDED: "已结案",
    CaseState.TERMINATED: "终止援助",
    CaseState.DEEMED_WITHDRAWN: "视为撤回",
    CaseState.ACCEPTED: "已受理",
    CaseState.NOT_ACCEPTED: "不予受理",
    CaseState.DISPATCHED: "已转办",
    CaseState.RETURNED: "退回重派",
    CaseState.EXTENDED: "已延期",
    CaseState.SUSPENDED: "挂起",
    CaseState.REPLIED: "已答复",
    CaseState.MERGED: "并案",
}
_OF_AID = {
    CaseState.SUBMITTED: "已申请",
    CaseState.ASSIGNED: "已指派",
    CaseState.IN_PROGRESS: "承办中",
    CaseState.CANCELLED: "已撤回",
    CaseState.UPHELD: "维持原决定",
}
_SAID_TO_MEMBER = {
    CaseState.WAITING_USER: "待您补充",
    CaseState.SUPPLEMENT: "待您补正",
    CaseState.RETURNED: "另派部门",
    CaseState.SUSPENDED: "暂停办理",
    CaseState.MERGED: "合并办理",
}

OVER = (  # nothing is left to do
    CaseState.CLOSED,
    CaseState.REFERRED,
    CaseState.CANCELLED,
    CaseState.APPROVED,
    CaseState.REFUSED,
    CaseState.REJECTED,
    CaseState.UPHELD,
    CaseState.CONCLUDED,
    CaseState.TERMINATED,
    CaseState.DEEMED_WITHDRAWN,
    CaseState.NOT_ACCEPTED,
    CaseState.MERGED,
)


def _quoted(codes: Iterable[StrEnum]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


TALKED = (  # with these somebody of staff talks in the chat; what ends by a yes or no has forms
    CaseKind.DESK,
    CaseKind.FEEDBACK,
    CaseKind.COMPLAINT,
    CaseKind.CONSULTATION,
    CaseKind.COUNSELLING,
    CaseKind.HEALTH,
)
# Whether one of a person's talks stands open at `at`; whoever asks the knowledge something waits for this.
TALK_STANDS_OPEN = (
    'SELECT 1 FROM case_reporter JOIN "case" ON "case".id = case_reporter.case_id'  # noqa: S608 - our own codes
    ' WHERE case_reporter.person_digest IN ({named}, {unnamed}) AND "case".talk_until > {at}'
    f' AND "case".kind IN ({_quoted(TALKED)}) AND "case".state NOT IN ({_quoted(OVER)})'
)


class EntryKind(StrEnum):
    MEMBER = "member"
    STAFF = "staff"
    NOTE = "note"  # internal, never sent
    EVENT = "event"  # a move from one state to another


class Case(Base):
    __tablename__ = "case"
    __table_args__ = (
        sa.Index("ix_case_kind_state", "kind", "state"),
        *(
            sa.Index(
                f"ix_case_{column}",
                *before,
                column,
                sqlite_where=sa.text(f"{column} IS NOT NULL"),
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
            )
            for column, before in {
                "answer_due_at": ("kind",),
                "answered_at": ("kind",),
                "owner_id": (),
                "return_due_at": (),
                "reminder_due_at": (),
                "close_due_at": (),
            }.items()
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    kind: Mapped[CaseKind]
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)  # LY-2026-0042
    topic: Mapped[str] = mapped_column(sa.String(24), default="")
    state: Mapped[CaseState]
    anonymous: Mapped[bool] = mapped_column(default=False)
    branch_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    owner_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # who of staff has taken it
    opened_at: Mapped[datetime]
    first_answer_due_at: Mapped[datetime | None]  # what was promised when it came

    # Due times, not durations; those of an application are its own.
    waiting_since: Mapped[datetime | None]  # the oldest words that nobody has answered yet
    answer_due_at: Mapped[datetime | None]  # of the first answer, later the next; None: none is owed
    seconds_left: Mapped[int | None]  # office time that was left when we began to wait for the member
    overdue: Mapped[bool] = mapped_column(default=False)  # an answer was not given when it was due
    first_answered_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # the newest answer
    reminder_due_at: Mapped[datetime | None]  # of the member, whom we asked something
    close_due_at: Mapped[datetime | None]  # when it ends by itself
    owned_at: Mapped[datetime | None]
    return_due_at: Mapped[datetime | None]  # when it goes back to all, if its owner has said nothing
    talk_until: Mapped[datetime | None]  # until then what the member writes in the chat belongs here
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    entries: Mapped[list["CaseEntry"]] = relationship(
        lazy="raise", order_by="CaseEntry.id", back_populates="case"
    )

    @property
    def state_label(self) -> str:
        return self.state.label_in(self.kind)

    @property
    def state_said(self) -> str:
        """As the member reads it."""
        return self.state.said_in(self.kind)


class CaseEntry(Base):
    __tablename__ = "case_entry"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), index=True)
    kind: Mapped[EntryKind]
    blocks: Mapped[object] = mapped_column(SealedJSON("case_entry.blocks"))  # [{type: text|file|…}]
    from_state: Mapped[CaseState | None]
    to_state: Mapped[CaseState | None]
    by: Mapped[str] = mapped_column(sa.String(64), default="")  # staff name or "system"; never the reporter
    channel: Mapped[str] = mapped_column(sa.String(16), default="")  # chat, portal, api, console, cli
    created_at: Mapped[datetime]

    case: Mapped[Case] = relationship(lazy="raise", back_populates="entries")


class CaseReporter(Base):
    """Who brought a case; found by digest, opened only by an act that is logged."""

    __tablename__ = "case_reporter"

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    person_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16), index=True)
    reporter: Mapped[object] = mapped_column(SealedJSON("case_reporter.reporter"))  # {person_id, follower_id}
