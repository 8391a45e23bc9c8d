"""Weibo's call for sharing, as an app makes it: form fields, a picture perhaps, and a status object back."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.api.dispatch import noted
from sandbox.api.registry import Call
from sandbox.clock import SHANGHAI
from sandbox.misbehaving.cutting import Interrupted
from sandbox.store import Row
from sandbox.weibo import posts, rules
from sandbox.weibo.refusals import Refused
from sandbox.world import World

PATH = "/2/statuses/share.json"
BODY_LIMIT = 6 * 1024 * 1024
ACCEPTED_LATER = 20032  # asked for by `fail_next`: taken, and shown when somebody has looked at it


async def share(request: Request) -> Response:
    """Post once. What goes wrong on demand is that of every call (`misbehaving`)."""
    world: World = request.app.state.world
    began = time.perf_counter()
    wait = world.misbehaviour.seconds(PATH)
    lost = world.misbehaviour.take("drop_next", PATH)
    if wait:
        await asyncio.sleep(wait)
    answer: dict[str, Any] = {}
    status, code, rule = 200, 0, "按要求断开，没有执行"
    form = await _form(request)
    if not (lost and not lost.after):
        try:
            answer, rule = await _posted(world, request, form), ""
        except Refused as refusal:
            answer, status = refusal.body(PATH), refusal.status
            code, rule = refusal.code, refusal.rule
    told = {"rule": rule, "ms": round((time.perf_counter() - began) * 1000, 1), "rid": ""}
    call = Call(world, request, _logged(form), world.config.account)
    noted(world, call, code, json.dumps(answer, ensure_ascii=False), told)
    return Interrupted(lost.at) if lost else JSONResponse(answer, status)


async def _form(request: Request) -> FormData:
    length = request.headers.get("content-length", "0")
    if request.method != "POST" or not length.isdigit() or int(length) > BODY_LIMIT:
        return FormData()
    try:
        return await request.form()
    except Exception:  # whatever the parser says: there are no fields then, and Weibo misses them
        return FormData()


def _logged(form: FormData) -> bytes:
    """For the log of calls: no token, and of a picture its size."""
    shown = {
        name: f"（{value.size} 字节）" if isinstance(value, UploadFile) else value
        for name, value in form.items()
    }
    if isinstance(shown.get("access_token"), str):
        shown["access_token"] = shown["access_token"][:6] + "…"
    return json.dumps(shown, ensure_ascii=False).encode()


async def _posted(world: World, request: Request, form: FormData) -> dict[str, Any]:
    if request.method != "POST":
        raise Refused(10021, "HTTP METHOD is not suported for this request!", "应使用 POST")
    wish = world.misbehaviour.take("fail_next", PATH)
    later = wish is not None and wish.errcode == ACCEPTED_LATER
    if wish and not later:
        raise Refused(wish.errcode, "asked to fail", "按要求返回这个错误码")
    user = posts.token(world, _text(form, "access_token"))
    text, ip = _text(form, "status"), _text(form, "rip")
    rules.check_text(text, world.config.weibo_hosts)
    rules.check_ip(ip)
    picture = await _picture(form)
    posts.check_rate(world, user["uid"])
    posts.check_new(world, user["uid"], text)
    row = posts.keep(world, user, text, picture, ip, seen=not later)
    if later:
        raise Refused(
            ACCEPTED_LATER, "Update success, while server slow now, please wait 1-2 minutes!", "要等审核"
        )
    return _status(world, user, row)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


async def _picture(form: FormData) -> bytes | None:
    file = form.get("pic")
    if file is None:
        return None
    data = await file.read() if isinstance(file, UploadFile) else b""
    rules.check_picture(data)
    return data


def _status(world: World, user: Row, row: Row) -> dict[str, Any]:
    at = datetime.fromtimestamp(row["at"], UTC).astimezone(SHANGHAI)
    answer: dict[str, Any] = {
        "created_at": at.strftime("%a %b %d %H:%M:%S %z %Y"),
        "id": row["id"],
        "idstr": str(row["id"]),
        "mid": str(row["id"]),
        "text": row["text"],
        "source": f'<a href="{world.config.service_origin}" rel="nofollow">{world.config.account_name}</a>',
        "user": {"id": int(user["uid"]), "idstr": user["uid"], "screen_name": user["name"]},
    }
    picture = posts.picture_url(row)
    return answer | ({"original_pic": world.config.api_url + picture} if picture else {})
