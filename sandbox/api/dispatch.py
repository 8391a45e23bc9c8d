"""From a request to an answer as WeChat would give it: misbehaviour, quota, token, handler, log."""

import asyncio
import json
import logging
import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox import quotas, tokens, web_views
from sandbox.api.registry import ENDPOINTS, Answer, Call, Endpoint
from sandbox.errors import ApiError
from sandbox.misbehaviour import Wish
from sandbox.world import World

log = logging.getLogger(__name__)

BODY_LIMIT = 12 * 1024 * 1024
LOGGED = 4000  # characters of a body kept in the developer log
KEPT_CALLS = 2000


class Interrupted(Response):
    """An answer whose connection ends before its body: the caller cannot know the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"err', "more_body": True})


async def answer(world: World, request: Request) -> Response:
    """Answer one API request; HTTP status is 200 whatever happened, as with WeChat."""
    began = time.perf_counter()
    path = request.url.path
    raw = await _body(request)
    call = Call(world, request, raw, world.config.account)
    late = world.misbehaviour.take("delay_next", path)
    lost = world.misbehaviour.take("drop_next", path)
    if late:
        await asyncio.sleep(late.seconds)
    rule, code = "", 0
    result: Answer
    if lost and not lost.after:
        result, rule = {}, "按要求断开，没有执行"
    else:
        try:
            result = await _handled(world, call, world.misbehaviour.take("fail_next", path))
        except ApiError as error:
            # The one path that people see, and not programs.
            result = web_views.refused(error) if path == web_views.AUTHORIZE else _refusal(error)
            rule, code = error.rule, error.errcode
    _log(world, call, result, rule, code, (time.perf_counter() - began) * 1000)
    if lost:
        return Interrupted()
    if isinstance(result, Response):
        return result
    body = json.dumps(result, ensure_ascii=False)
    return Response(body, media_type="application/json; encoding=utf-8")


async def _body(request: Request) -> bytes:
    """The whole body; a longer one than any endpoint takes is cut and so becomes invalid."""
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > BODY_LIMIT:
        return b""
    return await request.body()


async def _handled(world: World, call: Call, wish: Wish | None) -> Answer:
    if wish:
        raise ApiError(wish.errcode, "asked to fail", "按要求返回这个错误码")
    known = ENDPOINTS.get(call.path)
    if known is None:
        raise ApiError(40066, "invalid url", "沙盒没有这个接口")
    _check_method(call, known)
    if known.needs_token:
        call.app = tokens.check(world, call.query("access_token"))
        if call.app.name not in known.apps:
            raise ApiError(
                48001, "api unauthorized", "这个接口只有另一个账号有，公众号和小程序各用各的 token"
            )
        quotas.count(world, call.app.name, call.path)
    try:
        return await known.handler(call)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        # Fields of another shape than the endpoint reads; the trace shows if it was our own fault.
        log.warning("bad shape in %s", call.path, exc_info=True)
        raise ApiError(47001, "data format error", f"字段的形状不对：{error}") from error


def _check_method(call: Call, known: Endpoint) -> None:
    if known.method == "POST" and call.request.method != "POST":
        raise ApiError(43002, "require POST method", "应使用 POST")
    if known.method == "GET" and call.request.method != "GET":
        raise ApiError(43001, "require GET method", "应使用 GET")


def _refusal(error: ApiError) -> dict[str, Any]:
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return {"errcode": error.errcode, "errmsg": f"{error.errmsg} rid: {rid}"}


def _log(world: World, call: Call, result: Answer, rule: str, code: int, ms: float) -> None:
    if isinstance(result, dict):
        code = result.get("errcode", code)
    query = dict(call.request.query_params)
    for secret in ("access_token", "secret"):
        if secret in query:
            query[secret] = query[secret][:6] + "…"
    detail = {
        "query": query,
        "body": _readable(call.raw),
        "answer": result if isinstance(result, dict) else "（网页或文件）",
        "rule": rule,
        "ms": round(ms, 1),
    }
    call_id = world.db.run(
        "insert into call (at, method, path, errcode, detail) values (?, ?, ?, ?, ?)",
        world.now(),
        call.request.method,
        call.path,
        code,
        json.dumps(detail, ensure_ascii=False),
    )
    world.db.run("delete from call where id <= ?", call_id - KEPT_CALLS)
    world.bus.publish("call", id=call_id)


def _readable(raw: bytes) -> str:
    try:
        return raw.decode()[:LOGGED]
    except UnicodeDecodeError:
        return f"（{len(raw)} 字节）"
