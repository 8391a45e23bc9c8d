"""The control API of notices: popups and settings of a person, and what the platform takes away."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import people
from sandbox.control.acts import Act, Body
from sandbox.errors import NotPossible
from sandbox.notices import inbox, library, one_off, restrictions, subscribing, templates
from sandbox.world import World


def _names(value: Any, name: str) -> list[str]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise NotPossible(f"{name} 应是字符串的列表。", 400)
    return given


async def _subscribe(world: World, who: str, body: Body, wait: bool) -> Any:
    """Answer a subscription popup; `accept` for all, or by id or title."""
    wanted = body.get("accept")
    if not (wanted is None or isinstance(wanted, bool | dict)):
        raise NotPossible("accept 应是 true、false，或每个模板各一个。", 400)
    scene = body.get("scene", 0)
    if not isinstance(scene, int):
        raise NotPossible("scene 应是数字。", 400)
    return await subscribing.answer_popup(
        world,
        who,
        _names(body.get("templates"), "templates"),
        wanted,
        always=body.get("always") is True,
        scene=scene,
        wait=wait,
    )


async def _change_setting(world: World, who: str, body: Body, wait: bool) -> Any:
    if not isinstance(body.get("receive"), bool):
        raise NotPossible("receive 应是 true 或 false。", 400)
    named = str(body.get("template", ""))
    return await subscribing.change_setting(world, who, named, receive=body["receive"], wait=wait)


async def restrict(world: World, body: Body) -> Any:
    """`template` is an id, a title, a public tid, or `*`; `how` banned, blocked, or empty to lift it.
    Of the service account, or of `app_id`."""
    named = str(body.get("template", ""))
    app_id = str(body.get("app_id") or world.config.app_id)
    own = [
        row["id"]
        for kind in (templates.TEMPLATE, templates.SUBSCRIBE)
        for row in templates.listed(world, app_id, kind)
        if named in (row["id"], row["title"])
    ]
    known = named == restrictions.EVERYTHING or library.find(named) is not None
    if not own and not known:
        raise NotPossible(f"没有「{named}」这个模板。", 404)
    for template_id in own or [named]:
        restrictions.put(world, app_id, template_id, str(body.get("how", "")))
    world.bus.publish("notices")
    return {"restricted": own or [named]}


async def read_notices(request: Request) -> Response:
    """How a person stands to every subscription template, and the person's 服务通知."""
    world: World = request.app.state.world
    who = request.path_params["who"]
    return JSONResponse(
        {
            "account": world.config.account_name,
            "one_off_template_id": one_off.template_id(world),
            "templates": subscribing.overview(world, who),
            "service": inbox.read(world, people.get(world, who)),
        }
    )


ACTS: dict[str, Act] = {"subscribe": _subscribe, "notice-setting": _change_setting}
ROUTES = [Route("/sandbox/api/people/{who}/notices", read_notices, methods=["GET"])]
