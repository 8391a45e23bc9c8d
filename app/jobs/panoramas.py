"""Pictures of panoramas cut into tiles: a small one first, then row by row, the coarsest first.

Killed on the way it goes on where it was: a row that is there is not made again, and what people see changes
once, at the end.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended
from app.services import panorama_tiles, stored_files
from app.services.panorama_pictures import BROKEN, Cutter, NoPanorama, preview
from app.services.panorama_tiles import Row
from models import PanoramaPicture, PictureState, StoredFile

CUT: Final = "panoramas.cut"
GONE: Final = "这一处换了更新的图片或者删掉了，这张不用切了。"
DONE: Final = "全景图切好了，可以看了。"


async def cut(bench: Bench) -> Ended:
    """`given`: the public id of a picture. Rights were asked when it was sent: only what is there is cut.

    Raises: DomainError: it cannot be read; LostLease.
    """
    async with bench.database.reading() as session:
        picture = await panorama_tiles.find(session, str(bench.given["picture"]))
    if picture is None:
        return Ended(GONE)
    if picture.state is not PictureState.WAITING:
        return Ended(DONE if picture.state is PictureState.READY else picture.said)
    try:
        wanted = await _cut(bench, picture)
    except NoPanorama as error:
        await _failed(bench, picture, error.message)
        raise
    except FileNotFoundError:
        await _failed(bench, picture, BROKEN)
        raise DomainError(BROKEN) from None
    return Ended(DONE if wanted else GONE)


KINDS: Final = {CUT: cut}


async def _cut(bench: Bench, picture: PanoramaPicture) -> bool:
    """Whether somebody still wants it."""
    data = await bench.files.get(picture.upload)
    async with bench.database.reading() as session:
        made = await panorama_tiles.rows_made(session, picture)
    rows = panorama_tiles.rows_of(picture)
    await bench.went_on(len(made), len(rows) + 1)
    if not picture.preview:
        (file,) = await _put(bench, [await asyncio.to_thread(preview, data)])
        async with bench.database.transaction() as session:
            if not await panorama_tiles.keep_preview(session, picture, file):
                return False
    missing = [row for row in rows if row not in made]
    if missing:
        cutter = await asyncio.to_thread(Cutter, data)
        del data
        for done, row in enumerate(missing, len(made) + 1):
            if not await _row(bench, picture, cutter, row):
                return False
            await bench.went_on(done, len(rows) + 1)
    async with bench.database.transaction() as session:
        return await panorama_tiles.finish(session, picture)


async def _row(bench: Bench, picture: PanoramaPicture, cutter: Cutter, row: Row) -> bool:
    files = await _put(bench, await asyncio.to_thread(lambda: list(cutter.row(*row))))
    async with bench.database.transaction() as session:
        return await panorama_tiles.keep_row(session, picture, row, files)


async def _put(bench: Bench, pieces: Sequence[bytes]) -> list[StoredFile]:
    """The bytes first: a row that says they are there is believed."""
    now, files = bench.clock.now(), []
    for piece in pieces:
        file = stored_files.made(piece, "image/jpeg", now, kind="image")
        await bench.files.put(file.public_id, piece)
        files.append(file)
    return files


async def _failed(bench: Bench, picture: PanoramaPicture, said: str) -> None:
    async with bench.database.transaction() as session:
        await panorama_tiles.fail(session, picture, said)
