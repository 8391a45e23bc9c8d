"""What one may tap in a scene: the way to another one, words, a picture, an activity.

What a hotspot leads to may vanish: a scene takes its hotspots along, an activity that is no longer shown
leaves a mark for staff and nothing for anybody else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import stored_files
from models import (
    UNANNOUNCED,
    Activity,
    Hotspot,
    HotspotKind,
    Panorama,
    PanoramaScene,
    PanoramaState,
    StoredFile,
)

MOST: Final = 30  # of one scene
LABEL, WORDS = 30, 300  # characters
STEEPEST: Final = 89.0  # degrees: straight up there is no right or left


@dataclass(frozen=True, slots=True)
class Spot:
    """A hotspot with what it leads to. `is_dead`: to nothing that people see; only staff are told."""

    row: Hotspot
    to: PanoramaScene | None = None
    activity: Activity | None = None
    is_dead: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hotspot to be: only what its kind needs is looked at. Angles in degrees."""

    kind: HotspotKind
    yaw: float
    pitch: float
    label: str = ""
    words: str = ""
    to: PanoramaScene | None = None
    activity: Activity | None = None
    file: StoredFile | None = None


async def add(session: AsyncSession, scene: PanoramaScene, wanted: Wanted, now: datetime) -> Hotspot:
    """Raises: DomainError: something is missing, or there are too many."""
    count = await session.scalar(sa.select(sa.func.count()).where(Hotspot.scene_id == scene.id))
    if (count or 0) >= MOST:
        raise DomainError(f"一处最多 {MOST} 个热点。")
    label, words = " ".join(wanted.label.split()), wanted.words.strip()
    _check(scene, wanted, words)
    kind = wanted.kind
    to = wanted.to if kind is HotspotKind.SCENE else None
    activity = wanted.activity if kind is HotspotKind.ACTIVITY else None
    file = wanted.file if kind is HotspotKind.PICTURE else None
    label = label or (to.title if to else activity.title if activity else "")
    if not label:
        raise DomainError("请写热点上显示的字，例如 荣誉墙。")
    spot = Hotspot(
        scene_id=scene.id,
        kind=kind,
        yaw=turned(wanted.yaw),
        pitch=max(-STEEPEST, min(STEEPEST, wanted.pitch)),
        label=label[:LABEL],
        words=words[:WORDS] if kind in (HotspotKind.TEXT, HotspotKind.PICTURE) else "",
        to_scene_id=to.id if to else None,
        activity_id=activity.id if activity else None,
        file=file.public_id if file else "",
        created_at=now,
    )
    session.add_all([spot, *([file] if file else [])])
    await session.flush()
    return spot


def _check(scene: PanoramaScene, wanted: Wanted, words: str) -> None:
    if wanted.kind is HotspotKind.SCENE and wanted.to is None:
        raise DomainError("请选通到哪一处。")
    if wanted.kind is HotspotKind.SCENE and wanted.to is not None and wanted.to.id == scene.id:
        raise DomainError("热点通到的就是这一处，请选另一处。")
    if wanted.kind is HotspotKind.ACTIVITY and wanted.activity is None:
        raise DomainError("请选一个活动。")
    if wanted.kind is HotspotKind.TEXT and not words:
        raise DomainError("请写点开以后看到的文字。")
    if wanted.kind is HotspotKind.PICTURE and wanted.file is None:
        raise DomainError("请先选一张图片。")
    if wanted.kind is HotspotKind.PICTURE and not words:
        raise DomainError("请用一句话说图上是什么，看不到图的人靠它知道。")


async def get(session: AsyncSession, scene: PanoramaScene, public_id: str) -> Hotspot:
    """Raises: NotFound."""
    chosen = sa.select(Hotspot).where(Hotspot.scene_id == scene.id, Hotspot.public_id == public_id)
    spot = await session.scalar(chosen)
    if spot is None:
        raise NotFound("没有找到这个热点，可能已经删除。")
    return spot


async def remove(session: AsyncSession, spot: Hotspot) -> None:
    await stored_files.mark_deleted(session, [spot.file] if spot.file else [])
    await session.delete(spot)
    await session.flush()


async def remove_all(session: AsyncSession, scene_ids: Sequence[int]) -> int:
    """Those in these scenes and those that lead there; returns how many of the latter, from elsewhere."""
    either = sa.or_(Hotspot.scene_id.in_(scene_ids), Hotspot.to_scene_id.in_(scene_ids))
    found = (await session.scalars(sa.select(Hotspot).where(either))).all()
    await stored_files.mark_deleted(session, [each.file for each in found if each.file])
    for each in found:
        await session.delete(each)
    await session.flush()
    return len([each for each in found if each.scene_id not in scene_ids])


async def by_scene(
    session: AsyncSession, scenes: Sequence[PanoramaScene], *, drafts: bool
) -> dict[int, list[Spot]]:
    """Those that lead somewhere: to one of `scenes`, to an activity people see. Staff have all."""
    rooms = {each.id: each for each in scenes}
    rows = (
        await session.execute(
            sa.select(Hotspot, Activity)
            .outerjoin(Activity, Activity.id == Hotspot.activity_id)
            .where(Hotspot.scene_id.in_(rooms))
            .order_by(Hotspot.id)
        )
    ).all()
    found: dict[int, list[Spot]] = {}
    for row, activity in rows:
        to = None if row.to_scene_id is None else rooms.get(row.to_scene_id)
        hidden = activity is not None and activity.state in UNANNOUNCED
        lost = row.kind is HotspotKind.SCENE and to is None
        if drafts or not (hidden or lost):
            found.setdefault(row.scene_id, []).append(Spot(row, to, activity, hidden or lost))
    return found


def turned(degrees: float) -> float:
    """The same direction, from -180 up to 180; the middle for what is none."""
    return (degrees + 180) % 360 - 180 if math.isfinite(degrees) else 0.0


async def file_of(session: AsyncSession, panorama_id: str, public_id: str, *, drafts: bool = False) -> str:
    """The stored file of a picture in a tour. Raises: NotFound: none such, or not to be seen."""
    chosen = (
        sa.select(Hotspot.file)
        .join(PanoramaScene, PanoramaScene.id == Hotspot.scene_id)
        .join(Panorama, Panorama.id == PanoramaScene.panorama_id)
        .where(Panorama.public_id == panorama_id, Hotspot.public_id == public_id)
    )
    if not drafts:
        chosen = chosen.where(Panorama.state == PanoramaState.PUBLISHED)
    file = await session.scalar(chosen)
    if not file:
        raise NotFound("没有找到这张图片。")
    return file
