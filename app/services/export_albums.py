"""What stands in an export of pictures that somebody gave to albums, or wanted taken away."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.export_sources import Row, chapter
from app.services.export_values import time
from models import Activity, Album, AlbumPhoto, PhotoObjection


@chapter(
    "album_photos",
    "给活动相册的照片",
    "album_photo.giver_id",
    activity="活动",
    caption="说明",
    state="状态",
    given_at="给的时间",
)
async def _photos(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = (
        sa.select(Activity.title, AlbumPhoto)
        .join(Album, Album.id == AlbumPhoto.album_id)
        .join(Activity, Activity.id == Album.activity_id)
        .where(AlbumPhoto.giver_id == person_id)
        .order_by(AlbumPhoto.id)
    )
    return [
        {
            "activity": title,
            "caption": photo.caption,
            "state": photo.state.label,
            "given_at": time(photo.given_at),
        }
        for title, photo in (await session.execute(mine)).all()
    ]


@chapter(
    "photo_objections",
    "要求撤下的照片",
    "photo_objection.person_id",
    activity="活动",
    at="时间",
    settled="已处理",
)
async def _objections(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = (
        sa.select(Activity.title, PhotoObjection)
        .join(AlbumPhoto, AlbumPhoto.id == PhotoObjection.photo_id)
        .join(Album, Album.id == AlbumPhoto.album_id)
        .join(Activity, Activity.id == Album.activity_id)
        .where(PhotoObjection.person_id == person_id)
        .order_by(PhotoObjection.id)
    )
    return [
        {"activity": title, "at": time(said.at), "settled": said.settled_at is not None}
        for title, said in (await session.execute(mine)).all()
    ]
