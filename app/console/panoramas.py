"""全景: tours of activities and union places, their scenes in order, published and taken back.

Not here: one scene with its picture and hotspots (`panorama_scenes`).
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Found, Section
from app.console.panorama_pictures import kept, sent
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import branches, panorama_tiles, panoramas, permissions
from app.services.audit import does
from app.services.panorama_pictures import LARGEST, MIB
from app.services.permissions import Right, Standing
from models import Activity, Branch, Panorama

PAGE: Final = "/console/panoramas"
OFFERED: Final = 60  # activities to choose from, the newest first
LISTED: Final = 200
STEPS: Final = {"up": -1, "down": 1}

router = APIRouter(prefix="/panoramas", dependencies=[needs(Right.ACTIVITIES_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    scope = permissions.scope(standing, Right.ACTIVITIES_READ)
    named = Panorama.title.icontains(words, autoescape=True)
    chosen = sa.select(Panorama).where(named, scope.holds(Panorama.branch_id)).order_by(Panorama.id.desc())
    found = await session.scalars(chosen.limit(OFFERED))
    return [Found(each.title, f"{PAGE}/{each.public_id}", f"全景 {each.state.label}") for each in found]


SECTION: Final = Section(
    "panoramas", "内容和活动", "全景", PAGE, "globe", Right.ACTIVITIES_READ, search=_search
)


@router.get("")
async def everything(desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await _list(desk, shell, {})


@router.post("", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def create(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    filled = _filled(await forms.read(request))
    try:
        async with desk.acting() as session:
            activity, branch_id = await belongs(session, desk, filled)
            tour = await panoramas.create(session, filled["title"], filled["about"], activity, branch_id, now)
            does(session, "panorama.create", tour.public_id, branch_id=branch_id, title=tour.title)
    except DomainError as error:
        return await _list(desk, shell, filled, error)
    return shell.done(f"{PAGE}/{tour.public_id}", "全景建好了，接着加第一处。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await page_of(public_id, desk, shell)


@router.post("/{public_id}", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def change(public_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    filled = _filled(await forms.read(request))
    try:
        async with desk.acting() as session:
            tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            activity, branch_id = await belongs(session, desk, filled)
            panoramas.write(tour, filled["title"], filled["about"], activity)
            tour.branch_id = branch_id
            does(session, "panorama.change", public_id, branch_id=branch_id, title=tour.title)
    except DomainError as error:
        return await again(public_id, desk, shell, error, filled=filled)
    return shell.done(f"{PAGE}/{public_id}", "已保存。")


@router.post("/{public_id}/publish", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def publish(public_id: str, desk: ActingDesk, shell: InShell) -> Response:
    try:
        async with desk.acting() as session:
            tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            await panoramas.publish(session, tour)
            does(session, "panorama.publish", public_id, branch_id=tour.branch_id, title=tour.title)
    except DomainError as error:
        return await again(public_id, desk, shell, error)
    return shell.done(f"{PAGE}/{public_id}", "已发布，网页和公众号里都看得到了。")


@router.post("/{public_id}/withdraw", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def withdraw(public_id: str, desk: ActingDesk, shell: InShell) -> Response:
    async with desk.acting() as session:
        tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        await panoramas.withdraw(session, tour)
        does(session, "panorama.withdraw", public_id, branch_id=tour.branch_id, title=tour.title)
    return shell.done(f"{PAGE}/{public_id}", "已撤下，职工看不到了，这里都还在。")


@router.post("/{public_id}/delete", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def delete(public_id: str, desk: ActingDesk, shell: InShell) -> Response:
    try:
        async with desk.acting() as session:
            tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            title, branch_id = tour.title, tour.branch_id
            await panoramas.delete(session, tour)
            does(session, "panorama.delete", public_id, branch_id=branch_id, title=title)
    except DomainError as error:
        return await again(public_id, desk, shell, error)
    return shell.done(PAGE, f"「{title}」已删除。")


@router.post("/{public_id}/move", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def move(public_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    step = STEPS.get(forms.words(await forms.read(request), "do"), 0)
    async with desk.acting() as session:
        tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        await panoramas.move(session, tour, step)
        does(session, "panorama.move", public_id, branch_id=tour.branch_id)
    return shell.done(PAGE)


@router.post("/{public_id}/scenes", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def add_scene(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    filled = {name: forms.words(form, name) for name in ("scene_title", "alt")}
    try:
        async with sent(form, desk, now) as (file, width), desk.acting() as session:
            tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            scene = await panoramas.add_scene(session, tour, filled["scene_title"], filled["alt"])
            await kept(session, desk, scene, file, width, now)
            does(session, "panorama.scene", public_id, branch_id=tour.branch_id, title=scene.title)
    except DomainError as error:
        return await again(public_id, desk, shell, error, **filled)
    return shell.done(f"{PAGE}/{public_id}/scenes/{scene.public_id}", "加好了，正在切图，几秒钟就好。")


# --- what the pages of panoramas share ---------------------------------------------------------------------


async def allowed(session: AsyncSession, desk: Desk, public_id: str, right: Right) -> Panorama:
    """One that this desk may do this with; any other is as if it did not exist. Raises: NotFound."""
    tour = await panoramas.get(session, public_id, drafts=True)
    if not desk.may(right, tour.branch_id):
        raise NotFound(panoramas.GONE)
    return tour


async def page_of(public_id: str, desk: Desk, shell: Shell, **values: Any) -> HTMLResponse:
    async with desk.reading() as session:
        tour = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        seen = await panoramas.look(session, tour, drafts=True)
        coming = await panorama_tiles.coming(session, [each.scene.id for each in seen])
        activity = None if tour.activity_id is None else await session.get(Activity, tour.activity_id)
        offered = await offers(session, desk, activity)
        held = await _branches(session, desk)
        ways = {each.id: each.way for each in await branches.list_all(session)}
    own = next((each.public_id for each in held if each.id == tour.branch_id), "")
    filled = {
        "title": tour.title,
        "about": tour.about,
        "activity": "" if activity is None else activity.public_id,
        "branch": own,
    }
    return shell.page(
        "panorama_one.html",
        tour=tour,
        seen=seen,
        coming=coming,
        activity=activity,
        way=ways.get(tour.branch_id or 0, "整个工会"),
        may_change=desk.may(Right.ACTIVITIES_EDIT, tour.branch_id),
        **_offered(desk, offered, held),
        **{"filled": filled} | values,
    )


async def again(public_id: str, desk: Desk, shell: Shell, error: DomainError, **values: Any) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    return await page_of(public_id, desk, shell, status=422, error=error.message, **values)


async def offers(session: AsyncSession, desk: Desk, own: Activity | None = None) -> Sequence[Activity]:
    """Activities that a tour or a hotspot may be of; `own` among them whatever it is."""
    scope = desk.scope(Right.ACTIVITIES_EDIT)
    chosen = sa.select(Activity).where(scope.holds(Activity.branch_id)).order_by(Activity.id.desc())
    found = list((await session.scalars(chosen.limit(OFFERED))).all())
    return found if own is None or own.id in {each.id for each in found} else [own, *found]


# --- parts -------------------------------------------------------------------------------------------------


def _filled(form: FormData) -> dict[str, str]:
    return {name: forms.words(form, name) for name in ("title", "about", "activity", "branch")}


async def _branches(session: AsyncSession, desk: Desk) -> list[Branch]:
    scope = desk.scope(Right.ACTIVITIES_EDIT)
    return [each for each in await branches.list_all(session) if scope.covers(each.id)]


async def belongs(
    session: AsyncSession, desk: Desk, filled: dict[str, str]
) -> tuple[Activity | None, int | None]:
    """The activity, and whose it is. Raises: DomainError: neither may be chosen by this desk."""
    held = {each.public_id: each.id for each in await _branches(session, desk)}
    activity = None
    if filled["activity"]:
        activity = await session.scalar(sa.select(Activity).where(Activity.public_id == filled["activity"]))
        if activity is None or not desk.may(Right.ACTIVITIES_EDIT, activity.branch_id):
            raise DomainError("没有找到这个活动，请重新选。")
        return activity, activity.branch_id
    branch_id = held.get(filled["branch"])
    if not desk.may(Right.ACTIVITIES_EDIT, branch_id):
        raise DomainError("请选择全景属于哪个组织。")
    return None, branch_id


def _offered(desk: Desk, offered: Sequence[Activity], held: Sequence[Branch]) -> dict[str, Any]:
    return {
        "offered": offered,
        "branches": held,
        "whole": desk.may(Right.ACTIVITIES_EDIT, None),
        "most_mb": LARGEST // MIB,
    }


async def offered_to(session: AsyncSession, desk: Desk, own: int | None = None) -> dict[str, Any]:
    """What a form offers: activities, `own` among them, and branches."""
    activity = None if own is None else await session.get(Activity, own)
    return _offered(desk, await offers(session, desk, activity), await _branches(session, desk))


async def _list(
    desk: Desk, shell: Shell, filled: dict[str, str], error: DomainError | None = None
) -> HTMLResponse:
    async with desk.reading() as session:
        chosen = sa.select(Panorama).where(desk.scope(Right.ACTIVITIES_READ).holds(Panorama.branch_id))
        tours = (await session.scalars(chosen.order_by(Panorama.position, Panorama.id).limit(LISTED))).all()
        pictures = await panoramas.pictures_of(session, tours)
        ways = {each.id: each.way for each in await branches.list_all(session)}
        offered, held = await offers(session, desk), await _branches(session, desk)
    values: dict[str, Any] = {"tours": tours, "pictures": pictures, "ways": ways, "filled": filled}
    values |= _offered(desk, offered, held)
    if error is not None:
        return shell.refused("panoramas.html", error, **values)
    return shell.page("panoramas.html", **values)
