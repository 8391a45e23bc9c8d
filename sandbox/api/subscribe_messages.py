"""Subscription notices to one person: of the service account, and of a mini-program (sections 8.4, 8.5)."""

import asyncio
from typing import Any

from sandbox import people
from sandbox.api.registry import MINIPROGRAM_ONLY, OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.notices import apps as notice_apps
from sandbox.notices import events, inbox, restrictions, sent, subscriptions, templates
from sandbox.notices import fields as notice_fields
from sandbox.notices import rules as notice_rules
from sandbox.notices.templates import SUBSCRIBE
from sandbox.world import World

STATES = ("developer", "trial", "formal")
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")

Opens = dict[str, Any]  # what a tap opens: a web page, a mini-program, or nothing


@endpoint("/cgi-bin/message/subscribe/bizsend")
async def business_send(call: Call) -> Answer:
    """The service account's. A follower reads it in the chat, others in 服务通知."""
    body = call.json()
    url = notice_rules.checked_url(string(body, "page"))
    app = notice_rules.checked_miniprogram(call.world, body.get("miniprogram"))
    return await _send(call, body, {"url": url, "miniprogram": app}, to_service=False)


@endpoint("/cgi-bin/message/subscribe/send", apps=MINIPROGRAM_ONLY)
async def miniprogram_send(call: Call) -> Answer:
    """A mini-program's, under its own grants; always in 服务通知."""
    body = call.json()
    if body.get("miniprogram_state", "formal") not in STATES:
        raise ApiError(40097, "invalid args", f"miniprogram_state 应为 {'、'.join(STATES)}")
    if body.get("lang", "zh_CN") not in LANGUAGES:
        raise ApiError(40097, "invalid args", f"lang 应为 {'、'.join(LANGUAGES)}")
    page = notice_rules.checked_page(call.world, string(body, "page"))
    app = {"appid": call.app_id, "pagepath": page} if page else None
    return await _send(call, body, {"url": "", "miniprogram": app}, to_service=True)


async def _send(call: Call, body: dict[str, Any], opens: Opens, *, to_service: bool) -> Answer:
    world, app_id = call.world, call.app_id
    person = notice_apps.addressee(world, app_id, body.get("touser"))
    openid, once = str(body["touser"]), body.get("client_msg_id")
    template = templates.find(world, app_id, SUBSCRIBE, body.get("template_id"))
    if restrictions.is_banned(world, app_id, template["id"]):
        raise ApiError(43107, "subscribe message is banned", "订阅通知能力或这个模板已被封禁")
    lines = notice_fields.filled(template["content"], body.get("data"), templates.options_of(template))
    notice_rules.refuse_sensitive(lines)
    with subscriptions.one_at_a_time(world, app_id, openid):
        if sent.before(world, app_id, call.path, openid, once):
            return OK
        subscriptions.spend(world, app_id, openid, template)
        msgid = sent.remember(world, app_id, call.path, openid, template, lines, once)
        await asyncio.sleep(world.config.notice_seconds)
    shown = {"title": template["title"], "lines": lines, **opens, "msgid": msgid}
    finish = _finish(world, app_id, openid, person["openid"], template["id"], shown, to_service=to_service)
    world.spawn(finish)
    return OK


async def _finish(
    world: World,
    app_id: str,
    openid: str,
    holder: str,
    template_id: str,
    shown: dict[str, Any],
    *,
    to_service: bool,
) -> None:
    """The notice arrives after the call was answered, and the result is pushed."""
    person = people.find(world, holder)
    code, status = 0, "success"
    if person is None or person["refuses"]:
        code, status = 48002, "failed: user refuses messages"
    else:
        inbox.deliver(world, app_id, person, shown, to_service=to_service)
    push = events.sent(openid, template_id, shown["msgid"], code, status)
    async with world.telling:
        await notice_apps.push(world, app_id, push, wait=True)
