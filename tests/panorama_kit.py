"""Pictures one can look around in, and such as only seem so; and the job that cuts them."""

import io
import struct
import zlib
from datetime import timedelta

import sqlalchemy as sa
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.files import Files
from app.jobs import panoramas as job
from app.jobs import staff_jobs
from app.services import panorama_tiles, panoramas, staff, stored_files
from app.services import staff_jobs as jobs
from app.services.permissions import Standing
from app.services.staff import Wanted
from models import Panorama, PanoramaPicture, PanoramaScene, Role, Staff
from tests.conftest import NOON, FakeClock

SECOND_AFTER_LEASE = jobs.LEASE + timedelta(seconds=1)


def globe(width: int = 2048, kind: str = "JPEG", colour: str = "#3a6", **saved: object) -> bytes:
    """A picture of that width and half the height."""
    out = io.BytesIO()
    Image.new("RGB", (width, width // 2), colour).save(out, kind, **saved)
    return out.getvalue()


def bomb(width: int = 60000) -> bytes:
    """A PNG of a few bytes whose head promises pixels for gigabytes of memory."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, width // 2, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


class Darkroom:
    """Where pictures are cut, with a database and files of its own."""

    def __init__(self, database: Database, files: Files, clock: FakeClock) -> None:
        self.database, self.files, self.clock = database, files, clock

    async def tour(self, *titles: str) -> tuple[Panorama, list[PanoramaScene]]:
        async with self.database.transaction() as session:
            tour = await panoramas.create(session, "职工书屋", "三千册书", None, None, NOON)
            scenes = [await panoramas.add_scene(session, tour, each, f"{each}的样子") for each in titles]
        return tour, scenes

    async def takes(self, scene: PanoramaScene, data: bytes, width: int = 2048) -> PanoramaPicture:
        """As the console takes it, with its job."""
        file = stored_files.made(data, "image/jpeg", NOON, kind="image")
        await self.files.put(file.public_id, data)
        async with self.database.transaction() as session:
            picture = await panorama_tiles.take(session, scene, file, width, NOON)
            given = {"picture": picture.public_id}
            await jobs.start(session, await self._standing(session), job.CUT, "切全景图", given, NOON)
        return picture

    async def cuts(self) -> None:
        await staff_jobs.run(self.database, self.clock, self.files, job.KINDS)

    async def shown(self, *scenes: PanoramaScene) -> dict[int, PanoramaPicture]:
        async with self.database.reading() as session:
            return await panorama_tiles.shown(session, [each.id for each in scenes])

    async def _standing(self, session: AsyncSession) -> Standing:
        found = await session.scalar(sa.select(Staff))
        if found is None:
            made = await staff.invite(session, "zhao", "赵敏", [Wanted(Role.ORGANISER)], by=None, now=NOON)
            found = made.staff
        return Standing(found.id, found.name)
