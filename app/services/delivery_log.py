"""What was to leave us, as staff look through it: which way it took, what became of it, and why.

What was told in confidence is not among it: ids count upwards, so between two rows that have times it would
have one too (`kept_deliveries`). Not here: sending (`deliveries`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.database import leave_work
from app.errors import DomainError, NotFound
from app.services import (
    activity_feedback,
    activity_notices,
    album_notices,
    appointment_notices,
    board_notices,
    campaign_course,
    campaigns,
    case_notices,
    clarification_notices,
    comment_notices,
    crisis,
    customer_notices,
    digest_notices,
    live_notices,
    notices,
    outbox,
    rating_notices,
    sign_up_notices,
    staff_notices,
)
from app.services.audit import does
from app.services.confidential import CONFIDENTIAL
from app.services.deliveries import Obstacle
from app.services.delivery_ends import GIVE_UP_AFTER
from app.services.outbox import LATE_REPLY
from models import DeliveryState, Follower, Message, MessageState, Outbox, Person, Way
from models.base import LISTED
from models.sealing import SealBroken

S = DeliveryState
STATES: Final[Mapping[DeliveryState, str]] = {
    S.QUEUED: "等待发送",
    S.SENDING: "正在发送",
    S.ACCEPTED: "微信已收下",
    S.DELIVERED: "已送达",
    S.FAILED_RETRY: "稍后再试",
    S.OWED: "等对方来时说",
    S.FAILED: "发送失败",
    S.UNKNOWN: "结果不明",
    S.SKIPPED: "没有发",
}
WAYS: Final[Mapping[Way, str]] = {
    Way.PASSIVE: "随答复带到",
    Way.CUSTOMER_MESSAGE: "客服消息",
    Way.TEMPLATE: "模板消息",
    Way.SUBSCRIPTION: "订阅通知",
    Way.MINIPROGRAM: "小程序订阅消息",
    Way.PORTAL: "只在网页上",
}
KINDS: Final[Mapping[str, str]] = {
    **outbox.KINDS,
    **activity_feedback.KINDS,
    **album_notices.KINDS,
    **appointment_notices.KINDS,
    **activity_notices.KINDS,
    **board_notices.KINDS,
    **campaign_course.KINDS,
    **campaigns.KINDS,
    **clarification_notices.KINDS,
    **comment_notices.KINDS,
    **case_notices.KINDS,
    **notices.KINDS,
    **sign_up_notices.KINDS,
    **crisis.KINDS,
    **staff_notices.KINDS,
    **customer_notices.KINDS,
    **live_notices.KINDS,
    **digest_notices.KINDS,
    **rating_notices.KINDS,
}
_REASONS: Final[Mapping[str, str]] = {
    Obstacle.NO_OPENID: "对方在这个账号上没有登记",
    Obstacle.NOT_FOLLOWING: "对方没有关注公众号",
    Obstacle.NO_RIGHT: "账号没有发客服消息的权限",
    Obstacle.NO_WINDOW: "对方 48 小时内没有和公众号说话，微信不让发",
    Obstacle.SPENT: "这一轮能发的客服消息用完了",
    "the sender was cut off": "发到一半时程序停了，不知道到没到",
    "the message is run again": "那条消息重新处理了，由新的答复代替",
    "no longer true": "内容已经过时，不再发送",
    "account closed": "对方注销了",
    "not wanted any more": "对方退订了",
}
_KEPT: Final[Mapping[DeliveryState, str]] = {
    S.QUEUED: "正排着队，到时间会自己发，不用重发。",
    S.SENDING: "正在发送，请稍后再看。",
    S.ACCEPTED: "微信已经收下，不用重发。",
    S.DELIVERED: "已经送达，不用重发。",
    S.OWED: "对方下次和公众号说话时会先收到它，不用重发。",
    S.SKIPPED: "它已经了结，只留在网页上；需要的话，请在办理的地方另外告诉对方。",
    S.UNKNOWN: "不知道到没到：可能已经送达。同一条消息不能发两次，所以不能重发；请在办理的地方问一问对方。",
}
# What they ask for or remind of may have passed meanwhile; while they wait to be sent, that is looked after.
_PASSING: Final = frozenset(
    {
        case_notices.ASKED,
        case_notices.REMINDED,
        sign_up_notices.REMINDER,
        live_notices.REMINDER,
        digest_notices.WEEKLY,
        *rating_notices.KINDS,
        activity_feedback.ASKED,
    }
    | appointment_notices.REMINDERS
)
_PASSED: Final = "它提醒的事现在可能已经变了，不能重发；需要的话，请在办理的地方重新通知。"
_REFUSED: Final = re.compile(r"[\w/-]+: (-?\d+ .*)", re.DOTALL)  # path, code and words, as errors say them
LATELY: Final = timedelta(days=7)
_WORDS_LATER: Final = defer(Outbox.payload, raiseload=True)  # where no key opens them, that is told

# By its key for each row: asked whether there is one, PostgreSQL would read every confidential message.
_RULE: Final = sa.select(Message.rule).where(Message.id == Outbox.message_id).scalar_subquery()
is_confidential: Final[sa.ColumnElement[bool]] = sa.or_(
    Outbox.confidential.is_(True), sa.func.coalesce(_RULE, "") == CONFIDENTIAL
)
IS_LISTED: Final = sa.text(f"outbox.{LISTED}")  # for its indexes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the log is narrowed down to; an empty one is not asked for. `person` is a public id."""

    state: str = ""
    kind: str = ""
    way: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect, without its words."""

    id: int
    state: DeliveryState
    kind: str
    way: Way | None
    reason: str
    person: str  # public id
    message_id: int | None
    tries: int
    created_at: datetime
    due_at: datetime | None
    settled_at: datetime | None

    @property
    def state_label(self) -> str:
        return STATES[self.state]

    @property
    def kind_label(self) -> str:
        return KINDS.get(self.kind, self.kind)

    @property
    def way_label(self) -> str:
        return WAYS[self.way] if self.way is not None else ""

    @property
    def because(self) -> str:
        """Why it is where it is, in words; what WeChat said, as it said it."""
        return in_words(self.reason)

    @property
    def kept_because(self) -> str:
        """Why it is not sent again; empty where it may be."""
        return why_kept(self.state, self.kind)

    @property
    def is_waiting(self) -> bool:
        return self.state in {S.QUEUED, S.FAILED_RETRY}

    @property
    def tries_words(self) -> str:
        return (
            f"第 {self.tries} 次，最多 {GIVE_UP_AFTER} 次"
            if self.state is S.FAILED_RETRY
            else f"{self.tries} 次"
        )


def in_words(reason: str) -> str:
    """Why it is where it is; what WeChat said, as it said it."""
    if reason in _REASONS:
        return _REASONS[reason]
    refused = _REFUSED.fullmatch(reason)
    return reason if refused is None else f"微信的答复：{refused[1]}"


def why_kept(state: DeliveryState, kind: str) -> str:
    """Why it is not sent again; empty where it may be."""
    return _PASSED if state is S.FAILED and kind in _PASSING else _KEPT.get(state, "")


def chosen(wanted: Wanted) -> sa.Select[Any]:
    """Rows for `entry_of`, none of which was told in confidence."""
    columns: tuple[Any, ...] = (
        *(Outbox.id, Outbox.state, Outbox.kind, Outbox.way),
        *(Outbox.reason, Person.public_id.label("person"), Outbox.message_id, Outbox.tries),
        *(Outbox.created_at, Outbox.due_at, Outbox.settled_at),
    )
    found = sa.select(*columns).select_from(Outbox).outerjoin(Follower, Follower.id == Outbox.follower_id)
    found = found.outerjoin(Person, Person.id == sa.func.coalesce(Outbox.person_id, Follower.person_id))
    found = found.where(~is_confidential)
    if wanted.state:
        found = found.where(Outbox.state == DeliveryState(wanted.state), IS_LISTED)
    if wanted.kind:
        found = found.where(Outbox.kind == wanted.kind, IS_LISTED)
    if wanted.way:
        found = found.where(Outbox.way == Way(wanted.way))
    if wanted.person:
        theirs = sa.select(Person.id).where(Person.public_id == wanted.person).scalar_subquery()
        found = found.where(Outbox.person_id == theirs)
    return found


def entry_of(row: Any) -> Entry:
    return Entry(**{**row._mapping, "person": row.person or ""})


async def get(session: AsyncSession, outbox_id: int) -> Entry:
    """Raises: NotFound: none, or told in confidence."""
    row = (await session.execute(chosen(Wanted()).where(Outbox.id == outbox_id))).one_or_none()
    if row is None:
        raise NotFound("没有找到这条发送记录。")
    return entry_of(row)


async def count_lately(session: AsyncSession, state: DeliveryState, now: datetime) -> int:
    """How many ended so within the last days: older ones nobody puts right any more."""
    return int(await session.scalar(lately(state, now)) or 0)


def lately(state: DeliveryState, now: datetime) -> sa.Select[Any]:
    """Counts them."""
    ended_so = (Outbox.state == state, IS_LISTED, Outbox.settled_at > now - LATELY)
    return sa.select(sa.func.count(Outbox.id)).where(*ended_so)


async def send_again(
    session: AsyncSession, outbox_id: int, now: datetime, *, in_confidence: bool = False
) -> None:
    """Let the sender take it at once, with its tries counted anew: of what was certainly not sent.

    Raises:
        NotFound: no such row.
        DomainError: it may have arrived, needs no sending, or has no words any more.
    """
    row = await session.get(Outbox, outbox_id, with_for_update=True, options=[_WORDS_LATER])
    of_its_log = sa.select(Outbox.id).where(Outbox.id == outbox_id, is_confidential == in_confidence)
    if row is None or await session.scalar(of_its_log) is None:
        raise NotFound("没有找到这条发送记录。")
    if row.state in _KEPT:
        raise DomainError(_KEPT[row.state])
    if row.person_id is None and row.follower_id is None:
        raise DomainError("已经不知道该发给谁，不能重发。")
    if row.state is S.FAILED:
        await _refuse_stale(session, row, now)
    try:
        payload = await session.scalar(sa.select(Outbox.payload).where(Outbox.id == row.id))
    except SealBroken:
        raise DomainError("现有的加密钥匙打不开它的内容；补上旧钥匙以后再重发。") from None
    if payload is None:
        raise DomainError("内容已按保存期限清除，不能重发。")
    subject = "" if in_confidence else str(row.id)  # between two others it has their time
    does(session, "deliveries.retry", subject, before=row.state, reason_before=row.reason)
    row.state, row.due_at, row.tries = DeliveryState.QUEUED, now, 0
    row.settled_at = row.lease_token = row.lease_until = None
    leave_work(session)


async def _refuse_stale(session: AsyncSession, row: Outbox, now: datetime) -> None:
    """Raises: DomainError: it was true when it was written, and may not be now."""
    if row.kind in _PASSING:
        raise DomainError(_PASSED)
    if row.settled_at is not None and row.settled_at <= now - LATELY:
        raise DomainError("已经过了 7 天，现在再发会让人摸不着头脑；请在办理的地方重新告诉对方。")
    if row.kind == LATE_REPLY and row.message_id is not None:
        state = await session.scalar(sa.select(Message.state).where(Message.id == row.message_id))
        if state is not MessageState.UNDELIVERABLE:
            raise DomainError("那条消息已经另外处理，不能再发旧的答复。")
