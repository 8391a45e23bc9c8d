"""What people are told of pictures they gave, or wanted taken away. Not urgent: quiet hours hold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import outbox
from models import Activity, Album, AlbumPhoto, PhotoObjection

REFUSED, REMOVED, LOST = "albums.refused", "albums.removed", "albums.lost"
OBJECTION = "albums.objection"
KINDS: Final[Mapping[str, str]] = {
    REFUSED: "照片未通过",
    REMOVED: "照片被撤下",
    LOST: "照片没有收到",
    OBJECTION: "要求撤下照片的结果",
}


async def title_of(session: AsyncSession, photo: AlbumPhoto) -> str:
    """Of the activity whose album it is in."""
    found = sa.select(Activity.title).join(Album, Album.activity_id == Activity.id)
    return await session.scalar(found.where(Album.id == photo.album_id)) or ""


def refused(session: AsyncSession, photo: AlbumPhoto, title: str, now: datetime) -> None:
    words = f"您给「{title}」相册的一张照片没有放进去。原因：{photo.reason}"
    _tell(session, REFUSED, f"album-photo:{photo.id}:refused", photo.giver_id, words, now)


def lost(session: AsyncSession, photo: AlbumPhoto, title: str, now: datetime) -> None:
    words = f"您给「{title}」相册的照片有一张没有收到，或者打不开，请再发一次。"
    _tell(session, LOST, f"album-photo:{photo.id}:lost", photo.giver_id, words, now)


def removed(session: AsyncSession, photo: AlbumPhoto, title: str, now: datetime) -> None:
    words = f"您给「{title}」相册的一张照片撤下了。原因：{photo.reason}"
    mark = f"{photo.id}:removed:{now:%Y%m%d%H%M%S}"  # it may be shown again and taken down again
    _tell(session, REMOVED, f"album-photo:{mark}", photo.giver_id, words, now)


def taken_down(
    session: AsyncSession, photo: AlbumPhoto, objection: PhotoObjection, title: str, now: datetime
) -> None:
    words = f"「{title}」相册里您要求撤下的照片已经撤下，30 天后删除。"
    _tell(session, OBJECTION, f"photo-objection:{objection.id}", objection.person_id, words, now)


def stays(
    session: AsyncSession,
    photo: AlbumPhoto,
    objection: PhotoObjection,
    title: str,
    why: str,
    now: datetime,
) -> None:
    words = f"「{title}」相册里您要求撤下的照片没有撤下。原因：{why}\n有不同意见请回复「人工」。"
    _tell(session, OBJECTION, f"photo-objection:{objection.id}", objection.person_id, words, now)


def _tell(session: AsyncSession, kind: str, key: str, to: int | None, words: str, now: datetime) -> None:
    if to is not None:
        payload = {"type": "text", "content": words}
        outbox.add(session, kind, key=key, to=to, payload=payload, now=now)
