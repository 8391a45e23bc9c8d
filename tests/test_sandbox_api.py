"""The sandbox as the called side: tokens, windows, menus, templates, tags, media, and its log."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.api.registry import ENDPOINTS
from sandbox.app import create_app
from sandbox.config import Config, derived_keys
from sandbox.driver import Platform
from sandbox.qr_picture import modules

KEYS = derived_keys("a secret for tests")
CONFIG = Config(**KEYS, retry_pause=0.0)  # type: ignore[arg-type]
CREDENTIALS = {
    "grant_type": "client_credential",
    "appid": KEYS["app_id"],
    "secret": KEYS["app_secret"],
}
CLICK = {"type": "click", "name": "我的报名", "key": "MINE"}


@dataclass
class Account:
    """The service's view of the platform: a token, and calls with it."""

    http: httpx.AsyncClient
    platform: Platform
    app: Starlette
    token: str = ""

    async def call(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        query = {"access_token": self.token, **query}
        if body is None:
            answer = await self.http.get(path, params=query)
        else:
            raw = json.dumps(body, ensure_ascii=False).encode()
            answer = await self.http.post(path, params=query, content=raw)
        assert answer.status_code == 200
        return dict(answer.json())

    async def code(self, path: str, body: Any = None, **query: Any) -> int:
        return int((await self.call(path, body, **query)).get("errcode", 0))

    async def fresh_token(self, **changes: Any) -> dict[str, Any]:
        return await self.call("/cgi-bin/stable_token", {**CREDENTIALS, **changes})

    async def sends(self, openid: str, text: str = "您好") -> int:
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return await self.code("/cgi-bin/message/custom/send", body)

    async def uploads(self, kind: str, name: str, data: bytes = b"bytes") -> dict[str, Any]:
        query = {"access_token": self.token, "type": kind}
        answer = await self.http.post("/cgi-bin/media/upload", params=query, files={"media": (name, data)})
        return dict(answer.json())


async def opened(config: Config) -> Account:
    async def silent(request: Request) -> Response:
        return Response("success")

    far = Starlette(routes=[Route("/wechat/callback", silent, methods=["POST"])])
    app = create_app(config, httpx.ASGITransport(far))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox")
    account = Account(http, Platform(http), app)
    account.token = (await account.fresh_token())["access_token"]
    return account


async def closed(account: Account) -> None:
    await account.http.aclose()
    await account.app.state.world.close()


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    account = await opened(CONFIG)
    yield account
    await closed(account)


async def test_the_stable_token_stays_until_its_last_five_minutes(account: Account) -> None:
    await account.platform.moves_time(seconds=3000)
    same = await account.fresh_token()
    await account.platform.moves_time(seconds=4000)
    fresh = await account.fresh_token()

    assert same["access_token"] == account.token
    assert 4100 < same["expires_in"] <= 4200
    assert fresh["access_token"] != account.token
    assert await account.code("/cgi-bin/menu/get") == 46003  # the old one still works


async def test_a_token_ends_after_two_hours(account: Account) -> None:
    await account.platform.moves_time(hours=2, seconds=1)

    assert await account.code("/cgi-bin/menu/get") == 42001


async def test_a_forced_refresh_ends_the_old_token_at_once(account: Account) -> None:
    too_soon = await account.fresh_token(force_refresh=True)
    await account.platform.moves_time(seconds=31)
    fresh = await account.fresh_token(force_refresh=True)

    assert too_soon["access_token"] == account.token
    assert fresh["access_token"] != account.token
    assert await account.code("/cgi-bin/menu/get") == 40001


async def test_the_plain_token_call_gives_the_one_before_five_more_minutes(account: Account) -> None:
    account.token = (await account.call("/cgi-bin/token", **CREDENTIALS))["access_token"]
    newer = (await account.call("/cgi-bin/token", **CREDENTIALS))["access_token"]
    await account.platform.moves_time(seconds=290)
    within = await account.code("/cgi-bin/menu/get")
    await account.platform.moves_time(seconds=20)

    assert newer != account.token
    assert within == 46003
    assert await account.code("/cgi-bin/menu/get") == 42001


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
    ],
)
async def test_wrong_credentials_are_told_apart(account: Account, changes: dict[str, str], code: int) -> None:
    answer = await account.fresh_token(**changes)

    assert answer["errcode"] == code
    assert " rid: " in answer["errmsg"]


