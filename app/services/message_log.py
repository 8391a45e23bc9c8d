"""The log of messages as staff look through it: narrowed down, page by page, a million of them.

What was said in confidence is not among it: ids count upwards, so between two rows that have times it would
have one too (`kept_messages`). Not here: running failed ones again (`messages`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import day_begins
from app.errors import DomainError, NotFound
from app.services.confidential import CONFIDENTIAL
from app.services.export_values import words_of_reply
from app.services.messages import STATES
from models import Dialogue, Follower, Message, MessageState, Person
from models.base import LISTED
from models.message import NOT_ANSWERED
from models.sealing import SealBroken

KINDS: Final[Mapping[str, str]] = {
    "text": "文字",
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "shortvideo": "小视频",
    "location": "位置",
    "link": "链接",
    "miniprogrampage": "小程序卡片",
    "event.subscribe": "关注",
    "event.unsubscribe": "取消关注",
    "event.scan": "扫二维码",
    "event.click": "点菜单",
    "event.view": "点菜单打开网页",
    "event.view_miniprogram": "点菜单打开小程序",
    "event.location": "上报位置",
    "event.location_select": "菜单发位置",
    "event.scancode_push": "菜单扫码",
    "event.scancode_waitmsg": "菜单扫码等答复",
    "event.pic_sysphoto": "菜单拍照",
    "event.pic_photo_or_album": "菜单拍照或相册",
    "event.pic_weixin": "菜单微信相册",
    "event.templatesendjobfinish": "模板消息结果",
    "event.masssendjobfinish": "群发结果",
    "event.publishjobfinish": "发布结果",
    "event.user_enter_tempsession": "打开小程序客服",
}
LATE: Final = (MessageState.DEFERRED, MessageState.DELIVERED, MessageState.UNDELIVERABLE)
TROUBLES: Final[Mapping[str, str]] = {"any": "迟答和失败的", "late": "迟答的", "failed": "失败的"}
_TROUBLES: Final = {"any": (*LATE, MessageState.FAILED), "late": LATE, "failed": (MessageState.FAILED,)}
# Ids follow the times of arrival, but for messages that were at work side by side.
_ABREAST: Final = 1000
_LISTED: Final = sa.text(f"message.{LISTED}")  # for its indexes

is_confidential: Final[sa.ColumnElement[bool]] = sa.or_(
    Message.rule == CONFIDENTIAL,
    sa.exists().where(Dialogue.ref == Message.dialogue_ref, Dialogue.confidential.is_(True)),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the log is narrowed down to; an empty one is not asked for. `person` is a public id."""

    state: str = ""
    kind: str = ""
    rule: str = ""
    day: str = ""  # an ISO date; what is none finds nothing
    person: str = ""
    trouble: str = ""  # of `TROUBLES`

    def given(self) -> dict[str, str]:
        """As a job takes it along."""
        return {name: value for name in self.__slots__ if (value := str(getattr(self, name)))}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message, without its words."""

    id: int
    state: MessageState
    kind: str
    rule: str
    person: str  # public id
    received_at: datetime
    answered_at: datetime | None
    tries: int
    request_id: str = ""
    has_words: bool = False

    @property
    def state_label(self) -> str:
        return STATES[self.state]

    @property
    def kind_label(self) -> str:
        return KINDS.get(self.kind, self.kind)

    @property
    def took_ms(self) -> int | None:
        """From the push to the answer."""
        if self.answered_at is None:
            return None
        return max(0, round((self.answered_at - self.received_at).total_seconds() * 1000))


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said, in words, and as it went over the wire; None: forgotten by now."""

    said: str | None
    answered: str | None
    raw: str | None
    reply: object | None


def chosen() -> sa.Select[Any]:
    """Rows for `entry_of`, none of which was said in confidence; still to be narrowed down."""
    columns: tuple[Any, ...] = (
        *(Message.id, Message.state, Message.kind, Message.rule),
        *(Person.public_id.label("person"), Message.received_at, Message.answered_at, Message.tries),
        *(Message.request_id, Message.body.is_not(None).label("has_words")),
    )
    found = sa.select(*columns).select_from(Message).outerjoin(Follower, Follower.id == Message.follower_id)
    return found.outerjoin(Person, Person.id == Follower.person_id).where(~is_confidential)


