"""Posters of an activity: places named, codes and pictures made, looked at, printed; what each brought."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import downloads, forms
from app.console.activities import PAGE, allowed, begin_export
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.menus.revisions import account_name
from app.services import posters, staff_jobs, stored_files
from app.services.audit import does
from app.services.permissions import Right
from app.services.poster_words import Words, words_of
from app.web import qr
from models import Activity, JobState, Poster, StaffJob, StoredFile

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])

MAKE: Final = "activities.posters"
EXPORT: Final = "activities.posters_sheet"


@router.get("/{public_id}/posters")
async def listed(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await _page(public_id, desk, shell, now)


@router.post("/{public_id}/posters", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def add(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    place = forms.words(await forms.read(request), "place")
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            poster = await posters.add(session, activity, place, now)
            does(session, "poster.add", poster.public_id, branch_id=activity.branch_id, activity=public_id)
            await _start(session, desk, activity, now)
    except NotFound:
        raise
    except DomainError as error:
        return await _page(public_id, desk, shell, now, error=error, place=place)
    return shell.done(f"{PAGE}/{public_id}/posters", f"「{poster.place}」的海报正在做。")


@router.post("/{public_id}/posters/make", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def make(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Once more, where WeChat gave no code or the activity says something else now."""
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        does(session, "poster.make", public_id, branch_id=activity.branch_id)
        await _start(session, desk, activity, now)
    return shell.done(f"{PAGE}/{public_id}/posters", "正在做海报。")


@router.post("/{public_id}/posters/export")
async def export(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    return await begin_export(desk, shell, public_id, Right.ACTIVITIES_READ, EXPORT, "海报效果", now)


@router.get("/{public_id}/posters/{code}")
async def one(public_id: str, code: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    """The poster as a page to print: the browser has letters where the server has none."""
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        poster = await posters.get(session, activity, code)
        words = words_of(activity, poster, await account_name(session))
    if not poster.code:
        raise NotFound("这张海报的二维码还没有做好。")
    drawn = qr.drawn(poster.code, f"二维码：{words.act}")
    return shell.page("poster.html", activity=activity, poster=poster, words=words, drawn=drawn)


@router.get("/{public_id}/posters/{code}/picture")
async def picture(public_id: str, code: str, request: Request, desk: AtDesk) -> Response:
    """The PNG; with `?save=1` to be kept as a file."""
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        poster = await posters.get(session, activity, code)
        file = await session.get(StoredFile, poster.file_id) if poster.file_id is not None else None
    if file is None:
        raise NotFound("这张海报还没有图片。")
    try:
        data = await desk.shared.files.get(file.public_id)
    except FileNotFoundError:
        raise NotFound("这张海报还没有图片。") from None
    name = f"海报-{activity.title}-{poster.place}.png"
    saved = bool(request.query_params.get("save"))
    return downloads.answer(data, name, file.content_type, way="attachment" if saved else "inline")


@router.post("/{public_id}/posters/{code}/remove", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def remove(public_id: str, code: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            poster = await posters.get(session, activity, code)
            place = poster.place
            file_id = await posters.remove(session, poster)
            file = await session.get(StoredFile, file_id) if file_id is not None else None
            if file is not None:
                await stored_files.mark_deleted(session, [file.public_id])
            does(session, "poster.remove", code, branch_id=activity.branch_id, activity=public_id)
    except NotFound:
        raise
    except DomainError as error:
        return await _page(public_id, desk, shell, now, error=error)
    return shell.done(f"{PAGE}/{public_id}/posters", f"「{place}」的海报已删除。")


# --- parts -------------------------------------------------------------------------------------------------


async def _start(session: AsyncSession, desk: Desk, activity: Activity, now: Any) -> None:
    title, given = f"制作海报：{activity.title}"[:80], {"activity": activity.public_id}
    await staff_jobs.start(session, desk.standing, MAKE, title, given, now)


async def _jobs(session: AsyncSession, desk: Desk, activity: Activity) -> StaffJob | None:
    """The last one of this desk for this activity."""
    mine = sa.select(StaffJob).where(StaffJob.staff_id == desk.standing.staff_id, StaffJob.kind == MAKE)
    for job in await session.scalars(mine.order_by(StaffJob.id.desc()).limit(20)):
        if job.given == {"activity": activity.public_id}:
            return job
    return None


def _state(activity: Activity, poster: Poster, words: Words) -> str:
    """What is to be known of it; empty where it may hang as it is."""
    if not poster.code:
        return "还没有二维码"
    if posters.wants_code(activity, poster):
        return "活动改期了，二维码到不了那天：请重新做，把旧的换下来"
    if poster.file_id is not None and poster.drawn_of != words.digest:
        return "活动改过，图片是以前的：请重新做"
    return ""


async def _page(
    public_id: str, desk: Desk, shell: Shell, now: Any, *, error: DomainError | None = None, place: str = ""
) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        counted = await posters.count(session, activity)
        account = await account_name(session)
        job = await _jobs(session, desk, activity)
    hung = [each for each in counted if each.poster is not None]
    states = {
        each.poster.id: _state(activity, each.poster, words_of(activity, each.poster, account))
        for each in hung
        if each.poster is not None
    }
    values: dict[str, Any] = {
        "activity": activity,
        "counted": counted,
        "hung": hung,
        "states": states,
        "uncounted": any(each.poster.code and not each.poster.counts for each in hung if each.poster),
        "at_work": job is not None and job.state in (JobState.WAITING, JobState.RUNNING),
        "failed": job.said if job is not None and job.state is JobState.FAILED else "",
        "told": job.said if job is not None and job.state is JobState.DONE else "",
        "may_change": desk.may(Right.ACTIVITIES_EDIT, activity.branch_id),
        "may_hang": posters.may_hang(activity, now),
        "most": posters.MOST,
        "longest": posters.LONGEST,
        "days": posters.PUT_DOWN_FOR.days,
        "place": place,
    }
    if error is not None:
        return shell.refused("activity_posters.html", error, **values)
    return shell.page("activity_posters.html", **values)
