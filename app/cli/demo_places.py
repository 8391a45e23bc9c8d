"""A place of the demonstration that one looks around in, and a broadcast that is still to come."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from app.assembly import House
from app.clock import SHANGHAI, civil_date
from app.jobs import panoramas as cutting
from app.jobs import staff_jobs as worker
from app.services import lives as broadcasts
from app.services import (
    panorama_hotspots,
    panorama_pictures,
    panorama_tiles,
    panoramas,
    permissions,
    staff,
    staff_jobs,
    stored_files,
)
from app.services.lives import Written
from app.services.panorama_hotspots import Wanted
from models import HotspotKind

LOGIN: Final = "admin"
SCENES: Final = {  # file → name and what is to be seen
    "reading-room.jpg": ("阅览区", "木地板的房间，三面墙是满满的书架，一面有两扇窗"),
    "study-corner.jpg": ("自习角", "浅绿色的房间，书架前面铺着木地板，窗外是草地"),
}


async def furnish(house: House, folder: Path) -> None:
    """Cut at once, before there is any other work of staff."""
    if not all((folder / name).exists() for name in SCENES):
        return
    now = house.clock.now()
    async with house.database.transaction() as session:
        standing = await permissions.standing_of(session, await staff.get_by_login(session, LOGIN))
        tour = await panoramas.create(session, "职工书屋", "三千册书，每天 8:00 到 20:00", None, None, now)
        scenes = []
        for name, (title, alt) in SCENES.items():
            data = (folder / name).read_bytes()
            file = stored_files.made(data, "image/jpeg", now, kind="image")
            await house.files.put(file.public_id, data)
            scene = await panoramas.add_scene(session, tour, title, alt)
            width = panorama_pictures.width_of(data)
            picture = await panorama_tiles.take(session, scene, file, width, now)
            given = {"picture": picture.public_id}
            await staff_jobs.start(session, standing, cutting.CUT, f"切全景图：{title}", given, now)
            scenes.append(scene)
        room, corner = scenes
        for scene, wanted in (
            (room, Wanted(HotspotKind.SCENE, 65, -2, to=corner)),
            (room, Wanted(HotspotKind.TEXT, 0, 8, "怎么借书", "凭工作证借，一次三本，一个月还。")),
            (corner, Wanted(HotspotKind.SCENE, -65, -2, to=room)),
        ):
            await panorama_hotspots.add(session, scene, wanted, now)
    await worker.run(house.database, house.clock, house.files, cutting.KINDS)
    async with house.database.transaction() as session:
        await panoramas.publish(session, await panoramas.get(session, tour.public_id, drafts=True))


async def announce(house: House) -> None:
    """Three evenings from now."""
    now = house.clock.now()
    starts_at = datetime.combine(civil_date(now) + timedelta(days=3), datetime.min.time(), SHANGHAI)
    starts_at += timedelta(hours=19)
    written = Written(
        "冬季用电安全讲座",
        "请电力调度员讲冬天怎么用电，现场答疑",
        starts_at,
        starts_at + timedelta(hours=1, minutes=30),
        "https://live.example.com/room/1",
    )
    async with house.database.transaction() as session:
        live = await broadcasts.create(session, written, None, None, hosts=(), now=now)
        await broadcasts.announce(session, live, now)
