"""One's own sign-ups: how they stand, giving one up, and taking or leaving the seat that is held."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import paging, problems, tags
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.paging import Cursor, Size
from app.api.parties import ComingIn
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.api.sign_up_shapes import SignUpOut, shown
from app.api.tags import IfMatch
from app.dependencies import InUse, Now, ReadSession, Shared, WriteSession
from app.errors import DomainError
from app.services import (
    arrivals,
    check_in_codes,
    colleagues,
    crisis,
    members,
    sign_up_changes,
    sign_ups,
    sittings,
)
from app.services.api_sessions import SignedIn
from app.services.arrivals import Arrivals
from app.services.sign_up_questions import answered
from app.services.sign_up_standing import has_ticket
from app.services.sign_ups import Applicant
from app.services.sittings import Sitting
from app.web import qr
from models import SignUp

router = APIRouter(prefix="/me/sign-ups", tags=["我的报名"], route_class=Route)

Act = Literal["cancel", "accept", "decline", "keep"]
ACTS: Final[dict[Act, Callable[..., Awaitable[SignUp]]]] = {
    "cancel": sign_ups.cancel,
    "accept": sign_ups.accept,
    "decline": sign_ups.decline,
    "keep": colleagues.keep,
}


class TicketSessionOut(Strict):
    """分几次办的，其中一次。"""

    number: int = Field(examples=[1], description="第几次，从 1 开始")
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"])
    title: str = Field(examples=["决赛"], description="可能是空的")
    place: str = Field(examples=["沮河公园"])
    check_in_opens_at: datetime = Field(examples=["2026-04-11T23:00:00Z"])
    checked_in_at: datetime | None = Field(examples=[None], description="这一次签到的时间；还没有是 null")


class TicketOut(Strict):
    """Everything that is shown at the door."""

    code: str = Field(examples=["https://gh.example.cn/t/m3n8p2q7r4s9t5vw0mjr6k2p8abcdefghij234567"])
    picture: str = Field(
        examples=["data:image/png;base64,iVBORw0KGgo="], description="二维码，直接给 image 用"
    )
    number: str = Field(examples=["M3N8 P2Q7"], description="票号，扫不出来时念给工作人员")
    name: str = Field(examples=["李娜"], description="绑定了会员的有姓名，没有是空的")
    activity_title: str = Field(examples=["春季健步走"])
    place: str = Field(examples=["沮河公园"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"], description="加到日历用 wx.addPhoneCalendar")
    check_in_opens_at: datetime = Field(
        examples=["2026-04-11T23:00:00Z"], description="几点开始签到；分几次办的是这一次"
    )
    seats: int = Field(examples=[1])
    checked_in_at: datetime | None = Field(
        examples=[None], description="签到的时间；还没有是 null；分几次办的是这一次的"
    )
    sessions: list[TicketSessionOut] = Field(description="分几次办的，每一次，按时间；只办一次的是空的")


class SignUpPage(Strict):
    items: list[SignUpOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


@router.get("", response_model=SignUpPage, operation_id="listSignUps")
async def mine(
    caller: Caller,
    session: ReadSession,
    now: Now,
    shared: InUse,
    when: Literal["ahead", "past"] = "ahead",
    limit: Size = 20,
    cursor: Cursor = None,
) -> SignUpPage:
    """我的报名。when=ahead 是还没结束的，近的在前；when=past 是取消的和结束的，新的在前。"""
    of = f"sign-ups:{when}:{caller.known.person_id}"
    last = paging.place(of, cursor)
    after = None if last is None else (datetime.fromisoformat(last[0]), int(last[1]))
    listed = sign_ups.list_own if when == "ahead" else sign_ups.list_own_past
    found = await listed(session, caller.known.person_id, now, limit + 1, after=after)
    page = found[:limit]
    more = len(found) > limit
    return SignUpPage(
        items=await shown(session, page, now, shared.public_url),
        next=paging.cursor(of, page[-1].activity.starts_at, page[-1].id) if more else None,
    )


@router.get("/{sign_up_id}", response_model=SignUpOut, operation_id="getSignUp")
async def one(
    sign_up_id: PublicId, caller: Caller, session: ReadSession, now: Now, shared: InUse
) -> SignUpOut:
    """一次报名。别人的报名是 404。"""
    return await as_it_is(session, sign_up_id, caller.known.person_id, now, shared)


@router.get(
    "/{sign_up_id}/ticket",
    response_model=TicketOut,
    responses=documented(409),
    operation_id="getTicket",
)
async def ticket(
    sign_up_id: PublicId, caller: Caller, session: ReadSession, now: Now, shared: InUse
) -> TicketOut:
    """入场票：二维码和票面。没有名额、取消了、活动过了的是 409。"""
    entry = await sign_ups.get_own(session, sign_up_id, caller.known.person_id)
    if not has_ticket(entry, now):
        raise DomainError(f"您的报名状态是「{entry.state.label}」，现在没有票。")
    member = await members.find_of_person(session, caller.known.person_id)
    activity, address = entry.activity, check_in_codes.address(entry, shared.public_url)
    came, present = await arrivals.of_entry(session, activity, entry), sittings.for_moment(activity, now)
    here = came.get(present.key)
    return TicketOut(
        code=address,
        picture=qr.picture(address),
        number=check_in_codes.number(entry),
        name=member.name if member is not None else "",
        activity_title=activity.title,
        place=activity.place,
        starts_at=activity.starts_at,
        ends_at=activity.ends_at,
        check_in_opens_at=present.opens_at,
        seats=entry.seats,
        checked_in_at=here.at if here is not None else None,
        sessions=[_session(each, came) for each in sittings.of(activity) if each.key],
    )


def _session(sitting: Sitting, came: Arrivals) -> TicketSessionOut:
    here = came.get(sitting.key)
    return TicketSessionOut(
        number=sitting.number,
        starts_at=sitting.starts_at,
        ends_at=sitting.ends_at,
        title=sitting.title,
        place=sitting.place,
        check_in_opens_at=sitting.opens_at,
        checked_in_at=here.at if here is not None else None,
    )


@router.post(
    "/{sign_up_id}/{act}", response_model=SignUpOut, responses=documented(409), operation_id="changeSignUp"
)
async def change(
    sign_up_id: PublicId,
    act: Act,
    caller: Caller,
    session: WriteOnce,
    now: Now,
    shared: InUse,
    seen: IfMatch = None,
) -> SignUpOut:
    """取消报名（cancel），接受（accept）或放弃（decline）留给我的空位，留下同事替我报的（keep）。再做一次不算错。"""
    person_id = caller.known.person_id
    activity_id = await sign_ups.get_own_activity_id(session, sign_up_id, person_id)
    if seen is not None:
        await sign_ups.lock(session, activity_id)  # nobody changes it between looking and doing
        tags.check(seen, await as_it_is(session, sign_up_id, person_id, now, shared))
    await ACTS[act](session, activity_id, applicant(caller), now=now)
    return await as_it_is(session, sign_up_id, person_id, now, shared)


@router.put(
    "/{sign_up_id}",
    response_model=SignUpOut,
    responses=documented(409),
    operation_id="rewriteSignUp",
)
async def rewrite(
    sign_up_id: PublicId,
    given: ComingIn,
    caller: Caller,
    session: WriteSession,
    now: Now,
    shared: InUse,
    seen: IfMatch = None,
) -> SignUpOut | Response:
    """改人数、回答、同伴，到活动规定的期限为止（may_change）。人数不变或变少，名额和先后都不变。"""
    person_id = caller.known.person_id
    activity_id = await sign_ups.get_own_activity_id(session, sign_up_id, person_id)
    activity = await sign_ups.lock(session, activity_id)
    if seen is not None:
        tags.check(seen, await as_it_is(session, sign_up_id, person_id, now, shared))
    danger = await crisis.heed(session, person_id, given.typed(), "api", now)
    try:
        await sign_up_changes.change(
            session,
            activity_id,
            applicant(caller),
            seats=given.seats,
            answers=dict(answered(activity, given.answers)),
            party=given.party(),
            now=now,
        )
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return await as_it_is(session, sign_up_id, person_id, now, shared, danger)


def applicant(caller: SignedIn) -> Applicant:
    return Applicant(caller.known.person_id, caller.known.facts, "api")


async def as_it_is(
    session: AsyncSession, sign_up_id: str, person_id: int, now: datetime, shared: Shared, danger: str = ""
) -> SignUpOut:
    """Raises: NotFound."""
    entry = await sign_ups.get_own(session, sign_up_id, person_id)
    return (await shown(session, [entry], now, shared.public_url, danger))[0]
