"""Where a notice arrives: in the account's chat for who follows, else in the phone's own 服务通知.

Notices of a mini-program always come to 服务通知.
"""

import json
from typing import Any

from sandbox import conversations
from sandbox.conversations import IN
from sandbox.notices import apps as notice_apps
from sandbox.store import Row
from sandbox.world import World

Shown = dict[str, Any]


def deliver(world: World, app_id: str, person: Row, shown: Shown, *, to_service: bool = False) -> None:
    """`shown` is title, lines, and what a tap opens."""
    if person["following"] and not to_service:
        conversations.add(world, person["openid"], IN, "template", shown)
        return
    notice_id = world.db.run(
        "insert into service_notice (app_id, openid, content, at) values (?, ?, ?, ?)",
        app_id,
        person["openid"],
        json.dumps(shown, ensure_ascii=False),
        world.now(),
    )
    row = world.db.find("select * from service_notice where id = ?", notice_id)
    if row:
        world.bus.publish("service-notice", openid=person["openid"], notice=_described(world, row))


def read(world: World, person: Row) -> list[Shown]:
    """Everything in the person's 服务通知, oldest first."""
    rows = world.db.all("select * from service_notice where openid = ? order by id", person["openid"])
    return [_described(world, row) for row in rows]


def _described(world: World, row: Row) -> Shown:
    """In the shape of a chat's message, so that both are drawn alike."""
    content = json.loads(row["content"])
    return {
        "id": row["id"],
        "type": "template",
        "from": notice_apps.name_of(world, row["app_id"]),
        "content": content,
        "text": conversations.readable("template", content),
        "at": row["at"],
    }
