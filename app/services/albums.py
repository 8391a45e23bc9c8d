"""Albums of activities: begun by the organiser, seen by whom he chose, added to by who took part.

Not here: the pictures in them and what is decided about each (`album_photos`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services.audiences import Facts
from app.services.coordination import upsert
from app.services.keysets import Keys, beyond
from app.services.permissions import Scope
from models import (
    UNANNOUNCED,
    Activity,
    ActivityState,
    Album,
    AlbumPhoto,
    AlbumSeen,
    PhotoState,
    SignUp,
    SignUpState,
)

TOOK_PART: Final = (SignUpState.CONFIRMED, SignUpState.CHECKED_IN)  # who stayed away is noted as such
AGREED: Final = "照片里认得出的人都同意放进相册。"
HIDDEN: Final = (*UNANNOUNCED, ActivityState.CANCELLED)  # there is nothing to remember


class NotForYou(DomainError):
    status = 403


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks; `person_id` is None for who is not signed in."""

    person_id: int | None = None
    is_member: bool = False

    @classmethod
    def of(cls, person_id: int, facts: Facts) -> "Viewer":
        return cls(person_id, facts.membership is not None)


async def find(session: AsyncSession, activity: Activity) -> Album | None:
    return await session.scalar(sa.select(Album).where(Album.activity_id == activity.id))


async def get(session: AsyncSession, activity: Activity) -> Album:
    """Raises: NotFound."""
    album = await find(session, activity)
    if album is None or activity.state in HIDDEN:
        raise NotFound(f"「{activity.title}」还没有相册。")
    return album


async def begin(session: AsyncSession, activity: Activity, now: datetime) -> Album:
    """The album of an activity, new where there was none; then only who took part sees it.

    Raises: DomainError: nobody may see this activity.
    """
    if activity.state in HIDDEN:
        raise DomainError(f"「{activity.title}」{activity.state.label}，不能建相册。")
    if (there := await find(session, activity)) is not None:
        return there
    # Of two who begin it at once the second finds it.
    made = upsert(session, Album).values(
        activity_id=activity.id, seen_by=AlbumSeen.PARTICIPANTS, takes=True, created_at=now
    )
    await session.execute(made.on_conflict_do_nothing(index_elements=["activity_id"]))
    return await get(session, activity)


async def settle(session: AsyncSession, album: Album, seen_by: str, *, takes: bool) -> None:
    """Raises: DomainError: no such choice."""
    try:
        album.seen_by = AlbumSeen(seen_by)
    except ValueError:
        raise DomainError("请选谁可以看相册。") from None
    album.takes = takes
    await session.flush()


def has_to_decide() -> sa.ColumnElement[bool]:
    """As a condition on activities: pictures wait for staff."""
    waits = sa.exists().where(Album.activity_id == Activity.id, AlbumPhoto.album_id == Album.id)
    return waits.where(AlbumPhoto.state.in_([PhotoState.PENDING, PhotoState.OBJECTED]))


async def count_to_decide(session: AsyncSession, scope: Scope) -> int:
    """Pictures that wait for staff."""
    waits = (
        sa.select(sa.func.count())
        .select_from(AlbumPhoto)
        .join(Album, Album.id == AlbumPhoto.album_id)
        .join(Activity, Activity.id == Album.activity_id)
        .where(
            AlbumPhoto.state.in_([PhotoState.PENDING, PhotoState.OBJECTED]), scope.holds(Activity.branch_id)
        )
    )
    return await session.scalar(waits) or 0


# --- who may -----------------------------------------------------------------------------------------------


async def took_part(session: AsyncSession, activity_id: int, person_id: int | None) -> bool:
    if person_id is None:
        return False
    entry = sa.select(SignUp.id).where(
        SignUp.activity_id == activity_id, SignUp.person_id == person_id, SignUp.state.in_(TOOK_PART)
    )
    return await session.scalar(entry) is not None


