"""Coming into the sandbox's mini-program: by cards and buttons, by codes and links, until they end."""

from collections.abc import AsyncIterator

import pytest

from sandbox.driver import Phone, Refusal
from sandbox.miniprogram import openings
from tests.miniprogram_sandbox import KEYS, Both, opened_at

NOON = 1_790_000_000.0
DAY = 24 * 3600


@pytest.fixture
async def both(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    async with opened_at(NOON, monkeypatch) as found:
        yield found


@pytest.fixture
async def li(both: Both) -> Phone:
    return await both.platform.person("李建国")


async def newest(both: Both) -> str:
    return str((await both.platform.links())[0]["address"])


async def test_each_way_in_has_its_scene_number(both: Both, li: Phone) -> None:
    shown = await li.opens_miniprogram("/pages/activity/detail.html?id=7&from=%E7%9F%AD&x", way="menu")

    assert (shown["path"], shown["query"]) == ("pages/activity/detail", "id=7&from=%E7%9F%AD&x")
    assert shown["options"] == {"id": "7", "from": "%E7%9F%AD", "x": ""}  # decoded by nobody, as there
    assert (shown["scene"], shown["own"], shown["known"]) == (1035, True, True)
    for way, (scene, _) in openings.WAYS.items():
        assert (await li.opens_miniprogram(way=way))["scene"] == scene
    assert (await li.in_miniprogram())["active"]


async def test_without_a_page_the_first_one_is_opened(both: Both, li: Phone) -> None:
    usual = await li.opens_miniprogram()
    await both.platform.miniprogram_is(pages=["pages/home", "pages/mine"])
    listed = await li.opens_miniprogram()
    gone = await li.opens_miniprogram("pages/index/index")

    assert (usual["path"], usual["known"]) == ("pages/index/index", True)
    assert (listed["path"], listed["known"]) == ("pages/home", True)
    assert gone["known"] is False


@pytest.mark.parametrize(
    "path", ["pages/活动", "pages//a", "https://a.cn/", "a b", f"pages/{'a' * 1024}", "a?b=\n"]
)
async def test_what_is_no_page_is_refused(li: Phone, path: str) -> None:
    with pytest.raises(Refusal, match="页面路径"):
        await li.opens_miniprogram(path)
    with pytest.raises(Refusal, match="没有「rocket」这种打开方式"):
        await li.opens_miniprogram(way="rocket")


async def test_another_mini_program_is_named_and_not_used(both: Both, li: Phone) -> None:
    body = {"path": "pages/首页?a=1", "way": "card", "app_id": KEYS["app_id"]}
    shown = await both.platform.ask("POST", f"people/{li.openid}/open-miniprogram", body)

    with pytest.raises(Refusal, match="appid"):
        await both.platform.ask("POST", f"people/{li.openid}/open-miniprogram", body | {"app_id": "<b>"})
    assert (shown["own"], shown["app_id"], shown["options"]) == (False, KEYS["app_id"], {"a": "1"})
    assert not (await li.in_miniprogram())["active"]


async def test_a_code_without_end_brings_its_scene_encoded(both: Both, li: Phone) -> None:
    await both.mini.code("/wxa/getwxacodeunlimit", {"scene": "a=7&b=1", "page": "pages/activity/detail"})
    address = await newest(both)
    shown = await li.follows_link(address)

    assert address.startswith("https://mp.weixin.qq.com/a/~~")
    assert (shown["path"], shown["scene"]) == ("pages/activity/detail", 1047)
    assert shown["options"] == {"scene": "a%3D7%26b%3D1"}


async def test_a_limited_code_opens_its_path_and_a_square_one_counts_as_a_plain_scan(
    both: Both, li: Phone
) -> None:
    await both.mini.code("/wxa/getwxacode", {"path": "/pages/a?id=1", "env_version": "trial"})
    round_code = await li.follows_link(await newest(both))
    await both.mini.code("/cgi-bin/wxaapp/createwxaqrcode", {"path": "pages/a?id=2"})
    square = await li.follows_link(await newest(both))

    assert (round_code["path"], round_code["options"], round_code["scene"]) == ("pages/a", {"id": "1"}, 1047)
    assert round_code["version"] == "trial"
    assert (square["options"], square["scene"]) == ({"id": "2"}, 1011)


async def test_a_link_and_a_scheme_open_until_they_end(
    both: Both, li: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"path": "pages/a", "query": "id=7"}
    link = await both.mini.call("/wxa/generate_urllink", target | {"expire_time": int(NOON) + 60})
    scheme = await both.mini.call("/wxa/generatescheme", {"jump_wxa": target})
    by_link = await li.follows_link(link["url_link"])
    by_scheme = await (await both.platform.person("张伟")).follows_link(scheme["openlink"])
    monkeypatch.setattr(both.world.clock, "now", lambda: NOON + 60)

    assert (by_link["path"], by_link["query"], by_link["scene"]) == ("pages/a", "id=7", 1194)
    assert (by_scheme["options"], by_scheme["scene"]) == ({"id": "7"}, 1065)
    with pytest.raises(Refusal, match="链接已过期"):
        await li.follows_link(link["url_link"])
    assert (await li.follows_link(scheme["openlink"]))["path"] == "pages/a"
    assert [one["ended"] for one in await both.platform.links()] == [False, True]


async def test_what_is_not_released_opens_by_trial_links_only(both: Both, li: Phone) -> None:
    release = (await both.mini.call("/wxa/generate_urllink", {}))["url_link"]
    trial = (await both.mini.call("/wxa/generate_urllink", {"env_version": "trial"}))["url_link"]
    await both.platform.miniprogram_is(released=False)

    with pytest.raises(Refusal, match="还没有发布"):
        await li.follows_link(release)
    assert (await li.follows_link(trial))["version"] == "trial"


async def test_a_made_up_address_opens_nothing(both: Both, li: Phone) -> None:
    name = (await both.mini.call("/wxa/generate_urllink", {}))["url_link"].rpartition("/")[2]

    for address in (
        "https://wxaurl.cn/made-up",
        "https://wxaurl.cn/",
        f"https://elsewhere.example/{name}",
        f"https://mp.weixin.qq.com/a/~~{name}",  # a link is no code
        f"https://wxaurl.cn/{name}/x",
        name,
    ):
        with pytest.raises(Refusal, match="不是这里的小程序生成的"):
            await li.follows_link(address)


async def test_a_code_can_be_looked_at_and_a_web_view_leaves_for_the_mini_program(
    both: Both, li: Phone
) -> None:
    await both.mini.code("/wxa/getwxacode", {"path": "pages/a"})
    made = (await both.platform.links())[0]
    picture = await both.mini.http.get(f"/sandbox/api/miniprogram/codes/{made['id']}")
    none = await both.mini.http.get("/sandbox/api/miniprogram/codes/made-up")
    page = await li.opens(made["address"], both.mini.http)

    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert none.status_code == 404
    assert "在小程序里打开" in page.text
