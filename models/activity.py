"""Activities, the sign-ups for them, and every move both made.

Not here: rules that need other rows (seats left, whose turn it is) - app.services.activities, sign_ups and
waiting_lists.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import SealedJSON, SealedText, public_id


class ActivityState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"  # a draft that waits for an approver: app.services.activity_reviews
    PUBLISHED = "published"
    REGISTRATION_OPEN = "registration_open"
    REGISTRATION_CLOSED = "registration_closed"
    ONGOING = "ongoing"
    ENDED = "ended"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _ACTIVITY_LABELS[self]


_ACTIVITY_LABELS = {
    ActivityState.DRAFT: "草稿",
    ActivityState.IN_REVIEW: "待审核",
    ActivityState.PUBLISHED: "已发布",
    ActivityState.REGISTRATION_OPEN: "报名中",
    ActivityState.REGISTRATION_CLOSED: "报名截止",
    ActivityState.ONGOING: "进行中",
    ActivityState.ENDED: "已结束",
    ActivityState.ARCHIVED: "已归档",
    ActivityState.CANCELLED: "已取消",
}


UNANNOUNCED = (ActivityState.DRAFT, ActivityState.IN_REVIEW)  # only staff see it
ANNOUNCED = (  # people may see it, and it is not over
    ActivityState.PUBLISHED,
    ActivityState.REGISTRATION_OPEN,
    ActivityState.REGISTRATION_CLOSED,
    ActivityState.ONGOING,
)


class Allocation(StrEnum):
    """How the seats are given."""

    FIRST_COME = "first_come"
    LOT = "lot"  # app.services.lots
    QUOTA = "quota"  # app.services.seats

    @property
    def label(self) -> str:
        return {"first_come": "先到先得", "lot": "抽签", "quota": "按组织分"}[self.value]


class Again(StrEnum):
    """What becomes of somebody who had a seat at an activity of the same kind lately."""

    REFUSED = "refused"
    BEHIND = "behind"  # waits behind all others

    @property
    def label(self) -> str:
        return {"refused": "不能再报", "behind": "排在候补最后"}[self.value]


class SignUpState(StrEnum):
    FORMING = "forming"  # in a team that has no seats yet: takes none
    ENTERED = "entered"  # for a lot that is still to be drawn: takes no seat
    PENDING_APPROVAL = "pending_approval"
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"  # a seat is held until offer_expires_at
    OFFER_EXPIRED = "offer_expired"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    CHECKED_IN = "checked_in"
    NO_SHOW = "no_show"

    @property
    def label(self) -> str:
        return _SIGN_UP_LABELS[self]


_SIGN_UP_LABELS = {
    SignUpState.FORMING: "组队中",
    SignUpState.ENTERED: "待抽签",
    SignUpState.PENDING_APPROVAL: "待审核",
    SignUpState.CONFIRMED: "已报名",
    SignUpState.WAITLISTED: "候补中",
    SignUpState.OFFERED: "候补待确认",
    SignUpState.OFFER_EXPIRED: "候补逾期",
    SignUpState.DECLINED: "已放弃",
    SignUpState.CANCELLED: "已取消",
    SignUpState.REJECTED: "未通过",
    SignUpState.CHECKED_IN: "已签到",
    SignUpState.NO_SHOW: "缺席",
}

HOLDING = frozenset(  # each of these takes its seats; an offer does until it expires
    {SignUpState.PENDING_APPROVAL, SignUpState.CONFIRMED, SignUpState.OFFERED, SignUpState.CHECKED_IN}
)
LIVE = HOLDING | {SignUpState.WAITLISTED, SignUpState.ENTERED, SignUpState.FORMING}


class Activity(Base):
    __tablename__ = "activity"
    __table_args__ = (
        sa.CheckConstraint("capacity >= 0", name="capacity"),
        sa.Index("ix_activity_state_starts_at", "state", "starts_at"),
        sa.Index(
            "ix_activity_series",
            "series",
            sqlite_where=sa.text("series <> ''"),
            postgresql_where=sa.text("series <> ''"),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    title: Mapped[str] = mapped_column(sa.String(60))
    summary: Mapped[str] = mapped_column(sa.String(120), default="")  # one line of a card
    blocks: Mapped[object] = mapped_column(sa.JSON, default=list)  # rich text
    place: Mapped[str] = mapped_column(sa.String(80), default="")
    organiser: Mapped[str] = mapped_column(sa.String(60), default="")
    state: Mapped[ActivityState]
    opens_at: Mapped[datetime]  # of signing up
    closes_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    # Where the same people come several times: app.services.sittings; start and end are then theirs.
    sittings: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, server_default="[]")
    capacity: Mapped[int | None]  # seats; None: everybody finds one
    guests: Mapped[int] = mapped_column(default=0)  # whom one person may bring
    approval: Mapped[bool] = mapped_column(default=False)  # staff look at each sign-up first
    allocation: Mapped[Allocation] = mapped_column(default=Allocation.FIRST_COME)
    lot_seed: Mapped[str | None] = mapped_column(SealedText("activity.lot_seed"))  # shown once it is drawn
    lot_drawn_at: Mapped[datetime | None]
    # Pairs of a branch's id and its seats, where they are given by branch; what is left over when signing up
    # ends is for all who wait, or stays.
    quotas: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, server_default="[]")
    quotas_released: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    audience: Mapped[object | None] = mapped_column(
        sa.JSON
    )  # app.services.audiences.Audience; None: everybody
    # Who may sign up besides: app.services.eligibility.
    youngest: Mapped[int | None]  # full years on the day it starts
    oldest: Mapped[int | None]
    kind_of: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")  # 疗休养
    apart_months: Mapped[int] = mapped_column(default=0, server_default="0")  # 0: as often as one likes
    safety_notice: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    changes_until: Mapped[datetime | None]  # until when who signed up may say otherwise; None: not at all
    names_guests: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # and their ages
    team_least: Mapped[int | None]  # people of a team; None: everybody signs up for himself
    team_most: Mapped[int | None]
    colleagues: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # may be signed up
    again: Mapped[Again] = mapped_column(default=Again.REFUSED, server_default="refused")
    questions: Mapped[object] = mapped_column(sa.JSON, default=list)  # app.services.sign_up_questions
    branch_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    points: Mapped[int] = mapped_column(default=0, server_default="0")  # app.services.points
    check_in_minutes: Mapped[int] = mapped_column(default=120)  # before the start, from when one may check in
    check_in_place: Mapped[object | None] = mapped_column(  # app.services.check_in_places; None: not asked
        sa.JSON(none_as_null=True)
    )
    absent_noted_at: Mapped[datetime | None]  # when who did not come was noted; None: still to do
    # Whom those who signed up may ask; others are not told.
    contact_name: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    contact_phone: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    cover: Mapped[str] = mapped_column(sa.String(16), default="", server_default="")  # a stored file
    cover_alt: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    map_place: Mapped[object | None] = mapped_column(sa.JSON(none_as_null=True))  # app.services.map_places
    series: Mapped[str] = mapped_column(sa.String(16), default="", server_default="")  # of several dates
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def is_once_in_a_while(self) -> bool:
        return bool(self.kind_of and self.apart_months)

    @property
    def contact(self) -> str:
        """Name and number as they are said; empty where none is given."""
        return " ".join(each for each in (self.contact_name, self.contact_phone) if each)

    def takes_sign_ups(self, now: datetime) -> bool:
        """Whether somebody may sign up at `now`, whether or not a round has moved the state on already."""
        announced = self.state in (ActivityState.PUBLISHED, ActivityState.REGISTRATION_OPEN)
        return announced and self.opens_at <= now < self.closes_at

    def is_ahead(self, now: datetime) -> bool:
        """Whether it will still take place."""
        return self.state in ANNOUNCED and now < self.starts_at


class SignUp(Base):
    """One per person and activity: who comes back revives the row; its moves keep the past."""

    __tablename__ = "sign_up"
    __table_args__ = (
        sa.UniqueConstraint("activity_id", "person_id"),
        sa.CheckConstraint("seats > 0", name="seats"),
        sa.Index("ix_sign_up_activity_id_state", "activity_id", "state"),
        sa.Index(
            "ix_sign_up_offer_expires_at",
            "offer_expires_at",
            sqlite_where=sa.text("state = 'offered'"),
            postgresql_where=sa.text("state = 'offered'"),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    state: Mapped[SignUpState]
    seats: Mapped[int] = mapped_column(default=1)  # the person and guests; or all of a team (`people`)
    answers: Mapped[object] = mapped_column(SealedJSON("sign_up.answers"))  # question key -> answer
    party: Mapped[object | None] = mapped_column(SealedJSON("sign_up.party"))  # app.services.parties
    notice_digest: Mapped[str | None] = mapped_column(sa.String(16))  # of the safety notice, as accepted
    notice_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]  # when answers and party were deleted
    priority: Mapped[int] = mapped_column(
        default=0
    )  # the higher the earlier on the waiting list; < 0: behind
    signed_up_at: Mapped[datetime]  # orders the waiting list
    offer_expires_at: Mapped[datetime | None]
    quota_branch_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # whose seats; None: of all others
    # Of its seats, once it is checked in; of several sittings the most that came to one of them.
    arrived: Mapped[int] = mapped_column(default=0)
    # As the phone at the door had it, within bounds; of several sittings the first that was come to.
    checked_in_at: Mapped[datetime | None]
    poster_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)  # by which the person came
    team_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)  # models.team; of the last one
    version: Mapped[int] = mapped_column()  # one more at each change; part of effect keys
    __mapper_args__ = {"version_id_col": version}

    activity: Mapped[Activity] = relationship(lazy="raise")

    @property
    def people(self) -> int:
        """How many come by it: while a team waits its captain takes the seats of all, and is one of them."""
        return 1 if self.team_id is not None else self.seats

    @property
    def is_behind(self) -> bool:
        """Whether it waits behind all who had no seat of the kind lately."""
        return self.state is SignUpState.WAITLISTED and self.priority < 0


class SignUpMove(Base):
    """From one state to another: when, by whom, by which way, and why."""

    __tablename__ = "sign_up_move"

    sign_up_id: Mapped[int] = mapped_column(sa.ForeignKey("sign_up.id"), index=True)
    from_state: Mapped[SignUpState | None]
    to_state: Mapped[SignUpState]
    by: Mapped[str] = mapped_column(sa.String(64))  # "member", "colleague", "system", or a name of staff
    channel: Mapped[str] = mapped_column(sa.String(16))  # chat, portal, api, console, cli; "" for the system
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    at: Mapped[datetime]


class ActivityMove(Base):
    __tablename__ = "activity_move"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), index=True)
    from_state: Mapped[ActivityState | None]
    to_state: Mapped[ActivityState]
    by: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    at: Mapped[datetime]
