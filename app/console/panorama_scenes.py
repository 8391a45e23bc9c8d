"""One scene of a panorama: looked around in, aimed, its picture replaced, hotspots put where one taps."""

import asyncio
import math
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from app.console import cover_pictures, downloads, forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.panorama_pictures import kept, sent
from app.console.panoramas import PAGE, STEPS, allowed, offers
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import panorama_hotspots, panorama_tiles, panoramas, stored_files
from app.services.audit import does
from app.services.panorama_hotspots import Wanted
from app.services.panorama_pictures import LARGEST, MIB
from app.services.panorama_views import described
from app.services.permissions import Right
from models import Activity, HotspotKind, Panorama, PanoramaScene, PictureState, StoredFile

router = APIRouter(prefix="/panoramas", dependencies=[needs(Right.ACTIVITIES_READ)])

EDIT: Final = [needs(Right.ACTIVITIES_EDIT)]
NOWHERE: Final = "请先在全景里点一下，热点就放在那里。"


@router.get("/{public_id}/scenes/{scene_id}")
async def one(public_id: str, scene_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await _page(public_id, scene_id, desk, shell)


@router.post("/{public_id}/scenes/{scene_id}", dependencies=EDIT)
async def change(
    public_id: str, scene_id: str, request: Request, desk: ActingDesk, shell: InShell
) -> Response:
    form = await forms.read(request)
    title, alt = forms.words(form, "title"), forms.words(form, "alt")
    try:
        async with desk.acting() as session:
            tour, scene = await _held(session, desk, public_id, scene_id)
            panoramas.write_scene(scene, title, alt)
            does(session, "panorama.scene_change", public_id, branch_id=tour.branch_id, title=scene.title)
    except DomainError as error:
        return await _again(public_id, scene_id, desk, shell, error, title=title, alt=alt)
    return shell.done(_at(public_id, scene_id), "已保存。")


@router.post("/{public_id}/scenes/{scene_id}/aim", dependencies=EDIT)
async def aim(public_id: str, scene_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    """Where one looks at first: as the viewer stood when the button was pressed."""
    form = await forms.read(request)
    yaw, pitch = _angle(form, "yaw"), _angle(form, "pitch")
    try:
        if yaw is None or pitch is None:
            raise DomainError("没有收到方向，请等全景打开后转到想要的方向，再点一次。")
        async with desk.acting() as session:
            tour, scene = await _held(session, desk, public_id, scene_id)
            panoramas.aim(scene, yaw, pitch)
            does(session, "panorama.scene_change", public_id, branch_id=tour.branch_id, title=scene.title)
    except DomainError as error:
        return await _again(public_id, scene_id, desk, shell, error)
    return shell.done(_at(public_id, scene_id), "打开时先看这个方向。")


@router.post("/{public_id}/scenes/{scene_id}/move", dependencies=EDIT)
async def move(public_id: str, scene_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    step = STEPS.get(forms.words(await forms.read(request), "do"), 0)
    async with desk.acting() as session:
        tour, scene = await _held(session, desk, public_id, scene_id)
        await panoramas.move_scene(session, tour, scene, step)
        does(session, "panorama.move", public_id, branch_id=tour.branch_id, title=scene.title)
    return shell.done(f"{PAGE}/{public_id}")


@router.post("/{public_id}/scenes/{scene_id}/remove", dependencies=EDIT)
async def remove(public_id: str, scene_id: str, desk: ActingDesk, shell: InShell) -> Response:
    try:
        async with desk.acting() as session:
            tour, scene = await _held(session, desk, public_id, scene_id)
            title, branch_id = scene.title, tour.branch_id
            leading = await panoramas.remove_scene(session, tour, scene)
            does(session, "panorama.scene_remove", public_id, branch_id=branch_id, title=title)
    except DomainError as error:
        return await _again(public_id, scene_id, desk, shell, error)
    more = f"通到这里的 {leading} 个热点也去掉了。" if leading else ""
    return shell.done(f"{PAGE}/{public_id}", f"「{title}」已删除。{more}")


@router.post("/{public_id}/scenes/{scene_id}/picture", dependencies=EDIT)
async def replace(
    public_id: str, scene_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """Another picture; the one there is stays until the new one is cut."""
    form = await forms.read(request)
    try:
        async with sent(form, desk, now) as (file, width), desk.acting() as session:
            tour, scene = await _held(session, desk, public_id, scene_id)
            await kept(session, desk, scene, file, width, now)
            does(session, "panorama.picture", public_id, branch_id=tour.branch_id, title=scene.title)
    except DomainError as error:
        return await _again(public_id, scene_id, desk, shell, error)
    return shell.done(_at(public_id, scene_id), "正在切图，切好以前看到的还是原来的。")


@router.post("/{public_id}/scenes/{scene_id}/hotspots", dependencies=EDIT)
async def add_hotspot(
    public_id: str, scene_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    form = await forms.read(request)
    filled = {name: forms.words(form, name) for name in ("kind", "label", "words", "to", "activity")}
    try:
        file = await _picture(form, desk, now, filled)
        async with desk.acting() as session:
            tour, scene = await _held(session, desk, public_id, scene_id)
            wanted = await _wanted(session, desk, tour, form, filled, file)
            spot = await panorama_hotspots.add(session, scene, wanted, now)
            does(session, "panorama.hotspot", public_id, branch_id=tour.branch_id, title=spot.label)
    except DomainError as error:
        return await _again(public_id, scene_id, desk, shell, error, spot=filled)
    return shell.done(_at(public_id, scene_id), f"热点「{spot.label}」放好了。")


@router.post("/{public_id}/scenes/{scene_id}/hotspots/{spot_id}/remove", dependencies=EDIT)
async def remove_hotspot(
    public_id: str, scene_id: str, spot_id: str, desk: ActingDesk, shell: InShell
) -> Response:
    async with desk.acting() as session:
        tour, scene = await _held(session, desk, public_id, scene_id)
        spot = await panorama_hotspots.get(session, scene, spot_id)
        label = spot.label
        await panorama_hotspots.remove(session, spot)
        does(session, "panorama.hotspot_remove", public_id, branch_id=tour.branch_id, title=label)
    return shell.done(_at(public_id, scene_id), f"热点「{label}」去掉了。")


@router.get("/{public_id}/pictures/{picture}/{piece}")
async def piece_of(public_id: str, picture: str, piece: str, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        file = await panorama_tiles.file_of(session, public_id, picture, piece, drafts=True)
    return await _shown(desk, file)


@router.get("/{public_id}/hotspots/{hotspot}")
async def picture_of(public_id: str, hotspot: str, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        file = await panorama_hotspots.file_of(session, public_id, hotspot, drafts=True)
    return await _shown(desk, file)


# --- parts -------------------------------------------------------------------------------------------------


def _at(public_id: str, scene_id: str) -> str:
    return f"{PAGE}/{public_id}/scenes/{scene_id}"


async def _held(
    session: AsyncSession, desk: Desk, public_id: str, scene_id: str
) -> tuple[Panorama, PanoramaScene]:
    """To be changed. Raises: NotFound."""
    tour = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
    return tour, await panoramas.get_scene(session, tour, scene_id)


def _angle(form: FormData, name: str) -> float | None:
    """Degrees; None for anything that is no number."""
    try:
        value = float(forms.words(form, name)[:12])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


async def _picture(form: FormData, desk: Desk, now: Any, filled: dict[str, str]) -> StoredFile | None:
    """A picture that a hotspot shows, made small. Raises: DomainError."""
    upload = form.get("file")
    if filled["kind"] != HotspotKind.PICTURE or not isinstance(upload, UploadFile) or not upload.filename:
        return None
    data = await asyncio.to_thread(cover_pictures.made, await upload.read())
    file = stored_files.made(data, "image/jpeg", now, kind="image")
    if filled["label"] and filled["words"] and _angle(form, "yaw") is not None:  # else it is refused below
        await desk.shared.files.put(file.public_id, data)
    return file


async def _wanted(
    session: AsyncSession,
    desk: Desk,
    tour: Panorama,
    form: FormData,
    filled: dict[str, str],
    file: StoredFile | None,
) -> Wanted:
    """Raises: DomainError: no place, no kind, or something that is not this desk's to show."""
    yaw, pitch = _angle(form, "yaw"), _angle(form, "pitch")
    if yaw is None or pitch is None:
        raise DomainError(NOWHERE)
    if filled["kind"] not in set(HotspotKind):
        raise DomainError("请选热点是哪一种。")
    to = activity = None
    if filled["to"]:
        scenes = await panoramas.list_scenes(session, tour)
        to = next((each for each in scenes if each.public_id == filled["to"]), None)
    if filled["activity"]:
        activity = await session.scalar(sa.select(Activity).where(Activity.public_id == filled["activity"]))
        if activity is not None and not desk.may(Right.ACTIVITIES_EDIT, activity.branch_id):
            activity = None
    kind = HotspotKind(filled["kind"])
    return Wanted(kind, yaw, pitch, filled["label"], filled["words"], to, activity, file)


async def _page(public_id: str, scene_id: str, desk: Desk, shell: Shell, **values: Any) -> HTMLResponse:
    async with desk.reading() as session:
        tour = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        scene = await panoramas.get_scene(session, tour, scene_id)
        seen = await panoramas.look(session, tour, drafts=True)
        coming = (await panorama_tiles.coming(session, [scene.id])).get(scene.id)
        offered = await offers(session, desk)
    here = next(each for each in seen if each.scene.id == scene.id)
    given: dict[str, Any] = {
        "tour": tour,
        "here": here,
        "others": [each.scene for each in seen if each.scene.id != scene.id],
        "described": described(tour, [here], scene.public_id, base="/console"),
        "coming": coming,
        "at_work": coming is not None and coming.state is PictureState.WAITING,
        "offered": offered,
        "kinds": list(HotspotKind),
        "title": scene.title,
        "alt": scene.alt,
        "spot": {},
        "most_mb": LARGEST // MIB,
        "may_change": desk.may(Right.ACTIVITIES_EDIT, tour.branch_id),
    }
    return shell.page("panorama_scene.html", **given | values)


async def _again(
    public_id: str, scene_id: str, desk: Desk, shell: Shell, error: DomainError, **values: Any
) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    return await _page(public_id, scene_id, desk, shell, status=422, error=error.message, **values)


async def _shown(desk: Desk, file: str) -> Response:
    try:
        data = await desk.shared.files.get(file)
    except FileNotFoundError:
        raise NotFound(panorama_tiles.NO_TILE) from None
    return downloads.answer(data, "panorama.jpg", "image/jpeg", way="inline")
