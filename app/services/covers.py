"""Cover pictures of activities: described in words, shared by a copy, given up by the last one.

Not here: their bytes, made small (`app.console.cover_pictures`), and who may put one (the console).
"""

from collections.abc import Awaitable, Callable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import stored_files
from models import Activity, StoredFile

ALT: Final = 60  # characters


async def bytes_of(activity: Activity, get: Callable[[str], Awaitable[bytes]]) -> bytes:
    """The picture; `get` reads a stored file. Raises: NotFound: there is none, or it is gone."""
    try:
        data = await get(activity.cover) if activity.cover else b""
    except FileNotFoundError:
        data = b""
    if not data:
        raise NotFound("这个活动没有封面。")
    return data


async def put(session: AsyncSession, activity: Activity, file: StoredFile | None, alt: str) -> None:
    """Another cover, or none; what nobody shows any more is deleted.

    Raises: DomainError: no words for who cannot see it.
    """
    alt = " ".join(alt.split())[:ALT]
    if file is not None and not alt:
        raise DomainError("请用一句话说图上是什么，看不到图的人靠它知道。")
    before = activity.cover
    activity.cover, activity.cover_alt = ("", "") if file is None else (file.public_id, alt)
    if file is not None:
        session.add(file)
    await session.flush()
    if before:
        others = await session.scalar(sa.select(Activity.id).where(Activity.cover == before).limit(1))
        if others is None:
            await stored_files.mark_deleted(session, [before])
