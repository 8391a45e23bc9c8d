"""The sandbox's mini-program beside its official account: keys, tokens, media, quotas, customer messages."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.api.registry import ENDPOINTS
from sandbox.config import Environment, Refused, config_from
from sandbox.driver import Refusal
from tests.miniprogram_sandbox import KEYS, MINI, Both, opened

SEND = "/cgi-bin/message/custom/send"
LOOPBACK = "http://127.0.0.1:8001"
SET = {
    "wechat_api_url": LOOPBACK,
    "secret_key": "dev",
    "miniprogram_app_id": MINI.app_id,
    "miniprogram_app_secret": MINI.app_secret,
    "miniprogram_token": MINI.token,
    "miniprogram_aes_key": MINI.aes_key,
}


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened() as found:
        yield found


@pytest.fixture
def only_our_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Environment.model_fields:
        monkeypatch.delenv(f"GONGHUI_{name.upper()}", raising=False)


@pytest.mark.usefixtures("only_our_settings")
def test_the_mini_program_is_read_from_the_services_settings() -> None:
    config = config_from(Environment(**SET))  # type: ignore[arg-type]

    app = config.miniprogram
    assert app is not None
    assert replace(app, gh_id=MINI.gh_id) == MINI
    assert app.gh_id.startswith("gh_")
    assert app.gh_id != config.gh_id
    assert config.url_for(app) == "http://127.0.0.1:8000/wechat/miniprogram"


@pytest.mark.usefixtures("only_our_settings")
def test_without_its_app_id_there_is_none_whatever_else_is_set() -> None:
    config = config_from(Environment(**SET | {"miniprogram_app_id": ""}))  # type: ignore[arg-type]

    assert config.miniprogram is None


@pytest.mark.usefixtures("only_our_settings")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"miniprogram_app_secret": ""}, "GONGHUI_MINIPROGRAM_APP_SECRET"),
        ({"miniprogram_token": ""}, "GONGHUI_MINIPROGRAM_TOKEN"),
        ({"miniprogram_aes_key": ""}, "GONGHUI_MINIPROGRAM_AES_KEY"),
        ({"miniprogram_aes_key": "short", "wechat_mode": "plain"}, "GONGHUI_MINIPROGRAM_AES_KEY"),
        ({"miniprogram_format": "yaml"}, "GONGHUI_MINIPROGRAM_FORMAT"),
        ({"wechat_app_id": MINI.app_id}, "GONGHUI_MINIPROGRAM_APP_ID"),
    ],
)
def test_a_missing_or_wrong_key_is_named(changes: dict[str, str], named: str) -> None:
    with pytest.raises(Refused, match=named):
        config_from(Environment(**SET | changes))  # type: ignore[arg-type]


@pytest.mark.usefixtures("only_our_settings")
def test_in_plain_mode_the_key_may_be_missing() -> None:
    config = config_from(Environment(**SET | {"miniprogram_aes_key": "", "wechat_mode": "plain"}))  # type: ignore[arg-type]

    assert config.miniprogram is not None


async def test_without_a_mini_program_its_id_is_unknown_and_its_acts_are_refused() -> None:
    secret = {"appid": MINI.app_id, "secret": MINI.app_secret}
    async with opened(miniprogram=None) as alone:
        token = {"grant_type": "client_credential", **secret}
        assert await alone.account.code("/cgi-bin/stable_token", token) == 40013
        assert await alone.account.code("/cgi-bin/token", **token) == 40013
        assert (await alone.session("a code"))["errcode"] == 40013
        li = await alone.platform.person("李建国")
        for act in (li.logs_in, li.gives_phone, li.enters_session, li.in_miniprogram):
            with pytest.raises(Refusal, match="没有设置小程序"):
                await act()
        with pytest.raises(Refusal, match="没有设置小程序"):
            await alone.platform.miniprogram_is(released=False)


async def test_a_token_is_refused_where_only_the_other_app_has_the_call(both: Both) -> None:
    """Every call, so that a new one must say whose it is."""
    for side, name in ((both.mini, "miniprogram"), (both.account, "account")):
        for path, known in ENDPOINTS.items():
            if not known.needs_token:
                continue
            code = await side.code(path, None if known.method == "GET" else {})
            assert (code == 48001) == (name not in known.apps), (name, path)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"code": 7, "openid": {}, "scene": [], "page": 1, "path": {}, "content": 5, "media_url": []},
        {"scene": {}, "width": "wide", "line_color": [1], "env_version": {}, "jump_wxa": [], "version": 2},
        {"version": 2, "scene": True, "openid": [], "content": "好", "media_type": {}, "expire_time": {}},
        {"path": "a", "expire_type": {}, "jump_wxa": {"env_version": []}, "cgi_path": 1},
        {"touser": "LI", "msgtype": "link", "link": {"title": "t", "url": 5}},
        {"touser": "LI", "msgtype": "miniprogrampage", "miniprogrampage": {"title": "t", "pagepath": {}}},
    ],
)
async def test_any_shape_of_body_gets_an_answer_with_status_200(both: Both, body: Any) -> None:
    li = await both.platform.person("李建国")
    if isinstance(body, dict) and body.get("touser") == "LI":
        body = {**body, "touser": (await li.in_miniprogram())["openid"]}

    for path, known in ENDPOINTS.items():
        if "miniprogram" in known.apps:
            await both.mini.code(path, None if known.method == "GET" else body)


async def test_tokens_of_the_two_apps_end_apart(both: Both) -> None:
    await both.platform.moves_time(seconds=31)
    old = both.mini.token
    await both.mini.takes_token(force_refresh=True)

    assert await both.account.code("/cgi-bin/tags/get") == 0
    assert await both.mini.code("/cgi-bin/getcallbackip") == 0
    both.mini.token = old
    assert await both.mini.code("/cgi-bin/getcallbackip") == 40001


async def test_the_plain_tokens_of_one_app_do_not_end_those_of_the_other(both: Both) -> None:
    async def plain(app_id: str, secret: str) -> str:
        query = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        return str((await both.mini.call("/cgi-bin/token", **query))["access_token"])

    both.account.token = await plain(KEYS["app_id"], KEYS["app_secret"])
    both.mini.token = await plain(MINI.app_id, MINI.app_secret)
    await both.platform.moves_time(seconds=301)

    assert await both.account.code("/cgi-bin/tags/get") == 0
    assert await both.mini.code("/cgi-bin/tags/get") == 48001


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"secret": KEYS["app_secret"]}, 40125),  # the official account's
    ],
)
async def test_wrong_credentials_are_told_apart(both: Both, changes: dict[str, str], code: int) -> None:
    body = {"grant_type": "client_credential", "appid": MINI.app_id, "secret": MINI.app_secret}

    assert await both.mini.code("/cgi-bin/stable_token", body | changes) == code


async def test_each_app_has_its_own_count_of_calls(both: Both) -> None:
    path = "/cgi-bin/getcallbackip"
    await both.platform.ask("POST", "quota", {"path": path, "limit": 2})
    codes = [await both.mini.code(path) for _ in range(3)]

    assert codes == [0, 0, 45009]
    assert await both.account.code(path) == 0
    asked = {"cgi_path": path}
    left = [
        (await side.call("/cgi-bin/openapi/quota/get", asked))["quota"] for side in (both.mini, both.account)
    ]
    assert [one["used"] for one in left] == [2, 1]
    seen = await both.platform.ask("POST", "quota", {"path": path, "app": "miniprogram"})
    assert seen["remain"] == 0

    clear = "/cgi-bin/clear_quota"
    assert await both.mini.code(clear, {"appid": KEYS["app_id"]}) == 40013
    assert await both.mini.code(clear, {"appid": MINI.app_id}) == 0
    assert await both.mini.code(path) == 0
    left = [
        (await side.call("/cgi-bin/openapi/quota/get", asked))["quota"] for side in (both.mini, both.account)
    ]
    assert [one["used"] for one in left] == [1, 1]


async def test_quotas_are_cleared_ten_times_a_month_by_each_app(both: Both) -> None:
    clear = "/cgi-bin/clear_quota/v2"
    query = {"appid": MINI.app_id, "appsecret": MINI.app_secret}
    codes = [await both.mini.code(clear, {}, **query) for _ in range(11)]

    assert codes == [0] * 10 + [48006]
    assert await both.account.code("/cgi-bin/clear_quota", {"appid": KEYS["app_id"]}) == 0
    assert await both.mini.code(clear, {}, **query | {"appsecret": "x"}) == 40125


async def test_token_calls_are_counted_for_the_app_that_makes_them(both: Both) -> None:
    path = "/cgi-bin/stable_token"
    await both.platform.ask("POST", "quota", {"path": path, "limit": 1})
    body = {"grant_type": "client_credential", "appid": MINI.app_id, "secret": MINI.app_secret}

    assert await both.mini.code(path, body) == 45009  # one was taken at the start
    seen = await both.platform.ask("POST", "quota", {"path": path})
    assert seen["used"] == 1  # the official account's own


async def test_the_quota_of_a_call_that_only_the_other_app_has_is_not_told(both: Both) -> None:
    ask = "/cgi-bin/openapi/quota/get"

    assert await both.mini.code(ask, {"cgi_path": "/cgi-bin/menu/create"}) == 76022
    assert await both.account.code(ask, {"cgi_path": "/wxa/getwxacode"}) == 76022
    assert await both.mini.code(ask, {"cgi_path": "/wxa/getwxacode"}) == 0


async def test_media_belong_to_the_app_that_uploaded_them(both: Both) -> None:
    li = await both.platform.follower("李建国")
    await li.says_in_miniprogram("在吗")
    here = (await li.in_miniprogram())["openid"]
    mine, other = await both.mini.uploads(), await both.account.uploads()

    assert await both.mini.sends(here, "image", media_id=other) == 40007
    assert await both.mini.sends(here, "image", media_id=mine) == 0
    assert await both.account.sends(li.openid, "image", media_id=mine) == 40007
    assert await both.account.sends(li.openid, "image", media_id=other) == 0
    answer = await both.mini.raw("/cgi-bin/media/get", media_id=mine)
    assert answer.content == b"bytes"
    assert await both.mini.code("/cgi-bin/media/get", media_id=other) == 40007


async def test_a_person_has_another_openid_there_and_one_unionid_everywhere(both: Both) -> None:
    li, zhang = await both.platform.follower("李建国"), await both.platform.follower("张伟")
    there = await li.in_miniprogram()
    union = (await both.account.call("/cgi-bin/user/info", openid=li.openid))["unionid"]

    assert there["openid"] != li.openid
    assert len(there["openid"]) == 28
    assert there["unionid"] == union
    assert (await zhang.in_miniprogram())["unionid"] != union

    await both.platform.ask("POST", "open-platform", {"bound": False})
    assert "unionid" not in await both.account.call("/cgi-bin/user/info", openid=li.openid)
    assert "unionid" not in await both.session(await li.logs_in())


async def test_writing_opens_48_hours_and_five_messages(both: Both) -> None:
    li = await both.platform.person("李建国")  # follows nobody
    here = (await li.in_miniprogram())["openid"]
    before = await both.mini.sends(here)
    await li.says_in_miniprogram("活动怎么报名")
    codes = [await both.mini.sends(here) for _ in range(6)]
    await li.says_in_miniprogram("再问一句")
    await both.platform.moves_time(hours=47.9)
    await both.mini.takes_token()
    at_the_end = await both.mini.sends(here)
    await both.platform.moves_time(hours=0.2)

    assert before == 45015
    assert codes == [0, 0, 0, 0, 0, 45047]
    assert at_the_end == 0
    assert await both.mini.sends(here) == 45015


async def test_entering_the_chat_opens_a_minute_and_two_messages(both: Both) -> None:
    li = await both.platform.person("李建国")
    here = (await li.in_miniprogram())["openid"]
    await li.enters_session("activity-7")
    codes = [await both.mini.sends(here) for _ in range(3)]
    await li.enters_session("activity-7")
    await both.platform.moves_time(seconds=61)

    assert codes == [0, 0, 45047]
    assert await both.mini.sends(here) == 45015


async def test_the_windows_of_the_two_apps_are_apart(both: Both) -> None:
    li = await both.platform.follower("李建国")
    await both.platform.moves_time(seconds=61)
    here = (await li.in_miniprogram())["openid"]
    await li.says_in_miniprogram("在吗")

    assert await both.account.sends(li.openid) == 45015
    await li.says("在吗")
    assert [await both.account.sends(li.openid) for _ in range(5)] == [0] * 5
    assert await both.mini.sends(here) == 0


async def test_customer_messages_there_have_rules_of_their_own(both: Both) -> None:
    li = await both.platform.follower("李建国")
    await li.says_in_miniprogram("在吗")
    here = (await li.in_miniprogram())["openid"]
    thumb = await both.mini.uploads()
    link = {
        "title": "通知",
        "description": "详情",
        "url": "https://a.cn/1",
        "thumb_url": "https://a.cn/2.jpg",
    }
    page = {"title": "活动", "pagepath": "pages/a/b?id=7", "thumb_media_id": thumb}

    async def code(kind: str, part: Any, openid: str = here) -> int:
        return await both.mini.code(SEND, {"touser": openid, "msgtype": kind, kind: part})

    for kind in ("voice", "video", "music", "news", "msgmenu", "wxcard", "poem"):
        assert await code(kind, {"media_id": thumb}) == 40008
    assert await code("text", {"content": ""}) == 44004
    assert await code("text", {"content": "字" * 683}) == 45002
    assert await code("text", "words") == 44004
    assert await code("image", {"media_id": "unknown"}) == 40007
    assert await code("link", link | {"title": ""}) == 44004
    assert await code("link", link | {"url": "pages/a"}) == 40039
    assert await code("link", link | {"thumb_url": ""}) == 40039
    assert await code("miniprogrampage", page | {"title": ""}) == 44004
    assert await code("miniprogrampage", page | {"pagepath": ""}) == 40165
    assert await code("miniprogrampage", page | {"appid": KEYS["app_id"]}) == 45064
    assert await code("miniprogrampage", page | {"thumb_media_id": "unknown"}) == 40007
    assert await code("text", {"content": "好"}, li.openid) == 40003  # the official account's openid
    assert await code("text", {"content": "好"}, "oNobody") == 40003
    # None of the refused ones was counted.
    assert [await code("link", link), await code("miniprogrampage", page)] == [0, 0]

    seen = await li.reads_in_miniprogram()
    assert [one["type"] for one in seen] == ["text", "link", "miniprogrampage"]
    assert seen[-1]["content"]["path"] == "pages/a/b?id=7"
    assert [one["type"] for one in await li.reads()] == []


async def test_typing_shows_only_to_who_was_just_there(both: Both) -> None:
    li = await both.platform.follower("李建国")
    path = "/cgi-bin/message/custom/typing"
    body = {"touser": (await li.in_miniprogram())["openid"], "command": "Typing"}
    before = await both.mini.code(path, body)
    await li.enters_session()
    codes = [await both.mini.code(path, body) for _ in range(2)]

    assert (before, codes) == (45080, [0, 45081])
    assert await both.mini.code(path, body | {"touser": li.openid}) == 40003


async def test_a_reset_forgets_who_was_in_the_mini_program(both: Both) -> None:
    li = await both.platform.person("李建国")
    await both.session(await li.logs_in())
    await both.platform.miniprogram_is(released=False)
    await both.platform.ask("POST", "open-platform", {"bound": False})

    await both.platform.reset()

    there = await li.in_miniprogram()
    assert (there["logged_in"], there["unionid"] != "") == (False, True)
    assert (await both.platform.miniprogram_is())["released"] is True


@pytest.mark.parametrize(
    "changes",
    [{"released": 1}, {"pages": "a"}, {"phone_numbers_left": -1}, {"media_verdicts": [{}]}, {"x": 1}],
)
async def test_settings_it_does_not_have_are_refused(both: Both, changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        await both.platform.miniprogram_is(**changes)


async def test_a_state_file_from_before_there_were_two_apps_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    old = sqlite3.connect(path)
    old.executescript(
        """create table token (value text primary key, kind text not null, issued_at real not null,
             expires_at real not null, revoked integer not null default 0);
           create table quota (path text not null, day text not null, used integer not null,
             primary key (path, day));
           create table media (id text primary key, kind text not null, file_name text not null,
             content_type text not null, data blob not null, at real not null,
             permanent integer not null default 0);
           insert into token values ('old', 'stable', 0, 9e9, 0);
           insert into media values ('kept', 'image', 'a.png', 'image/png', x'00', 0, 1);"""
    )
    old.close()

    async with opened(state=str(path)) as both:
        assert (await both.account.raw("/cgi-bin/media/get", media_id="kept")).content == b"\0"
        assert await both.mini.code("/cgi-bin/media/get", media_id="kept") == 40007
        both.account.token = "old"
        assert await both.account.code("/cgi-bin/tags/get") == 40014
