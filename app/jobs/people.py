"""The rounds about people's facts at WeChat, for accounts that have the calls."""

from app.clock import Clock
from app.database import Database
from app.jobs import people_tags
from app.jobs.rounds import Round
from app.jobs.walking import Walker
from app.wechat.client import WeChatClient


def rounds(database: Database, client: WeChatClient, clock: Clock, account_id: int) -> list[Round]:
    """Tags and menus within seconds; once a day, whom we missed."""

    async def tags() -> None:
        await people_tags.tag_due(database, client, clock, account_id)

    async def walk() -> None:
        await Walker(database, client, clock, account_id).daily()

    return [Round("tags", tags, 15, wakes=True), Round("walk", walk, 60)]
