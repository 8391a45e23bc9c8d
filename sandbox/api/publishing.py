"""Publishing drafts, and what was published (section 11.4)."""

from typing import Any

from sandbox import publications, rights
from sandbox.api.registry import OK, Answer, Call, endpoint, page_asked
from sandbox.articles import jobs
from sandbox.errors import ApiError
from sandbox.store import Row

MOST_AT_ONCE = 20


@endpoint(jobs.SUBMIT)
async def submit(call: Call) -> Answer:
    """Taken, not done: how it ends is asked for, and pushed."""
    rights.require(call.world, rights.PUBLISHING)
    publish_id, data_id = jobs.submit(call.world, call.json().get("media_id"))
    return {**OK, "publish_id": str(publish_id), "msg_data_id": data_id}


@endpoint("/cgi-bin/freepublish/get")
async def get(call: Call) -> Answer:
    rights.require(call.world, rights.PUBLISHING)
    publish_id = call.json().get("publish_id")
    job = jobs.find(call.world, publish_id)
    if job is None:
        raise ApiError(40097, "invalid args", "没有这个 publish_id")
    answer: dict[str, Any] = {"publish_id": str(publish_id), "publish_status": job["status"]}
    if job["article_id"]:
        answer["article_id"] = job["article_id"]
    if job["urls"]:
        items = [{"idx": number, "article_url": url} for number, url in enumerate(job["urls"], 1)]
        answer["article_detail"] = {"count": len(items), "item": items}
    return {**answer, "fail_idx": job["fail_idx"]}


@endpoint("/cgi-bin/freepublish/getarticle")
async def get_article(call: Call) -> Answer:
    rights.require(call.world, rights.PUBLISHING)
    row = publications.find(call.world, call.json().get("article_id"))
    if row is None:
        raise ApiError(53600, "invalid article_id", "没有这篇文章")
    return _content(row)


@endpoint("/cgi-bin/freepublish/batchget")
async def listed(call: Call) -> Answer:
    rights.require(call.world, rights.PUBLISHING)
    body = call.json()
    first, most = page_asked(body, MOST_AT_ONCE)
    rows = publications.listed(call.world)
    without = body.get("no_content") == 1
    page = [
        {
            "article_id": row["id"],
            "content": _content(row, without_content=without),
            "update_time": int(row["at"]),
        }
        for row in rows[first : first + most]
    ]
    return {"total_count": len(rows), "item_count": len(page), "item": page}


@endpoint("/cgi-bin/freepublish/delete")
async def delete(call: Call) -> Answer:
    rights.require(call.world, rights.PUBLISHING)
    body = call.json()
    index, article_id = body.get("index", 0), str(body.get("article_id"))
    if not publications.delete(call.world, article_id, index if index else 0):
        raise ApiError(53600, "invalid article_id", "没有这篇文章")
    call.world.spawn(jobs.taken_down(call.world, article_id))
    return OK


def _content(row: Row, *, without_content: bool = False) -> dict[str, Any]:
    items = [{**one, "content": ""} for one in row["items"]] if without_content else row["items"]
    return {"news_item": items, "create_time": int(row["at"]), "update_time": int(row["at"])}
