"""The control API under `/sandbox/api`: what the page and the tests use to be somebody.

Every act takes `?wait=true` to answer with its outcome (reply, tries, ms) instead of at once.
`{who}` is an openid or a name.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox import actions, conversations, people, qrcodes, quotas, rates, rights, tokens
from sandbox.api.registry import ENDPOINTS
from sandbox.callbacks import verify
from sandbox.config import ACCOUNT, MINIPROGRAM
from sandbox.control import articles, mass, miniprogram, notices, stories, web, weibo
from sandbox.control.acts import ACTS as ACCOUNT_ACTS
from sandbox.control.acts import Body, number
from sandbox.errors import NotPossible
from sandbox.mass import sending
from sandbox.menu_bar import menus
from sandbox.miniprogram import visitors
from sandbox.misbehaving import wishes
from sandbox.notices import templates
from sandbox.store import Row
from sandbox.web import strangers
from sandbox.weibo import api as weibo_api
from sandbox.world import World, next_number

MOST_CROWD = 200_000
Deed = Callable[[World, Body], Awaitable[Any]]
ACTS = {**ACCOUNT_ACTS, **notices.ACTS, **miniprogram.ACTS, **articles.ACTS, **web.ACTS}


def seed(world: World) -> None:
    """What a fresh state starts with."""
    people.seed(world)
    templates.seed(world)


async def _body(request: Request) -> Body:
    """The request's JSON, from our own page or a program, never from another site's page."""
    strangers.refuse(request)
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise NotPossible("请求体不是 JSON。", 400) from error
    if not isinstance(body, dict):
        raise NotPossible("请求体应是 JSON 对象。", 400)
    return body


def _asked(request: Request, name: str, otherwise: int) -> int:
    return int(number(dict(request.query_params), name)) if name in request.query_params else otherwise


def _asked_app(given: Mapping[str, Any]) -> str:
    """The name of the app a request is about: `app=miniprogram`, or the official account."""
    return MINIPROGRAM if given.get("app") == MINIPROGRAM else ACCOUNT


async def act(request: Request) -> Response:
    world: World = request.app.state.world
    name, who = request.path_params["act"], request.path_params["who"]
    if name not in ACTS:
        raise NotPossible(f"没有「{name}」这个动作，有：{'、'.join(ACTS)}。", 404)
    wait = request.query_params.get("wait") in ("true", "1")
    body = await _body(request)
    kept = {key: value for key, value in body.items() if key not in stories.FILES}
    before = actions.doing.set({"id": next_number(), "name": name, "given": kept})
    try:
        return JSONResponse(await ACTS[name](world, who, body, wait))
    finally:
        actions.doing.reset(before)


async def state(request: Request) -> Response:
    """Everything the page needs first."""
    world: World = request.app.state.world
    config = world.config
    return JSONResponse(
        {
            "account": config.account_name,
            "app_id": config.app_id,
            "gh_id": config.gh_id,
            "mode": config.mode,
            "callback": config.callback_url,
            "miniprogram_app_id": config.miniprogram_app_id,
            "service": config.service_origin,
            "visitors": visitors.known(world),
            "now": world.now(),
            "offset": world.clock.offset,
            "people": people.list_all(world),
            "scenes": qrcodes.list_current(world)[:50],
            "endpoints": sorted([*ENDPOINTS, weibo_api.PATH]),
            "rights": rights.held(world),
            "misbehaviour": world.misbehaviour.pending(),
            "held": world.holding.waiting,
        }
    )


async def list_people(request: Request) -> Response:
    return JSONResponse(people.list_all(request.app.state.world))


async def read_conversation(request: Request) -> Response:
    world: World = request.app.state.world
    who = request.path_params["who"]
    found = (
        visitors.get(world, who)
        if _asked_app(request.query_params) == MINIPROGRAM
        else people.get(world, who)
    )
    after = _asked(request, "after", 0)
    return JSONResponse(conversations.read(world, found["openid"], after=after))


async def read_menu(request: Request) -> Response:
    world: World = request.app.state.world
    person = people.get(world, request.path_params["who"])
    return JSONResponse(menus.shown_to(world, person["openid"]))


async def read_story(request: Request) -> Response:
    """The conversation since following as a test; with `?exchange=`, that one only."""
    world: World = request.app.state.world
    exchange_id = _asked(request, "exchange", 0) or None
    return JSONResponse({"story": stories.written(world, request.path_params["who"], exchange_id)})


def _log_rows(request: Request, table: str) -> list[Body]:
    world: World = request.app.state.world
    limit = min(_asked(request, "limit", 100), 1000)
    after = _asked(request, "after", 0)
    statement = f"select * from {table} where id > ? order by id desc limit ?"  # noqa: S608
    return [_unfolded(row) for row in world.db.all(statement, after, limit)]


def _unfolded(row: Row) -> Body:
    detail = json.loads(row.pop("detail"))
    return {**row, **detail}


async def exchanges(request: Request) -> Response:
    """The developer log of pushes, newest first."""
    return JSONResponse(_log_rows(request, "exchange"))


async def calls(request: Request) -> Response:
    """The developer log of API calls, newest first."""
    return JSONResponse(_log_rows(request, "call"))


async def misbehaviour(request: Request) -> Response:
    """GET the kinds and what is pending, POST wishes, DELETE to behave again."""
    world: World = request.app.state.world
    if request.method == "DELETE":
        await _body(request)
        world.misbehaviour.clear()
        world.holding.free()
    elif request.method == "POST":
        world.misbehaviour.ask(await _body(request))
    if request.method != "GET":
        world.bus.publish("misbehaviour")
    pending = {"pending": world.misbehaviour.pending(), "held": world.holding.waiting}
    return JSONResponse({"kinds": wishes.described(), **pending})


async def live(request: Request) -> Response:
    world: World = request.app.state.world
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(world.bus.lines(), media_type="text/event-stream", headers=headers)


async def _create_person(world: World, body: Body) -> Any:
    return people.described(world, people.create(world, str(body.get("name", ""))))


async def _add_crowd(world: World, body: Body) -> Any:
    """`count` more who follow, and with `wrote` can be answered; the page does not list them."""
    count = int(number(body, "count")) if "count" in body else 0
    if not 1 <= count <= MOST_CROWD:
        raise NotPossible(f"count 应是 1 至 {MOST_CROWD}。", 400)
    return {"crowd": people.add_crowd(world, count, wrote=body.get("wrote") is True)}


async def _verify(world: World, body: Body) -> Any:
    """The GET verification that saving the server settings causes."""
    done = await verify(world, _asked_app(body))
    return {"ok": done.result == "reply", "status": done.status, "ms": round(done.ms, 1),
            "rule": done.rule}  # fmt: skip


async def _move_clock(world: World, body: Body) -> Any:
    """`offset` sets, `advance` adds; in seconds."""
    base = number(body, "offset") if "offset" in body else world.clock.offset
    world.clock.set_offset(base + (number(body, "advance") if "advance" in body else 0))
    sending.look(world)
    world.bus.publish("clock")
    return {"offset": world.clock.offset, "now": world.now()}


async def _set_quota(world: World, body: Body) -> Any:
    """`limit` is a day's, `in_span` that of a minute or second where a call has one."""
    path = str(body.get("path", ""))
    if "limit" in body:
        quotas.set_limit(world, path, int(number(body, "limit")))
    if "in_span" in body:
        counted = quotas.counted_as(path)
        if counted not in rates.SPANS:
            raise NotPossible(f"{path} 没有每分钟的上限。", 400)
        world.rates.set_limit(counted, int(number(body, "in_span")))
    return quotas.state(world, _asked_app(body), path)


