"""What staff decide about pictures in albums: shown or not, taken down, what stands under them, their order.

Functions flush and never commit. Not here: how pictures come there (`album_photos`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import album_notices, album_photos
from app.services.album_photos import DECIDED
from models import Album, AlbumPhoto, PhotoObjection, PhotoState

S = PhotoState
CAPTION: Final = 60  # characters
REASON: Final = 200


async def approve(session: AsyncSession, album: Album, names: Sequence[str], by: str, now: datetime) -> int:
    """Show pictures that wait; returns how many did. No `names`: all of them."""
    waiting = sa.select(AlbumPhoto).where(AlbumPhoto.album_id == album.id, AlbumPhoto.state == S.PENDING)
    if names:
        waiting = waiting.where(AlbumPhoto.public_id.in_(names))
    found = (await session.scalars(waiting.with_for_update())).all()
    for photo in found:
        _decide(photo, S.SHOWN, by, "", now)
    await session.flush()
    return len(found)


async def refuse(session: AsyncSession, photo: AlbumPhoto, reason: str, by: str, now: datetime) -> None:
    """One that waits is not shown; who gave it hears why. Raises: DomainError: no reason, or decided."""
    if photo.state is not S.PENDING:
        raise DomainError(f"这张照片{photo.state.label}，不用再审。")
    _decide(photo, S.REFUSED, by, _reason(reason), now)
    album_notices.refused(session, photo, await album_notices.title_of(session, photo), now)
    await session.flush()


async def remove(session: AsyncSession, photo: AlbumPhoto, reason: str, by: str, now: datetime) -> None:
    """Taken down; who said that he is on it, and who gave it, hear it.

    Raises: DomainError: it is not shown; no reason where a participant gave it.
    """
    if photo.state not in (S.SHOWN, S.OBJECTED):
        raise DomainError(f"这张照片{photo.state.label}，没有公开。")
    reason = " ".join(reason.split())[:REASON]
    if photo.giver_id is not None and not reason:
        raise DomainError("请写原因，会告诉给照片的人。")
    title = await album_notices.title_of(session, photo)
    _decide(photo, S.REMOVED, by, reason, now)
    for objection in await _unsettled(session, photo):
        objection.settled_at = now
        album_notices.taken_down(session, photo, objection, title, now)
    album_notices.removed(session, photo, title, now)
    await session.flush()


async def restore(session: AsyncSession, photo: AlbumPhoto, reason: str, by: str, now: datetime) -> None:
    """Shown (again). Whoever said that he is on it hears why it stays.

    Raises: DomainError: it is shown, or its bytes are gone; no reason where somebody objected.
    """
    if photo.state not in (S.OBJECTED, *DECIDED) or not photo.small:
        raise DomainError(f"这张照片{photo.state.label}，不能恢复。")
    waiting = await _unsettled(session, photo)
    why = _reason(reason) if waiting else ""
    title = await album_notices.title_of(session, photo)
    _decide(photo, S.SHOWN, by, "", now)
    for objection in waiting:
        objection.settled_at = now
        album_notices.stays(session, photo, objection, title, why, now)
    await session.flush()


async def describe(session: AsyncSession, photo: AlbumPhoto, caption: str) -> None:
    """Words under it, and for who cannot see it."""
    photo.caption = " ".join(caption.split())[:CAPTION]
    await session.flush()


async def shift(session: AsyncSession, album: Album, photo: AlbumPhoto, by: int) -> None:
    """Change places with the next one (`by` 1) or the one before (-1), of those that are shown."""
    row = list(await album_photos.list_shown(session, album))
    at = next((number for number, each in enumerate(row) if each.id == photo.id), None)
    if at is None or not 0 <= at + by < len(row):
        return
    row[at], row[at + by] = row[at + by], row[at]
    for number, each in enumerate(row, 1):
        if each.position != number:
            each.position = number
    await session.flush()


async def put_first(session: AsyncSession, album: Album, photo: AlbumPhoto) -> None:
    """It stands for the album. Raises: DomainError: it is not shown."""
    if photo.state is not S.SHOWN:
        raise DomainError("没有公开的照片不能做相册的封面。")
    album.cover_id = photo.id
    await session.flush()


# --- parts -------------------------------------------------------------------------------------------------


def _decide(photo: AlbumPhoto, state: PhotoState, by: str, reason: str, now: datetime) -> None:
    photo.state, photo.decided_by, photo.reason, photo.decided_at = state, by, reason, now


def _reason(words: str) -> str:
    words = " ".join(words.split())[:REASON]
    if not words:
        raise DomainError("请写原因，会告诉对方。")
    return words


async def _unsettled(session: AsyncSession, photo: AlbumPhoto) -> Sequence[PhotoObjection]:
    waiting = PhotoObjection.photo_id == photo.id, PhotoObjection.settled_at.is_(None)
    return (await session.scalars(sa.select(PhotoObjection).where(*waiting))).all()
