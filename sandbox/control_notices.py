"""The control API of notices: what the platform takes away."""

from typing import Any

from sandbox import (
    notice_rules,
    restrictions,
    template_library,
    templates,
)
from sandbox.control_acts import Body
from sandbox.errors import NotPossible
from sandbox.world import World


def _names(value: Any, name: str) -> list[str]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise NotPossible(f"{name} 应是字符串的列表。", 400)
    return given


async def restrict(world: World, body: Body) -> Any:
    """`template` is an id, a title, a public tid, or `*`; `how` banned, blocked, or empty to lift it."""
    named = str(body.get("template", ""))
    app_id = world.config.app_id
    own = [
        row["id"]
        for kind in (templates.TEMPLATE, templates.SUBSCRIBE)
        for row in templates.listed(world, app_id, kind)
        if named in (row["id"], row["title"])
    ]
    known = named == restrictions.EVERYTHING or template_library.find(named) is not None
    if not own and not known:
        raise NotPossible(f"没有「{named}」这个模板。", 404)
    for template_id in own or [named]:
        restrictions.put(world, app_id, template_id, str(body.get("how", "")))
    world.bus.publish("notices")
    return {"restricted": own or [named]}


async def release(world: World, body: Body) -> Any:
    """The pages of the released mini-program; others answer 41030."""
    pages = _names(body.get("pages"), "pages")
    notice_rules.release(world, pages)
    return {"pages": pages}