async def test_bad_tokens_methods_paths_and_bodies_are_told_apart(account: Account) -> None:
    assert await account.code("/cgi-bin/menu/get", access_token="") == 41001
    assert await account.code("/cgi-bin/menu/get", access_token="made up") == 40014
    assert await account.code("/cgi-bin/menu/create") == 43002
    assert await account.code("/cgi-bin/menu/get", {}) == 43001
    assert await account.code("/cgi-bin/no/such/call", {}) == 40066
    for path, raw, code in (
        ("/cgi-bin/tags/create", b"", 44002),
        ("/cgi-bin/tags/create", b"{", 47001),
        ("/cgi-bin/tags/create", b'{"tag":{"name":"\\u7535"}}', 47002),
        ("/cgi-bin/menu/create", b'{"button":"\\u7535"}', 40033),
    ):
        answer = await account.http.post(path, params={"access_token": account.token}, content=raw)
        assert answer.json()["errcode"] == code


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"tag": [], "button": {"a": 1}, "openid_list": [[]], "tagid": {}, "user_list": [1]},
        {"touser": 7, "openid": None, "template_id": [], "action_name": {}, "cgi_path": 1},
        {"tag": {"id": 10**30, "name": 5}, "tagid": 10**30, "menuid": {}, "user_id": []},
        {"touser": "LI", "msgtype": "msgmenu", "msgmenu": {"list": [1]}, "aimsgcontext": None},
        {"touser": "LI", "msgtype": "text", "text": {"content": "好"}, "aimsgcontext": None},
    ],
)
async def test_any_shape_of_body_gets_an_answer_with_status_200(account: Account, body: Any) -> None:
    li = await account.platform.follower("李建国")
    if isinstance(body, dict) and body.get("touser") == "LI":
        body = {**body, "touser": li.openid}

    pages = ("/connect/", "/mp/")
    calls = {path: known for path, known in ENDPOINTS.items() if not path.startswith(pages)}
    for path, known in calls.items():
        answer = await account.call(path, None if known.method == "GET" else body)
        assert "errcode" in answer or known.method == "GET" or path == "/cgi-bin/tags/members/getblacklist"


