"""What a person can do with the phone. Each act becomes a push, and its outcome a chat line."""

import json
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sandbox import conversations, media, people, pushes, qrcodes, windows
from sandbox.callbacks import Outcome, deliver
from sandbox.config import MINIPROGRAM
from sandbox.conversations import IN, NOTE, OUT
from sandbox.errors import NotPossible
from sandbox.miniprogram import replies as miniprogram_replies
from sandbox.miniprogram import visitors
from sandbox.pushes import Push
from sandbox.replies import FAULT_NOTICE
from sandbox.world import World

Result = dict[str, Any]
KEPT_EXCHANGES = 5000
_NOT_PUSHED: Result = {
    "exchange_id": None, "result": "silent", "reply": None, "tries": 0, "ms": 0.0,
    "rule": "服务器配置停用了，不推送", "copies": [],
}  # fmt: skip

# What the person did, as the control API was asked; what it causes is logged with it.
doing: ContextVar[Result | None] = ContextVar("doing", default=None)


@dataclass(frozen=True)
class Shown:
    """What the person's own side of the chat shows of an act."""

    type: str
    content: dict[str, Any]


async def perform(
    world: World, push: Push, *, wait: bool, shown: Shown | None = None, action: str = ""
) -> Result:
    """Show the act, open its reply window, push it; wait for the outcome or leave it running."""
    message_id = None
    if shown:
        message_id = conversations.add(world, push.openid, OUT, shown.type, shown.content)
    if action:
        windows.grant(world, push.openid, action)
    accepted: Result = {"accepted": True, "message_id": message_id}
    if not world.config.pushes:
        return accepted | _NOT_PUSHED
    task = world.spawn(_exchange(world, push))
    return {**accepted, **await task} if wait else accepted


async def _exchange(world: World, push: Push) -> Result:
    began = world.now()
    world.bus.publish("pushing", openid=push.openid, label=push.label)
    async with world.holding.turn():
        outcome = await deliver(world, push, began)
    detail = {**outcome.as_dict(), "act": doing.get(), "offset": world.clock.offset}
    exchange_id = world.db.run(
        "insert into exchange (openid, kind, label, at, detail) values (?, ?, ?, ?, ?)",
        push.openid,
        push.event or push.type,
        push.label,
        began,
        json.dumps(detail, ensure_ascii=False),
    )
    world.db.run("delete from exchange where id <= ?", exchange_id - KEPT_EXCHANGES)
    _show(world, outcome, exchange_id)
    world.bus.publish("exchange", openid=push.openid, id=exchange_id)
    return {"exchange_id": exchange_id, **detail}


def _show(world: World, outcome: Outcome, exchange_id: int) -> None:
    push, best = outcome.push, outcome.best
    in_miniprogram = push.app == MINIPROGRAM
    if not (visitors.find(world, push.openid) if in_miniprogram else _follows(world, push.openid)):
        return  # nobody is there to read it
    if best.result == "fault" and push.shows_faults:
        words = miniprogram_replies.FAULT_NOTICE if in_miniprogram else FAULT_NOTICE
        fault = {"text": words, "rule": best.rule}
        conversations.add(world, push.openid, NOTE, "fault", fault, exchange_id=exchange_id)
    elif best.reply.type == "transfer_customer_service":
        note = {"text": "已转接人工客服", "account": best.reply.content["account"]}
        conversations.add(world, push.openid, NOTE, "transfer", note, exchange_id=exchange_id)
    elif best.result == "reply":
        conversations.add(
            world, push.openid, IN, best.reply.type, best.reply.content, exchange_id=exchange_id
        )


def _follows(world: World, openid: str) -> bool:
    person = people.find(world, openid)
    return person is not None and bool(person["following"])


async def follow(world: World, who: str, *, wait: bool, scene: str = "") -> Result:
    person = people.get(world, who)
    if person["following"]:
        raise NotPossible(f"{person['name']}已经关注了。")
    ticket = qrcodes.scanned(world, scene=scene)["ticket"] if scene else ""
    return await _follow(world, person["openid"], scene, ticket, wait)


async def _follow(world: World, openid: str, scene: str, ticket: str, wait: bool) -> Result:
    people.set_following(world, openid, True, qr_scene=scene)
    push = pushes.subscribe(openid, scene, ticket)
    return await perform(world, push, wait=wait, action="follow")


async def unfollow(world: World, who: str, *, wait: bool) -> Result:
    person = people.follower(world, who)
    people.set_following(world, person["openid"], False)
    return await perform(world, pushes.unsubscribe(person["openid"]), wait=wait)


