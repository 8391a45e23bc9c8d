"""Pictures in the account's library at WeChat: each is brought there once, known by what it is."""

from hashlib import sha256

import sqlalchemy as sa

from app.clock import Clock
from app.database import Database
from app.wechat.api.media import MediaKind
from app.wechat.client import WeChatClient
from models import WeChatPicture


async def bring(database: Database, client: WeChatClient, clock: Clock, account_id: int, data: bytes) -> str:
    """The media id of a JPEG. Raises: WeChatError: it is not there, or nobody knows."""
    key = sha256(data).hexdigest()
    known = sa.select(WeChatPicture.media_id).where(
        WeChatPicture.account_id == account_id, WeChatPicture.sha256 == key
    )
    async with database.reading() as session:
        media_id = await session.scalar(known)
    if media_id is not None:
        return media_id
    made = await client.media.upload_permanent(MediaKind.IMAGE, "cover.jpg", data)
    async with database.transaction() as session:
        if await session.scalar(known) is None:
            now = clock.now()
            session.add(
                WeChatPicture(account_id=account_id, sha256=key, media_id=made.media_id, created_at=now)
            )
    return made.media_id


async def forget(database: Database, account_id: int, media_id: str) -> None:
    """It is not there any more: somebody has deleted it in WeChat's console."""
    gone = sa.delete(WeChatPicture).where(WeChatPicture.account_id == account_id)
    async with database.transaction() as session:
        await session.execute(gone.where(WeChatPicture.media_id == media_id))