async def test_a_message_opens_48_hours_and_five_customer_messages(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await account.platform.moves_time(seconds=61)
    before = await account.sends(li.openid)
    await li.says("在吗")
    codes = [await account.sends(li.openid) for _ in range(6)]
    await li.says("再问一句")
    await account.platform.moves_time(hours=47.9)
    account.token = (await account.fresh_token())["access_token"]
    at_the_end = await account.sends(li.openid)
    await account.platform.moves_time(hours=0.2)

    assert before == 45015
    assert codes == [0, 0, 0, 0, 0, 45047]
    assert at_the_end == 0
    assert await account.sends(li.openid) == 45015


async def test_a_menu_click_opens_one_minute_and_three_messages_but_a_view_opens_none(
    account: Account,
) -> None:
    li = await account.platform.follower("李建国")
    await account.call(
        "/cgi-bin/menu/create",
        {"button": [CLICK, {"type": "view", "name": "网站", "url": "http://127.0.0.1:8000/"}]},
    )
    await account.platform.moves_time(seconds=61)
    await li.taps("网站")
    after_view = await account.sends(li.openid)
    await li.taps("我的报名")
    codes = [await account.sends(li.openid) for _ in range(4)]
    await account.platform.moves_time(seconds=61)

    assert after_view == 45015
    assert codes == [0, 0, 0, 45047]
    assert await account.sends(li.openid) == 45015


async def test_the_clock_file_moves_the_windows_too(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    account = await opened(replace(CONFIG, clock_file=clock))
    li = await account.platform.follower("李建国")
    await li.says("在吗")

    clock.write_text(f"{49 * 3600}\n")
    account.token = (await account.fresh_token())["access_token"]

    assert await account.sends(li.openid) == 45015
    await closed(account)


async def test_customer_messages_have_rules_of_their_own(account: Account) -> None:
    li = await account.platform.follower("李建国")
    stranger = await account.platform.person("张伟")

    async def code(kind: str, part: Any, openid: str = li.openid) -> int:
        body = {"touser": openid, "msgtype": kind, kind: part}
        return await account.code("/cgi-bin/message/custom/send", body)

    assert await code("text", {"content": ""}) == 44004
    assert await code("text", {"content": "字" * 683}) == 45002
    assert await code("image", {"media_id": "unknown"}) == 40007
    assert await code("news", {"articles": [{"title": "一"}, {"title": "二"}]}) == 45008
    assert await code("msgmenu", {"list": []}) == 45048
    assert await code("msgmenu", {"list": [{"id": "1", "content": "好"}] * 11}) == 45098
    assert await code("poem", {}) == 40008
    assert await code("text", {"content": "好"}, stranger.openid) == 43004
    assert await code("text", {"content": "好"}, "oNobody") == 40003
    assert await account.sends(li.openid) == 0  # none of the refused ones was counted


async def test_a_customer_menu_can_be_tapped(account: Account) -> None:
    li = await account.platform.follower("李建国")
    part = {"head_content": "满意吗？", "list": [{"id": "101", "content": "满意"}]}
    body = {"touser": li.openid, "msgtype": "msgmenu", "msgmenu": part}
    await account.call("/cgi-bin/message/custom/send", body)

    await li.chooses("满意")

    pushed = (await account.platform.exchanges())[0]["request_xml"]
    assert "<Content><![CDATA[满意]]></Content>" in pushed
    assert "<bizmsgmenuid>101</bizmsgmenuid>" in pushed


def sub(**changes: Any) -> dict[str, Any]:
    return {"name": "服务", "sub_button": [{**CLICK, **changes}]}


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([CLICK] * 4, 40016),
        ([{**CLICK, "name": ""}], 40018),
        ([{**CLICK, "name": "六个汉字太长"}], 40018),
        ([{**CLICK, "type": "dance"}], 40017),
        ([{**CLICK, "type": "view_limited"}], 40119),
        ([{**CLICK, "key": "k" * 129}], 40019),
        ([{**CLICK, "key": None}], 40019),
        ([{"type": "view", "name": "网站", "url": ""}], 40020),
        ([{"type": "view", "name": "网站", "url": "hhttps://a.cn"}], 40055),
        ([{"name": "服务", "sub_button": [CLICK] * 6}], 40023),
        ([sub(sub_button=[CLICK])], 40022),
        ([sub(type=None)], 40024),
        ([sub(name="字" * 21)], 40025),
        ([sub(key="")], 40026),
        ([sub(type="view")], 40027),
        ([sub(type="view", url="/relative")], 40054),
        ([sub(type="miniprogram", url="https://a.cn", appid="nope", pagepath="p")], 40166),
        ([sub(type="media_id", media_id="nope")], 40007),
    ],
)
async def test_a_wrong_menu_is_refused_with_its_own_code(
    account: Account, buttons: list[Any], code: int
) -> None:
    assert await account.code("/cgi-bin/menu/create", {"button": buttons}) == code
    assert await account.code("/cgi-bin/menu/get") == 46003


async def test_sixteen_bytes_of_name_and_128_of_key_are_allowed(account: Account) -> None:
    button = {"type": "click", "name": "五个汉字啊1", "key": "k" * 128}

    assert await account.code("/cgi-bin/menu/create", {"button": [button]}) == 0


async def conditional(account: Account, name: str, **rule: Any) -> dict[str, Any]:
    body = {"button": [{**CLICK, "name": name}], "matchrule": rule}
    return await account.call("/cgi-bin/menu/addconditional", body)


