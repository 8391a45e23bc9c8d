"""The control API's part about mass sending: the admin's answer, the console's sends, what was sent."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.control.acts import Body
from sandbox.errors import ApiError, NotPossible
from sandbox.mass import jobs, limits, sending
from sandbox.mass.jobs import Order
from sandbox.world import World

SETTINGS = {"protection": "mass_protection", "agreement": "mass_agreement"}
DEFAULTS = {"protection": False, "agreement": True}


async def change(world: World, body: Body) -> Any:
    """`protection`: API 群发保护 asks the admin; `agreement`: the mass-send agreement was accepted."""
    for name, value in body.items():
        if name not in SETTINGS or not isinstance(value, bool):
            raise NotPossible(f"可以设置 {'、'.join(SETTINGS)}，都是 true 或 false。", 400)
        world.db.set(SETTINGS[name], value)
    return _settings(world)


def _settings(world: World) -> dict[str, bool]:
    return {name: bool(world.db.setting(kept, DEFAULTS[name])) for name, kept in SETTINGS.items()}


async def answer(world: World, body: Body) -> Any:
    """The admin's phone: `allow` true or false, to the oldest question."""
    if not isinstance(body.get("allow"), bool):
        raise NotPossible("allow 应是 true 或 false。", 400)
    return {"msg_id": sending.admin_answers(world, allow=body["allow"])}


async def from_console(world: World, body: Body) -> Any:
    """A text sent to everybody by hand in WeChat's console; it counts with what the API sends."""
    text = str(body.get("text") or "").strip()
    if not text:
        raise NotPossible("请写上要群发的文字。", 400)
    try:
        limits.check(world, to_all=True)
    except ApiError as error:
        raise NotPossible(f"{error.rule}。") from error
    job = sending.begin(world, Order(jobs.CONSOLE, "text", {"text": text}, to_all=True))
    return {"msg_id": job["msg_id"]}


async def read(request: Request) -> Response:
    """What was sent to many, newest first, and the settings."""
    world: World = request.app.state.world
    shown = (
        "msg_id",
        "way",
        "to_all",
        "type",
        "state",
        "status",
        "total",
        "filtered",
        "sent",
        "failed",
        "at",
    )
    sent = [{name: row[name] for name in shown} for row in jobs.listed(world)]
    return JSONResponse({**_settings(world), "sent": sent})


DEEDS = {"mass": change, "mass/answer": answer, "mass/console": from_console}
