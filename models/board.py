"""留言板: posts that all may read once somebody of staff has looked at them, and what others say of them.

Who wrote, liked or reported lies nowhere in the clear: each is found again by a digest of the person, and the
writer's name is opened by an act that is kept. What is public lies open too, to be searched.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import SealedJSON, SealedText, public_id


class BoardState(StrEnum):
    PENDING = "pending"
    PUBLISHED = "published"
    HIDDEN = "hidden"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _STATES[self]


class BoardTopic(StrEnum):
    WORK = "work"
    SAFETY = "safety"
    CANTEEN = "canteen"
    CULTURE = "culture"
    UNION = "union"
    IDEAS = "ideas"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _TOPICS[self]


class BoardName(StrEnum):
    """Under which name a post stands."""

    SURNAME = "surname"
    NICKNAME = "nickname"
    NOBODY = "nobody"
    REAL = "real"

    @property
    def label(self) -> str:
        return _NAMES[self]


class BoardCheck(StrEnum):
    """What machines think of the words; somebody of staff decides in any case."""

    WAITING = "waiting"
    PASSED = "passed"
    REVIEW = "review"
    RISKY = "risky"
    UNKNOWN = "unknown"  # WeChat could not be asked, or did not say

    @property
    def label(self) -> str:
        return _CHECKS[self]


class ReportReason(StrEnum):
    ABUSE = "abuse"
    PRIVACY = "privacy"
    FALSE = "false"
    ADVERTISING = "advertising"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _REASONS[self]


_STATES = {
    BoardState.PENDING: "待审",
    BoardState.PUBLISHED: "已公开",
    BoardState.HIDDEN: "已隐藏",
    BoardState.REFUSED: "未通过",
    BoardState.WITHDRAWN: "已撤回",
}
_TOPICS = {
    BoardTopic.WORK: "工作和班组",
    BoardTopic.SAFETY: "安全生产",
    BoardTopic.CANTEEN: "食堂和住宿",
    BoardTopic.CULTURE: "文体活动",
    BoardTopic.UNION: "工会服务",
    BoardTopic.IDEAS: "金点子",
    BoardTopic.OTHER: "其他",
}
_NAMES = {
    BoardName.SURNAME: "姓氏加「师傅」",
    BoardName.NICKNAME: "自己起的昵称",
    BoardName.NOBODY: "匿名职工",
    BoardName.REAL: "真实姓名",
}
_CHECKS = {
    BoardCheck.WAITING: "检查中",
    BoardCheck.PASSED: "没有发现问题",
    BoardCheck.REVIEW: "建议细看",
    BoardCheck.RISKY: "可能违规",
    BoardCheck.UNKNOWN: "没有结果",
}
_REASONS = {
    ReportReason.ABUSE: "骂人、人身攻击",
    ReportReason.PRIVACY: "泄露别人的隐私",
    ReportReason.FALSE: "内容不实",
    ReportReason.ADVERTISING: "广告、无关内容",
    ReportReason.OTHER: "其他",
}


def _shown(name: str, *columns: str) -> sa.Index:
    """For the orders of what is public."""
    where = sa.text("state = 'published'")
    return sa.Index(f"ix_board_post_{name}", *columns, sqlite_where=where, postgresql_where=where)


def _some(name: str, column: str, condition: str) -> sa.Index:
    where = sa.text(condition)
    return sa.Index(f"ix_board_post_{name}", column, sqlite_where=where, postgresql_where=where)


class BoardPost(Base):
    __tablename__ = "board_post"
    __table_args__ = (
        sa.UniqueConstraint("once_digest"),
        sa.Index("ix_board_post_author", "author_digest", "id"),
        _shown("newest", "published_at", "id"),
        _shown("liked", "likes", "id"),
        _shown("answered", "answered_at", "id"),
        _shown("pinned", "pinned_at"),
        _some("pending", "id", "state = 'pending'"),
        _some("reported", "id", "reports > 0"),
        _some("check", "check_due_at", "check_due_at IS NOT NULL"),
        _some("over", "decided_at", "state IN ('hidden', 'refused', 'withdrawn')"),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    author_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))  # None: forgotten
    author: Mapped[object | None] = mapped_column(SealedJSON("board_post.author"))  # {"person_id": …}
    once_digest: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary(16)
    )  # of writer and form: sent twice, once
    naming: Mapped[BoardName]
    name: Mapped[str] = mapped_column(SealedText("board_post.name"))  # as it is shown
    topic: Mapped[BoardTopic]
    title: Mapped[str] = mapped_column(SealedText("board_post.title"))
    text: Mapped[str] = mapped_column(SealedText("board_post.text"))
    pictures: Mapped[list[str]] = mapped_column(sa.JSON, default=list)  # public ids of stored files
    found_by: Mapped[str] = mapped_column(
        sa.Text, default=""
    )  # its words in small letters while it is public

    state: Mapped[BoardState]
    reason: Mapped[str | None] = mapped_column(SealedText("board_post.reason"))  # what the writer was told
    written_at: Mapped[datetime]  # the day: the minute would lead to the writer
    published_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]  # the last move; where not by staff, the day
    decided_by: Mapped[str] = mapped_column(sa.String(64), default="")
    pinned_at: Mapped[datetime | None]
    likes: Mapped[int] = mapped_column(default=0)
    reports: Mapped[int] = mapped_column(default=0)  # of as many persons, not looked at yet
    answered_at: Mapped[datetime | None]  # the newest answer

    verdict: Mapped[BoardCheck]
    check_said: Mapped[str] = mapped_column(sa.String(200), default="")  # for staff
    marks: Mapped[list[str]] = mapped_column(
        sa.JSON, default=list
    )  # keys of app.services.board_wording.MARKS
    check_due_at: Mapped[datetime | None]
    check_tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def is_clean(self) -> bool:
        """Whether the check found nothing that somebody ought to look at twice."""
        return self.verdict is BoardCheck.PASSED and not self.marks


class BoardAnswer(Base):
    """What a unit of ours says to a post; one of each member of staff."""

    __tablename__ = "board_answer"
    __table_args__ = (sa.UniqueConstraint("post_id", "staff_id"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("board_post.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    by: Mapped[str] = mapped_column(sa.String(64))  # for staff; readers see the unit
    unit: Mapped[str] = mapped_column(sa.String(30))
    text: Mapped[str] = mapped_column(SealedText("board_answer.text"))
    at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class BoardLike(Base):
    __tablename__ = "board_like"
    __table_args__ = (sa.UniqueConstraint("post_id", "person_digest"),)

    post_id: Mapped[int] = mapped_column(sa.ForeignKey("board_post.id"))
    person_digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16), index=True)


class BoardReport(Base):
    __tablename__ = "board_report"
    __table_args__ = (sa.UniqueConstraint("post_id", "person_digest"),)

    post_id: Mapped[int] = mapped_column(sa.ForeignKey("board_post.id"))
    person_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16), index=True)  # None: forgotten
    reason: Mapped[ReportReason]
    words: Mapped[str | None] = mapped_column(SealedText("board_report.words"))
    at: Mapped[datetime]  # the day
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(sa.String(64), default="")


class BoardMove(Base):
    """What happened to a post."""

    __tablename__ = "board_move"

    post_id: Mapped[int] = mapped_column(sa.ForeignKey("board_post.id"), index=True)
    from_state: Mapped[BoardState | None]
    to_state: Mapped[BoardState]
    by: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str | None] = mapped_column(SealedText("board_move.reason"))
    channel: Mapped[str] = mapped_column(sa.String(16))
    at: Mapped[datetime]  # where not by staff, the day
