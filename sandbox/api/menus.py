"""The menu calls: default, conditional, what is live, what one person would see."""

import json
from typing import Any

from sandbox import people
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.menu_bar import menus
from sandbox.menu_bar.rules import check_buttons, check_domains, check_matchrule
from sandbox.store import Row

ESCAPED = 40033  # what menu calls answer to \u escapes
NO_MENU = ApiError(46003, "menu no exist", "还没有创建菜单")


@endpoint("/cgi-bin/menu/create")
async def create(call: Call) -> Answer:
    buttons = check_buttons(call.world, call.json(ESCAPED).get("button"))
    menus.put_default(call.world, buttons)
    return OK


@endpoint("/cgi-bin/menu/get", "GET")
async def get(call: Call) -> Answer:
    row = menus.default(call.world)
    if row is None:
        raise NO_MENU
    answer: dict[str, Any] = {"menu": _listed(row)}
    conditional = [
        {**_listed(one), "matchrule": json.loads(one["matchrule"])} for one in menus.conditional(call.world)
    ]
    return answer | ({"conditionalmenu": conditional} if conditional else {})


def _listed(row: Row) -> dict[str, Any]:
    buttons = [_with_sub_buttons(one) for one in json.loads(row["buttons"])]
    return {"button": buttons, "menuid": row["id"]}


def _with_sub_buttons(button: dict[str, Any]) -> dict[str, Any]:
    children = [_with_sub_buttons(one) for one in button.get("sub_button") or []]
    return {**button, "sub_button": children}


@endpoint("/cgi-bin/menu/delete", "GET")
async def delete(call: Call) -> Answer:
    menus.delete_all(call.world)
    return OK


@endpoint("/cgi-bin/get_current_selfmenu_info", "GET")
async def self_menu(call: Call) -> Answer:
    row = menus.default(call.world)
    buttons = [_as_self_menu(one) for one in json.loads(row["buttons"])] if row else []
    return {"is_menu_open": 1 if row else 0, "selfmenu_info": {"button": buttons}}


def _as_self_menu(button: dict[str, Any]) -> dict[str, Any]:
    if button.get("sub_button"):
        return {"name": button["name"], "sub_button": {"list": button["sub_button"]}}
    return {name: value for name, value in button.items() if name != "sub_button"}


@endpoint("/cgi-bin/menu/addconditional")
async def add_conditional(call: Call) -> Answer:
    body = call.json(ESCAPED)
    if menus.default(call.world) is None:
        raise ApiError(65303, "there is no selfmenu, please create selfmenu first", "先创建默认菜单")
    if not body.get("button"):
        raise ApiError(65307, "conditional menu body empty", "个性化菜单没有 button")
    rule = check_matchrule(body.get("matchrule"))
    buttons = check_buttons(call.world, body["button"])
    check_domains(buttons)
    return {"menuid": str(menus.add_conditional(call.world, buttons, rule))}


@endpoint("/cgi-bin/menu/delconditional")
async def delete_conditional(call: Call) -> Answer:
    menu_id = str(call.json(ESCAPED).get("menuid", ""))
    if not menus.delete_conditional(call.world, menu_id):
        raise ApiError(65301, "not exist conditional menu", "没有这个个性化菜单")
    return OK


@endpoint("/cgi-bin/menu/trymatch")
async def try_match(call: Call) -> Answer:
    openid = string(call.json(ESCAPED), "user_id")
    person = people.find(call.world, openid)
    if person is None:
        raise ApiError(65302, "no such user", "没有这个用户")
    if not person["following"]:
        raise ApiError(65315, "user is not a fan", "这个人没有关注")
    row = menus.seen_by(call.world, openid)
    if row is None:
        raise NO_MENU
    return {"button": _listed(row)["button"]}
