"""The menus as WeChat gets them, and whether it still has them."""

from typing import Any

import pytest

from app.menus import MenuMistakes
from app.menus.buttons import conditional_menus, default_menu, drift, same_menu
from app.menus.file import read
from tests.menus_kit import KNOWN, menus

URL = "https://gh.example.cn"
ALL_KINDS = """\
menu:
  - name: 服务
    items:
      - {name: 安全用电, do: power_safety.topics, with: {topic: storms}}
      - {name: 专题, open: /topics}
      - {name: 官网, open: 'https://www.example.cn/a?b=1'}
      - {name: 小程序, miniprogram: {appid: wx0123456789abcdef, path: pages/index, fallback: /}}
      - {name: 电话, reply: 请打 95598}
  - name: 手机
    items:
      - {name: 扫码, scan: help.show}
      - {name: 拍照, photo: desk.tell}
      - {name: 位置, location: desk.tell}
  - {name: 帮助, do: help.show}
"""
MENUS_FOR = """\
menus_for:
  - {when: {tag: 干部}, menu: [{name: 干部, do: help.show}]}
  - {when: {tag: 职工}, menu: [{name: 职工, do: help.show}]}
"""


def test_every_kind_of_button_has_the_form_wechat_asks_for() -> None:
    services, phone, help_ = default_menu(read(menus(menu=ALL_KINDS), KNOWN), URL)

    topics, page, site, mini, say = services["sub_button"]
    assert topics == {"type": "click", "name": "安全用电", "key": "power_safety.topics?topic=storms"}
    assert page == {"type": "view", "name": "专题", "url": "https://gh.example.cn/topics"}
    assert site["url"] == "https://www.example.cn/a?b=1"
    assert mini == {
        "type": "miniprogram",
        "name": "小程序",
        "url": "https://gh.example.cn/",
        "appid": "wx0123456789abcdef",
        "pagepath": "pages/index",
    }
    assert say["type"] == "click" and say["key"].startswith("reply:")
    assert [(each["type"], each["key"]) for each in phone["sub_button"]] == [
        ("scancode_waitmsg", "help.show"),
        ("pic_photo_or_album", "desk.tell"),
        ("location_select", "desk.tell"),
    ]
    assert help_ == {"type": "click", "name": "帮助", "key": "help.show"}


def test_each_audience_gets_its_menu_by_a_tag_of_ours() -> None:
    found = conditional_menus(read(menus(more=MENUS_FOR), KNOWN), URL)

    assert [(menu.tag, menu.buttons[0]["name"]) for menu in found] == [
        ("gh-menu-1", "干部"),
        ("gh-menu-2", "职工"),
    ]


def test_an_address_too_long_with_ours_before_it_is_refused() -> None:
    file = read(menus(menu=f"menu: [{{name: 长, open: /{'a' * 1010}}}]\n"), KNOWN)

    with pytest.raises(MenuMistakes, match="网址太长：1032 字节"):
        default_menu(file, URL)


def as_wechat_tells(buttons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leaves get an empty sub menu, fields come in another order."""
    told: list[dict[str, Any]] = []
    for button in buttons:
        sub = as_wechat_tells(button.get("sub_button", []))
        told.append(
            {"sub_button": sub, **dict(reversed([(k, v) for k, v in button.items() if k != "sub_button"]))}
        )
    return told


def test_what_wechat_tells_back_is_still_the_same_menu() -> None:
    ours = default_menu(read(menus(menu=ALL_KINDS), KNOWN), URL)
    theirs = as_wechat_tells(ours)

    assert same_menu(ours, theirs) and same_menu(ours, {"button": theirs, "menuid": 1})

    theirs[0]["sub_button"].reverse()
    assert not same_menu(ours, theirs)


def test_a_menu_changed_in_wechats_console_is_noticed() -> None:
    file = read(menus(more=MENUS_FOR), KNOWN)
    tags = {"gh-menu-1": 101, "gh-menu-2": 102}
    answer: dict[str, Any] = {
        "menu": {"button": as_wechat_tells(default_menu(file, URL))},
        "conditionalmenu": [
            {
                "button": as_wechat_tells(menu.buttons),
                "matchrule": {"tag_id": str(tags[menu.tag])},
                "menuid": 7,
            }
            for menu in conditional_menus(file, URL)
        ],
    }
    assert drift(file, URL, answer, tags) == []

    answer["menu"]["button"][0]["name"] = "别的"
    answer["conditionalmenu"][1]["matchrule"] = {"tag_id": "999"}
    answer["conditionalmenu"].append(answer["conditionalmenu"][0])
    assert drift(file, URL, answer, tags) == [
        "默认菜单与微信上的不同。",
        "第 2 套分组菜单与微信上的不同。",
        "微信上多出 1 套分组菜单。",
    ]
