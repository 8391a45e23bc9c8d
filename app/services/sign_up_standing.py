"""How somebody's own sign-up stands: what comes next, in a sentence, and what may be done about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.clock import spoken
from app.services import sittings
from models import LIVE, SignUp, SignUpState


@dataclass(frozen=True, slots=True)
class Standing:
    words: str
    may_choose: bool  # accept or decline the seat that is held
    may_cancel: bool
    may_return: bool  # sign up again
    has_ticket: bool  # to show at the door


def standing_of(entry: SignUp, now: datetime) -> Standing:
    """Of a sign-up whose activity was loaded with it."""
    begun = now >= entry.activity.starts_at
    return Standing(
        words=_words(entry, now),
        may_choose=entry.state is SignUpState.OFFERED and not begun,
        may_cancel=entry.state in LIVE - {SignUpState.OFFERED, SignUpState.CHECKED_IN} and not begun,
        may_return=entry.state not in LIVE and entry.activity.takes_sign_ups(now),
        has_ticket=has_ticket(entry, now),
    )


def has_ticket(entry: SignUp, now: datetime) -> bool:
    """Who has a seat has one, as long as somebody may stand at the door."""
    return entry.state in _TICKETED and now <= sittings.last(entry.activity).closes_at


_TICKETED: Final = frozenset({SignUpState.CONFIRMED, SignUpState.CHECKED_IN})


def _words(entry: SignUp, now: datetime) -> str:
    if entry.state in LIVE and now >= entry.activity.ends_at:
        return "活动已经结束。"
    if entry.state is SignUpState.CONFIRMED and _is_door_open(entry, now):
        return "已经开始签到：到现场请出示票码，或者扫现场屏幕上的码。"
    if entry.state is SignUpState.OFFERED and entry.offer_expires_at is not None:
        if entry.offer_expires_at <= now:
            return "给您留的空位已经到时间，让给下一位了。"
        return f"有空位了，给您留到{spoken(entry.offer_expires_at, now)}。要参加请点「接受」。"
    if entry.state is SignUpState.CHECKED_IN and (ahead := sittings.ahead(entry.activity, now)) is not None:
        return f"已经签到。下一次：{ahead.name}，{spoken(ahead.starts_at, now)}。"
    return _BEHIND if entry.is_behind else _WORDS[entry.state]


def _is_door_open(entry: SignUp, now: datetime) -> bool:
    return now >= sittings.for_moment(entry.activity, now).opens_at


_BEHIND: Final = "先让没去过的人报，您排在候补最后；报名截止后还有名额，会问您。"
_WORDS: Final = {
    SignUpState.FORMING: "您在队伍里，队长提交、有了名额才算报上，结果会通知您。",
    SignUpState.ENTERED: "报名已收到，截止以后抽签，结果会通知您。",
    SignUpState.PENDING_APPROVAL: "报名已提交，审核后通知您。",
    SignUpState.CONFIRMED: "报名成功，前一天会提醒您。来不了请早点取消，把名额让给别人。",
    SignUpState.WAITLISTED: "名额已满，您在候补名单中，有空位会通知您确认。",
    SignUpState.OFFERED: "有空位了，要参加请点「接受」。",
    SignUpState.OFFER_EXPIRED: "给您留的空位已经到时间，让给下一位了。",
    SignUpState.DECLINED: "名额已经让给下一位了。",
    SignUpState.CANCELLED: "这次报名已取消。",
    SignUpState.REJECTED: "这次报名没有通过。有疑问请在公众号里回复「人工」。",
    SignUpState.CHECKED_IN: "已经签到。",
    SignUpState.NO_SHOW: "没有签到。有疑问请在公众号里回复「人工」。",
}
