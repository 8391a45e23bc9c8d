"""Somebody at an album: what he sees, gives and has hidden; the same on the portal and in the mini-program.

Not here: what staff decide (`album_work`), and how pictures come by chat (`album_photos`).
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import activities, album_files, album_photos, albums, open_addresses
from app.services.album_files import Bytes, Drawn, Kept
from app.services.albums import Viewer
from models import Activity, Album, AlbumPhoto, PhotoState

Size = Literal["large", "small"]
KEPT: Final = "收到了，审核以后大家看得到。"
KNOWN: Final = "相册里已经有这一张。"
NONE_SENT: Final = "请先选照片。"
NOT_AGREED: Final = "请先确认照片里的人都同意。"
HIDDEN: Final = "这张照片已经先隐藏，别人看不到了。工作人员看过以后决定，结果会告诉您。"
DECIDED: Final = "您以前要求撤下过这张照片，工作人员看过，没有撤下。有不同意见，请在公众号里回复「人工」。"


async def enter(session: AsyncSession, public_id: str, viewer: Viewer) -> tuple[Activity, Album]:
    """Raises: NotFound; NotForYou."""
    activity = await activities.get(session, public_id)
    album = await albums.get(session, activity)
    await albums.check_may_see(session, album, viewer)
    return activity, album


async def look(
    session: AsyncSession, album: Album, code: str, viewer: Viewer, *, lock: bool = False
) -> AlbumPhoto:
    """A picture of an album that the viewer may see. Raises: NotFound: also where it is hidden from him."""
    photo = await album_photos.get(session, album, code, lock=lock)
    if not album_photos.may_look(photo, viewer.person_id):
        raise NotFound("没有找到这张照片，可能已经撤下。")
    return photo


async def obstacle(
    session: AsyncSession, activity: Activity, album: Album, viewer: Viewer, now: datetime
) -> str:
    """Why the viewer cannot add a picture; empty: he can."""
    if viewer.person_id is None:
        return "请先登录。"
    try:
        await albums.check_may_add(session, activity, album, viewer.person_id, now)
        await album_photos.check_room(session, album, viewer.person_id)
    except DomainError as refused:
        return refused.message
    return ""


async def give(
    transaction: Callable[[], AbstractAsyncContextManager[AsyncSession]],
    files: Bytes,
    drawn: Drawn,
    public_id: str,
    person_id: int,
    now: datetime,
) -> bool:
    """Add a picture to the album of an activity, in a transaction of its own; whether it is new there.

    Raises: as `albums.check_may_add` and `album_photos.add`.
    """

    async def row(picture: Kept) -> bool:
        async with transaction() as session:
            activity = await activities.get(session, public_id)
            album = await albums.get(session, activity)
            await albums.check_may_add(session, activity, album, person_id, now)
            return (await album_photos.add(session, album, picture, giver_id=person_id, now=now))[1]

    return await album_files.keep(files, drawn, now, row)


# --- addresses of pictures, which open without signing in --------------------------------------------------


def address(activity: Activity, code: str, size: Size, now: datetime, *, is_shown: bool = True) -> str:
    """Of our own pages, without the host. Not `is_shown`: for who gave it, and looks at it before others."""
    at = _at(activity.public_id, code, size)
    return f"{at}?open={open_addresses.mark(at if is_shown else _own(at), now)}"


async def opened(
    session: AsyncSession, public_id: str, code: str, size: Size, given: str, now: datetime
) -> tuple[Album, AlbumPhoto] | None:
    """What was asked for by an `address`; None: it is not a good one, or its picture is hidden meanwhile.

    Raises: NotFound: the picture is gone, or its album.
    """
    at = _at(public_id, code, size)
    is_own = open_addresses.opens(_own(at), given, now)
    if not is_own and not open_addresses.opens(at, given, now):
        return None
    album = await albums.get(session, await activities.get(session, public_id))
    photo = await album_photos.get(session, album, code)
    return (album, photo) if is_own or photo.state is PhotoState.SHOWN else None


def _at(public_id: str, code: str, size: Size) -> str:
    return f"/activities/{public_id}/photos/{code}/{size}"


def _own(at: str) -> str:
    return f"{at} of who gave it"
