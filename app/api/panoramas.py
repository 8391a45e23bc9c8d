"""Panoramas for the mini-program: which there are, and one with its scenes and where their pieces lie.

The pieces themselves are pictures on the portal, which anybody may load: an `image` needs no token for them.
"""

from fastapi import APIRouter
from pydantic import Field

from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, ReadSession
from app.errors import NotFound
from app.services import panoramas
from app.services.panorama_hotspots import Spot
from app.services.panorama_pictures import TILE
from app.services.panoramas import Seen
from models import HotspotKind, Panorama, PanoramaPicture

router = APIRouter(prefix="/panoramas", tags=["全景"], route_class=Route)

_AT = "https://gh.example.cn/panoramas/k7m2p9q4r8s3t6vw"


class PanoramaOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["职工书屋"])
    about: str = Field(examples=["三千册书，周一到周五开放"], description="可能是空的")
    preview: str = Field(
        examples=[f"{_AT}/pictures/m3n8p2q7r4s9t5vw/preview"],
        description="1024×512 的小图，直接给 image 用",
    )


class PanoramasOut(Strict):
    items: list[PanoramaOut]


class SpotOut(Strict):
    kind: HotspotKind = Field(examples=["scene"])
    label: str = Field(examples=["二楼阅览室"])
    yaw: float = Field(examples=[30.5], description="从画面正中向右的角度，-180 到 180")
    pitch: float = Field(examples=[-5.0], description="地平线以上的角度")
    scene_id: str | None = Field(examples=["m3n8p2q7r4s9t5vw"], description="kind 是 scene：去哪一处")
    activity_id: str | None = Field(examples=[None], description="kind 是 activity：哪个活动")
    words: str = Field(examples=[""], description="kind 是 text、picture：说明")
    picture: str = Field(examples=[""], description="kind 是 picture：图的地址")


class SceneOut(Strict):
    id: str = Field(examples=["m3n8p2q7r4s9t5vw"])
    title: str = Field(examples=["一楼大厅"])
    alt: str = Field(examples=["大厅正中是服务台"], description="图上有什么，给看不到图的人")
    yaw: float = Field(examples=[0.0], description="先朝哪边看")
    pitch: float = Field(examples=[0.0])
    preview: str = Field(
        examples=[f"{_AT}/pictures/m3n8p2q7r4s9t5vw/preview"],
        description="整张的小图（1024×512）：先显示它；不能三维显示的，让人左右滑动着看它",
    )
    tiles: str = Field(
        examples=[f"{_AT}/pictures/m3n8p2q7r4s9t5vw/{{level}}-{{across}}-{{down}}"],
        description="小块的地址，三个数都从 0 起、从左上角数：第几级、横第几块、竖第几块",
    )
    tile: int = Field(examples=[1024], description="小块的边长，像素")
    widths: list[int] = Field(examples=[[2048, 4096]], description="各级整张有多宽，高是一半；粗的在前")
    spots: list[SpotOut] = Field(description="可以点的地方")


class WholePanoramaOut(PanoramaOut):
    activity_id: str | None = Field(examples=[None], description="哪个活动的；不是活动的是 null")
    scenes: list[SceneOut] = Field(description="各处，从第一处开始看")
    address: str = Field(examples=[_AT], description="网页，可以给 web-view 用，现成就能转着看")


@router.get("", response_model=PanoramasOut, operation_id="listPanoramas")
async def listed(session: ReadSession, shared: InUse) -> PanoramasOut:
    """全景。最多 50 个。"""
    tours = await panoramas.list_shown(session)
    pictures = await panoramas.pictures_of(session, tours)
    return PanoramasOut(
        items=[
            PanoramaOut(**_facts(each, pictures[each.id], shared.public_url))
            for each in tours
            if each.id in pictures
        ]
    )


@router.get("/{panorama_id}", response_model=WholePanoramaOut, operation_id="getPanorama")
async def one(panorama_id: PublicId, session: ReadSession, shared: InUse) -> WholePanoramaOut:
    """一个全景：各处的图、可以点的地方、图片小块的地址。"""
    tour = await panoramas.get(session, panorama_id)
    seen = await panoramas.look(session, tour)
    first = next((each.picture for each in seen if each.picture is not None), None)
    if first is None:
        raise NotFound(panoramas.GONE)
    activity = await panoramas.activity_of(session, tour)
    return WholePanoramaOut(
        **_facts(tour, first, shared.public_url),
        activity_id=None if activity is None else activity.public_id,
        scenes=[
            _scene(each, each.picture, _at(tour, shared.public_url))
            for each in seen
            if each.picture is not None
        ],
        address=_at(tour, shared.public_url),
    )


def _facts(tour: Panorama, picture: PanoramaPicture, public_url: str) -> dict[str, str]:
    return {
        "id": tour.public_id,
        "title": tour.title,
        "about": tour.about,
        "preview": f"{_at(tour, public_url)}/pictures/{picture.public_id}/preview",
    }


def _scene(seen: Seen, picture: PanoramaPicture, at: str) -> SceneOut:
    scene, pieces = seen.scene, f"{at}/pictures/{picture.public_id}"
    return SceneOut(
        id=scene.public_id,
        title=scene.title,
        alt=scene.alt,
        yaw=scene.yaw,
        pitch=scene.pitch,
        preview=f"{pieces}/preview",
        tiles=f"{pieces}/{{level}}-{{across}}-{{down}}",
        tile=TILE,
        widths=list(seen.widths),
        spots=[_spot(each, at) for each in seen.spots],
    )


def _spot(spot: Spot, at: str) -> SpotOut:
    row = spot.row
    return SpotOut(
        kind=row.kind,
        label=row.label,
        yaw=row.yaw,
        pitch=row.pitch,
        scene_id=spot.to.public_id if spot.to is not None else None,
        activity_id=spot.activity.public_id if spot.activity is not None else None,
        words=row.words,
        picture=f"{at}/hotspots/{row.public_id}" if row.file else "",
    )


def _at(tour: Panorama, public_url: str) -> str:
    return f"{public_url}/panoramas/{tour.public_id}"
