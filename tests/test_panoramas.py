"""Panoramas: pictures judged and cut, jobs killed on the way, and tours whose parts vanish."""

import asyncio
import hashlib
import io
import os
import signal
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from app.database import Database
from app.errors import DomainError, NotFound
from app.files import Files
from app.services import activities, panorama_hotspots, panorama_pictures, panorama_tiles, panoramas
from app.services.panorama_hotspots import Wanted
from app.services.panorama_pictures import NoPanorama
from app.services.permissions import Scope
from models import (
    FileState,
    Hotspot,
    HotspotKind,
    JobState,
    PanoramaPicture,
    PanoramaState,
    PanoramaTile,
    PictureState,
    StaffJob,
    StoredFile,
)
from tests import forking
from tests.conftest import NOON, TEST_KEYS, FakeClock
from tests.panorama_kit import SECOND_AFTER_LEASE, Darkroom, bomb, globe

DAY = timedelta(days=1)


@pytest.fixture
def room(database: Database, tmp_path: Path, clock: FakeClock) -> Darkroom:
    return Darkroom(database, Files(tmp_path / "files"), clock)


async def rows(room: Darkroom, kind: Any) -> Sequence[Any]:
    async with room.database.reading() as session:
        return (await session.scalars(sa.select(kind).order_by(kind.id))).all()


async def ready_files(room: Darkroom) -> int:
    async with room.database.reading() as session:
        count = sa.select(sa.func.count()).where(StoredFile.state == FileState.READY)
        return await session.scalar(count) or 0


# --- what is sent ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "JPG、PNG 或 WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPG、PNG 或 WebP"),
        (b"GIF89a" + b"\0" * 100, "JPG、PNG 或 WebP"),
        (b"\xff\xd8\xff" + b"\0" * 100, "打不开"),
        (b"RIFF\0\0\0\0WAVEfmt ", "打不开"),
        (bomb(), "图片太大"),
        (bomb(20000), "最多 16384×8192"),
        (bomb(16384), "请存成 JPG 再传"),
        (globe(1024), "图片只有 1024×512"),
        (globe(16384, progressive=True), "基线"),
    ],
)
def test_what_cannot_be_looked_around_in_is_refused_before_it_is_unpacked(data: bytes, said: str) -> None:
    with pytest.raises(NoPanorama, match=said):
        panorama_pictures.width_of(data)


def test_a_picture_of_another_shape_is_refused_with_the_way_to_the_right_one() -> None:
    out = io.BytesIO()
    Image.new("RGB", (4000, 3000)).save(out, "JPEG")
    moving = io.BytesIO()
    frames = [Image.new("RGB", (2048, 1024), colour) for colour in ("red", "blue")]
    frames[0].save(moving, "WEBP", save_all=True, append_images=frames[1:])

    with pytest.raises(NoPanorama, match="4000×3000，宽不是高的两倍"):
        panorama_pictures.width_of(out.getvalue())
    with pytest.raises(NoPanorama, match="不动的"):
        panorama_pictures.width_of(moving.getvalue())


def test_no_level_loses_what_a_picture_shows_nor_shows_more() -> None:
    found = {width: panorama_pictures.levels_of(width)[-1] for width in (2048, 4096, 5760, 8192, 16384)}

    assert found == {2048: 2048, 4096: 4096, 5760: 8192, 8192: 8192, 16384: 8192}


def test_tiles_are_squares_of_every_level_and_carry_neither_place_nor_comment() -> None:
    exif = Image.Exif()
    exif[0x010E] = "38 degrees north"
    data = globe(4096, exif=exif, comment="secret place")
    cutter = panorama_pictures.Cutter(data)

    pieces = [each for level in (0, 1) for down in range(level + 1) for each in cutter.row(level, down)]

    assert len(pieces) == 2 + 8
    for piece in [*pieces, panorama_pictures.preview(data)]:
        with Image.open(io.BytesIO(piece)) as picture:
            assert picture.size in {(1024, 1024), (1024, 512)}
            assert not picture.getexif()
        assert b"secret" not in piece


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_pictures_with_holes_and_in_grey_are_cut_too(kind: str) -> None:
    out = io.BytesIO()
    Image.new("LA" if kind == "PNG" else "RGBA", (2048, 1024)).save(out, kind)

    assert len(list(panorama_pictures.Cutter(out.getvalue()).row(0, 0))) == 2


