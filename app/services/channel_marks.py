"""By which way an article was reached: a short mark in the links that we send out, counted by day.

Counted are openings, as `ArticleReads` does, and never who. The mark changes nothing of the page, and stands
in no address that a page gives of itself. What carries none, or one that nobody gave out, came by itself.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.wechat_articles import MARK as OF_WECHAT
from app.tallies import Tally
from models import ArticleClicks, Campaign

MARK: Final = "from"
_FORWARDED: Final = frozenset({"singlemessage", "groupmessage", "timeline"})  # WeChat's own, on shared links
_KEY: Final = 16  # characters of a public id


class Channel(StrEnum):
    CAMPAIGN = "campaign"
    WECHAT = "wechat"
    CHAT = "chat"
    SHARE = "share"
    WEIBO = "weibo"
    WEBHOOK = "webhook"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS: Final = {
    Channel.CAMPAIGN: "群发",
    Channel.WECHAT: "公众号文章的「阅读原文」",
    Channel.CHAT: "公众号对话",
    Channel.SHARE: "转发",
    Channel.WEIBO: "微博",
    Channel.WEBHOOK: "外部媒体",
}
_PLAIN: Final = frozenset({Channel.CHAT, Channel.SHARE, Channel.WEIBO, Channel.WEBHOOK})


def marked(url: str, channel: Channel, key: str = "") -> str:
    """`url`, saying who gave it out; `key` is a campaign's public id. Of no address there is none."""
    if not url:
        return url
    mark = f"{channel.value}-{key}" if key else channel.value
    return f"{url}{'&' if '?' in url else '?'}{MARK}={mark}"


def read(query: Mapping[str, str]) -> str:
    """The channel an address names, as it is counted: `campaign-…` with its key; "" for none of ours."""
    said = query.get(MARK, "")
    kind, _, key = said.partition("-")
    if kind == Channel.CAMPAIGN and len(key) == _KEY and key.isascii() and key.isalnum():
        return said
    if said in _FORWARDED:
        return Channel.SHARE.value
    if said in _PLAIN:
        return said
    return Channel.WECHAT.value if query.get(OF_WECHAT) else ""


def of_campaign(public_id: str) -> str:
    """As its clicks are counted."""
    return f"{Channel.CAMPAIGN.value}-{public_id}"


class Clicks(Tally[tuple[int, str]]):
    """Openings by article and channel, in memory until they are written."""

    def __init__(self) -> None:
        super().__init__(ArticleClicks.__table__, "article_id", "channel")

    def note(self, article_id: int, query: Mapping[str, str]) -> None:
        if channel := read(query):
            self.hit((article_id, channel))

    async def _add(self, session: AsyncSession, day: date, counts: Counter[tuple[int, str]]) -> None:
        """Anybody can make up a mark: of campaigns that are none nothing is kept."""
        head = of_campaign("")
        asked = {channel.removeprefix(head) for _, channel in counts if channel.startswith(head)}
        there = set(
            await session.scalars(sa.select(Campaign.public_id).where(Campaign.public_id.in_(asked)))
            if asked
            else ()
        )
        unknown = {of_campaign(key) for key in asked - there}
        kept = Counter({name: count for name, count in counts.items() if name[1] not in unknown})
        if kept:
            await super()._add(session, day, kept)