async def test_the_newest_matching_menu_wins_and_the_last_tag_decides(account: Account) -> None:
    li = await account.platform.follower("李建国")
    tags = [
        (await account.call("/cgi-bin/tags/create", {"tag": {"name": name}}))["tag"]["id"]
        for name in ("gh-menu-1", "gh-menu-2")
    ]

    async def seen() -> str:
        return str((await li.menu())["button"][0]["name"])

    async def tag(tag_id: int) -> None:
        body = {"openid_list": [li.openid], "tagid": tag_id}
        assert await account.code("/cgi-bin/tags/members/batchtagging", body) == 0

    await account.call("/cgi-bin/menu/create", {"button": [CLICK]})
    await conditional(account, "职工", tag_id=str(tags[0]))
    await conditional(account, "客户", tag_id=str(tags[1]))
    assert await seen() == "我的报名"
    await tag(tags[0])
    assert await seen() == "职工"
    await tag(tags[1])
    assert await seen() == "客户"
    await tag(tags[0])  # given again, it is the last
    assert await seen() == "职工"
    newer = await conditional(account, "新职工", tag_id=str(tags[0]))
    assert await seen() == "新职工"
    tried = await account.call("/cgi-bin/menu/trymatch", {"user_id": li.openid})
    assert tried["button"][0]["name"] == "新职工"
    await account.call("/cgi-bin/menu/delconditional", {"menuid": newer["menuid"]})
    assert await seen() == "职工"
    await account.call("/cgi-bin/menu/delete")
    assert (await li.menu())["button"] == []


async def test_conditional_menus_have_codes_of_their_own(account: Account) -> None:
    assert (await conditional(account, "早了", tag_id="100"))["errcode"] == 65303
    await account.call("/cgi-bin/menu/create", {"button": [CLICK]})

    assert (await conditional(account, "空"))["errcode"] == 65304
    assert (await conditional(account, "旧", sex="1"))["errcode"] == 65320
    assert await account.code("/cgi-bin/menu/delconditional", {"menuid": "1"}) == 65301
    assert await account.code("/cgi-bin/menu/trymatch", {"user_id": "oNobody"}) == 65302
    views = [{"type": "view", "name": "网", "url": f"https://{n}.cn/"} for n in range(4)]
    body = {"button": [{"name": "网", "sub_button": views}], "matchrule": {"tag_id": "1"}}
    assert await account.code("/cgi-bin/menu/addconditional", body) == 65316


async def test_a_menu_comes_back_as_wechat_gives_it(account: Account) -> None:
    menu = {"button": [CLICK, {"name": "服务", "sub_button": [CLICK]}]}
    await account.call("/cgi-bin/menu/create", menu)

    got = await account.call("/cgi-bin/menu/get")
    own = await account.call("/cgi-bin/get_current_selfmenu_info")

    assert got["menu"]["button"][0] == {**CLICK, "sub_button": []}
    assert "conditionalmenu" not in got
    assert own["is_menu_open"] == 1
    assert own["selfmenu_info"]["button"][1]["sub_button"]["list"] == [CLICK]


async def notice(account: Account, openid: str, **changes: Any) -> dict[str, Any]:
    templates = (await account.call("/cgi-bin/template/get_all_private_template"))["template_list"]
    template = next(one for one in templates if one["title"] == "活动开始提醒")
    data = {
        "thing1": {"value": "秋季健步走"},
        "time2": {"value": "2026年11月28日 09:00"},
        "thing3": {"value": "职工活动中心"},
    }
    body = {"touser": openid, "template_id": template["template_id"], "data": data, **changes}
    return await account.call("/cgi-bin/message/template/send", body)


