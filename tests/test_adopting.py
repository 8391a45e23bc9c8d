"""`gonghui adopt`: what it tells beforehand, the menu it writes, how it stops and goes on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer

from app.cli import adopting as command
from app.errors import OperatorError
from app.jobs import adopting
from app.menus.carried import Carried, carry
from app.menus.file import read
from app.wechat.api.buttons import Button
from app.wechat.api.menus import MatchRule
from models import Follower
from tests.both_ends import Ends, both_ends, settings_for
from tests.menus_kit import KNOWN

OUR_URL = "https://union.example.cn"
VIEW = {"type": "view", "name": "单位官网", "url": "https://www.example.cn/a?b=1"}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def knows_nobody(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        for table in ("message", "dialogue", "follower"):
            await session.execute(sa.text(f"DELETE FROM {table}"))


async def test_a_dry_run_tells_and_changes_nothing(ends: Ends, capsys: pytest.CaptureFixture[str]) -> None:
    await ends.platform.follower("李娜")
    await knows_nobody(ends)
    await ends.platform.ask("POST", "quota", {"path": "/cgi-bin/user/get", "limit": 10})

    await command._tell_plan(ends.house)

    said = capsys.readouterr().out
    assert "微信上有关注者 1 人、标签 0 个、已发布的文章 0 次。" in said
    assert "关注者名单：要调用 1 次，今天还可用 8 次" in said
    assert said.endswith("现在什么都没有改。\n")
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Follower.id))) == 0


async def test_it_says_when_to_go_on_and_then_goes_on(ends: Ends, capsys: pytest.CaptureFixture[str]) -> None:
    await ends.platform.follower("李娜")
    await knows_nobody(ends)
    await ends.platform.ask("POST", "quota", {"path": "/cgi-bin/user/get", "limit": 1})

    with pytest.raises(typer.Exit) as stopped:
        await command._do(ends.house, None)
    said = capsys.readouterr().out
    assert stopped.value.exit_code == 3
    assert "今天的额度用到只剩一成，先停在这里。明天 0:01以后再运行 gonghui adopt，会接着做。" in said

    await command._tell_plan(ends.house)
    assert "没有做完，会从「正在读关注者名单」接着做" in capsys.readouterr().out

    await ends.moves_time(hours=24)
    await ends.platform.ask("POST", "quota", {"path": "/cgi-bin/user/get", "limit": 500})
    await command._do(ends.house, None)
    assert "关注者：微信上 1 人，新登记 1 人" in capsys.readouterr().out


async def test_the_present_menu_becomes_a_file_and_no_file_is_written_over(
    ends: Ends, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = ends.house.wechat
    staff = await api.tags.create("职工")
    website = Button("官网", "view", url="https://www.example.cn/")
    old = Button("积分", "click", key="OLD_POINTS")
    await api.menus.create([website, Button("更多", sub_buttons=(old,))])
    await api.menus.add_conditional([website], MatchRule(tag_id=str(staff.id)))
    await api.menus.add_conditional([website], MatchRule(client_platform_type="1"))
    path = tmp_path / "adopted.yaml"

    await command._do(ends.house, path)

    said = capsys.readouterr().out
    assert "「更多」下面的「积分」：原来的 click OLD_POINTS 由以前的程序处理，暂用使用帮助" in said
    assert "不是只按标签区分的，没有写进来" in said
    file = read(path.read_text(encoding="utf-8"), ends.house.known)
    assert [button.name for button in file.menu] == ["官网", "更多"]
    assert file.menu[0].open == "https://www.example.cn/"
    assert [str(each.when) for each in file.menus_for] == ["职工"]
    assert file.account == "黄陵供电工会"

    with pytest.raises(OperatorError, match="写不了"):
        await command._write_menu(ends.house, path)
    with pytest.raises(OperatorError, match="已经存在，没有覆盖"):
        command.adopt(path)


async def test_with_a_menu_of_nobody_there_is_still_a_file(ends: Ends) -> None:
    await ends.house.wechat.menus.delete()

    carried = await adopting.present_menu(
        ends.house.wechat, ends.house.known, account="黄陵供电工会", public_url=OUR_URL
    )

    assert [button.do for button in read(carried.text, ends.house.known).menu] == ["help.show"]


# --- what can be carried over ------------------------------------------------------------------------------


def carried(*buttons: Any, conditional: Any = (), tags: dict[int, str] | None = None) -> Carried:
    return carry(buttons, conditional, tags or {}, KNOWN, account="工会: #1", public_url=OUR_URL)


def only(button: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The one button of a menu, and what is missing of it."""
    done = carried(button)
    return read(done.text, KNOWN).menu[0], done.missing


