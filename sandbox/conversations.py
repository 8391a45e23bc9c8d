"""What a phone's chat shows: kept rows, and the shape the page and the tests read."""

import json
from typing import Any

from sandbox import media
from sandbox.store import Row
from sandbox.texts import choices, segments
from sandbox.world import World

OUT = "out"  # the person sent it (right, green)
IN = "in"  # it arrived on the phone (left)
NOTE = "note"  # a grey line of the phone itself


def add(
    world: World,
    openid: str,
    direction: str,
    kind: str,
    content: dict[str, Any],
    *,
    exchange_id: int | None = None,
) -> int:
    message_id = world.db.run(
        "insert into message (openid, direction, type, content, at, exchange_id) values (?, ?, ?, ?, ?, ?)",
        openid,
        direction,
        kind,
        json.dumps(content, ensure_ascii=False),
        world.now(),
        exchange_id,
    )
    if not world.bus.watched:  # reading it back costs more than the row itself
        return message_id
    row = world.db.find("select * from message where id = ?", message_id)
    if row:
        world.bus.publish("message", openid=openid, message=described(world, row))
    return message_id


def read(world: World, openid: str, *, after: int = 0, limit: int = 300) -> list[dict[str, Any]]:
    """The newest messages, oldest first."""
    rows = world.db.all(
        "select * from message where openid = ? and id > ? order by id desc limit ?",
        openid,
        after,
        limit,
    )
    return [described(world, row) for row in reversed(rows)]


def described(world: World, row: Row) -> dict[str, Any]:
    """One message. `content` of a text is its words, of anything else its fields; `text` is what
    one reads either way; `segments` and `choices` are what can be tapped."""
    fields: dict[str, Any] = json.loads(row["content"])
    text = readable(row["type"], fields)
    shown: dict[str, Any] = {
        "id": row["id"],
        "direction": row["direction"],
        "type": row["type"],
        "content": fields["text"] if row["type"] == "text" else fields,
        "text": text,
        "at": row["at"],
        "exchange_id": row["exchange_id"],
    }
    raw = menu_source(fields) if row["type"] == "msgmenu" else str(fields.get("text", ""))
    if row["type"] in ("text", "msgmenu"):
        # Only what arrives is markup; what a person types stays as typed.
        typed = row["direction"] == OUT
        shown["segments"] = [{"text": raw}] if typed else segments(raw)
        shown["choices"] = [] if typed else choices(raw)
        shown["ai"] = bool(fields.get("ai"))
    media_id = fields.get("media_id")
    if media_id:
        shown["media_url"] = f"/sandbox/media/{media_id}"
        shown["media_gone"] = media.find(world, media_id) is None or _was_deleted(world, fields)
    if fields.get("media_ids"):
        shown["media_urls"] = [f"/sandbox/media/{one}" for one in fields["media_ids"]]
    if fields.get("thumb_media_id"):
        shown["thumb_url"] = f"/sandbox/media/{fields['thumb_media_id']}"
    return shown


def _was_deleted(world: World, fields: dict[str, Any]) -> bool:
    """Of a mass message: the card stays, what it opens is gone."""
    job = world.db.find("select deleted from mass_job where msg_id = ?", fields.get("msg_id"))
    return bool(job and job["deleted"])


def menu_source(fields: dict[str, Any]) -> str:
    """A customer `msgmenu` as the tappable text WeChat makes of it."""
    lines = [fields.get("head", "")]
    lines += [
        f'<a href="weixin://bizmsgmenu?msgmenucontent={_quoted(one["content"])}'
        f'&msgmenuid={_quoted(one["id"])}">{one["content"]}</a>'
        for one in fields["items"]
    ]
    lines.append(fields.get("tail", ""))
    return "\n".join(line for line in lines if line)


def _quoted(value: str) -> str:
    for sign, code in (("%", "%25"), ("&", "%26"), ('"', "%22"), ("<", "%3C"), (">", "%3E")):
        value = value.replace(sign, code)
    return value.replace("#", "%23")


def readable(kind: str, fields: dict[str, Any]) -> str:
    """The message in plain words, as the chat list would show it."""
    if kind == "text":
        return "".join(one["text"] for one in segments(fields["text"]))
    if kind == "msgmenu":
        return "".join(one["text"] for one in segments(menu_source(fields)))
    if kind == "news":
        return "\n".join(article["title"] for article in fields["articles"])
    if kind == "template":
        lines = [
            f"{one['label']}：{one['value']}" if one["label"] else one["value"] for one in fields["lines"]
        ]
        return "\n".join([fields["title"], *lines])
    for name in ("text", "title", "recommend", "label", "recognition"):
        if fields.get(name):
            return str(fields[name])
    named = {
        "image": "[图片]",
        "pictures": "[图片]",
        "voice": "[语音]",
        "video": "[视频]",
        "shortvideo": "[视频]",
    }
    return named.get(kind, f"[{kind}]")


def find_choice(world: World, openid: str, label: str) -> dict[str, str] | None:
    """The newest tappable line with this label, or with this content."""
    for message in reversed(read(world, openid)):
        for one in message.get("choices", []):
            if label in (one["text"], one["choice"]["content"]):
                return dict(one["choice"])
    return None
