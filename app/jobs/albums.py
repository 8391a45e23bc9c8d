"""Pictures sent in chat for an album: once their bytes are here, drawn anew and put before staff."""

import asyncio

import structlog

from app.clock import Clock
from app.database import Database
from app.files import FileRefused, Files, Photograph, photograph
from app.services import album_files, album_photos
from app.services.album_files import Kept
from models import FileState

log = structlog.get_logger(__name__)

BATCH = 20


async def run(database: Database, files: Files, clock: Clock) -> int:
    """Returns how many pictures were looked at. Twice does no harm."""
    now = clock.now()
    async with database.reading() as session:
        come = await album_photos.list_come(session, BATCH)
    for photo_id, name, state in come:
        drawn = await _drawn(files, name) if state is FileState.READY else None

        async def row(picture: Kept | None, photo_id: int = photo_id) -> bool:
            async with database.transaction() as session:
                return await album_photos.came(session, photo_id, picture, now)

        taken = await (row(None) if drawn is None else album_files.keep(files, drawn, now, row))
        log.info("album_photo_came", photo=photo_id, taken=taken)
    return len(come)


async def _drawn(files: Files, name: str) -> Photograph | None:
    try:
        return await asyncio.to_thread(photograph, await files.get(name))
    except (FileRefused, FileNotFoundError) as error:
        log.info("album_photo_refused", file=name, kind=type(error).__name__)
        return None
