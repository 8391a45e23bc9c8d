"""The draft box as the service calls it (section 11.3). A draft is published by `publishing`."""

from typing import Any

from sandbox import drafts
from sandbox.api.registry import OK, Answer, Call, endpoint, page_asked
from sandbox.articles import rules
from sandbox.articles.rules import Article
from sandbox.errors import ApiError
from sandbox.publications import MOST
from sandbox.store import Row
from sandbox.world import World

MOST_AT_ONCE = 20


@endpoint("/cgi-bin/draft/add")
async def add(call: Call) -> Answer:
    given = call.json(None).get("articles")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        raise ApiError(45008, "article size out of limit", f"articles 应有 1 至 {MOST} 篇")
    articles = [rules.checked(call.world, one, alone=len(given) == 1) for one in given]
    return {"media_id": drafts.keep(call.world, articles)}


@endpoint("/cgi-bin/draft/update")
async def update(call: Call) -> Answer:
    """One article of a draft is replaced as a whole."""
    body = call.json(None)
    draft = drafts.require(call.world, body.get("media_id"))
    articles, index = draft["articles"], body.get("index", 0)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(articles):
        raise ApiError(40114, "invalid index value", f"index 应为 0 至 {len(articles) - 1}")
    given = body.get("articles")
    articles[index] = rules.checked(call.world, given, alone=len(articles) == 1)
    drafts.change(call.world, draft["id"], articles)
    return OK


@endpoint("/cgi-bin/draft/get")
async def get(call: Call) -> Answer:
    draft = drafts.require(call.world, call.json().get("media_id"))
    return _content(call.world, draft)


@endpoint("/cgi-bin/draft/delete")
async def delete(call: Call) -> Answer:
    drafts.drop(call.world, drafts.require(call.world, call.json().get("media_id"))["id"])
    return OK


@endpoint("/cgi-bin/draft/count", "GET")
async def count(call: Call) -> Answer:
    return {"total_count": len(drafts.listed(call.world))}


@endpoint("/cgi-bin/draft/batchget")
async def listed(call: Call) -> Answer:
    """The last changed first."""
    body = call.json()
    first, most = page_asked(body, MOST_AT_ONCE)
    rows, bare = drafts.listed(call.world), body.get("no_content") == 1
    page = [
        {
            "media_id": row["id"],
            "content": _content(call.world, row, without_content=bare),
            "update_time": row["updated_at"],
        }
        for row in rows[first : first + most]
    ]
    return {"total_count": len(rows), "item_count": len(page), "item": page}


@endpoint("/cgi-bin/draft/switch")
async def switch(call: Call) -> Answer:
    """Every account has drafts by now; `checkonly=1` asks, and otherwise nothing is left to switch."""
    return {**OK, "is_open": 1}


def _content(world: World, draft: Row, *, without_content: bool = False) -> dict[str, Any]:
    told = [
        _told(world, draft["id"], number, one, without_content)
        for number, one in enumerate(draft["articles"], 1)
    ]
    return {"news_item": told, "create_time": draft["created_at"], "update_time": draft["updated_at"]}


def _told(world: World, media_id: str, number: int, article: Article, bare: bool) -> Article:
    shown = {**article, "url": drafts.temporary_url(world, media_id, number)}
    return {**shown, "content": ""} if bare else shown