async def may_see(session: AsyncSession, album: Album, viewer: Viewer) -> bool:
    """Who took part sees every album of what he took part in."""
    if album.seen_by is AlbumSeen.EVERYBODY or (album.seen_by is AlbumSeen.MEMBERS and viewer.is_member):
        return True
    return await took_part(session, album.activity_id, viewer.person_id)


async def check_may_see(session: AsyncSession, album: Album, viewer: Viewer) -> None:
    """Raises: NotForYou."""
    if not await may_see(session, album, viewer):
        raise NotForYou(f"这个相册只给{album.seen_by.label}看。")


async def check_may_add(
    session: AsyncSession, activity: Activity, album: Album, person_id: int, now: datetime
) -> None:
    """Raises: DomainError: it takes none, or it has not begun; NotForYou: who did not take part."""
    if not await took_part(session, activity.id, person_id):
        raise NotForYou(f"只有参加「{activity.title}」的人可以往相册里加照片。")
    if now < activity.starts_at:
        raise DomainError(f"「{activity.title}」还没有开始，开始以后再加照片。")
    if not album.takes:
        raise DomainError(f"「{activity.title}」的相册不再收照片了，谢谢您。")


async def list_open_to(
    session: AsyncSession, person_id: int, now: datetime, limit: int
) -> Sequence[Activity]:
    """What the person took part in and may add pictures to; the newest first."""
    chosen = (
        sa.select(Activity)
        .join(Album, Album.activity_id == Activity.id)
        .join(SignUp, SignUp.activity_id == Activity.id)
        .where(
            SignUp.person_id == person_id,
            SignUp.state.in_(TOOK_PART),
            Album.takes,
            Activity.starts_at <= now,
            Activity.state.not_in(HIDDEN),
        )
        .order_by(Activity.starts_at.desc(), Activity.id)
    )
    return (await session.scalars(chosen.limit(limit))).all()


@dataclass(frozen=True, slots=True)
class Shown:
    """An album that somebody may see, with what its card says. `cover`: the public id of a picture."""

    activity: Activity
    album: Album
    count: int
    cover: str


async def list_seen_by(
    session: AsyncSession, viewer: Viewer, limit: int, *, after: Keys | None = None
) -> list[Shown]:
    """Albums with something in them, of the newest activities first."""
    own = sa.exists().where(
        SignUp.activity_id == Activity.id,
        SignUp.person_id == viewer.person_id,
        SignUp.state.in_(TOOK_PART),
    )
    open_to = [AlbumSeen.EVERYBODY, *([AlbumSeen.MEMBERS] if viewer.is_member else [])]
    filled = sa.exists().where(AlbumPhoto.album_id == Album.id, AlbumPhoto.state == PhotoState.SHOWN)
    chosen = (
        sa.select(Activity, Album)
        .join(Album, Album.activity_id == Activity.id)
        .where(filled, Activity.state.not_in(HIDDEN), sa.or_(Album.seen_by.in_(open_to), own))
    )
    order = (Activity.starts_at, Activity.id)
    if after is not None:
        chosen = chosen.where(beyond(order, after, descending=True))
    chosen = chosen.order_by(*(each.desc() for each in order)).limit(limit)
    return [await shown(session, *row) for row in (await session.execute(chosen)).all()]


async def shown(session: AsyncSession, activity: Activity, album: Album) -> Shown:
    """What there is to see in it."""
    visible = AlbumPhoto.album_id == album.id, AlbumPhoto.state == PhotoState.SHOWN
    count = await session.scalar(sa.select(sa.func.count()).select_from(AlbumPhoto).where(*visible))
    first = sa.case((AlbumPhoto.id == album.cover_id, 0), else_=1)
    chosen = sa.select(AlbumPhoto.public_id).where(*visible)
    cover = await session.scalar(chosen.order_by(first, AlbumPhoto.position, AlbumPhoto.id).limit(1))
    return Shown(activity, album, count or 0, cover or "")
