"""Pushing one message or event to the service: sign, wait, try again, judge the answer."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox import envelopes
from sandbox.config import ACCOUNT, MINIPROGRAM, App
from sandbox.miniprogram import replies as miniprogram_replies
from sandbox.misbehaving.wishes import CALLBACK
from sandbox.pushes import Push
from sandbox.replies import BrokenReply, Reader, Reply
from sandbox.world import World

TRIES = 3
ANSWER_LIMIT = 64 * 1024
CONTENT_TYPES = {"xml": "text/xml", "json": "application/json"}


class Lost(Exception):
    """No answer arrived in time; the text says how it was lost."""


@dataclass
class Delivery:
    """How one copy of a push went."""

    url: str
    result: str = "fault"  # reply, silent, fault
    reply: Reply = field(default_factory=Reply)
    rule: str = ""  # what was wrong, in words
    tries: int = 0
    ms: float = 0.0
    status: int = 0
    body: str = ""
    notes: list[str] = field(default_factory=list)  # one per failed try


@dataclass(frozen=True)
class Outcome:
    """How a push ended for the person; `copies` has every parallel delivery."""

    push: Push
    text: str  # what was pushed, in clear
    best: Delivery
    copies: list[Delivery]

    def as_dict(self) -> dict[str, Any]:
        best = self.best
        return {
            "result": best.result,
            "reply": {"type": best.reply.type, **best.reply.content} if best.reply.type else None,
            "tries": best.tries,
            "ms": round(best.ms, 1),
            "rule": best.rule,
            "notes": best.notes,
            "url": best.url,
            "request_xml": self.text,
            "reply_xml": best.reply.xml,
            "status": best.status,
            "raw": "" if best.reply.xml == best.body else best.body,
            "copies": [
                {"url": one.url, "result": one.result, "tries": one.tries, "rule": one.rule}
                | {"reply_xml": one.reply.xml}
                for one in self.copies
            ],
        }


async def deliver(world: World, push: Push, acted_at: float) -> Outcome:
    """Push once, or as often in parallel as a `duplicate` wish says.

    `acted_at` is when the person acted: a push that was held back still tells that time.
    """
    wrong = world.misbehaviour.take("skew_clock", CALLBACK)
    skew = wrong.seconds if wrong else 0.0
    app = world.app(push.app)
    fields = push.enveloped(app, int(acted_at + skew))
    text, body, encrypted = envelopes.sealed(app, world.config.mode, world.ciphers.get(app.name), fields)
    wish = world.misbehaviour.take("duplicate", CALLBACK)
    urls = (wish.urls if wish else []) or [world.config.url_for(app)]
    count = max(wish.count, len(urls)) if wish else 1
    copies = await asyncio.gather(
        *(_tried(world, push, urls[n % len(urls)], body, encrypted, skew) for n in range(count))
    )
    # The client shows whichever answer comes; a reply counts before silence, silence before fault.
    order = {"reply": 0, "silent": 1, "fault": 2}
    return Outcome(push, text, min(copies, key=lambda one: order[one.result]), list(copies))


async def verify(world: World, name: str = ACCOUNT) -> Delivery:
    """The GET that saving the server settings of an app causes."""
    app = world.app(name)
    echo = str(secrets.randbelow(9 * 10**18) + 10**18)
    query = {**_query(world, app, ""), "echostr": echo}
    delivery = Delivery(world.config.url_for(app), tries=1)
    began = time.perf_counter()
    try:
        response = await _within(world, world.client.get(delivery.url, params=query), began)
    except Lost as error:
        delivery.rule = f"没有应答：{error}"
    else:
        delivery.status, delivery.body = response.status_code, response.text[:500]
        good = response.status_code == 200 and response.content == echo.encode()
        delivery.result = "reply" if good else "fault"
        delivery.rule = "" if good else "应原样返回 echostr，不带引号、换行或其他内容"
    delivery.ms = (time.perf_counter() - began) * 1000
    return delivery


def _query(world: World, app: App, encrypted: str, skew: float = 0.0) -> dict[str, str]:
    token = app.token
    if world.misbehaviour.take("wrong_signature", CALLBACK):
        token = token[::-1]
    return envelopes.signed(token, int(world.now() + skew), encrypted)


async def _tried(world: World, push: Push, url: str, body: bytes, encrypted: str, skew: float) -> Delivery:
    """Up to three requests with the same body, each signed afresh."""
    delivery = Delivery(url)
    app = world.app(push.app)
    headers = {"Content-Type": CONTENT_TYPES[app.format]}
    began = time.perf_counter()
    while delivery.tries < TRIES:
        if delivery.tries:
            await asyncio.sleep(world.config.retry_pause)
        delivery.tries += 1
        query = {**_query(world, app, encrypted, skew), "openid": push.openid}
        request = world.client.post(url, params=query, content=body, headers=headers)
        try:
            response = await _within(world, request, time.perf_counter())
        except Lost as error:
            delivery.notes.append(f"第 {delivery.tries} 次：{error}")
            delivery.rule = "三次推送都没有在时限内得到应答"
            continue
        _judge(world, push, delivery, response)
        break
    delivery.ms = (time.perf_counter() - began) * 1000
    return delivery


async def _within(world: World, request: Any, began: float) -> httpx.Response:
    """One request under the platform's time limit.

    Raises:
        Lost: too late, or the connection failed.
    """
    wait = world.misbehaviour.seconds(CALLBACK)
    lost = world.misbehaviour.take("drop_next", CALLBACK)
    limit = world.config.answer_seconds
    try:
        async with asyncio.timeout(limit):
            response: httpx.Response = await request
            if wait:
                await asyncio.sleep(wait)
    except TimeoutError as error:
        raise Lost(f"{limit:g} 秒内没有应答") from error
    except httpx.HTTPError as error:
        took = time.perf_counter() - began
        raise Lost(f"连接失败（{type(error).__name__}，{took:.1f} 秒）") from error
    if lost:
        raise Lost("应答按要求丢弃")
    return response


def _judge(world: World, push: Push, delivery: Delivery, response: httpx.Response) -> None:
    delivery.status = response.status_code
    delivery.body = response.content[:ANSWER_LIMIT].decode(errors="replace")
    try:
        delivery.reply = _read(world, push, response.status_code, response.content)
    except BrokenReply as error:
        delivery.result, delivery.rule = "fault", str(error)
        return
    delivery.result = "reply" if delivery.reply.type else "silent"
    delivery.rule = delivery.reply.rule


def _read(world: World, push: Push, status: int, body: bytes) -> Reply:
    app, mode = world.app(push.app), world.config.mode
    if app.name == MINIPROGRAM:
        return miniprogram_replies.read(app, mode, world.ciphers.get(app.name), push, status, body)
    return Reader(app.gh_id, app.token, mode, world.ciphers[app.name], world.db).read(push, status, body)
