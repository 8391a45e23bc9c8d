"""Looking for an article of ours at WeChat, in the draft box and among what was published.

It is known there by the address of 阅读原文, which every try has of its own.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.services.wechat_articles import mark_in
from app.wechat.api.drafts import MOST_AT_ONCE
from app.wechat.client import WeChatClient
from app.wechat.errors import MediaGone

PAGES: Final = 5  # the newest hundred


async def lies_there(client: WeChatClient, media_id: str) -> bool:
    """Whether the draft is still in the box. Raises: WeChatError."""
    try:
        await client.drafts.get(media_id)
    except MediaGone:
        return False
    return True


async def find_draft(client: WeChatClient, mark: str) -> str | None:
    """Its media id. Raises: WeChatError."""
    for number in range(PAGES):
        page = await client.drafts.list(number * MOST_AT_ONCE)
        for draft in page.items:
            if any(is_marked(each.raw, mark) for each in draft.articles):
                return draft.media_id
        if len(page.items) < MOST_AT_ONCE:
            break
    return None


async def find_published(client: WeChatClient, mark: str) -> tuple[str, str] | None:
    """Its `article_id` and address. Raises: WeChatError."""
    for number in range(PAGES):
        page = await client.publishing.list(number * MOST_AT_ONCE)
        for item in page.items:
            for each in item.articles:
                if is_marked(each.raw, mark) and not each.is_deleted:
                    return item.article_id, each.url
        if len(page.items) < MOST_AT_ONCE:
            break
    return None


def is_marked(raw: Mapping[str, Any], mark: str) -> bool:
    return mark_in(str(raw.get("content_source_url") or "")) == mark
