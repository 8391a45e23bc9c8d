"""替同事报名 for the mini-program: sign somebody up by number and name, see what one made, take it back.

Whose it is keeps it or gives it up as any sign-up of his own (`sign_ups`).
"""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import paging, problems, tags
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.paging import Cursor, Size
from app.api.parties import Answer
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.api.sign_ups import applicant
from app.api.tags import IfMatch
from app.dependencies import InUse, Now, ReadSession
from app.errors import DomainError
from app.services import activities, colleagues, crisis, sign_ups
from app.services.colleagues import Helped
from app.services.guesses import NotFitting
from app.services.sign_up_questions import answered

router = APIRouter(tags=["替同事报名"], route_class=Route)

_OWN: Final = "/me/helped"


class ColleagueIn(Strict):
    """工号和姓名都要和花名册一致；写错哪一样，答复都一样。"""

    staff_number: str = Field(max_length=40, examples=["10002"])
    name: str = Field(max_length=40, examples=["张伟"])
    answers: dict[str, Answer] = Field(
        default_factory=dict, max_length=20, examples=[{"size": "M"}], description="按活动 questions 的 key"
    )


class HelpedOut(Strict):
    """我替同事报的一次；本人办过以后，现在怎样由他自己看。"""

    id: str = Field(examples=["h3n8p2q7r4s9t5vw"])
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    activity_title: str = Field(examples=["春季健步走"])
    place: str = Field(examples=["沮河公园"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"])
    name: str = Field(examples=["张伟"], description="替谁报的")
    label: str = Field(examples=["已报名"], description="现在怎样；本人办过以后是「本人已办理」")
    may_cancel: bool = Field(examples=[True], description="可以替他取消：本人还没有办过")


class HelpedPage(Strict):
    items: list[HelpedOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class HelpingOut(Strict):
    danger: str = Field(examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")
    helped: HelpedOut


@router.post(
    "/activities/{activity_id}/colleagues",
    status_code=201,
    response_model=HelpingOut,
    responses=documented(409),
    operation_id="signUpColleague",
)
async def sign_up(
    activity_id: PublicId,
    given: ColleagueIn,
    caller: Caller,
    session: WriteOnce,
    now: Now,
    shared: InUse,
    response: Response,
) -> HelpingOut | Response:
    """替同事报名，马上通知他本人。对不上是 422（code: does_not_fit），一天最多 5 次；不会说是哪一样不对。"""
    activity, who = await activities.get(session, activity_id), applicant(caller)
    said = "\n".join([given.staff_number, given.name, *given.answers.values()])
    danger = await crisis.heed(session, who.person_id, said, "api", now)
    try:
        made = await colleagues.sign_up(
            session,
            activity_id,
            who,
            given.staff_number,
            given.name,
            answers=dict(answered(activity, given.answers)),
            tap=shared.tap,
            now=now,
        )
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    if isinstance(made, NotFitting):
        return problems.does_not_fit(made, "花名册", danger)
    response.headers["Location"] = f"/api/v1{_OWN}/{made.public_id}"
    return HelpingOut(danger=danger, helped=await _as_it_is(session, made.public_id, who.person_id, now))


@router.get(_OWN, response_model=HelpedPage, operation_id="listHelped")
async def made(
    caller: Caller, session: ReadSession, now: Now, limit: Size = 20, cursor: Cursor = None
) -> HelpedPage:
    """我替同事报的，还没有结束的，近的在前。"""
    person_id = caller.known.person_id
    of = f"helped:{person_id}"
    last = paging.place(of, cursor)
    after = None if last is None else (datetime.fromisoformat(last[0]), int(last[1]))
    found = await colleagues.list_made(session, person_id, now, limit + 1, after=after)
    page = found[:limit]
    more = len(found) > limit
    return HelpedPage(
        items=[_out(each, now) for each in page],
        next=paging.cursor(of, page[-1].entry.activity.starts_at, page[-1].entry.id) if more else None,
    )


@router.get(f"{_OWN}/{{helped_id}}", response_model=HelpedOut, operation_id="getHelped")
async def one(helped_id: PublicId, caller: Caller, session: ReadSession, now: Now) -> HelpedOut:
    """我替同事报的一次。别人替报的是 404。"""
    return await _as_it_is(session, helped_id, caller.known.person_id, now)


@router.post(
    f"{_OWN}/{{helped_id}}/cancel",
    response_model=HelpedOut,
    responses=documented(409),
    operation_id="cancelHelped",
)
async def cancel(
    helped_id: PublicId, caller: Caller, session: WriteOnce, now: Now, seen: IfMatch = None
) -> HelpedOut:
    """替他取消，会告诉他。他自己办过以后就不能了；再做一次不算错。"""
    person_id = caller.known.person_id
    if seen is not None:
        # Nobody changes it between looking and doing.
        await sign_ups.lock(session, await colleagues.get_activity_id(session, helped_id, person_id))
        tags.check(seen, await _as_it_is(session, helped_id, person_id, now))
    await colleagues.cancel(session, helped_id, applicant(caller), now=now)
    return await _as_it_is(session, helped_id, person_id, now)


async def _as_it_is(session: AsyncSession, helped_id: str, person_id: int, now: datetime) -> HelpedOut:
    """Raises: NotFound."""
    return _out(await colleagues.get_made(session, helped_id, person_id), now)


def _out(helped: Helped, now: datetime) -> HelpedOut:
    activity = helped.entry.activity
    return HelpedOut(
        id=helped.entry.public_id,
        activity_id=activity.public_id,
        activity_title=activity.title,
        place=activity.place,
        starts_at=activity.starts_at,
        ends_at=activity.ends_at,
        name=helped.name,
        label=helped.state_label,
        may_cancel=helped.may_cancel(now),
    )
