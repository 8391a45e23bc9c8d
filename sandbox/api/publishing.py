"""What was published, listed (section 11.4). The sandbox has no drafts: `sandbox.publications`."""

import json
from typing import Any

from sandbox import publications
from sandbox.api.registry import OK, Answer, Call, endpoint
from sandbox.errors import ApiError
from sandbox.store import Row

MOST_AT_ONCE = 20


@endpoint("/cgi-bin/freepublish/batchget")
async def listed(call: Call) -> Answer:
    body = call.json()
    first, most = body.get("offset"), body.get("count")
    if not isinstance(first, int) or first < 0:
        raise ApiError(40097, "invalid args", "offset 应是不小于 0 的整数")
    if not isinstance(most, int) or not 1 <= most <= MOST_AT_ONCE:
        raise ApiError(40097, "invalid args", f"count 应为 1 至 {MOST_AT_ONCE}")
    rows = publications.listed(call.world)
    without = body.get("no_content") == 1
    page = [_item(row, without_content=without) for row in rows[first : first + most]]
    return {"total_count": len(rows), "item_count": len(page), "item": page}


@endpoint("/cgi-bin/freepublish/delete")
async def delete(call: Call) -> Answer:
    body = call.json()
    index = body.get("index", 0)
    if not publications.delete(call.world, str(body.get("article_id")), index if index else 0):
        raise ApiError(53600, "invalid article_id", "没有这篇文章")
    return OK


def _item(row: Row, *, without_content: bool) -> dict[str, Any]:
    items = json.loads(row["items"])
    if without_content:
        items = [{**one, "content": ""} for one in items]
    times = {"create_time": int(row["at"]), "update_time": int(row["at"])}
    return {"article_id": row["id"], "content": {"news_item": items, **times}, "update_time": int(row["at"])}
