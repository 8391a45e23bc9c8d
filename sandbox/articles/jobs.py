"""Publishing a draft as WeChat does: a job that is taken at once, ends a little later, and may fail (11.4).

How it ended is asked for, and pushed to the service as PUBLISHJOBFINISH.
"""

import asyncio
import json
from typing import Any

from sandbox import actions, drafts, people, publications
from sandbox.articles import events, rules
from sandbox.articles.rules import Article
from sandbox.errors import ApiError
from sandbox.notices.rules import SENSITIVE
from sandbox.store import Row
from sandbox.world import World, next_number

SUBMIT = "/cgi-bin/freepublish/submit"
DONE, RUNNING, NOT_ORIGINAL, FAILED, REFUSED, DELETED, BANNED = range(7)
# What a developer asks for by name, see `misbehaving.wishes`.
OUTCOMES = {"originality": NOT_ORIGINAL, "failed": FAILED, "review": REFUSED}
NAMED = (NOT_ORIGINAL, REFUSED)  # these tell which articles were the trouble


def whole(world: World, media_id: object) -> Row:
    """A draft that can go out.

    Raises:
        ApiError: 40007 no such draft, 53503 it fails the check: something in it is not there any more.
    """
    draft = drafts.require(world, media_id)
    for number, article in enumerate(draft["articles"], 1):
        lacks = rules.missing(world, article)
        if lacks:
            raise ApiError(53503, "draft did not pass the check", f"第 {number} 篇：{lacks}")
    return draft


def submit(world: World, media_id: object) -> tuple[int, int]:
    """Begin to publish a draft; returns publish_id and msg_data_id.

    The draft leaves the box when that has succeeded: who submits twice before publishes twice.

    Raises:
        ApiError: 40007 no such draft, 53503 it fails the check: something in it is not there any more.
    """
    draft = whole(world, media_id)
    publish_id, data_id = next_number(), next_number()
    ends, at_fault = _ending(world, draft["articles"])
    world.db.run(
        "insert into publish_job (id, media_id, msg_data_id, articles, at, status, ends, fail_idx) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        publish_id,
        draft["id"],
        data_id,
        json.dumps(draft["articles"], ensure_ascii=False),
        world.now(),
        RUNNING,
        ends,
        json.dumps(at_fault),
    )
    world.spawn(_finished(world, publish_id))
    return publish_id, data_id


def resume(world: World) -> None:
    """Go on with what was under way when the sandbox was ended."""
    for row in world.db.all("select id from publish_job where status = ?", RUNNING):
        world.spawn(_finished(world, row["id"]))


def find(world: World, publish_id: object) -> dict[str, Any] | None:
    """How a job stands: status, article_id and urls where it was published, fail_idx where some failed."""
    known = str(publish_id).isdecimal() and len(str(publish_id)) < 19
    row = world.db.find("select * from publish_job where id = ?", int(str(publish_id))) if known else None
    return None if row is None else _told(world, row)


async def taken_down(world: World, article_id: str) -> None:
    """All of what a job had published is gone, by the account or by the platform: that is pushed too."""
    row = world.db.find("select * from publish_job where article_id = ? and status = ?", article_id, DONE)
    status = _told(world, row)["status"] if row else DONE
    if row and status != DONE:
        world.db.run("update publish_job set status = ? where id = ?", status, row["id"])
        await _push(world, {**row, "status": status})


def _ending(world: World, articles: list[Article]) -> tuple[int, list[int]]:
    """How the job will end, and which articles (from 1) are at fault."""
    wish = world.misbehaviour.take("fail_publishing", SUBMIT)
    if wish:
        ends = OUTCOMES[wish.result]
        return ends, [min(wish.article, len(articles))] if ends in NAMED else []
    refused = [
        number
        for number, one in enumerate(articles, 1)
        if any(word in one["title"] + rules.words(one["article_type"], one["content"]) for word in SENSITIVE)
    ]
    return (REFUSED, refused) if refused else (DONE, [])


async def _finished(world: World, publish_id: int) -> None:
    await asyncio.sleep(world.config.publish_seconds)
    row = world.db.find("select * from publish_job where id = ? and status = ?", publish_id, RUNNING)
    if row is None:
        return
    article_id = ""
    if row["ends"] == DONE:
        articles = json.loads(row["articles"])
        article_id = publications.publish(world, articles, msg_data_id=row["msg_data_id"]).article_id
        drafts.drop(world, row["media_id"])
    world.db.run(
        "update publish_job set status = ?, article_id = ? where id = ?", row["ends"], article_id, publish_id
    )
    await _push(world, {**row, "status": row["ends"], "article_id": article_id})


async def _push(world: World, row: Row) -> None:
    told = _told(world, row)
    push = events.publish_finished(people.helper(world), row["id"], told)
    await actions.perform(world, push, wait=True)


def _told(world: World, row: Row) -> dict[str, Any]:
    status, article_id = row["status"], row["article_id"]
    if status == DONE and publications.is_banned(world, article_id):
        status = BANNED
    elif status == DONE and publications.is_deleted(world, article_id):
        status = DELETED
    publication = publications.find(world, article_id) if status == DONE else None
    return {
        "status": status,
        "article_id": article_id if status in (DONE, DELETED, BANNED) else "",
        "urls": [item["url"] for item in publication["items"]] if publication else [],
        "fail_idx": json.loads(row["fail_idx"]) if status in NAMED else [],
    }
