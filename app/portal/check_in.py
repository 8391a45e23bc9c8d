"""At the venue: a member reads the code on the screen there and is checked in; what a ticket's code opens.

The code is another every half minute, so that it says who is there and not who was sent a picture of it.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.dependencies import Now, ReadSession, WriteSession
from app.errors import NotFound
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, MaybePerson, Visitor
from app.services import (
    activities,
    arrivals,
    check_in_codes,
    check_in_places,
    check_in_words,
    check_ins,
    sign_ups,
    sittings,
    waiting_lists,
)
from app.services.arrivals import Arrivals
from app.services.check_in_places import NotThere
from models import LIVE, Activity, CheckInAnswer, SignUp

router = APIRouter(include_in_schema=False)

A = CheckInAnswer
OLD: Final = "这个码已经换了。请扫屏幕上现在的码，再扫一次就好。"
STRANGE: Final = "没有认出这个码。请用微信扫现场屏幕上的码，或请现场工作人员帮您签到。"
MINE: Final = {"to": "/me/sign-ups", "label": "看我的报名"}
_LONGEST: Final = 40  # characters of a number in a form


@router.get("/check-in/{public_id}")
async def here(
    visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now, c: str = ""
) -> HTMLResponse:
    activity = await activities.get(session, public_id)
    fits = check_in_codes.is_at_venue(activity, c[:_LONGEST], now)
    if not fits:
        heading = "码过期了" if fits is False else "不是签到码"
        return _page(activity, heading, OLD if fits is False else STRANGE, tone="wait", status=403, **MINE)
    entry = await sign_ups.find_own(session, activity.id, visitor.person_id)
    if entry is None or (entry.state not in LIVE and activity.takes_sign_ups(now)):
        left = await waiting_lists.seats_left(session, activity, now, visitor.applicant.facts.membership)
        return _sign_up(activity, left, takes=activity.takes_sign_ups(now))
    came = await arrivals.of_entry(session, activity, entry)
    answer = check_ins.judged(activity, entry, came, now)
    if answer is not A.OK:
        return _refused(activity, entry, answer, came, now)
    admitted = check_in_codes.admit(activity, visitor.person_id, now)
    which = sittings.for_moment(activity, now).name
    words = f"报名查到了，请点「签到」{f'，签的是{which}' if which else ''}。"
    return _form(activity, visitor, admitted, words, at_once=True)


@router.post("/check-in/{public_id}")
async def check_in(
    visitor: ActingPerson,
    public_id: str,
    session: WriteSession,
    now: Now,
    admitted: Annotated[str, Form()] = "",
    latitude: Annotated[str, Form()] = "",
    longitude: Annotated[str, Form()] = "",
    accuracy: Annotated[str, Form()] = "",
) -> Response:
    activity = await activities.get(session, public_id)
    if not check_in_codes.is_admitted(activity, visitor.person_id, admitted[:_LONGEST], now):
        return _page(activity, "等得太久了", OLD, tone="wait", status=403, **MINE)
    place = check_in_places.load(activity.check_in_place)
    try:
        said = (each[:_LONGEST] for each in (latitude, longitude, accuracy))
        check_in_places.check(place, *said)
    except NotThere as refusal:
        return _form(activity, visitor, admitted, refusal.message, heading="还没有签到", status=422)
    told = await check_ins.here(session, activity.id, visitor.applicant, now=now)
    assert told.entry is not None
    if told.answer in (A.OK, A.ALREADY_CHECKED_IN):
        return RedirectResponse(f"/me/sign-ups/{told.entry.public_id}/ticket", 303)
    return _refused(activity, told.entry, told.answer, {}, now)


@router.get("/t/{code}")
async def ticket(code: str, session: ReadSession, visitor: MaybePerson) -> Response:
    """Its own holder's ticket; of whose it is nobody else learns anything."""
    read = check_in_codes.read_ticket(code)
    if read is None:
        raise NotFound("没有认出这张票。请在「我的报名」里打开，或在公众号里回复「我的报名」。")
    if visitor is not None:
        try:
            entry = await sign_ups.get_own(session, read.public_id, visitor.person_id)
        except NotFound:
            entry = None
        if entry is not None:
            return RedirectResponse(f"/me/sign-ups/{entry.public_id}", 303)
    words = "进场时请工作人员在签到处扫它。自己的票在「我的报名」里。"
    return HTMLResponse(
        render("notice.html", heading="这是一张活动入场票", words=words, to="/me/sign-ups", label="我的报名")
    )


# --- parts -------------------------------------------------------------------------------------------------


def _page(
    activity: Activity,
    heading: str,
    words: str,
    *,
    tone: str = "",
    status: int = 200,
    to: str = "",
    label: str = "",
    **more: object,
) -> HTMLResponse:
    page = render(
        "check_in.html",
        activity=activity,
        heading=heading,
        words=words,
        tone=tone,
        to=to,
        label=label,
        **more,
    )
    return HTMLResponse(page, status)


def _form(
    activity: Activity,
    visitor: Visitor,
    admitted: str,
    words: str,
    *,
    heading: str = "签到",
    at_once: bool = False,
    status: int = 200,
) -> HTMLResponse:
    return _page(
        activity,
        heading,
        words,
        status=status,
        tone="" if at_once else "wait",
        may=True,
        at_once=at_once,
        asks_place=activity.check_in_place is not None,
        admitted=admitted,
        token=visitor.form_token,
    )


def _sign_up(activity: Activity, left: int, *, takes: bool) -> HTMLResponse:
    """For who is there and has not signed up."""
    heading, to = "您还没有报名", f"/activities/{activity.public_id}"
    if takes and left:
        return _page(
            activity, heading, "还有名额：报上名以后，再扫一次现场的码。", tone="wait", to=to, label="去报名"
        )
    words = f"{'名额已经满了' if takes else '报名已经截止'}。想参加，请联系现场工作人员。"
    return _page(activity, heading, words, tone="wait", to=to, label="看看活动")


def _refused(
    activity: Activity, entry: SignUp, answer: CheckInAnswer, came: Arrivals, now: Now
) -> HTMLResponse:
    sitting = sittings.for_moment(activity, now)
    heading = "已经签过到" if answer is A.ALREADY_CHECKED_IN else "还不能签到"
    return _page(
        activity,
        heading,
        check_in_words.told_himself(activity, answer, entry, sitting, came.get(sitting.key), now),
        tone="good" if answer is A.ALREADY_CHECKED_IN else check_in_words.tone(answer),
        to=f"/me/sign-ups/{entry.public_id}",
        label="看我的报名",
    )
