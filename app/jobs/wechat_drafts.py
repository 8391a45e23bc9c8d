"""An article as it is laid in the draft box: its body with pictures, and its cover, all brought there before.

Not here: when one is laid (`wechat_articles` for one by itself, `campaign_drafts` for several together).
"""

import asyncio
from dataclasses import dataclass

from app.clock import Clock
from app.database import Database
from app.files import Files
from app.jobs import fonts, wechat_bodies, wechat_covers, wechat_pictures
from app.services.wechat_markup import Converted
from app.wechat.client import WeChatClient


@dataclass(frozen=True, slots=True)
class Drawer:
    """Brings to an account what a draft needs."""

    database: Database
    client: WeChatClient
    clock: Clock
    files: Files
    account_id: int

    async def body(self, article: str, content: Converted) -> str | None:
        """As `wechat_bodies.whole`."""
        return await wechat_bodies.whole(
            *(self.database, self.client, self.clock, self.files, self.account_id), article, content
        )

    async def cover(self, article: str, content: Converted, over_title: str, data: bytes = b"") -> str:
        """Its media id: of `data`, else its first picture, else one is drawn. Raises: WeChatError."""
        if not data and content.pictures:
            data = await wechat_bodies.picture(self.database, self.files, article, content.pictures[0])
        if not data:
            data = await asyncio.to_thread(wechat_covers.draw, content.title, over_title, fonts.find())
        return await wechat_pictures.bring(self.database, self.client, self.clock, self.account_id, data)

    async def forget(self, cover: str) -> None:
        await wechat_pictures.forget(self.database, self.account_id, cover)
