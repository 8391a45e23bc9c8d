"""辟谣: a claim that goes round, what was found out about it, who brought it and what happened to it.

What people sent in lies sealed; who sent it is found again by a digest of the person and by nobody of staff.
What is published lies open, to be searched.
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON, SealedText, public_id


class ClarificationState(StrEnum):
    REPORTED = "reported"
    VERIFYING = "verifying"
    IN_REVIEW = "in_review"  # written; somebody else decides
    PUBLISHED = "published"
    UPDATED = "updated"  # published, with something added later
    REFUSED = "refused"
    CLOSED = "closed"  # was public
    MERGED = "merged"  # the same claim as another one

    @property
    def label(self) -> str:
        return _STATES[self]


class Verdict(StrEnum):
    FALSE = "false"
    PARTLY = "partly"
    TRUE = "true"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return _VERDICTS[self]

    @property
    def mark(self) -> str:
        """A sign beside the word, so that the colour says nothing alone."""
        return {"false": "✕", "partly": "△", "true": "✓", "unknown": "？"}[self.value]


class HeardFrom(StrEnum):
    WECHAT = "wechat"
    VIDEO = "video"
    WEB = "web"
    PHONE = "phone"
    PEOPLE = "people"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _HEARD[self]


class RefusedFor(StrEnum):
    NO_RUMOUR = "no_rumour"
    NOT_OURS = "not_ours"
    UNVERIFIABLE = "unverifiable"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _REFUSED[self]


_STATES = {
    ClarificationState.REPORTED: "收到线索",
    ClarificationState.VERIFYING: "核实中",
    ClarificationState.IN_REVIEW: "待审批",
    ClarificationState.PUBLISHED: "已发布",
    ClarificationState.UPDATED: "已更新",
    ClarificationState.REFUSED: "不受理",
    ClarificationState.CLOSED: "已下线",
    ClarificationState.MERGED: "已并案",
}
_VERDICTS = {
    Verdict.FALSE: "不实",
    Verdict.PARTLY: "部分不实",
    Verdict.TRUE: "属实",
    Verdict.UNKNOWN: "无法核实",
}
_HEARD = {
    HeardFrom.WECHAT: "微信群、朋友圈",
    HeardFrom.VIDEO: "短视频、直播",
    HeardFrom.WEB: "网站、公众号",
    HeardFrom.PHONE: "电话、短信",
    HeardFrom.PEOPLE: "听人说的",
    HeardFrom.OTHER: "其他地方",
}
_REFUSED = {
    RefusedFor.NO_RUMOUR: "不是传言，是咨询或投诉",
    RefusedFor.NOT_OURS: "和供电、工会无关",
    RefusedFor.UNVERIFIABLE: "线索太少，没法核实",
    RefusedFor.OTHER: "其他",
}
PUBLIC = "clarification.state IN ('published', 'updated')"


class Clarification(Base):
    __tablename__ = "clarification"
    __table_args__ = (
        sa.Index(
            "ix_clarification_public",
            "published_at",
            "id",
            sqlite_where=sa.text("state IN ('published', 'updated')"),
            postgresql_where=sa.text("state IN ('published', 'updated')"),
        ),
        sa.Index("ix_clarification_state", "state"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    state: Mapped[ClarificationState]
    wordings: Mapped[object] = mapped_column(SealedJSON("clarification.wordings"))  # as people tell it
    reports: Mapped[int] = mapped_column(default=0)  # how often it was brought

    title: Mapped[str] = mapped_column(sa.String(40), default="")  # says no rumour
    verdict: Mapped[Verdict | None]
    short: Mapped[str] = mapped_column(sa.String(160), default="")
    answer: Mapped[object] = mapped_column(sa.JSON, default=list)  # blocks of app.rich_text
    evidence: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)  # {"text", "url"}
    organ: Mapped[str] = mapped_column(sa.String(40), default="")  # who says so
    found_by: Mapped[str] = mapped_column(sa.Text, default="")  # its words while it is public
    next_review_on: Mapped[date | None]
    refused_for: Mapped[RefusedFor | None]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")  # why refused, sent back or closed

    writers: Mapped[list[int]] = mapped_column(sa.JSON, default=list)  # of staff: none of them approves
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("clarification.id"), index=True)
    created_at: Mapped[datetime]  # the day, where people brought it
    published_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def told(self) -> list[str]:
        """The claim as people tell it, in several ways."""
        return [str(each) for each in self.wordings] if isinstance(self.wordings, list) else []

    @property
    def is_public(self) -> bool:
        return self.state in (ClarificationState.PUBLISHED, ClarificationState.UPDATED)


class ClarificationReport(Base):
    """Somebody brought it: what he wrote, where he heard it."""

    __tablename__ = "clarification_report"

    clarification_id: Mapped[int] = mapped_column(sa.ForeignKey("clarification.id"), index=True)
    person_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16), index=True)  # None: nobody known
    person: Mapped[object | None] = mapped_column(SealedJSON("clarification_report.person"))
    words: Mapped[str | None] = mapped_column(SealedText("clarification_report.words"))  # None: forgotten
    heard: Mapped[HeardFrom]
    files: Mapped[list[str]] = mapped_column(sa.JSON, default=list)  # public ids of stored files
    channel: Mapped[str] = mapped_column(sa.String(16))
    at: Mapped[datetime] = mapped_column(index=True)  # the day: the minute would lead to the person


class ClarificationUpdate(Base):
    """What was found out later; said on the page once somebody else has approved it."""

    __tablename__ = "clarification_update"

    clarification_id: Mapped[int] = mapped_column(sa.ForeignKey("clarification.id"), index=True)
    text: Mapped[str] = mapped_column(sa.String(400))
    verdict: Mapped[Verdict | None]  # None: as it was
    by: Mapped[str] = mapped_column(sa.String(64))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    written_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(sa.String(64), default="")


class ClarificationMove(Base):
    """What happened to it."""

    __tablename__ = "clarification_move"

    clarification_id: Mapped[int] = mapped_column(sa.ForeignKey("clarification.id"), index=True)
    from_state: Mapped[ClarificationState | None]
    to_state: Mapped[ClarificationState]
    by: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    channel: Mapped[str] = mapped_column(sa.String(16))
    at: Mapped[datetime]  # where not by staff, the day
