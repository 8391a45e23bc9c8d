"""What people are told of their sign-ups, when, and that it is not said any more once it is untrue.

Each notice is an outbox row in the transaction of its cause. A reminder is a row that is due later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, in_full, spoken
from app.services import outbox, sittings
from app.services.outbox import NOTICE
from app.services.quiet_hours import is_quiet
from app.services.sittings import Sitting
from models import LIVE, Activity, DeliveryState, Outbox, SignUp, SignUpState

REMINDER = "activities.reminder"
CALLED_OFF = "activities.called_off"  # people would go there: what cannot be sent is owed
CHANGED = "activities.changed"  # likewise
SAFETY = "activities.safety"
RECEIPT, REJECTED = "activities.receipt", "activities.rejected"
LOT = "activities.lot"
TEAM = "activities.team"
HELPED = "activities.helped"  # he did not ask for it, and may have to give it up: owed
OFFER, OFFER_EXPIRED = "activities.offer", "activities.offer_expired"
KINDS: Final[Mapping[str, str]] = {
    RECEIPT: "报名回执",
    HELPED: "同事替您报名",
    TEAM: "组队",
    LOT: "抽签结果",
    REJECTED: "报名未通过",
    OFFER: "候补有空位",
    OFFER_EXPIRED: "空位到期",
    REMINDER: "活动提醒",
    CHANGED: "活动改期或改地点",
    SAFETY: "安全须知更改",
    CALLED_OFF: "活动取消",
}
# What a subscription notice says of some of them: an example of each value, and when it goes.
_EXAMPLE: Final = {"活动": "春季健步走", "时间": "2026年11月24日 09:00", "地点": "沮河公园"}
SAID: Final[Mapping[str, Mapping[str, str]]] = {
    REMINDER: {**_EXAMPLE, "提示": "来不了请早点取消"},
    CHANGED: {**_EXAMPLE, "提示": "时间或地点改了"},
    CALLED_OFF: {**_EXAMPLE, "提示": "活动取消了"},
    OFFER: {**_EXAMPLE, "提示": "有空位，请尽快确认"},
}
_WITHOUT: Final = "到微信里发不了普通消息、而本人同意订阅过的人"
TITLES: Final[Mapping[str, tuple[str, str]]] = {
    REMINDER: ("活动提醒", f"活动前一天 10:00 或开始前两小时，发给{_WITHOUT}"),
    CHANGED: ("活动改期或改地点", f"时间或地点一改，就发给{_WITHOUT}"),
    CALLED_OFF: ("活动取消", f"活动一取消，就发给{_WITHOUT}"),
    OFFER: ("候补有空位", f"轮到候补的人时，发给{_WITHOUT}"),
}
WITH_A_SEAT: Final = (REMINDER, CHANGED, CALLED_OFF)  # what may still come of it
BEHIND: Final = "的报名已收到。先让没去过的人报，您排在候补最后；报名截止后还有名额，会问您。"
DAY_BEFORE_AT = time(10, 0)
SHORTLY_BEFORE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Helper:
    """Who signs a colleague up; `out` is a line by which that one gives it up with one tap."""

    person_id: int
    name: str
    out: str


def worth_telling(entry: SignUp) -> Sequence[str]:
    """Which notices may still come of a sign-up: what its owner may be asked to agree to, the first first."""
    if entry.state in (SignUpState.CONFIRMED, SignUpState.CHECKED_IN):
        return WITH_A_SEAT
    return (OFFER, REMINDER, CALLED_OFF) if entry.state in LIVE else ()


def receipt(
    session: AsyncSession, activity: Activity, entry: SignUp, now: datetime, helper: Helper | None = None
) -> None:
    """That it was noted; in chat the reply itself says so. Whom a colleague signed up reads who did."""
    full = "名额已满，您在候补名单中，有空位会通知您。"
    words = {
        SignUpState.FORMING: f"「{activity.title}」组队中，队长提交、有了名额才算报上，结果会通知您。",
        SignUpState.ENTERED: f"「{activity.title}」的报名已收到，{drawn_at(activity, now)}，结果会通知您。",
        SignUpState.CONFIRMED: f"「{activity.title}」报名成功，{when_and_where(activity, now)}。",
        SignUpState.PENDING_APPROVAL: f"「{activity.title}」的报名已提交，审核后通知您。",
        SignUpState.WAITLISTED: f"「{activity.title}」{BEHIND if entry.is_behind else full}",
    }[entry.state]
    if helper is not None:
        words = f"{helper.name}替您报了名。{words}\n{helper.out}"
    _tell(session, RECEIPT if helper is None else HELPED, entry, words, now)
    if entry.state is SignUpState.CONFIRMED:
        remind(session, activity, entry, now)


async def taken_back(
    session: AsyncSession, activity: Activity, entry: SignUp, helper: str, now: datetime
) -> None:
    """That the colleague who signed him up thought better of it; to whom nothing was said yet, nothing is."""
    if not await withdraw_helped(session, entry, now):
        words = f"{helper}替您报的「{activity.title}」取消了。您想参加，可以自己再报名。"
        _tell(session, HELPED, entry, words, now)


def invited(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> None:
    """That an organiser has given a seat."""
    words = (
        f"请您参加「{activity.title}」，已经给您留好名额，{when_and_where(activity, now)}。\n"
        "来不了请回复「我的报名」取消，把名额让给别人。"
    )
    _tell(session, RECEIPT, entry, words, now)
    remind(session, activity, entry, now)


def team(session: AsyncSession, entry: SignUp, words: str, now: datetime, *, mark: str) -> None:
    """What became of the team somebody is in; `mark`: of which step, that may come again."""
    moment = round(now.timestamp() * 1_000_000)  # the sign-up itself may be what it was at the last one
    _tell(session, TEAM, entry, words, now, mark=f":{mark}:{moment}")


def drawn(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> None:
    """What a lot has given somebody."""
    words = {
        SignUpState.CONFIRMED: f"「{activity.title}」抽中了！{when_and_where(activity, now)}。\n"
        "来不了请回复「我的报名」早点取消，把名额让给别人。",
        SignUpState.PENDING_APPROVAL: f"「{activity.title}」抽中了，审核后通知您。",
        SignUpState.WAITLISTED: f"「{activity.title}」这次没有抽中，您按抽签的顺序候补，有空位会通知您。",
    }[entry.state]
    _tell(session, LOT, entry, words, now)
    if entry.state is SignUpState.CONFIRMED:
        remind(session, activity, entry, now)


def drawn_at(activity: Activity, now: datetime) -> str:
    return f"{spoken(activity.closes_at, now)}截止后抽签"


def offer(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> None:
    assert entry.offer_expires_at is not None
    until = spoken(entry.offer_expires_at, now)
    words = (
        f"「{activity.title}」有空位了，{when_and_where(activity, now)}。\n"
        f"给您留到{until}：要参加请回复「接受」，不参加请回复「放弃」。"
    )
    said = _said(activity, OFFER, activity.starts_at)
    _tell(session, OFFER, entry, words, now, said=said)


def offer_expired(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> None:
    words = f"「{activity.title}」给您留的空位到时间了，已让给下一位。还想参加，可以重新报名候补。"
    _tell(session, OFFER_EXPIRED, entry, words, now)


def rejected(session: AsyncSession, activity: Activity, entry: SignUp, reason: str, now: datetime) -> None:
    words = f"「{activity.title}」的报名没有通过。原因：{reason}\n有疑问请回复「人工」。"
    _tell(session, REJECTED, entry, words, now)


def called_off(session: AsyncSession, activity: Activity, entry: SignUp, reason: str, now: datetime) -> None:
    why = f"原因：{reason}。" if reason else ""
    if entry.state is SignUpState.CHECKED_IN:
        words = f"很抱歉，「{activity.title}」以后几次取消了。{why}您参加过的仍然算数。"
    else:
        day = sittings.when(activity, now, read_later=True)
        words = f"很抱歉，「{activity.title}」（{day}）取消了。{why}您的报名已一并取消。"
    said = _said(activity, CALLED_OFF, activity.starts_at)
    _tell(session, CALLED_OFF, entry, words, now, said=said)


def changed(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> None:
    """Another time or place; who has a seat is reminded of the new one."""
    may_cancel = now < activity.starts_at
    words = f"「{activity.title}」的时间或地点改了，现在是{when_and_where(activity, now)}。" + (
        "\n来不了请回复「我的报名」取消。" if may_cancel else ""
    )
    version = f":{activity.version}"  # the sign-up itself may be what it was at the last change
    said = _said(activity, CHANGED, activity.starts_at)
    _tell(session, CHANGED, entry, words, now, mark=version, said=said)
    if entry.state in sittings.reminded(activity):
        remind(session, activity, entry, now, mark=version)


def notice_changed(session: AsyncSession, activity: Activity, entry: SignUp, now: datetime) -> None:
    """Another safety notice, whole; nobody has to accept it again."""
    words = (
        f"「{activity.title}」的安全须知改了，请看一遍：\n{activity.safety_notice}\n"
        "做不到、来不了的，请回复「我的报名」取消。"
    )
    _tell(session, SAFETY, entry, words, now, mark=f":{activity.version}")


def remind(
    session: AsyncSession, activity: Activity, entry: SignUp, now: datetime, *, mark: str = ""
) -> None:
    """The day before at ten; for who signed up later, two hours before; else not at all.

    Where there are several sittings, of each the day before and two hours before.
    """
    several = bool(activity.sittings)
    for sitting in sittings.of(activity):
        ahead = reminders_at(sitting, now)
        for number, due_at in enumerate(ahead if several else ahead[:1]):
            at = "，".join(filter(None, (sitting.name, spoken(sitting.starts_at, due_at), sitting.place)))
            leave = "\n来不了请回复「我的报名」取消，把名额让给别人。" if due_at < activity.starts_at else ""
            which = f"{mark}:{sitting.key}:{number}" if several else mark
            words = f"提醒您：「{activity.title}」{at}。{leave}"
            said = _said(activity, REMINDER, sitting.starts_at, sitting.place)
            _tell(session, REMINDER, entry, words, now, due_at=due_at, mark=which, said=said)


def reminders_at(sitting: Sitting, now: datetime) -> list[datetime]:
    """The day before at ten and two hours before, as far as they are ahead and nobody sleeps."""
    day_before = civil_date(sitting.starts_at) - timedelta(days=1)
    moments = (
        datetime.combine(day_before, DAY_BEFORE_AT, SHANGHAI),
        sitting.starts_at - SHORTLY_BEFORE,
    )
    return [moment for moment in moments if moment > now and not is_quiet(moment)]


async def withdraw_reminder(session: AsyncSession, entry: SignUp, now: datetime) -> None:
    await _withdraw(session, REMINDER, entry, now)


async def withdraw_helped(session: AsyncSession, entry: SignUp, now: datetime) -> int:
    """That a colleague signed him up, if it was not said yet. Returns how many messages that were."""
    return await _withdraw(session, HELPED, entry, now)


async def _withdraw(session: AsyncSession, kind: str, entry: SignUp, now: datetime) -> int:
    """What is not true any more is not said; returns how many messages that were."""
    found = await session.scalars(
        sa.update(Outbox)
        .where(
            Outbox.person_id == entry.person_id,
            Outbox.kind == kind,
            Outbox.key.startswith(f"sign-up:{entry.id}:", autoescape=True),
            Outbox.state.in_([DeliveryState.QUEUED, DeliveryState.FAILED_RETRY, DeliveryState.OWED]),
        )
        .values(state=DeliveryState.SKIPPED, reason="no longer true", settled_at=now)
        .returning(Outbox.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())


def when_and_where(activity: Activity, now: datetime) -> str:
    place = f"，{activity.place}" if activity.place else ""
    return f"{sittings.when(activity, now)}{place}"


def _tell(
    session: AsyncSession,
    kind: str,
    entry: SignUp,
    words: str,
    now: datetime,
    due_at: datetime | None = None,
    mark: str = "",
    said: Mapping[str, str] | None = None,
) -> None:
    """`said`: the same as a subscription notice says it, to whom has agreed to that."""
    what = kind.removeprefix("activities.")
    payload: dict[str, Any] = {"type": "text", "content": words}
    if said is not None:
        payload |= {NOTICE: {"values": said, "page": f"/me/sign-ups/{entry.public_id}"}}
    outbox.add(
        session,
        kind,
        key=f"sign-up:{entry.id}:{entry.version}:{what}{mark}",
        to=entry.person_id,
        payload=payload,
        now=now,
        due_at=due_at,
    )


def _said(activity: Activity, kind: str, at: datetime, place: str = "") -> Mapping[str, str]:
    told = {"活动": activity.title, "时间": in_full(at), "地点": place or activity.place or "见活动说明"}
    return {**SAID[kind], **told}
