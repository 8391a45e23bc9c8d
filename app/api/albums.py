"""Albums for the mini-program: which one may see, one with its pictures, and what to do about a picture.

Not here: adding a picture, which comes as a form (`photo_uploads`).
"""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api import paging
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.paging import Cursor, Size
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.files import MIB, PHOTO_BYTES
from app.services import activities, album_photos, album_visits, albums
from app.services.album_visits import address
from app.services.albums import Viewer
from app.services.api_sessions import SignedIn
from models import Activity, AlbumPhoto, AlbumSeen, PhotoState

router = APIRouter(tags=["相册"], route_class=Route)

_PICTURE = "https://gh.example.cn/activities/k7m2p9q4r8s3t6vw/photos/m3n8p2q7r4s9t5vw"
_GOOD = "一两个小时里有效，不用令牌，直接给 image 用"


class AlbumCardOut(Strict):
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["春季健步走"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    count: int = Field(examples=[24], description="公开的照片有几张")
    cover: str = Field(examples=[f"{_PICTURE}/small?open=1"], description=f"封面的小图：{_GOOD}")


class AlbumsOut(Strict):
    items: list[AlbumCardOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class PhotoOut(Strict):
    id: str = Field(examples=["m3n8p2q7r4s9t5vw"])
    caption: str = Field(examples=["出发"], description="图下的字，可能是空的")
    width: int = Field(examples=[2048], description="大图的宽，像素；还没有收到的是 0")
    height: int = Field(examples=[1365])
    small: str = Field(
        examples=[f"{_PICTURE}/small?open=1"],
        description=f"小图，边长不超过 480：{_GOOD}；还没有收到的是空的",
    )
    large: str = Field(examples=[f"{_PICTURE}/large?open=1"], description=f"大图，边长不超过 2048：{_GOOD}")
    state: PhotoState = Field(examples=["shown"], description="别人给的只看得到 shown；自己给的都看得到")
    state_label: str = Field(examples=["已公开"])
    reason: str = Field(examples=[""], description="未通过、撤下的原因；没有是空的")
    is_own: bool = Field(examples=[False], description="我给的：可以删除；别人给的：可以要求撤下")


class AlbumOut(Strict):
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["春季健步走"])
    seen_by: AlbumSeen = Field(examples=["participants"])
    seen_by_label: str = Field(examples=["参加的人"], description="谁看得到")
    count: int = Field(examples=[24], description="公开的照片一共几张")
    items: list[PhotoOut] = Field(description="公开的，按顺序")
    next: str | None = Field(examples=[None], description=paging.NEXT)
    own: list[PhotoOut] = Field(description="我给的，各种状态都有；只在第一页")
    may_add: bool = Field(examples=[True], description="我现在能不能加照片")
    obstacle: str = Field(examples=[""], description="不能加的原因，可以直接显示")
    agreed: str = Field(examples=[albums.AGREED], description="加照片前请本人确认的话")
    largest: int = Field(examples=[15], description="一张最大多少 MB")


class ObjectionOut(Strict):
    hidden: bool = Field(examples=[True], description="已经先隐藏；false 是以前要求过，工作人员没有撤下")
    words: str = Field(examples=[album_visits.HIDDEN], description="可以直接显示")


@router.get("/albums", response_model=AlbumsOut, operation_id="listAlbums")
async def listed(
    caller: Caller, session: ReadSession, now: Now, shared: InUse, limit: Size = 20, cursor: Cursor = None
) -> AlbumsOut:
    """我能看、有照片的相册，活动新的在前。"""
    of = f"albums:{caller.known.person_id}"
    last = paging.place(of, cursor)
    after = None if last is None else (datetime.fromisoformat(last[0]), int(last[1]))
    found = await albums.list_seen_by(session, viewer_of(caller), limit + 1, after=after)
    page = found[:limit]
    return AlbumsOut(
        items=[
            AlbumCardOut(
                activity_id=each.activity.public_id,
                title=each.activity.title,
                starts_at=each.activity.starts_at,
                count=each.count,
                cover=shared.public_url + address(each.activity, each.cover, "small", now),
            )
            for each in page
        ],
        next=paging.cursor(of, page[-1].activity.starts_at, page[-1].activity.id)
        if len(found) > limit
        else None,
    )


@router.get(
    "/activities/{activity_id}/album",
    response_model=AlbumOut,
    responses=documented(403),
    operation_id="getAlbum",
)
async def one(
    activity_id: PublicId,
    caller: Caller,
    session: ReadSession,
    now: Now,
    shared: InUse,
    limit: Size = 20,
    cursor: Cursor = None,
) -> AlbumOut:
    """一个活动的相册。没有相册的是 404，不给我看的是 403。"""
    viewer = viewer_of(caller)
    activity, album = await album_visits.enter(session, activity_id, viewer)
    of = f"album:{activity.id}"
    last = paging.place(of, cursor)
    after = None if last is None else (int(last[0]), int(last[1]))
    found = await album_photos.list_shown(session, album, limit + 1, after=after)
    page, own = found[:limit], list[AlbumPhoto]()
    if cursor is None:
        own = list(await album_photos.list_of_giver(session, album, caller.known.person_id))
    obstacle = await album_visits.obstacle(session, activity, album, viewer, now)
    return AlbumOut(
        activity_id=activity.public_id,
        title=activity.title,
        seen_by=album.seen_by,
        seen_by_label=album.seen_by.label,
        count=(await albums.shown(session, activity, album)).count,
        items=_photos(activity, page, caller, now, shared.public_url),
        next=paging.cursor(of, page[-1].position, page[-1].id) if len(found) > limit else None,
        own=_photos(activity, own, caller, now, shared.public_url),
        may_add=not obstacle,
        obstacle=obstacle,
        agreed=albums.AGREED,
        largest=PHOTO_BYTES // MIB,
    )


@router.get(
    "/activities/{activity_id}/album/photos/{photo_id}",
    response_model=PhotoOut,
    responses=documented(403),
    operation_id="getPhoto",
)
async def photo(
    activity_id: PublicId, photo_id: PublicId, caller: Caller, session: ReadSession, now: Now, shared: InUse
) -> PhotoOut:
    """一张照片。撤下的、别人给的还没公开的是 404。"""
    activity, album = await album_visits.enter(session, activity_id, viewer_of(caller))
    found = await album_visits.look(session, album, photo_id, viewer_of(caller))
    return _photos(activity, [found], caller, now, shared.public_url)[0]


@router.post(
    "/activities/{activity_id}/album/photos/{photo_id}/objection",
    response_model=ObjectionOut,
    responses=documented(403, 409),
    operation_id="objectToPhoto",
)
async def object_to(
    activity_id: PublicId, photo_id: PublicId, caller: Caller, session: WriteOnce, now: Now
) -> ObjectionOut:
    """照片里有我，请撤下：不用说理由，马上隐藏，工作人员看过以后决定，结果告诉本人。"""
    viewer = viewer_of(caller)
    _, album = await album_visits.enter(session, activity_id, viewer)
    found = await album_visits.look(session, album, photo_id, viewer, lock=True)
    waits = await album_photos.object_to(session, found, caller.known.person_id, now)
    return ObjectionOut(hidden=waits, words=album_visits.HIDDEN if waits else album_visits.DECIDED)


@router.delete(
    "/activities/{activity_id}/album/photos/{photo_id}", status_code=204, operation_id="takePhotoBack"
)
async def take_back(activity_id: PublicId, photo_id: PublicId, caller: Caller, session: WriteSession) -> None:
    """删除我给的一张，马上删，不能恢复。别人给的、已经删除的是 404。"""
    album = await albums.get(session, await activities.get(session, activity_id))
    found = await album_photos.get(session, album, photo_id, lock=True)
    await album_photos.take_back(session, found, caller.known.person_id)


def viewer_of(caller: SignedIn) -> Viewer:
    return Viewer.of(caller.known.person_id, caller.known.facts)


def _photos(
    activity: Activity, found: Sequence[AlbumPhoto], caller: SignedIn, now: datetime, public_url: str
) -> list[PhotoOut]:
    return [_photo(activity, each, caller.known.person_id, now, public_url) for each in found]


def _photo(activity: Activity, row: AlbumPhoto, person_id: int, now: datetime, public_url: str) -> PhotoOut:
    is_shown = row.state is PhotoState.SHOWN
    there = bool(row.small)  # not so of one that is on its way or was thrown away
    return PhotoOut(
        id=row.public_id,
        caption=row.caption,
        width=row.width,
        height=row.height,
        small=public_url + address(activity, row.public_id, "small", now, is_shown=is_shown) if there else "",
        large=public_url + address(activity, row.public_id, "large", now, is_shown=is_shown) if there else "",
        state=row.state,
        state_label=row.state.label,
        reason=row.reason,
        is_own=row.giver_id == person_id,
    )
