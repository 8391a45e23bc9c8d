"""Pictures in albums: given once, seen by those who may, hidden when somebody says that he is on them.

What an organiser puts there is shown at once; what participants give, when it was looked at. Functions flush
and never commit. Not here: what staff decide (`album_work`), and the files (`album_files`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from app.errors import DomainError, NotFound
from app.services import album_notices, stored_files
from app.services.album_files import Kept
from app.services.keysets import Keys, beyond
from models import Album, AlbumPhoto, FileState, PhotoObjection, PhotoState, StoredFile
from models.types import public_id

S = PhotoState
MOST: Final = 1000  # pictures of an album
MOST_OF_ONE: Final = 50  # of one participant in one album
OBJECTIONS: Final = 20  # of one person in a day
MEMBER: Final = "member"
DECIDED: Final = (S.REFUSED, S.REMOVED)


async def add(
    session: AsyncSession,
    album: Album,
    picture: Kept,
    *,
    by: str = MEMBER,
    giver_id: int | None = None,
    now: datetime,
) -> tuple[AlbumPhoto, bool]:
    """One more picture, and whether it is new: what is in the album already is kept once.

    `giver_id`: a participant, whose right the edge has asked for; without, `by` is of staff.

    Raises: DomainError: the album is full; or this picture was taken out of it.
    """
    await _lock(session, album)
    known = await _known(session, album, picture.drawn.digest)
    if known is not None:
        _refuse_gone(known)
        return known, False
    await check_room(session, album, giver_id)
    photo = AlbumPhoto(
        public_id=public_id(),
        album_id=album.id,
        state=S.PENDING if giver_id is not None else S.SHOWN,
        position=await _next_position(session, album),
        giver_id=giver_id,
        given_by=by,
        given_at=now,
    )
    _fill(session, photo, picture)
    session.add(photo)
    await session.flush()
    return photo, True


async def expect(
    session: AsyncSession, album: Album, files: Sequence[str], giver_id: int, now: datetime
) -> int:
    """Pictures sent in chat, whose bytes are on their way: `files` are the giver's own. Returns how many.

    Raises: DomainError: more than there is room for.
    """
    await _lock(session, album)
    own = await stored_files.list_own(session, giver_id, files)
    wanted = [own[name] for name in files if name in own and own[name].kind == "image"]
    await check_room(session, album, giver_id, len(wanted))
    for file in wanted:
        file.kept = True  # nobody else needs it, and it is looked for by those who tidy up
        session.add(
            AlbumPhoto(
                public_id=public_id(),
                album_id=album.id,
                large=file.public_id,
                state=S.COMING,
                giver_id=giver_id,
                given_by=MEMBER,
                given_at=now,
            )
        )
    leave_work(session)
    await session.flush()
    return len(wanted)


async def list_come(session: AsyncSession, limit: int) -> Sequence[tuple[int, str, FileState]]:
    """Of pictures sent in chat whose bytes came, or will never: id, file, and how that is."""
    chosen = (
        sa.select(AlbumPhoto.id, AlbumPhoto.large, StoredFile.state)
        .outerjoin(StoredFile, StoredFile.public_id == AlbumPhoto.large)
        # Written out as in the index.
        .where(sa.text("album_photo.state = 'coming'"))
        .where(sa.or_(StoredFile.state.is_(None), StoredFile.state != FileState.EXPECTED))
        .order_by(AlbumPhoto.id)
        .limit(limit)
    )
    rows = (await session.execute(chosen)).all()
    return [(number, name, state or FileState.LOST) for number, name, state in rows]


async def came(session: AsyncSession, photo_id: int, picture: Kept | None, now: datetime) -> bool:
    """What was sent in chat is here, drawn anew; None: it never will be. False: nobody needs its bytes."""
    chosen = sa.select(AlbumPhoto).where(AlbumPhoto.id == photo_id, AlbumPhoto.state == S.COMING)
    photo = await session.scalar(chosen)
    if photo is None:
        return False
    album = await session.get_one(Album, photo.album_id)
    await _lock(session, album)
    original = photo.large
    await stored_files.mark_deleted(session, [original])
    if picture is None:
        album_notices.lost(session, photo, await album_notices.title_of(session, photo), now)
    if picture is None or await _known(session, album, picture.drawn.digest) is not None:
        await session.delete(photo)
        await session.flush()
        return False
    photo.state, photo.position = S.PENDING, await _next_position(session, album)
    _fill(session, photo, picture)
    await session.flush()
    return True


async def check_room(session: AsyncSession, album: Album, giver_id: int | None, more: int = 1) -> None:
    """Raises: DomainError: no room for so many more."""
    there = sa.select(sa.func.count()).select_from(AlbumPhoto).where(AlbumPhoto.album_id == album.id)
    if (await session.scalar(there) or 0) + more > MOST:
        raise DomainError(f"一个相册最多 {MOST} 张，已经放满了。")
    if giver_id is None:
        return
    own = await session.scalar(there.where(AlbumPhoto.giver_id == giver_id)) or 0
    if own + more > MOST_OF_ONE:
        left = max(0, MOST_OF_ONE - own)
        raise DomainError(f"每人在一个相册里最多 {MOST_OF_ONE} 张，您还能加 {left} 张。")


# --- those who are on it, and those who gave it ------------------------------------------------------------


async def object_to(session: AsyncSession, photo: AlbumPhoto, person_id: int, now: datetime) -> bool:
    """Somebody says that a picture shows him: nobody sees it any more, until it is decided.

    False: he said so before, and it was decided. Raises: DomainError: too often today.
    """
    own = sa.select(PhotoObjection).where(PhotoObjection.person_id == person_id)
    said = await session.scalar(own.where(PhotoObjection.photo_id == photo.id))
    if said is not None:
        return said.settled_at is None
    today = sa.select(sa.func.count()).select_from(PhotoObjection)
    today = today.where(PhotoObjection.person_id == person_id, PhotoObjection.at > now - timedelta(days=1))
    if (await session.scalar(today) or 0) >= OBJECTIONS:
        raise DomainError(f"一天最多要求撤下 {OBJECTIONS} 张。还有照片要撤下，请回复「人工」。")
    session.add(PhotoObjection(photo_id=photo.id, person_id=person_id, at=now))
    if photo.state is S.SHOWN:
        photo.state = S.OBJECTED
    await session.flush()
    return True


async def take_back(session: AsyncSession, photo: AlbumPhoto, person_id: int) -> None:
    """Who gave it wants it gone, whatever became of it. Raises: NotFound: it is another's."""
    if photo.giver_id != person_id:
        raise NotFound("没有找到这张照片。")
    await erase(session, [photo])


