"""直播: broadcasts written, announced, moved, called off; who watched, as numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, shanghai
from app.console import forms, live_covers
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Found, Section
from app.console.panoramas import belongs, offered_to
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import branches, live_visits, lives, permissions
from app.services.audit import does
from app.services.lives import Written
from app.services.permissions import Right, Standing
from models import Activity, LivePhase, LiveSession, LiveState

PAGE: Final = "/console/lives"
LISTED: Final = 200
FIELDS: Final = ("title", "about", "starts", "ends", "link", "replay", "chapters", "activity", "branch")

router = APIRouter(prefix="/lives", dependencies=[needs(Right.ACTIVITIES_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    scope = permissions.scope(standing, Right.ACTIVITIES_READ)
    named = LiveSession.title.icontains(words, autoescape=True)
    chosen = sa.select(LiveSession).where(named, scope.holds(LiveSession.branch_id))
    found = await session.scalars(chosen.order_by(LiveSession.id.desc()).limit(20))
    return [Found(each.title, f"{PAGE}/{each.public_id}", f"直播 {each.state.label}") for each in found]


SECTION: Final = Section(
    "lives", "内容和活动", "直播", PAGE, "broadcast", Right.ACTIVITIES_READ, search=_search
)


@router.get("")
async def everything(desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        scope = desk.scope(Right.ACTIVITIES_READ)
        chosen = sa.select(LiveSession).where(scope.holds(LiveSession.branch_id))
        order = (LiveSession.starts_at.desc(), LiveSession.id)
        listed = (await session.scalars(chosen.order_by(*order).limit(LISTED))).all()
        ways = {each.id: each.way for each in await branches.list_all(session)}
    return shell.page("lives.html", lives=listed, ways=ways)


@router.get("/new", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def new(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    """For the activity `of`, where one is named."""
    filled = dict.fromkeys(FIELDS, "") | {"activity": request.query_params.get("of", "")}
    return await _form(desk, shell, None, filled)


@router.post("/new", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def create(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    filled = {name: forms.words(form, name) for name in FIELDS}
    try:
        async with desk.acting() as session:
            activity, branch_id = await belongs(session, desk, filled)
            hosts = desk.shared.live_hosts
            live = await lives.create(session, _written(filled), activity, branch_id, hosts=hosts, now=now)
            does(session, "live.create", live.public_id, branch_id=branch_id, title=live.title)
    except DomainError as error:
        return await _form(desk, shell, None, filled, error)
    return shell.done(f"{PAGE}/{live.public_id}", "直播存好了，还没有发布。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await _page(public_id, desk, shell, now)


@router.get("/{public_id}/edit", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def edit(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        live = await _allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        activity = None if live.activity_id is None else await session.get(Activity, live.activity_id)
        held = {each.id: each.public_id for each in await branches.list_all(session)}
    filled = {
        "title": live.title,
        "about": live.about,
        "starts": f"{shanghai(live.starts_at):%Y-%m-%dT%H:%M}",
        "ends": f"{shanghai(live.ends_at):%Y-%m-%dT%H:%M}",
        "link": live.link,
        "replay": live.replay,
        "chapters": lives.lines_of(live),
        "activity": activity.public_id if activity else "",
        "branch": held.get(live.branch_id or 0, ""),
    }
    return await _form(desk, shell, live, filled)


@router.post("/{public_id}/edit", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def change(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    filled = {name: forms.words(form, name) for name in FIELDS}
    async with desk.reading() as session:
        before = await _allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
    try:
        async with desk.acting() as session:
            live = await _allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            activity, branch_id = await belongs(session, desk, filled)
            hosts = desk.shared.live_hosts
            told = await lives.change(
                session, live, _written(filled), activity, branch_id, hosts=hosts, now=now
            )
            does(session, "live.change", public_id, branch_id=branch_id, title=live.title, told=told)
    except NotFound:
        raise
    except DomainError as error:
        return await _form(desk, shell, before, filled, error)
    return shell.done(f"{PAGE}/{public_id}", f"已保存，将通知 {told} 位要提醒的人。" if told else "已保存。")


@router.post("/{public_id}/announce", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def announce(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            live = await _allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            await lives.announce(session, live, now)
            does(session, "live.announce", public_id, branch_id=live.branch_id, title=live.title)
    except DomainError as error:
        return await _again(public_id, desk, shell, now, error)
    return shell.done(f"{PAGE}/{public_id}", "已发布，网页和公众号里都看得到了。")


@router.post("/{public_id}/cancel", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def cancel(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            live = await _allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            told = await lives.call_off(session, live, now)
            does(session, "live.cancel", public_id, branch_id=live.branch_id, title=live.title, told=told)
    except DomainError as error:
        return await _again(public_id, desk, shell, now, error)
    return shell.done(f"{PAGE}/{public_id}", f"已取消，将通知 {told} 位要提醒的人。" if told else "已取消。")


@router.post("/{public_id}/cover", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def cover(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    alt = forms.words(form, "alt")
    try:
        file = await live_covers.sent(form, desk, now, alt)
        async with desk.acting() as session:
            live = await _allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            await lives.put_cover(session, live, file, alt)
            does(session, "live.cover", public_id, branch_id=live.branch_id, alt=alt)
    except DomainError as error:
        return await _again(public_id, desk, shell, now, error)
    return shell.done(f"{PAGE}/{public_id}", "封面已更换。")


@router.get("/{public_id}/cover")
async def shown_cover(public_id: str, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        live = await _allowed(session, desk, public_id, Right.ACTIVITIES_READ)
    return await live_covers.answer(live, desk)


# --- parts -------------------------------------------------------------------------------------------------


async def _allowed(session: AsyncSession, desk: Desk, public_id: str, right: Right) -> LiveSession:
    """Raises: NotFound."""
    live = await lives.get(session, public_id, drafts=True)
    if not desk.may(right, live.branch_id):
        raise NotFound(lives.GONE)
    return live


def _written(filled: dict[str, str]) -> Written:
    """Raises: DomainError: a time that is none."""
    return Written(
        filled["title"],
        filled["about"],
        _moment(filled["starts"], "开始时间"),
        _moment(filled["ends"], "结束时间"),
        filled["link"],
        filled["replay"],
        filled["chapters"],
    )


def _moment(said: str, label: str) -> datetime:
    try:
        return datetime.fromisoformat(said).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise DomainError(f"请填写{label}，例如 2026-12-05 14:00。") from None


async def _form(
    desk: Desk,
    shell: Shell,
    live: LiveSession | None,
    filled: dict[str, str],
    error: DomainError | None = None,
) -> HTMLResponse:
    async with desk.reading() as session:
        offered = await offered_to(session, desk, live.activity_id if live else None)
        asked = [] if live is None else await live_visits.list_to_remind(session, live)
    values: dict[str, Any] = {"live": live, "filled": filled, "asked": len(asked), **offered}
    values["hosts"] = sorted(desk.shared.live_hosts)
    if error is not None:
        return shell.refused("live_form.html", error, **values)
    return shell.page("live_form.html", **values)


async def _page(public_id: str, desk: Desk, shell: Shell, now: datetime, **values: Any) -> HTMLResponse:
    async with desk.reading() as session:
        live = await _allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        watched = await live_visits.count(session, live)
        activity = None if live.activity_id is None else await session.get(Activity, live.activity_id)
        ways = {each.id: each.way for each in await branches.list_all(session)}
    phase = live.phase(now)
    return shell.page(
        "live_one.html",
        live=live,
        phase=phase,
        watched=watched,
        activity=activity,
        way=ways.get(live.branch_id or 0, "整个工会"),
        chapters=_chapters(live),
        may_change=desk.may(Right.ACTIVITIES_EDIT, live.branch_id) and phase is not LivePhase.CANCELLED,
        may_announce=live.state is LiveState.DRAFT,
        may_cancel=phase in (LivePhase.DRAFT, LivePhase.SCHEDULED),
        **values,
    )


def _chapters(live: LiveSession) -> Sequence[tuple[str, str]]:
    return [(lives.clock_of(seconds), title) for seconds, title in lives.chapters_of(live)]


async def _again(public_id: str, desk: Desk, shell: Shell, now: datetime, error: DomainError) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    return await _page(public_id, desk, shell, now, status=422, error=error.message)
