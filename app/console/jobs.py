"""任务: what staff started and how far it is, and the files that are ready."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from app.console import downloads
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.navigation import Section
from app.console.shell import InShell
from app.errors import NotFound
from app.services import staff_jobs
from app.services.audit import does
from app.services.permissions import Right
from models import StoredFile

PAGE: Final = "/console/jobs"

router = APIRouter(prefix="/jobs", dependencies=[needs(Right.JOBS_READ)])

SECTION: Final = Section("jobs", "管理", "任务", PAGE, "clock", Right.JOBS_READ)


@router.get("")
async def everything(desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        found = await staff_jobs.list_seen(session, desk.standing)
    return shell.page("jobs.html", found=found)


@router.post("/{public_id}/file")
async def fetch(public_id: str, desk: ActingDesk) -> Response:
    """A file may hold personal data: taking it away is an act of its own."""
    async with desk.acting() as session:
        job = await staff_jobs.get_own(session, desk.standing, public_id)
        file = await session.get(StoredFile, job.file_id) if job.file_id is not None else None
        if file is None:
            raise NotFound("这个任务没有文件，或者文件已经过期删除。")
        does(session, "job.fetch", job.public_id, title=job.title, sha256=file.sha256)
    data = await desk.shared.files.get(file.public_id)
    return downloads.answer(data, job.file_name or "file", file.content_type)
