"""Menu buttons as WeChat knows them, with the limits it will check (section 4).

Not here: `menus.yaml`, our operators' view of a menu.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.wechat.api.limits import bytes_between, count_between, refuse_unless

# type → what it cannot do without
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "click": ("key",),
    "view": ("url",),
    "scancode_push": ("key",),
    "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",),
    "pic_photo_or_album": ("key",),
    "pic_weixin": ("key",),
    "location_select": ("key",),
    "miniprogram": ("appid", "pagepath", "url"),
    "media_id": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
    "view_limited": ("media_id",),
}
_FIELDS: Final = ("key", "url", "appid", "pagepath", "media_id", "article_id")
_TOP_NAME_BYTES, _SUB_NAME_BYTES, _KEY_BYTES, _URL_BYTES = 16, 60, 128, 1024


@dataclass(frozen=True, slots=True)
class Button:
    """One button: either a `type` with its fields, or `sub_buttons`."""

    name: str
    type: str = ""
    key: str = ""
    url: str = ""
    appid: str = ""
    pagepath: str = ""
    media_id: str = ""
    article_id: str = ""
    sub_buttons: tuple["Button", ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """As WeChat told it: menus made in its console have more fields."""

    def to_wire(self) -> dict[str, Any]:
        if self.sub_buttons:
            return {"name": self.name, "sub_button": [b.to_wire() for b in self.sub_buttons]}
        filled = {name: getattr(self, name) for name in _FIELDS if getattr(self, name)}
        return {"type": self.type, "name": self.name} | filled


def check_buttons(buttons: Sequence[Button]) -> None:
    """Raise `OurMistake` for what WeChat would refuse with 40015 to 40027."""
    count_between(buttons, 1, 3, "top buttons")
    for button in buttons:
        bytes_between(button.name, 1, _TOP_NAME_BYTES, f"menu name {button.name!r}")
        if not button.sub_buttons:
            _check_leaf(button)
            continue
        refuse_unless(not button.type, f"menu {button.name!r} has a type and sub buttons")
        count_between(button.sub_buttons, 1, 5, f"sub buttons under {button.name!r}")
        for sub in button.sub_buttons:
            bytes_between(sub.name, 1, _SUB_NAME_BYTES, f"menu name {sub.name!r}")
            refuse_unless(not sub.sub_buttons, f"menu {sub.name!r} is a third level")
            _check_leaf(sub)


def _check_leaf(button: Button) -> None:
    refuse_unless(button.type in _NEEDS, f"menu {button.name!r} has no type {button.type!r}")
    for name in _NEEDS[button.type]:
        refuse_unless(bool(getattr(button, name)), f"menu {button.name!r} lacks {name}")
    bytes_between(button.key, 0, _KEY_BYTES, f"key of menu {button.name!r}")
    bytes_between(button.url, 0, _URL_BYTES, f"url of menu {button.name!r}")
    refuse_unless(
        not button.url or button.url.startswith(("https://", "http://")),
        f"url of menu {button.name!r} is not http(s)",
    )


def read_buttons(menu: Mapping[str, Any]) -> tuple[Button, ...]:
    """The buttons under `menu`'s "button", in either shape WeChat uses for sub menus."""
    return tuple(_read_button(wire) for wire in menu.get("button") or ())


def _read_button(wire: Mapping[str, Any]) -> Button:
    sub = wire.get("sub_button") or ()
    if isinstance(sub, Mapping):  # get_current_selfmenu_info nests them once more
        sub = sub.get("list") or ()
    known = {name: str(wire[name]) for name in ("type", *_FIELDS) if wire.get(name)}
    return Button(str(wire.get("name", "")), **known, sub_buttons=tuple(map(_read_button, sub)), raw=wire)