async def _add_template(world: World, body: Body) -> Any:
    title, content = str(body.get("title", "")), str(body.get("content", ""))
    return {"template_id": templates.add(world, title, content)}


async def _revoke_tokens(world: World, body: Body) -> Any:
    return {"revoked": tokens.revoke_all(world)}


async def _reset(world: World, body: Body) -> Any:
    """Forget everything but the people's openids, which follow from their names."""
    world.forget()
    seed(world)
    world.bus.publish("reset")
    return {"ok": True}


DEEDS: dict[str, Deed] = {
    "people": _create_person,
    "crowd": _add_crowd,
    "verify": _verify,
    "clock": _move_clock,
    "quota": _set_quota,
    "templates": _add_template,
    "templates/restrict": notices.restrict,
    "tokens/revoke": _revoke_tokens,
    "miniprogram": miniprogram.change,
    "open-platform": miniprogram.bind,
    "reset": _reset,
    **articles.DEEDS,
    **web.DEEDS,
    **mass.DEEDS,
    **weibo.DEEDS,
}


async def deed(request: Request) -> Response:
    world: World = request.app.state.world
    name = request.url.path.removeprefix("/sandbox/api/")
    return JSONResponse(await DEEDS[name](world, await _body(request)))


ROUTES = [
    Route("/sandbox/api/state", state),
    Route("/sandbox/api/live", live),
    Route("/sandbox/api/exchanges", exchanges),
    Route("/sandbox/api/calls", calls),
    Route("/sandbox/api/misbehaviour", misbehaviour, methods=["GET", "POST", "DELETE"]),
    Route("/sandbox/api/js-sdk/sample", web.sample),
    Route("/sandbox/api/mass", mass.read, methods=["GET"]),
    Route("/sandbox/api/weibo", weibo.read, methods=["GET"]),
    Route("/sandbox/api/people", list_people, methods=["GET"]),
    Route("/sandbox/api/people/{who}/conversation", read_conversation),
    Route("/sandbox/api/people/{who}/story", read_story),
    Route("/sandbox/api/people/{who}/menu", read_menu, methods=["GET"]),
    *notices.ROUTES,
    *articles.ROUTES,
    Route("/sandbox/api/people/{who}/miniprogram", miniprogram.read_visitor, methods=["GET"]),
    Route("/sandbox/api/miniprogram/links", miniprogram.list_links, methods=["GET"]),
    Route("/sandbox/api/miniprogram/codes/{name}", miniprogram.show_code, methods=["GET"]),
    Route("/sandbox/api/people/{who}/{act}", act, methods=["POST"]),
    *(Route(f"/sandbox/api/{name}", deed, methods=["POST"]) for name in DEEDS),
]