async def test_the_same_client_msg_id_sends_one_notice_in_ten_minutes(account: Account) -> None:
    li = await account.platform.follower("李建国")
    first = await notice(account, li.openid, client_msg_id="outbox-7")
    second = await notice(account, li.openid, client_msg_id="outbox-7")
    await account.platform.moves_time(seconds=601)
    third = await notice(account, li.openid, client_msg_id="outbox-7")
    await account.app.state.world.settle()

    assert first["msgid"] == second["msgid"] != third["msgid"]
    notices = [one for one in await li.reads() if one["type"] == "template"]
    assert len(notices) == 2
    assert "活动名称：秋季健步走" in notices[0]["text"]
    finished = [one for one in await account.platform.exchanges() if one["kind"] == "TEMPLATESENDJOBFINISH"]
    assert len(finished) == 2
    assert "<![CDATA[success]]>" in finished[0]["request_xml"]


@pytest.mark.parametrize("value", ["", "这个活动名称实在是太长了超过了二十个字怎么办", "两\n行"])
async def test_a_field_that_breaks_its_rule_is_named(account: Account, value: str) -> None:
    li = await account.platform.follower("李建国")
    answer = await notice(account, li.openid, data={"thing1": {"value": value}})

    assert answer["errcode"] == 47003
    assert "data.thing1.value" in answer["errmsg"]


async def test_who_refuses_messages_makes_the_notice_fail_later(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await account.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True})

    answer = await notice(account, li.openid)
    await account.app.state.world.settle()

    assert answer["errcode"] == 0
    assert "failed:user block" in (await account.platform.exchanges())[0]["request_xml"]
    assert await account.sends(li.openid) == 48002


async def test_tags_and_remarks_keep_their_limits(account: Account) -> None:
    li = await account.platform.follower("李建国")
    stranger = await account.platform.person("张伟")
    tag = (await account.call("/cgi-bin/tags/create", {"tag": {"name": "职工"}}))["tag"]["id"]

    async def give(*openids: str, tag_id: Any = tag) -> int:
        body = {"openid_list": list(openids), "tagid": tag_id}
        return await account.code("/cgi-bin/tags/members/batchtagging", body)

    assert await account.code("/cgi-bin/tags/create", {"tag": {"name": "职工"}}) == 45157
    assert await account.code("/cgi-bin/tags/create", {"tag": {"name": "长" * 31}}) == 45158
    assert await account.code("/cgi-bin/tags/delete", {"tag": {"id": 2}}) == 45058
    assert await give(li.openid, tag_id=999) == 45159
    assert await give(*["oNobody"] * 51) == 40032
    assert await give("oNobody") == 49003
    assert await give(stranger.openid) == 50005
    assert await give(li.openid) == 0
    remark = {"openid": li.openid, "remark": "十个汉字就是三十字节"}
    assert await account.code("/cgi-bin/user/info/updateremark", remark) == 40092
    info = await account.call("/cgi-bin/user/info", openid=li.openid)
    assert (info["subscribe"], info["tagid_list"]) == (1, [tag])
    gone = await account.call("/cgi-bin/user/info", openid=stranger.openid)
    assert gone == {"subscribe": 0, "openid": stranger.openid}


async def test_followers_are_listed_and_leaving_ends_it(account: Account) -> None:
    li = await account.platform.follower("李建国")
    chen = await account.platform.follower("陈静")
    listed = await account.call("/cgi-bin/user/get")
    last_page = await account.call("/cgi-bin/user/get", next_openid=chen.openid)
    await li.leaves()

    assert listed["data"]["openid"] == [li.openid, chen.openid]
    assert "data" not in last_page
    assert (await account.call("/cgi-bin/user/get"))["total"] == 1


async def test_media_live_three_days_and_their_rules_hold(account: Account) -> None:
    media_id = (await account.uploads("image", "a.png"))["media_id"]
    query = {"access_token": account.token, "media_id": media_id}
    assert (await account.http.get("/cgi-bin/media/get", params=query)).content == b"bytes"
    assert "thumb_media_id" in await account.uploads("thumb", "a.jpg")
    assert (await account.uploads("poem", "a.png"))["errcode"] == 40004
    assert (await account.uploads("image", "a"))["errcode"] == 40005
    assert (await account.uploads("thumb", "a.jpg", b"x" * 65537))["errcode"] == 45001

    await account.platform.moves_time(hours=73)
    account.token = (await account.fresh_token())["access_token"]

    assert await account.code("/cgi-bin/media/get", media_id=media_id) == 40007


