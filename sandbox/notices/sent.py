"""The notices that were sent: numbers, the ten minutes of a client_msg_id, and what was held back."""

import json
from typing import Any

from sandbox.store import Row
from sandbox.world import World, next_number

REMEMBER_SECONDS = 600  # how long a client_msg_id protects


def before(world: World, app_id: str, path: str, openid: str, client_msg_id: object) -> int | None:
    """The msgid of the notice this client_msg_id already caused, within ten minutes."""
    if not client_msg_id or not isinstance(client_msg_id, str):
        return None
    row = world.db.find(
        "select msgid from sent_notice where app_id = ? and path = ? and openid = ? "
        "and client_msg_id = ? and at > ?",
        app_id,
        path,
        openid,
        client_msg_id,
        world.now() - REMEMBER_SECONDS,
    )
    return int(row["msgid"]) if row else None


def remember(
    world: World,
    app_id: str,
    path: str,
    openid: str,
    template: Row,
    lines: list[dict[str, str]],
    client_msg_id: object,
    *,
    blocked: bool = False,
) -> int:
    msgid = next_number()
    world.db.run(
        "insert into sent_notice (msgid, app_id, path, openid, template_id, title, content, client_msg_id, "
        "at, blocked) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        msgid,
        app_id,
        path,
        openid,
        template["id"],
        template["title"],
        json.dumps(lines, ensure_ascii=False),
        client_msg_id if isinstance(client_msg_id, str) else None,
        world.now(),
        int(blocked),
    )
    return msgid


def held_back(world: World, template_id: str, after: int, limit: int) -> list[dict[str, Any]]:
    """As queryblocktmplmsg lists them: all, or those of one template.

    Its `tmpl_msg_id` is the template's: of a single message there would be no pages.
    """
    rows = world.db.all(
        "select * from sent_notice where blocked and msgid > ? "
        "and (? = '' or template_id = ?) order by msgid limit ?",
        after,
        template_id,
        template_id,
        limit,
    )
    return [
        {
            "id": row["msgid"],
            "tmpl_msg_id": row["template_id"],
            "title": row["title"],
            "content": "\n".join(f"{one['label']}:{one['value']}" for one in json.loads(row["content"])),
            "send_timestamp": int(row["at"]),
            "openid": row["openid"],
        }
        for row in rows
    ]
