"""One's own sign-ups: how they stand, and giving one up or taking the seat that is held."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from app.clock import spoken
from app.dependencies import Now, ReadSession, WriteSession
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import sign_ups
from models import LIVE, SignUp, SignUpState

router = APIRouter(prefix="/me/sign-ups", include_in_schema=False)

LISTED = 50
Act = Literal["cancel", "accept", "decline"]
ACTS: Final[dict[Act, Callable[..., Awaitable[SignUp]]]] = {
    "cancel": sign_ups.cancel,
    "accept": sign_ups.accept,
    "decline": sign_ups.decline,
}


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    ahead = await sign_ups.list_own(session, visitor.person_id, now, LISTED)
    past = await sign_ups.list_own_past(session, visitor.person_id, now, LISTED)
    return HTMLResponse(render("my_sign_ups.html", ahead=ahead, past=past, now=now))


@router.get("/{public_id}")
async def one(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    begun = now >= entry.activity.starts_at
    words = render(
        "my_sign_up.html",
        entry=entry,
        activity=entry.activity,
        standing=standing(entry, now),
        may_choose=entry.state is SignUpState.OFFERED and not begun,
        may_cancel=entry.state in LIVE - {SignUpState.OFFERED, SignUpState.CHECKED_IN} and not begun,
        may_return=entry.state not in LIVE and entry.activity.takes_sign_ups(now),
        token=visitor.form_token,
        now=now,
    )
    return HTMLResponse(words)


@router.post("/{public_id}/{act}")
async def act(
    visitor: ActingPerson, public_id: str, act: Act, session: WriteSession, now: Now
) -> RedirectResponse:
    activity_id = await sign_ups.get_own_activity_id(session, public_id, visitor.person_id)
    await ACTS[act](session, activity_id, visitor.applicant, now=now)
    return RedirectResponse(f"/me/sign-ups/{public_id}", 303)


def standing(entry: SignUp, now: datetime) -> str:
    """What comes next, in a sentence."""
    if entry.state in LIVE and now >= entry.activity.ends_at:
        return "活动已经结束。"
    if entry.state is SignUpState.OFFERED and entry.offer_expires_at is not None:
        if entry.offer_expires_at <= now:
            return "给您留的空位已经到时间，让给下一位了。"
        return f"有空位了，给您留到{spoken(entry.offer_expires_at, now)}。要参加请点「接受」。"
    return _STANDING[entry.state]


_STANDING = {
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