# --- cut ---------------------------------------------------------------------------------------------------


async def test_a_picture_is_cut_shown_and_what_was_sent_is_given_up(room: Darkroom) -> None:
    _, (hall,) = await room.tour("大厅")
    picture = await room.takes(hall, globe(2048))
    assert await room.shown(hall) == {}

    await room.cuts()

    (made,) = (await room.shown(hall)).values()
    assert (made.public_id, made.state, made.upload) == (picture.public_id, PictureState.READY, "")
    assert [(each.level, each.across, each.down) for each in await rows(room, PanoramaTile)] == [
        (0, 0, 0),
        (0, 1, 0),
    ]
    assert await ready_files(room) == 3  # two tiles and the preview
    (job,) = await rows(room, StaffJob)
    assert (job.state, job.said) == (JobState.DONE, "全景图切好了，可以看了。")


async def test_a_killed_job_goes_on_where_it_was(room: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (hall,) = await room.tour("大厅")
    await room.takes(hall, globe(2048, colour="#111"))
    await room.cuts()
    (old,) = (await room.shown(hall)).values()
    await room.takes(hall, globe(4096), 4096)
    keep, calls = panorama_tiles.keep_row, 0

    async def deadly(*given: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise asyncio.CancelledError  # nothing is noted, as when the process is killed
        return await keep(*given)

    monkeypatch.setattr(panorama_tiles, "keep_row", deadly)
    with pytest.raises(asyncio.CancelledError):
        await room.cuts()
    half = {each.file for each in await rows(room, PanoramaTile)}
    assert len(half) == 2 + 2 + 4  # the old ones, and two of the three new rows
    assert (await room.shown(hall))[hall.id].public_id == old.public_id  # what people see is what they saw
    await room.cuts()
    assert (await rows(room, StaffJob))[-1].state is JobState.RUNNING  # its lease has not run out

    room.clock.advance(SECOND_AFTER_LEASE.total_seconds())
    await room.cuts()

    assert calls == 4  # the row that was missing, and no other
    tiles = await rows(room, PanoramaTile)
    assert len(tiles) == 2 + 8
    assert len(half & {each.file for each in tiles}) == 6  # none was made twice
    new = (await room.shown(hall))[hall.id]
    assert new.public_id != old.public_id
    assert [each.public_id for each in await rows(room, PanoramaPicture)] == [new.public_id]
    assert await ready_files(room) == 11


async def test_a_worker_killed_by_the_system_leaves_what_it_made(
    sqlite_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    """A process of our own, gone without a word at the third row; another goes on a minute later."""
    room = Darkroom(Database(sqlite_url), Files(tmp_path / "files"), clock)
    _, (hall,) = await room.tour("大厅")
    await room.takes(hall, globe(4096), 4096)
    given = {
        "SECRET_KEY": "x" * 32,
        "WECHAT_API_URL": "http://127.0.0.1:1",
        "DATABASE_URL": sqlite_url,
        "FILES": str(tmp_path / "files"),
        "ENCRYPTION_KEYS": ",".join(f"{n}:{b64encode(k).decode()}" for n, k in TEST_KEYS.items()),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGHUI_")}
    place = ("app.services.panorama_tiles:keep_row", "3")
    settings = {f"GONGHUI_{name}": value for name, value in given.items()}
    words = (*place, "worker")
    done = await asyncio.to_thread(forking.run, "tests.dying", *words, environment=clean | settings)
    assert done.returncode == -signal.SIGKILL, done.stderr
    half = {each.file for each in await rows(room, PanoramaTile)}
    assert len(half) == 2 + 4

    clock.set(datetime.now(UTC) + SECOND_AFTER_LEASE)
    await room.cuts()

    tiles = {each.file for each in await rows(room, PanoramaTile)}
    assert (len(tiles), half <= tiles) == (2 + 8, True)
    assert (await room.shown(hall))[hall.id].state is PictureState.READY
    await room.database.close()


async def test_the_same_picture_twice_is_one_and_a_newer_one_takes_over(room: Darkroom) -> None:
    _, (hall,) = await room.tour("大厅")
    first, second = globe(2048, colour="#111"), globe(2048, colour="#222")
    await room.takes(hall, first)
    with pytest.raises(DomainError, match="正在切图"):
        await room.takes(hall, first)
    newer = await room.takes(hall, second)
    await room.cuts()

    jobs = await rows(room, StaffJob)
    assert [each.said for each in jobs] == [
        "这一处换了更新的图片或者删掉了，这张不用切了。",
        "全景图切好了，可以看了。",
    ]
    assert (await room.shown(hall))[hall.id].public_id == newer.public_id
    with pytest.raises(DomainError, match="已经是这张图片"):
        await room.takes(hall, second)
    assert await ready_files(room) == 3


async def test_a_torn_picture_is_said_and_the_old_one_stays(room: Darkroom) -> None:
    tour, (hall,) = await room.tour("大厅")
    good = globe(2048)
    await room.takes(hall, good)
    await room.cuts()
    noisy = io.BytesIO()
    Image.effect_noise((2048, 1024), 80).convert("RGB").save(noisy, "JPEG")
    torn = noisy.getvalue()[:50_000]
    await room.takes(hall, torn)
    await room.cuts()

    (shown,) = (await room.shown(hall)).values()
    assert shown.sha256 == hashlib.sha256(good).hexdigest()
    async with room.database.reading() as session:
        failed = (await panorama_tiles.coming(session, [hall.id]))[hall.id]
    assert (failed.state, failed.upload) == (PictureState.FAILED, "")
    assert "可能没有传完" in failed.said
    assert (await rows(room, StaffJob))[-1].state is JobState.FAILED
    again = await room.takes(hall, torn)  # one that failed may be tried again
    assert (await rows(room, PanoramaPicture))[-1].id == again.id
    assert len(await rows(room, PanoramaPicture)) == 2
    async with room.database.transaction() as session:
        await panoramas.remove_scene(session, tour, hall)
    await room.cuts()
    assert (await rows(room, StaffJob))[-1].state is JobState.DONE
    assert (await ready_files(room), await rows(room, PanoramaTile)) == (0, [])


# --- tours -------------------------------------------------------------------------------------------------


async def test_a_tour_is_published_once_every_scene_has_its_picture(room: Darkroom) -> None:
    tour, (hall, shelf) = await room.tour("大厅", "书架")
    await room.takes(hall, globe(2048))
    await room.cuts()
    async with room.database.transaction() as session:
        tour = await panoramas.get(session, tour.public_id, drafts=True)
        with pytest.raises(DomainError, match="「书架」还没有切好的图片"):
            await panoramas.publish(session, tour)
        await panoramas.remove_scene(session, tour, shelf)
        await panoramas.publish(session, tour)
        with pytest.raises(DomainError, match="至少要有一处"):
            await panoramas.remove_scene(session, tour, hall)
        with pytest.raises(DomainError, match="先撤下"):
            await panoramas.delete(session, tour)
        picture = (await panoramas.pictures_of(session, [tour]))[tour.id]
        assert await panorama_tiles.file_of(session, tour.public_id, picture.public_id, "0-1-0")
        for piece in ("0-2-0", "9-0-0", "0-0", "x-0-0", "-1-0-0", "0-0-0-0", "²-0-0", ""):
            with pytest.raises(NotFound):
                await panorama_tiles.file_of(session, tour.public_id, picture.public_id, piece)
        await panoramas.withdraw(session, tour)
        with pytest.raises(NotFound):
            await panorama_tiles.file_of(session, tour.public_id, picture.public_id, "preview")
        with pytest.raises(NotFound):
            await panoramas.get(session, tour.public_id)
        await panoramas.delete(session, tour)
    assert await ready_files(room) == 0


async def test_what_a_hotspot_led_to_takes_it_along_or_hides_it(room: Darkroom) -> None:
    tour, (hall, shelf) = await room.tour("大厅", "书架")
    await room.takes(hall, globe(2048))
    await room.takes(shelf, globe(2048, colour="#222"))
    await room.cuts()
    async with room.database.transaction() as session:
        hall, shelf = await panoramas.list_scenes(session, tour)
        times = {
            "opens_at": NOON,
            "closes_at": NOON + DAY,
            "starts_at": NOON + DAY,
            "ends_at": NOON + 2 * DAY,
        }
        club = await activities.create(session, {"title": "读书会", **times}, by="赵敏", now=NOON)
        for wanted in (
            Wanted(HotspotKind.SCENE, 370, 100, to=shelf),
            Wanted(HotspotKind.TEXT, 0, 0, "说明", "三千册"),
            Wanted(HotspotKind.ACTIVITY, 0, 0, activity=club),
        ):
            await panorama_hotspots.add(session, hall, wanted, NOON)
        await panorama_hotspots.add(session, shelf, Wanted(HotspotKind.SCENE, 0, 0, to=hall), NOON)
        seen = (await panoramas.look(session, tour))[0]
        assert [(each.row.label, each.row.yaw, each.row.pitch) for each in seen.spots] == [
            ("书架", 10, 89),
            ("说明", 0, 0),
        ]
        for_staff = (await panoramas.look(session, tour, drafts=True))[0]
        assert [each.is_dead for each in for_staff.spots] == [False, False, True]
        await activities.publish(session, club.public_id, by="赵敏", now=NOON)
        assert len((await panoramas.look(session, tour))[0].spots) == 3

        assert await panoramas.remove_scene(session, tour, shelf) == 1
        labels = [each.label for each in await session.scalars(sa.select(Hotspot).order_by(Hotspot.id))]
    assert labels == ["说明", "读书会"]


async def test_a_hotspot_that_says_or_leads_nowhere_is_refused(room: Darkroom) -> None:
    _, (hall, shelf) = await room.tour("大厅", "书架")
    async with room.database.transaction() as session:
        for wanted, said in (
            (Wanted(HotspotKind.SCENE, 0, 0), "请选通到哪一处"),
            (Wanted(HotspotKind.SCENE, 0, 0, to=hall), "就是这一处"),
            (Wanted(HotspotKind.TEXT, 0, 0, "说明", " "), "请写点开以后"),
            (Wanted(HotspotKind.TEXT, 0, 0, " ", "三千册"), "热点上显示的字"),
            (Wanted(HotspotKind.PICTURE, 0, 0, "图", "字"), "先选一张图片"),
            (Wanted(HotspotKind.ACTIVITY, 0, 0), "请选一个活动"),
        ):
            with pytest.raises(DomainError, match=said):
                await panorama_hotspots.add(session, hall, wanted, NOON)
        for number in range(panorama_hotspots.MOST):
            await panorama_hotspots.add(session, hall, Wanted(HotspotKind.SCENE, number, 0, to=shelf), NOON)
        with pytest.raises(DomainError, match="最多 30 个"):
            await panorama_hotspots.add(session, hall, Wanted(HotspotKind.SCENE, 0, 0, to=shelf), NOON)


async def test_tours_and_scenes_are_put_in_order(room: Darkroom) -> None:
    first, scenes = await room.tour("大厅", "书架", "窗边")
    second, _ = await room.tour("门口")
    async with room.database.transaction() as session:
        scene = await panoramas.get_scene(session, first, scenes[2].public_id)
        await panoramas.move_scene(session, first, scene, -1)
        assert [each.title for each in await panoramas.list_scenes(session, first)] == [
            "大厅",
            "窗边",
            "书架",
        ]
        for each in (first, second):
            row = await panoramas.get(session, each.public_id, drafts=True)
            row.state = PanoramaState.PUBLISHED
        everywhere = Scope(everything=True)
        for _ in range(2):  # the first stays
            await panoramas.move(session, await panoramas.get(session, second.public_id), -1, everywhere)
        assert [each.id for each in await panoramas.list_shown(session)] == [second.id, first.id]
        with pytest.raises(DomainError, match="一句话说图上有什么"):
            await panoramas.add_scene(session, first, "角落", " ")
        with pytest.raises(DomainError, match="这一处的名字最多 30 个字，现在有 31 个"):
            await panoramas.add_scene(session, first, "角" * 31, "角落")
