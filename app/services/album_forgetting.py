"""Pictures in albums when time is up, an account is closed, or two persons turn out to be one."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import album_photos, stored_files
from app.services.album_photos import DECIDED
from app.services.forgetting import Ids, Rule, Where, change
from models import AlbumPhoto, PhotoObjection

KEPT_FOR: Final = timedelta(days=30)  # what is not shown; until then it may be shown again
OBJECTIONS_FOR: Final = timedelta(days=180)


async def hand_over_photos(session: AsyncSession, gone: int, stays: int) -> None:
    theirs = sa.update(AlbumPhoto).where(AlbumPhoto.giver_id == gone)
    await change(session, theirs.values(giver_id=stays))


async def hand_over_objections(session: AsyncSession, gone: int, stays: int) -> None:
    """Two who are one objected once."""
    own = sa.select(PhotoObjection.photo_id).where(PhotoObjection.person_id == stays)
    twice = sa.delete(PhotoObjection).where(
        PhotoObjection.person_id == gone, PhotoObjection.photo_id.in_(own)
    )
    await change(session, twice)
    theirs = sa.update(PhotoObjection).where(PhotoObjection.person_id == gone)
    await change(session, theirs.values(person_id=stays))


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """The pictures that somebody gave go with him, and for the receipt what went.

    What he wanted taken away is decided all the same; nobody knows whose wish it was.
    """
    told = []
    theirs = await session.scalars(sa.select(AlbumPhoto).where(AlbumPhoto.giver_id == person_id))
    photos = theirs.all()
    await album_photos.erase(session, photos)
    if photos:
        told.append(("给活动相册的照片", f"{len(photos)} 张已删除"))
    said = sa.update(PhotoObjection).where(PhotoObjection.person_id == person_id)
    count = await change(session, said.values(person_id=None))
    if count:
        told.append(("要求撤下的照片", f"{count} 张照样处理，不再记着是您要求的"))
    return told


def _is_over(now: datetime) -> Where:
    return (AlbumPhoto.state.in_(DECIDED), AlbumPhoto.large != "", AlbumPhoto.decided_at <= now - KEPT_FOR)


async def _forget_photos(session: AsyncSession, ids: Ids, now: datetime) -> int:
    """The row stays with the digest of its picture, so that this one is not put there again."""
    over = sa.select(AlbumPhoto).where(AlbumPhoto.id.in_(ids), *_is_over(now))
    photos = (await session.scalars(over.with_for_update())).all()
    await stored_files.mark_deleted(
        session, [name for each in photos for name in album_photos.files_of(each)]
    )
    for each in photos:
        each.large = each.small = each.caption = each.reason = ""
        each.giver_id = None
    await session.flush()
    return len(photos)


def _is_old(now: datetime) -> Where:
    return (PhotoObjection.settled_at <= now - OBJECTIONS_FOR,)


async def _forget_objections(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.delete(PhotoObjection).where(PhotoObjection.id.in_(ids), *_is_old(now))
    return await change(session, old)


forget_over = Rule("album_photos_over", AlbumPhoto.id, _is_over, _forget_photos)
forget_objections = Rule("photo_objections", PhotoObjection.id, _is_old, _forget_objections)