async def erase(session: AsyncSession, photos: Sequence[AlbumPhoto]) -> None:
    """Rows and files, and that somebody objected."""
    if not photos:
        return
    await stored_files.mark_deleted(session, [name for each in photos for name in files_of(each)])
    ids = [each.id for each in photos]
    await session.execute(sa.delete(PhotoObjection).where(PhotoObjection.photo_id.in_(ids)))
    for each in photos:
        await session.delete(each)
    await session.flush()


def files_of(photo: AlbumPhoto) -> list[str]:
    return [name for name in (photo.large, photo.small) if name]


# --- looking -----------------------------------------------------------------------------------------------


async def list_shown(
    session: AsyncSession, album: Album, limit: int = MOST, *, after: Keys | None = None
) -> Sequence[AlbumPhoto]:
    """Those that are shown, in their order."""
    chosen = sa.select(AlbumPhoto).where(AlbumPhoto.album_id == album.id, AlbumPhoto.state == S.SHOWN)
    order = (AlbumPhoto.position, AlbumPhoto.id)
    if after is not None:
        chosen = chosen.where(beyond(order, after))
    return (await session.scalars(chosen.order_by(*order).limit(limit))).all()


async def list_all(session: AsyncSession, album: Album) -> Sequence[AlbumPhoto]:
    """In their order, in every state."""
    chosen = sa.select(AlbumPhoto).where(AlbumPhoto.album_id == album.id)
    return (await session.scalars(chosen.order_by(AlbumPhoto.position, AlbumPhoto.id))).all()


async def list_of_giver(session: AsyncSession, album: Album, person_id: int) -> Sequence[AlbumPhoto]:
    chosen = sa.select(AlbumPhoto).where(AlbumPhoto.album_id == album.id, AlbumPhoto.giver_id == person_id)
    return (await session.scalars(chosen.order_by(AlbumPhoto.id))).all()


async def get(session: AsyncSession, album: Album, name: str, *, lock: bool = False) -> AlbumPhoto:
    """Raises: NotFound."""
    chosen = sa.select(AlbumPhoto).where(AlbumPhoto.album_id == album.id, AlbumPhoto.public_id == name)
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    photo = await session.scalar(chosen)
    if photo is None:
        raise NotFound("没有找到这张照片。")
    return photo


def may_look(photo: AlbumPhoto, person_id: int | None) -> bool:
    """Who may see its album sees what is shown; who gave one sees it in every state."""
    return photo.state is S.SHOWN or (person_id is not None and photo.giver_id == person_id)


# --- parts -------------------------------------------------------------------------------------------------


async def _lock(session: AsyncSession, album: Album) -> None:
    """Of two that are added at once each sees the other."""
    await session.execute(sa.select(Album.id).where(Album.id == album.id).with_for_update())


async def _known(session: AsyncSession, album: Album, digest: str) -> AlbumPhoto | None:
    same = sa.select(AlbumPhoto).where(AlbumPhoto.album_id == album.id, AlbumPhoto.digest == digest)
    return await session.scalar(same)


def _refuse_gone(known: AlbumPhoto) -> None:
    if known.state in (S.OBJECTED, *DECIDED):
        raise DomainError(f"这张照片以前{known.state.label}，不再放进相册。")


async def _next_position(session: AsyncSession, album: Album) -> int:
    last = sa.select(sa.func.max(AlbumPhoto.position)).where(AlbumPhoto.album_id == album.id)
    return (await session.scalar(last) or 0) + 1


def _fill(session: AsyncSession, photo: AlbumPhoto, picture: Kept) -> None:
    session.add_all([picture.large, picture.small])
    photo.large, photo.small = picture.large.public_id, picture.small.public_id
    photo.width, photo.height = picture.drawn.width, picture.drawn.height
    photo.digest = picture.drawn.digest
