"""`python -m bench.panoramas`: how long a panorama of 8192×4096 pixels takes to be cut, and how much memory.

The whole job in a process of its own, from the row that waits to the last tile on the disk, on SQLite. The
picture is noise: photographs are easier. Printed: seconds and the most memory the process ever had; also of
16384×8192, the largest that is taken.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from app.clock import SystemClock
from app.database import Database
from app.files import Files
from app.jobs import panoramas as job
from app.jobs import staff_jobs
from app.services import panorama_tiles, panoramas, staff, stored_files
from app.services import staff_jobs as jobs
from app.services.permissions import Standing
from app.services.staff import Wanted
from bench import filling
from models import PanoramaTile, Role, StaffJob
from models.sealing import Keyring, use_keyring

WIDTHS = (8192, 16384)
TARGET_SECONDS, TARGET_MB = 20.0, 500.0


def _photograph(path: Path, width: int) -> None:
    """In a process of its own: drawing it takes more memory than cutting it."""
    code = (
        "import sys; from PIL import Image; n = int(sys.argv[2]); "
        "Image.effect_noise((n // 4, n // 8), 60).convert('RGB').resize((n, n // 2))"
        ".save(sys.argv[1], 'JPEG', quality=90)"
    )
    subprocess.run([sys.executable, "-c", code, str(path), str(width)], check=True)


async def _cut(url: str, folder: Path, data: bytes, width: int) -> float:
    database, files, now = Database(url), Files(folder / "files"), datetime.now(UTC)
    file = stored_files.made(data, "image/jpeg", now, kind="image")
    await files.put(file.public_id, data)
    async with database.transaction() as session:
        made = await staff.invite(session, "bench", "赵敏", [Wanted(Role.ORGANISER)], by=None, now=now)
        tour = await panoramas.create(session, "书屋", "", None, None, now)
        scene = await panoramas.add_scene(session, tour, "大厅", "大厅")
        row = await panorama_tiles.take(session, scene, file, width, now)
        standing = Standing(made.staff.id, made.staff.name)
        await jobs.start(session, standing, job.CUT, "切全景图", {"picture": row.public_id}, now)
    began = time.perf_counter()
    await staff_jobs.run(database, SystemClock(), files, job.KINDS)
    took = time.perf_counter() - began
    async with database.reading() as session:
        (ended,) = (await session.scalars(sa.select(StaffJob))).all()
        tiles = await session.scalar(sa.select(sa.func.count(PanoramaTile.id)))
    await database.close()
    print(f"{ended.said} {tiles} 块", end="　")
    return took


def _one(width: int) -> None:
    use_keyring(Keyring({"k1": bytes(range(32))}, bytes(32)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = folder / "picture.jpg"
        _photograph(picture, width)
        url = filling.migrated(f"sqlite+aiosqlite:///{folder}/panoramas.db")
        took = asyncio.run(_cut(url, folder, picture.read_bytes(), width))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bound = "" if width > WIDTHS[0] else f" (at most {TARGET_SECONDS:.0f} s, {TARGET_MB:.0f} MB)"
    print(f"{width}×{width // 2}: {took:.1f} s, {most:.0f} MB{bound}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int)
    width = parser.parse_args().width
    if width is not None:
        _one(width)
        return
    for each in WIDTHS:
        subprocess.run([sys.executable, "-m", "bench.panoramas", "--width", str(each)], check=True)


if __name__ == "__main__":
    main()
