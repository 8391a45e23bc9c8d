"""The mini-program's part of the control API: acts of a person in it, and what it is like."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import qr_picture
from sandbox.config import MINIPROGRAM
from sandbox.control.acts import Act, Body, file_in, number, picture_type
from sandbox.errors import NotPossible
from sandbox.miniprogram import acts as miniprogram_acts
from sandbox.miniprogram import openings, program, requests, visitors
from sandbox.world import World

RISKS = range(5)


async def _log_in(world: World, who: str, body: Body, wait: bool) -> Any:
    return await miniprogram_acts.log_in(world, who)


async def _give_phone(world: World, who: str, body: Body, wait: bool) -> Any:
    return await miniprogram_acts.give_phone(world, who, str(body.get("phone", "")))


async def _enter_session(world: World, who: str, body: Body, wait: bool) -> Any:
    return await miniprogram_acts.enter_session(world, who, str(body.get("from", "")), wait=wait)


async def _say(world: World, who: str, body: Body, wait: bool) -> Any:
    return await miniprogram_acts.say(world, who, str(body.get("text", "")), wait=wait)


async def _send_picture(world: World, who: str, body: Body, wait: bool) -> Any:
    return await miniprogram_acts.send_picture(
        world, who, file_in(body), wait=wait, content_type=picture_type(body)
    )


async def _send_page(world: World, who: str, body: Body, wait: bool) -> Any:
    given = {name: str(body.get(name, "")) for name in ("title", "path")}
    return await miniprogram_acts.send_page(world, who, wait=wait, **given)


async def _risk(world: World, who: str, body: Body, wait: bool) -> Any:
    """How risky WeChat thinks the person, and whether the login is blocked (40226)."""
    row = visitors.arrive(world, who)
    rank = int(number(body, "rank")) if "rank" in body else row["risk"]
    if rank not in RISKS:
        raise NotPossible("rank 应是 0 至 4。", 400)
    blocked = int(bool(body.get("blocked", row["blocked"])))
    world.db.run("update visitor set risk = ?, blocked = ? where openid = ?", rank, blocked, row["openid"])
    return {"ok": True}


async def _open(world: World, who: str, body: Body, wait: bool) -> Any:
    """By `link`, what is inside a code or a link; else by `path`, and `way` says from where."""
    given = {name: str(body.get(name) or "") for name in ("link", "path", "way", "app_id")}
    if given["link"]:
        return openings.by_link(world, who, given["link"])
    return openings.by_path(world, who, given["path"], given["way"] or openings.PROFILE, given["app_id"])


async def _request(world: World, who: str, body: Body, wait: bool) -> Any:
    given = (body.get(name) for name in ("method", "path", "headers", "body"))
    data = file_in(body)
    name, filename = (str(body.get(name) or "")[:100] for name in ("name", "filename"))
    file = None if data is None else requests.Upload(name, filename, data)
    return await requests.request(world, who, *given, file=file)


ACTS: dict[str, Act] = {
    "open-miniprogram": _open,
    "miniprogram-request": _request,
    "log-in": _log_in,
    "give-phone": _give_phone,
    "enter-session": _enter_session,
    "say-in-miniprogram": _say,
    "picture-in-miniprogram": _send_picture,
    "page-in-miniprogram": _send_page,
    "risk": _risk,
}


async def change(world: World, body: Body) -> Any:
    world.app(MINIPROGRAM)
    return program.change(world, body)


async def bind(world: World, body: Body) -> Any:
    """Bind both apps to an Open Platform account, or undo it: with it people have a unionid."""
    world.db.set("open_platform", bool(body.get("bound")))
    return {"ok": True}


async def list_links(request: Request) -> Response:
    return JSONResponse(openings.listed(request.app.state.world))


async def show_code(request: Request) -> Response:
    """The code by its name, as the phone's camera sees it."""
    name = request.path_params["name"]
    address = program.address(program.QRCODE, name)
    if program.find_link(request.app.state.world, address) is None:
        raise NotPossible("没有这个码。", 404)
    return Response(qr_picture.svg(address), media_type="image/svg+xml")


async def read_visitor(request: Request) -> Response:
    """A person as the mini-program knows them; looking is not using it."""
    world: World = request.app.state.world
    row = visitors.get(world, request.path_params["who"])
    return JSONResponse(visitors.described(world, row))
