"""The account's menus as pushed: kept, matched to a person, and found again by button names."""

import json
from typing import Any

from sandbox import people
from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World, next_number

Button = dict[str, Any]


def default(world: World) -> Row | None:
    return world.db.find("select * from menu where matchrule is null")


def conditional(world: World) -> list[Row]:
    """Newest first, the order in which they are tried."""
    return world.db.all("select * from menu where matchrule is not null order by id desc")


def put_default(world: World, buttons: list[Button]) -> None:
    world.db.run("delete from menu where matchrule is null")
    _insert(world, buttons, None)


def add_conditional(world: World, buttons: list[Button], rule: dict[str, Any]) -> int:
    return _insert(world, buttons, json.dumps(rule, ensure_ascii=False))


def _insert(world: World, buttons: list[Button], rule: str | None) -> int:
    menu_id = next_number() % 10**12
    world.db.run(
        "insert into menu (id, buttons, matchrule, at) values (?, ?, ?, ?)",
        menu_id,
        json.dumps(buttons, ensure_ascii=False),
        rule,
        world.now(),
    )
    world.bus.publish("menu")
    return menu_id


def delete_all(world: World) -> None:
    world.db.run("delete from menu")
    world.bus.publish("menu")


def delete_conditional(world: World, menu_id: str) -> bool:
    gone = world.db.changed("delete from menu where matchrule is not null and cast(id as text) = ?", menu_id)
    world.bus.publish("menu")
    return gone > 0


def seen_by(world: World, openid: str) -> Row | None:
    """The menu this person's phone shows: the newest that matches, else the default.

    With several tags the last one given decides, as WeChat has it.
    """
    person = people.find(world, openid)
    fallback = default(world)
    if person is None or fallback is None:
        return fallback
    tags = people.tag_ids(world, openid)
    last_tag = str(tags[-1]) if tags else None
    for row in conditional(world):
        if _matches(json.loads(row["matchrule"]), last_tag, str(person["platform"])):
            return row
    return fallback


def _matches(rule: dict[str, Any], last_tag: str | None, platform: str) -> bool:
    wanted_tag = str(rule.get("tag_id") or "")
    wanted_platform = str(rule.get("client_platform_type") or "")
    return (not wanted_tag or wanted_tag == last_tag) and (not wanted_platform or wanted_platform == platform)


def shown_to(world: World, openid: str) -> dict[str, Any]:
    """As the control API and the phone page read it."""
    row = seen_by(world, openid)
    if row is None:
        return {"menuid": None, "button": [], "conditional": False}
    return {
        "menuid": str(row["id"]),
        "button": json.loads(row["buttons"]),
        "conditional": row["matchrule"] is not None,
    }


def button_at(world: World, openid: str, path: list[str]) -> tuple[Button, str]:
    """The button under these names, and the menu id its events carry.

    Raises:
        NotPossible: this person's menu has no such button.
    """
    menu = shown_to(world, openid)
    buttons: list[Button] = menu["button"]
    found: Button | None = None
    for name in path:
        found = next((one for one in buttons if one["name"] == name), None)
        if found is None:
            offered = "、".join(one["name"] for one in buttons) or "无"
            raise NotPossible(f"菜单里没有「{name}」，这一层有：{offered}。", 404)
        buttons = found.get("sub_button") or []
    if found is None or found.get("sub_button"):
        raise NotPossible("请点到最后一级菜单。", 400)
    return found, menu["menuid"] if menu["conditional"] else ""
