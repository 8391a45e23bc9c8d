"""Tours one looks around in: written, put in order, published, taken back; and what people see of them.

Not here: pictures and tiles (`panorama_tiles`), what one may tap in a scene (`panorama_hotspots`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import panorama_hotspots, panorama_tiles
from app.services.panorama_hotspots import Spot
from app.services.panorama_pictures import WIDTHS, levels_of
from models import UNANNOUNCED, Activity, Panorama, PanoramaPicture, PanoramaScene, PanoramaState

MOST_SCENES: Final = 40
MOST_SHOWN: Final = 50
TITLE, ABOUT, SCENE_TITLE, ALT = 40, 120, 30, 120  # characters
STEEPEST: Final = 85.0  # degrees above or below the horizon that one may look at the start
GONE: Final = "没有找到这个全景，可能已经撤下。"

Placed = TypeVar("Placed", Panorama, PanoramaScene)


@dataclass(frozen=True, slots=True)
class Seen:
    """A scene as it is shown. `picture` None: there is none yet, which only staff see."""

    scene: PanoramaScene
    picture: PanoramaPicture | None
    spots: Sequence[Spot]

    @property
    def widths(self) -> tuple[int, ...]:
        return levels_of(self.picture.width) if self.picture is not None else WIDTHS[:0]


# --- tours -------------------------------------------------------------------------------------------------


async def create(
    session: AsyncSession,
    title: str,
    about: str,
    activity: Activity | None,
    branch_id: int | None,
    now: datetime,
) -> Panorama:
    """A draft, the last in the list. Raises: DomainError: no title, or too long."""
    last = await session.scalar(sa.select(sa.func.max(Panorama.position)))
    tour = Panorama(state=PanoramaState.DRAFT, branch_id=branch_id, position=(last or 0) + 1, created_at=now)
    write(tour, title, about, activity)
    session.add(tour)
    await session.flush()
    return tour


def write(tour: Panorama, title: str, about: str, activity: Activity | None) -> None:
    """Raises: DomainError."""
    tour.title = _words(title, TITLE, "请给全景起个名字，例如 职工书屋。", "名字")
    tour.about = _words(about, ABOUT, "", "介绍")
    tour.activity_id = None if activity is None else activity.id


async def publish(session: AsyncSession, tour: Panorama) -> None:
    """Raises: DomainError: something is missing; the message says what."""
    scenes = await list_scenes(session, tour)
    if not scenes:
        raise DomainError("还没有场景，请先加一处并上传全景图。")
    ready = await panorama_tiles.shown(session, [each.id for each in scenes])
    missing = "、".join(f"「{each.title}」" for each in scenes if each.id not in ready)
    if missing:
        raise DomainError(f"{missing}还没有切好的图片，切好再发布，或者先删掉。")
    tour.state = PanoramaState.PUBLISHED
    await session.flush()


async def withdraw(session: AsyncSession, tour: Panorama) -> None:
    """Nobody sees it any more; staff keep it as a draft."""
    tour.state = PanoramaState.DRAFT
    await session.flush()


async def delete(session: AsyncSession, tour: Panorama) -> None:
    """With its scenes and all their pictures. Raises: DomainError: it is published."""
    if tour.state is PanoramaState.PUBLISHED:
        raise DomainError("已发布的先撤下，再删除。")
    scenes = await list_scenes(session, tour)
    await panorama_hotspots.remove_all(session, [each.id for each in scenes])
    for scene in scenes:
        await panorama_tiles.give_up_scene(session, scene)
        await session.delete(scene)
    await session.flush()
    await session.delete(tour)
    await session.flush()


async def move(session: AsyncSession, tour: Panorama, step: int) -> None:
    """Earlier (-1) or later (1) in the list."""
    everything = await session.scalars(sa.select(Panorama).order_by(Panorama.position, Panorama.id))
    _moved(list(everything), tour, step)
    await session.flush()


async def get(session: AsyncSession, public_id: str, *, drafts: bool = False) -> Panorama:
    """Raises: NotFound."""
    tour = await session.scalar(sa.select(Panorama).where(Panorama.public_id == public_id))
    if tour is None or (tour.state is PanoramaState.DRAFT and not drafts):
        raise NotFound(GONE)
    return tour


async def list_shown(session: AsyncSession, limit: int = MOST_SHOWN) -> Sequence[Panorama]:
    """What people may look at, in its order."""
    chosen = sa.select(Panorama).where(Panorama.state == PanoramaState.PUBLISHED)
    return (await session.scalars(chosen.order_by(Panorama.position, Panorama.id).limit(limit))).all()


async def of_activity(session: AsyncSession, activity_id: int) -> Sequence[Panorama]:
    """The published ones of an activity."""
    chosen = sa.select(Panorama).where(
        Panorama.activity_id == activity_id, Panorama.state == PanoramaState.PUBLISHED
    )
    return (await session.scalars(chosen.order_by(Panorama.position, Panorama.id))).all()


async def activity_of(session: AsyncSession, tour: Panorama) -> Activity | None:
    """The activity it is of, where people may see that."""
    activity = None if tour.activity_id is None else await session.get(Activity, tour.activity_id)
    return None if activity is None or activity.state in UNANNOUNCED else activity


async def pictures_of(session: AsyncSession, tours: Sequence[Panorama]) -> dict[int, PanoramaPicture]:
    """By tour, what its card shows: the picture of its first scene."""
    chosen = sa.select(PanoramaScene).where(PanoramaScene.panorama_id.in_([each.id for each in tours]))
    ordered = chosen.order_by(PanoramaScene.position.desc(), PanoramaScene.id.desc())
    first = {each.panorama_id: each.id for each in await session.scalars(ordered)}
    shown = await panorama_tiles.shown(session, list(first.values()))
    return {tour: shown[scene] for tour, scene in first.items() if scene in shown}


# --- scenes ------------------------------------------------------------------------------------------------


async def list_scenes(session: AsyncSession, tour: Panorama) -> Sequence[PanoramaScene]:
    """In their order; the tour begins at the first."""
    chosen = sa.select(PanoramaScene).where(PanoramaScene.panorama_id == tour.id)
    return (await session.scalars(chosen.order_by(PanoramaScene.position, PanoramaScene.id))).all()


async def get_scene(session: AsyncSession, tour: Panorama, public_id: str) -> PanoramaScene:
    """Raises: NotFound."""
    chosen = sa.select(PanoramaScene).where(
        PanoramaScene.panorama_id == tour.id, PanoramaScene.public_id == public_id
    )
    scene = await session.scalar(chosen)
    if scene is None:
        raise NotFound("没有找到这一处，可能已经删除。")
    return scene


async def add_scene(session: AsyncSession, tour: Panorama, title: str, alt: str) -> PanoramaScene:
    """The last of the tour, without a picture. Raises: DomainError."""
    scenes = await list_scenes(session, tour)
    if len(scenes) >= MOST_SCENES:
        raise DomainError(f"一个全景最多 {MOST_SCENES} 处。")
    position = max((each.position for each in scenes), default=0) + 1
    scene = PanoramaScene(panorama_id=tour.id, position=position, yaw=0.0, pitch=0.0)
    write_scene(scene, title, alt)
    session.add(scene)
    await session.flush()
    return scene


def write_scene(scene: PanoramaScene, title: str, alt: str) -> None:
    """Raises: DomainError."""
    scene.title = _words(title, SCENE_TITLE, "请给这一处起个名字，例如 一楼大厅。", "这一处的名字")
    scene.alt = _words(alt, ALT, "请用一句话说图上有什么，看不到图的人靠它知道。", "图上有什么")


def aim(scene: PanoramaScene, yaw: float, pitch: float) -> None:
    """Where one looks at first."""
    scene.yaw = panorama_hotspots.turned(yaw)
    scene.pitch = max(-STEEPEST, min(STEEPEST, pitch))


async def move_scene(session: AsyncSession, tour: Panorama, scene: PanoramaScene, step: int) -> None:
    _moved(list(await list_scenes(session, tour)), scene, step)
    await session.flush()


async def remove_scene(session: AsyncSession, tour: Panorama, scene: PanoramaScene) -> int:
    """With its picture and what leads there; returns how many hotspots of other scenes went.

    Raises: DomainError: it is the last one of what people see.
    """
    if tour.state is PanoramaState.PUBLISHED and len(await list_scenes(session, tour)) == 1:
        raise DomainError("已发布的全景至少要有一处。请先撤下，或者先加一处再删。")
    leading = await panorama_hotspots.remove_all(session, [scene.id])
    await panorama_tiles.give_up_scene(session, scene)
    await session.delete(scene)
    await session.flush()
    return leading


async def look(session: AsyncSession, tour: Panorama, *, drafts: bool = False) -> list[Seen]:
    """Its scenes as they are shown; those without a picture, and what leads to them, only to staff."""
    scenes = await list_scenes(session, tour)
    pictures = await panorama_tiles.shown(session, [each.id for each in scenes])
    if not drafts:
        scenes = [each for each in scenes if each.id in pictures]
    spots = await panorama_hotspots.by_scene(session, scenes, drafts=drafts)
    return [Seen(each, pictures.get(each.id), spots.get(each.id, [])) for each in scenes]


# --- parts -------------------------------------------------------------------------------------------------


def _words(given: str, most: int, missing: str, what: str) -> str:
    """Without what no line has. Raises: DomainError: none where there must be some, or too many."""
    words = " ".join(given.split())
    if missing and not words:
        raise DomainError(missing)
    if len(words) > most:
        raise DomainError(f"{what}最多 {most} 个字，现在有 {len(words)} 个。")
    return words


def _moved(rows: list[Placed], one: Placed, step: int) -> None:
    at = next(number for number, each in enumerate(rows) if each.id == one.id)
    rows.insert(max(0, at + step), rows.pop(at))
    for number, each in enumerate(rows, 1):
        each.position = number