async def test_a_code_with_a_scene_is_made_shown_scanned_and_expires(account: Account) -> None:
    body = {
        "expire_seconds": 60,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "act_7"}},
    }
    code = await account.call("/cgi-bin/qrcode/create", body)
    picture = await account.http.get("/cgi-bin/showqrcode", params={"ticket": code["ticket"]})
    missing = await account.http.get("/cgi-bin/showqrcode", params={"ticket": "nope"})
    li = await account.platform.person("李建国")
    await account.platform.ask("POST", f"people/{li.openid}/scan?wait=true", {"ticket": code["ticket"]})
    info = await account.call("/cgi-bin/user/info", openid=li.openid)

    assert picture.text.startswith("<svg")
    assert missing.status_code == 404
    assert (info["subscribe_scene"], info["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", "act_7")
    assert await account.code("/cgi-bin/qrcode/create", {**body, "action_name": "QR"}) == 40052


def test_a_drawn_code_has_the_standards_fixed_parts() -> None:
    rows = modules("http://weixin.qq.com/q/0123456789abcdef")

    size = len(rows)
    assert size == 29
    finder = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"]
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        drawn = [
            "".join("#" if cell else "." for cell in row[left : left + 7]) for row in rows[top : top + 7]
        ]
        assert drawn == finder
    assert [rows[6][at] for at in range(8, size - 8)] == [at % 2 == 0 for at in range(8, size - 8)]


async def test_a_quota_ends_at_midnight_or_by_clearing(account: Account) -> None:
    await account.platform.ask("POST", "quota", {"path": "/cgi-bin/tags/get", "limit": 2})
    codes = [await account.code("/cgi-bin/tags/get") for _ in range(3)]
    left = await account.call("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/tags/get"})
    await account.call("/cgi-bin/clear_quota", {"appid": KEYS["app_id"]})

    assert codes == [0, 0, 45009]
    assert left["quota"] == {"daily_limit": 2, "used": 2, "remain": 0}
    assert await account.code("/cgi-bin/tags/get") == 0


async def test_the_platform_fails_when_asked_to(account: Account) -> None:
    await account.platform.misbehaves(fail_next={"path": "/cgi-bin/tags/get", "errcode": -1, "times": 2})
    codes = [await account.code("/cgi-bin/tags/get") for _ in range(3)]

    assert codes == [-1, -1, 0]


async def test_every_call_is_in_the_developer_log_without_its_token(account: Account) -> None:
    await account.call("/cgi-bin/menu/create", {"button": []})

    newest = (await account.platform.calls())[0]
    assert (newest["path"], newest["errcode"]) == ("/cgi-bin/menu/create", 40016)
    assert newest["rule"] == "一级菜单应有 1 至 3 个"
    assert account.token not in json.dumps(newest)


async def test_typing_shows_only_to_who_was_just_here(account: Account) -> None:
    li = await account.platform.follower("李建国")
    body = {"touser": li.openid, "command": "Typing"}
    codes = [await account.code("/cgi-bin/message/custom/typing", body) for _ in range(2)]
    await account.platform.moves_time(seconds=31)

    assert codes == [0, 45081]
    assert await account.code("/cgi-bin/message/custom/typing", body) == 45080


async def test_a_restart_keeps_followers_menus_and_chats(tmp_path: Path) -> None:
    config = replace(CONFIG, state=str(tmp_path / "sandbox.db"))
    account = await opened(config)
    li = await account.platform.follower("李建国")
    await li.says("记住我")
    await account.call("/cgi-bin/menu/create", {"button": [CLICK]})
    await closed(account)

    again = await opened(config)
    li = await again.platform.person("李建国")

    assert (await li.reads())[-1]["content"] == "记住我"
    assert (await li.menu())["button"] == [CLICK]
    assert (await again.call("/cgi-bin/user/get"))["total"] == 1
    await closed(again)
