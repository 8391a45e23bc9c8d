"""The library of permanent material: counted, listed, and given out again (section 11.2).

It holds files only; articles wait in the draft box (`drafts`). What puts a file in is `uploads`.
"""

from typing import Any

from sandbox import media
from sandbox.api.registry import OK, Answer, Call, endpoint, page_asked, string
from sandbox.api.uploads import as_file
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

# What is asked for: the kinds of upload that lie there. Thumbs are pictures (stand-in).
KINDS = {"image": ("image", "thumb"), "voice": ("voice",), "video": ("video",), "news": ()}
MOST_AT_ONCE = 20


@endpoint("/cgi-bin/material/get_material")
async def get(call: Call) -> Answer:
    """The file; of a video what was told of it, and where it lies."""
    row = media.require_permanent(call.world, call.json().get("media_id"))
    if row["kind"] != "video":
        return as_file(row)
    title, introduction = media.text_of(call.world, row["id"])
    address = media.picture_url(call.world, row["id"])
    return {"title": title, "description": introduction, "down_url": address}


@endpoint("/cgi-bin/material/get_materialcount", "GET")
async def count(call: Call) -> Answer:
    return {f"{kind}_count": len(_files(call.world, kind)) for kind in KINDS}


@endpoint("/cgi-bin/material/batchget_material")
async def listed(call: Call) -> Answer:
    """The newest first."""
    body = call.json()
    kind = string(body, "type")
    if kind not in KINDS:
        raise ApiError(40004, "invalid media type", f"type 应为 {'、'.join(KINDS)}")
    first, most = page_asked(body, MOST_AT_ONCE)
    rows = _files(call.world, kind)
    page = [_item(call.world, row) for row in rows[first : first + most]]
    return {**OK, "total_count": len(rows), "item_count": len(page), "item": page}


def _files(world: World, kind: str) -> list[Row]:
    rows = world.db.all(
        "select id, kind, file_name, at from media where permanent = 1 and app = 'account' "
        "order by at desc, rowid desc"
    )
    return [row for row in rows if row["kind"] in KINDS[kind]]


def _item(world: World, row: Row) -> dict[str, Any]:
    item = {"media_id": row["id"], "name": row["file_name"], "update_time": int(row["at"])}
    if row["kind"] in KINDS["image"]:
        item["url"] = media.picture_url(world, row["id"])
    return item
