"""The menu bar: default, personalised, and what is live (wechat-platform.md section 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.wechat.api.buttons import Button, check_buttons, read_buttons
from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank, refuse_unless
from app.wechat.api.transport import Call
from app.wechat.errors import NoMenu

_NO_SUCH_CONDITIONAL = 65301


@dataclass(frozen=True, slots=True)
class MatchRule:
    """Who sees a personalised menu; at least one field is set."""

    tag_id: str = ""
    client_platform_type: str = ""  # "1" iOS, "2" Android, "3" others

    def to_wire(self) -> dict[str, str]:
        told = {"tag_id": self.tag_id, "client_platform_type": self.client_platform_type}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class ConditionalMenu:
    menu_id: str
    buttons: tuple[Button, ...]
    rule: MatchRule


@dataclass(frozen=True, slots=True)
class Menus:
    """What was set through the API; no buttons when nothing was."""

    buttons: tuple[Button, ...] = ()
    menu_id: str = ""
    conditional: tuple[ConditionalMenu, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SelfMenu:
    """What followers see by default, wherever it was set."""

    is_open: bool
    buttons: tuple[Button, ...]
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class MenusApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def create(self, buttons: Sequence[Button]) -> None:
        """Replace the whole default menu."""
        check_buttons(buttons)
        body = {"button": [button.to_wire() for button in buttons]}
        await self._caller.ask(Call("/cgi-bin/menu/create", "POST", body=body, safe=True))

    async def get(self) -> Menus:
        try:
            answer = await self._caller.ask(Call("/cgi-bin/menu/get", safe=True))
        except NoMenu:
            return Menus()
        menu = answer.get("menu") or {}
        conditional = tuple(_read_conditional(wire) for wire in answer.get("conditionalmenu") or ())
        return Menus(read_buttons(menu), _id(menu), conditional, answer)

    async def delete(self) -> None:
        """Remove the default menu **and every personalised one**."""
        try:
            await self._caller.ask(Call("/cgi-bin/menu/delete", safe=True))
        except NoMenu:
            return

    async def add_conditional(self, buttons: Sequence[Button], rule: MatchRule) -> str:
        """The new menu's id. Not repeated in doubt: a second one would stand beside the first."""
        check_buttons(buttons)
        refuse_unless(bool(rule.to_wire()), "a personalised menu without a rule")
        refuse_unless(rule.client_platform_type in ("", "1", "2", "3"), "client_platform_type is 1, 2 or 3")
        body = {"button": [button.to_wire() for button in buttons], "matchrule": rule.to_wire()}
        path = "/cgi-bin/menu/addconditional"
        return _id(await self._caller.ask(Call(path, "POST", body=body, expects=("menuid",))))

    async def delete_conditional(self, menu_id: str) -> None:
        not_blank(menu_id, "menu id")
        gone = frozenset({_NO_SUCH_CONDITIONAL})
        path, body = "/cgi-bin/menu/delconditional", {"menuid": menu_id}
        await self._caller.ask(Call(path, "POST", body=body, safe=True, done_if_repeated=gone))

    async def try_match(self, user_id: str) -> tuple[Button, ...]:
        """What the person with this openid (or WeChat id) sees."""
        not_blank(user_id, "user id")
        path, body = "/cgi-bin/menu/trymatch", {"user_id": user_id}
        answer = await self._caller.ask(Call(path, "POST", body=body, safe=True))
        return read_buttons(answer.get("menu") or answer)

    async def self_menu_info(self) -> SelfMenu:
        """Also sees a menu made in WeChat's console, and is open to unverified accounts."""
        answer = await self._caller.ask(Call("/cgi-bin/get_current_selfmenu_info", safe=True))
        buttons = read_buttons(answer.get("selfmenu_info") or {})
        return SelfMenu(bool(answer.get("is_menu_open")), buttons, answer)


def _id(wire: Mapping[str, Any]) -> str:
    return str(wire.get("menuid", ""))  # comes as number or as text


def _read_conditional(wire: Mapping[str, Any]) -> ConditionalMenu:
    rule = wire.get("matchrule") or {}
    # Old accounts answer "group_id" where "tag_id" was sent.
    tag = rule.get("tag_id") or rule.get("group_id") or ""
    platform = rule.get("client_platform_type") or ""
    return ConditionalMenu(_id(wire), read_buttons(wire), MatchRule(str(tag), str(platform)))