async def scan(world: World, who: str, *, wait: bool, scene: str = "", ticket: str = "") -> Result:
    """Followers cause SCAN; others follow by scanning."""
    person = people.get(world, who)
    code = qrcodes.scanned(world, scene=scene, ticket=ticket)
    if not person["following"]:
        return await _follow(world, person["openid"], code["scene"], code["ticket"], wait)
    push = pushes.scan(person["openid"], code["scene"], code["ticket"])
    return await perform(world, push, wait=wait, action="scan")


async def say(world: World, who: str, text: str, *, wait: bool, menu_id: str | None = None) -> Result:
    person = people.follower(world, who)
    if not text.strip():
        raise NotPossible("不能发送空白消息。", 400)
    push = pushes.text(person["openid"], text, menu_id)
    return await perform(world, push, wait=wait, shown=Shown("text", {"text": text}), action="message")


async def choose(
    world: World, who: str, *, wait: bool, label: str = "", content: str = "", menu_id: str = ""
) -> Result:
    """Tap a line: by its label in the chat, or by content and id as a forger would."""
    if label:
        person = people.follower(world, who)
        choice = conversations.find_choice(world, person["openid"], label)
        if choice is None:
            raise NotPossible(f"聊天里没有可点的「{label}」。", 404)
        content, menu_id = choice["content"], choice["id"]
    return await say(world, who, content, wait=wait, menu_id=menu_id)


async def send_picture(
    world: World, who: str, data: bytes | None, *, wait: bool, content_type: str = "image/jpeg"
) -> Result:
    """A picture of the person's, or the built-in sample."""
    person = people.follower(world, who)
    media_id = media.keep_picture(world, data, content_type)
    push = pushes.image(person["openid"], media.picture_url(world, media_id), media_id)
    shown = Shown("image", {"media_id": media_id})
    return await perform(world, push, wait=wait, shown=shown, action="message")


async def send_voice(
    world: World,
    who: str,
    recognition: str | None,
    *,
    wait: bool,
    seconds: int = 3,
    recorded: bytes | None = None,
) -> Result:
    """A voice the browser recorded (WAV: none of them writes AMR), or silence of that length."""
    person = people.follower(world, who)
    data, suffix, content_type = media.sample_voice(seconds), "amr", "audio/amr"
    if recorded:
        data, suffix, content_type = recorded, "wav", "audio/wav"
    kept = [
        media.put(world, "voice", f"voice{n}.{suffix}", content_type, data, permanent=False) for n in (8, 16)
    ]
    push = pushes.voice(person["openid"], kept[0], kept[1], recognition)
    content = {"media_id": kept[0], "seconds": seconds, "recognition": recognition or ""}
    content["audible"] = recorded is not None
    return await perform(world, push, wait=wait, shown=Shown("voice", content), action="message")


async def send_video(
    world: World,
    who: str,
    *,
    wait: bool,
    short: bool = False,
    data: bytes | None = None,
    still: bytes | None = None,
) -> Result:
    """A video of the person's with its first picture, or the built-in sample."""
    person = people.follower(world, who)
    film, thumb = data or media.sample_video(), still or media.sample_thumb()
    video_id = media.put(world, "video", "video.mp4", "video/mp4", film, permanent=False)
    thumb_id = media.put(world, "thumb", "thumb.jpg", "image/jpeg", thumb, permanent=False)
    push = pushes.video(person["openid"], video_id, thumb_id, short=short)
    content = {"media_id": video_id, "thumb_media_id": thumb_id, "audible": data is not None}
    shown = Shown(push.type, content)
    return await perform(world, push, wait=wait, shown=shown, action="message")


async def send_location(
    world: World,
    who: str,
    *,
    wait: bool,
    latitude: float = 35.581,
    longitude: float = 109.262,
    label: str = "陕西省延安市黄陵县",
    scale: int = 16,
) -> Result:
    person = people.follower(world, who)
    push = pushes.location(person["openid"], latitude, longitude, scale, label)
    content = {"latitude": latitude, "longitude": longitude, "label": label}
    return await perform(world, push, wait=wait, shown=Shown("location", content), action="message")


async def send_link(
    world: World, who: str, *, wait: bool, title: str, url: str, description: str = ""
) -> Result:
    person = people.follower(world, who)
    push = pushes.link(person["openid"], title, description, url)
    content = {"title": title, "description": description, "url": url}
    return await perform(world, push, wait=wait, shown=Shown("link", content), action="message")


async def report_location(
    world: World, who: str, *, wait: bool, latitude: float = 35.581, longitude: float = 109.262
) -> Result:
    """The event of entering the chat when the person allows it; opens no window."""
    person = people.follower(world, who)
    push = pushes.reported_location(person["openid"], latitude, longitude)
    return await perform(world, push, wait=wait)