def test_addresses_of_our_own_stand_without_our_name() -> None:
    assert only({**VIEW, "url": f"{OUR_URL}/news?page=2"})[0].open == "/news?page=2"
    assert only({**VIEW, "url": f"{OUR_URL}.evil.cn/x"})[0].open == f"{OUR_URL}.evil.cn/x"


def test_texts_articles_and_mini_programs_come_along() -> None:
    text = {"type": "text", "name": "电话", "value": "值班: 95598\n「24 小时」 # 不是注释"}
    assert only(text)[0].reply.text == text["value"]
    news = {
        "title": "慰问",
        "digest": "送清凉",
        "cover_url": "http://mmbiz.qpic.cn/a",
        "content_url": "http://mp.weixin.qq.com/s/a",
    }
    button, missing = only({"type": "news", "name": "新闻", "news_info": {"list": [news, news]}})
    assert (button.reply.article.title, missing) == ("慰问", ("「新闻」：原来有 2 篇图文，只留第一篇",))
    mini = {
        "type": "miniprogram",
        "name": "小程序",
        "appid": "wx0123456789abcdef",
        "pagepath": "pages/a",
        "url": OUR_URL + "/",
    }
    assert (only(mini)[0].miniprogram.path, only(mini)[0].miniprogram.fallback) == ("pages/a", "/")


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ({"type": "img", "value": "MEDIA"}, "原来是图片"),
        ({"type": "click", "key": "POINTS"}, "原来的 click POINTS"),
        ({"type": "click", "key": "x\n# injected: 1"}, "injected"),
        ({"type": "scancode_waitmsg", "key": "SCAN"}, "原来的 scancode_waitmsg SCAN"),
        ({"type": "article_id", "article_id": "A"}, "原来是文章卡片"),
        ({"type": "view", "url": "javascript:1"}, "原来的 view"),
        ({"type": "text", "value": " "}, "原来的 text"),
    ],
)
def test_what_cannot_come_along_is_told_and_shows_the_help(button: dict[str, Any], said: str) -> None:
    done, missing = only({"name": "按钮", **button})

    assert done.do == "help.show"
    assert len(missing) == 1 and said in missing[0]


def test_pictures_and_places_go_to_where_they_are_taken() -> None:
    assert only({"type": "pic_weixin", "name": "拍照", "key": "P"})[0].photo == "desk.tell"
    assert only({"type": "location_select", "name": "位置", "key": "L"})[0].location == "desk.tell"


def test_keys_of_our_own_do_what_they_did() -> None:
    button, missing = only({"type": "click", "name": "通知", "key": "news.latest?category=notice"})

    assert (button.do, button.with_, missing) == ("news.latest", {"category": "notice"}, ())


def test_the_newest_menu_of_a_tag_counts_and_ours_are_ours() -> None:
    other = {**VIEW, "name": "旧官网"}
    rules = [
        {"menuid": 1, "button": [other], "matchrule": {"tag_id": "101"}},
        {"menuid": 3, "button": [VIEW], "matchrule": {"group_id": "101"}},
        {"menuid": 2, "button": [VIEW], "matchrule": {"tag_id": "102"}},
        {"menuid": 4, "button": [VIEW], "matchrule": {"tag_id": "999"}},
    ]

    done = carried(VIEW, conditional=rules, tags={101: "职工", 102: "gh-menu-1"})

    (menu,) = read(done.text, KNOWN).menus_for
    assert (str(menu.when), menu.menu[0].name) == ("职工", "单位官网")
    assert len(done.missing) == 2


def test_what_would_make_the_file_wrong_is_left_out() -> None:
    rules = [
        {
            "menuid": number,
            "button": [{**VIEW, "url": f"https://w{number}.example.cn/"}],
            "matchrule": {"tag_id": str(number)},
        }
        for number in range(101, 106)
    ]

    done = carried(VIEW, conditional=rules, tags={number: f"标签{number}" for number in range(101, 106)})

    assert len(read(done.text, KNOWN).menus_for) == 3
    assert all("网站超过 3 个" in each for each in done.missing) and len(done.missing) == 2


def test_two_buttons_of_one_name_are_told_apart() -> None:
    done = carried({"name": "更多", "sub_button": {"list": [VIEW, VIEW]}})

    assert [item.name for item in read(done.text, KNOWN).menu[0].items or ()] == ["单位官网", "单位官网2"]