def entry_of(row: Any) -> Entry:
    return Entry(**{**row._mapping, "person": row.person or ""})


async def conditions(session: AsyncSession, wanted: Wanted) -> list[sa.ColumnElement[bool] | sa.TextClause]:
    """What `wanted` asks of a message."""
    found: list[sa.ColumnElement[bool] | sa.TextClause] = []
    if wanted.state:
        found += _in((MessageState(wanted.state),))
    if wanted.trouble:
        found += _in(_TROUBLES[wanted.trouble])
    if wanted.kind:
        found += [Message.kind == wanted.kind, _LISTED]
    if wanted.rule:
        found += [Message.rule == wanted.rule, _LISTED]
    if wanted.day:
        found += await _on(session, wanted.day)
    if wanted.person:
        theirs = Message.follower_id.in_(await _followers(session, wanted.person))
        found += [theirs, _LISTED]
    return found


def _in(states: Sequence[MessageState]) -> list[sa.ColumnElement[bool] | sa.TextClause]:
    if states == (MessageState.ANSWERED,):
        return [Message.state == states[0]]
    # Written out as in the index: neither database would use it otherwise.
    chosen = Message.state.in_(states) if len(states) > 1 else Message.state == states[0]
    return [chosen, sa.text(f"message.{NOT_ANSWERED}"), _LISTED]


async def _on(session: AsyncSession, words: str) -> list[sa.ColumnElement[bool]]:
    """Those of one day, and between which ids they lie: who reads in the order of ids begins there."""
    try:
        day = date.fromisoformat(words)
        begins, ends = day_begins(day).astimezone(UTC), day_begins(day, days=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return [sa.false()]
    found = [Message.received_at >= begins, Message.received_at < ends]
    before = sa.select(Message.id).where(Message.received_at < begins).order_by(Message.received_at.desc())
    first = await session.scalar(before.limit(1))
    # Those that were parted from their author stand at the very beginning of their day, with any id of it.
    after = sa.select(Message.id).where(Message.received_at > ends).order_by(Message.received_at)
    last = await session.scalar(after.limit(1))
    if first is not None:
        found.append(Message.id > first - _ABREAST)
    if last is not None:
        found.append(Message.id < last + _ABREAST)
    return found


async def _followers(session: AsyncSession, public_id: str) -> Sequence[int]:
    theirs = sa.select(Follower.id).join(Person, Person.id == Follower.person_id)
    return (await session.scalars(theirs.where(Person.public_id == public_id))).all()


async def get(session: AsyncSession, message_id: int) -> Entry:
    """Raises: NotFound: none, or said in confidence."""
    row = (await session.execute(chosen().where(Message.id == message_id))).one_or_none()
    if row is None:
        raise NotFound("没有找到这条消息，可能已按保存期限删除。")
    return entry_of(row)


async def exchange(session: AsyncSession, message_id: int, words_in: Callable[[str], str]) -> Exchange:
    """The words of one message.

    `words_in` finds what was said in the body of a push.

    Raises:
        NotFound: no such message, or said in confidence.
        DomainError: no key of ours opens it.
    """
    await get(session, message_id)
    words = sa.select(Message.body, Message.reply).where(Message.id == message_id)
    try:
        body, reply = (await session.execute(words)).one()
    except SealBroken:
        raise DomainError("现有的加密钥匙打不开这条消息的内容。") from None
    return Exchange(words_in(body) if body else None, words_of_reply(reply), body, reply)


# --- failed ones -------------------------------------------------------------------------------------------


async def count_failed(session: AsyncSession, wanted: Wanted) -> int:
    """How many of those that are asked for have failed."""
    failed = sa.select(sa.func.count(Message.id)).where(*await _failed(session, wanted))
    return int(await session.scalar(failed) or 0)


async def failed_ids(session: AsyncSession, wanted: Wanted, after: int, limit: int) -> Sequence[int]:
    """The next of them above `after`, in the order they came."""
    chosen = sa.select(Message.id).where(*await _failed(session, wanted), Message.id > after)
    return (await session.scalars(chosen.order_by(Message.id).limit(limit))).all()


async def _failed(session: AsyncSession, wanted: Wanted) -> list[sa.ColumnElement[bool] | sa.TextClause]:
    return [sa.text("message.state = 'failed'"), ~is_confidential, *await conditions(session, wanted)]
