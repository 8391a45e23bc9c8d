"""A picture that staff send for a scene: put away, and its job begun. Not here: judging it (services)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from app.console.entrance import Desk
from app.errors import DomainError
from app.services import panorama_pictures, panorama_tiles, staff_jobs, stored_files
from models import PanoramaScene, StoredFile

CUT: Final = "panoramas.cut"


@asynccontextmanager
async def sent(form: FormData, desk: Desk, now: datetime) -> AsyncIterator[tuple[StoredFile, int]]:
    """The file, whose bytes are put away already, and its width in pixels; refused within, they go again.

    Raises: DomainError.
    """
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise DomainError("请先选一张全景图。")
    data = await upload.read()
    width = await asyncio.to_thread(panorama_pictures.width_of, data)
    file = stored_files.made(data, "application/octet-stream", now, kind="image")
    await desk.shared.files.put(file.public_id, data)
    try:
        yield file, width
    except DomainError:
        await desk.shared.files.delete(file.public_id)
        raise


async def kept(
    session: AsyncSession, desk: Desk, scene: PanoramaScene, file: StoredFile, width: int, now: datetime
) -> None:
    """The scene gets it once it is cut. Raises: DomainError: it has it already."""
    picture = await panorama_tiles.take(session, scene, file, width, now)
    title = f"切全景图：{scene.title}"
    await staff_jobs.start(session, desk.standing, CUT, title, {"picture": picture.public_id}, now)
