"""Pictures at WeChat, covers in the account's library and those of texts: each is brought there once.

They are known by what they are.
"""

from hashlib import sha256

import sqlalchemy as sa

from app.clock import Clock
from app.database import Database
from app.wechat.api.media import MediaKind
from app.wechat.client import WeChatClient
from models import WeChatBodyPicture, WeChatPicture


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


async def find_in_text(database: Database, account_id: int, data: bytes) -> str | None:
    """The address of a JPEG that was brought for the bodies of articles."""
    row = WeChatBodyPicture
    known = sa.select(row.address).where(row.account_id == account_id, row.sha256 == sha256(data).hexdigest())
    async with database.reading() as session:
        return await session.scalar(known)


async def bring_into_text(
    database: Database, client: WeChatClient, clock: Clock, account_id: int, data: bytes
) -> str:
    """Its address there; it takes no room in the library. Raises: WeChatError: nobody knows, or it is not."""
    address = await client.media.upload_image("picture.jpg", data)
    row = WeChatBodyPicture(
        account_id=account_id,
        sha256=sha256(data).hexdigest(),
        address=address,
        created_at=clock.now(),
    )
    async with database.transaction() as session:
        known = sa.select(WeChatBodyPicture.id).where(
            WeChatBodyPicture.account_id == account_id, WeChatBodyPicture.sha256 == row.sha256
        )
        if await session.scalar(known) is None:
            session.add(row)
    return address


async def forget(database: Database, account_id: int, media_id: str) -> None:
    """It is not there any more: somebody has deleted it in WeChat's console."""
    gone = sa.delete(WeChatPicture).where(WeChatPicture.account_id == account_id)
    async with database.transaction() as session:
        await session.execute(gone.where(WeChatPicture.media_id == media_id))
