"""From a request to an answer as WeChat would give it: misbehaviour, quota, token, handler, log."""

import asyncio
import json
import logging
import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import quotas, tokens
from sandbox.api.registry import ENDPOINTS, Answer, Call, Endpoint
from sandbox.errors import ApiError
from sandbox.misbehaving.cutting import Interrupted
from sandbox.web import views as web_views
from sandbox.world import World

log = logging.getLogger(__name__)

BODY_LIMIT = 12 * 1024 * 1024
LOGGED = 4000  # characters of a body kept in the developer log
KEPT_CALLS = 2000
SWEPT_EVERY = 100


async def answer(world: World, request: Request) -> Response:
    """Answer one API request; HTTP status is 200 whatever happened, as with WeChat."""
    began = time.perf_counter()
    path: str = request.scope["path"]
    call = Call(world, request, await _body(request), world.config.account)
    wait = world.misbehaviour.seconds(path)
    lost = world.misbehaviour.take("drop_next", path)
    if wait:
        await asyncio.sleep(wait)
    rule, code, rid = "", 0, ""
    result: Answer
    if lost and not lost.after:
        result, rule = {}, "按要求断开，没有执行"
    else:
        try:
            result = await _handled(world, call)
        except ApiError as error:
            # The one path that people see, and not programs.
            rid = "-".join(secrets.token_hex(4) for _ in range(3))
            result = web_views.refused(error) if path == web_views.AUTHORIZE else _refusal(error, rid)
            rule, code = error.rule, error.errcode
    text = json.dumps(result, ensure_ascii=False) if isinstance(result, dict) else ""
    if isinstance(result, dict):
        code = result.get("errcode", code)
    head = {"rule": rule, "ms": round((time.perf_counter() - began) * 1000, 1), "rid": rid}
    noted(world, call, code, text, head)
    if lost:
        return Interrupted(lost.at)
    if isinstance(result, Response):
        return result
    return Response(text, media_type="application/json; encoding=utf-8")


async def _body(request: Request) -> bytes:
    """The whole body; a longer one than any endpoint takes is cut and so becomes invalid."""
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > BODY_LIMIT:
        return b""
    return await request.body()


async def _handled(world: World, call: Call) -> Answer:
    path = call.path
    wish = world.misbehaviour.take("fail_next", path)
    if wish:
        raise ApiError(wish.errcode, "asked to fail", "按要求返回这个错误码")
    known = ENDPOINTS.get(path)
    if known is None:
        raise ApiError(40066, "invalid url", "沙盒没有这个接口")
    _check_method(call, known)
    if known.needs_token:
        if world.misbehaviour.take("revoke_token", path):
            tokens.revoke_all(world)
        call.app = tokens.check(world, call.query("access_token"))
        if call.app.name not in known.apps:
            raise ApiError(
                48001, "api unauthorized", "这个接口只有另一个账号有，公众号和小程序各用各的 token"
            )
    elif path in tokens.PATHS and world.misbehaviour.take("refuse_ip", path):
        raise _wrong_address(call)
    if world.misbehaviour.take("use_up_quota", path):
        quotas.use_up(world, call.app.name, path)
    if known.needs_token:
        quotas.count(world, call.app.name, path)
    try:
        return await known.handler(call)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        # Fields of another shape than the endpoint reads; the trace shows if it was our own fault.
        log.warning("bad shape in %s", path, exc_info=True)
        raise ApiError(47001, "data format error", f"字段的形状不对：{error}") from error


def _wrong_address(call: Call) -> ApiError:
    """The list of allowed addresses guards the token calls, and the text tells whose was refused."""
    host = _host(call)
    text = f"invalid ip {host} ipv6 ::ffff:{host}, not in whitelist"
    return ApiError(40164, text, f"按要求：{host} 不在 IP 白名单里")


def _host(call: Call) -> str:
    return call.request.client.host if call.request.client else "127.0.0.1"


def _check_method(call: Call, known: Endpoint) -> None:
    if known.method == "POST" and call.request.method != "POST":
        raise ApiError(43002, "require POST method", "应使用 POST")
    if known.method == "GET" and call.request.method != "GET":
        raise ApiError(43001, "require GET method", "应使用 GET")


def _refusal(error: ApiError, rid: str) -> dict[str, Any]:
    return {"errcode": error.errcode, "errmsg": f"{error.errmsg} rid: {rid}", **error.more}


def noted(world: World, call: Call, code: int, answer_text: str, told: dict[str, Any]) -> None:
    """Write a call and its answer into the developer log."""
    query = dict(call.request.query_params)
    for secret in ("access_token", "secret"):
        if secret in query:
            query[secret] = query[secret][:6] + "…"
    head = {"query": query, "body": _readable(call.raw), **told, "app": call.app.name, "from": _host(call)}
    # The answer is JSON already; written into the row as it is, it need not be made twice.
    shown = answer_text or '"（网页或文件）"'
    call_id = world.db.run(
        "insert into call (at, method, path, errcode, detail) values (?, ?, ?, ?, ?)",
        world.now(),
        call.request.method,
        call.path,
        code,
        f'{json.dumps(head, ensure_ascii=False)[:-1]}, "answer": {shown}}}',
    )
    if call_id % SWEPT_EVERY == 0:
        world.db.run("delete from call where id <= ?", call_id - KEPT_CALLS)
    world.bus.publish("call", id=call_id)


def _readable(raw: bytes) -> str:
    try:
        return raw.decode()[:LOGGED]
    except UnicodeDecodeError:
        return f"（{len(raw)} 字节）"
