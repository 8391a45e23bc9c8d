"""The sandbox's one-off subscription messages: the page that asks, and the one message it allows."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.notices import one_off
from tests.test_sandbox_api import CONFIG, Account, closed, opened

ASK, SEND = "/mp/subscribemsg", "/cgi-bin/message/template/subscribe"
BACK = "https://gonghui.example.com/back?from=menu"


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    opened_one = await opened(replace(CONFIG, service_url="https://gonghui.example.com"))
    yield opened_one
    await closed(opened_one)


def address(account: Account, **changes: Any) -> dict[str, str]:
    given = {
        "action": "get_confirm",
        "appid": CONFIG.app_id,
        "scene": "1000",
        "template_id": one_off.template_id(account.app.state.world),
        "redirect_url": BACK,
        "reserved": "a1B2",
    }
    return given | {name: str(value) for name, value in changes.items()}


async def answers(account: Account, name: str, answer: str, **changes: Any) -> httpx.Response:
    """`name` opens the page in the phone and answers."""
    await account.http.get("/sandbox/open", params={"who": name, "url": BACK})
    query = address(account, **changes)
    shown = await account.http.get(ASK, params=query)
    assert ("申请给您发送一条消息" in shown.text) == ("参数错误" not in shown.text)
    return await account.http.post(ASK, params=query, data={"answer": answer})


async def sends(account: Account, openid: str, **changes: Any) -> int:
    body = {
        "touser": openid,
        "template_id": one_off.template_id(account.app.state.world),
        "scene": "1000",
        "title": "活动有变",
        "data": {"content": {"value": "健步走改到周日上午。", "color": "#ff0000"}},
        **changes,
    }
    return await account.code(SEND, body)


async def test_one_consent_is_one_message(account: Account) -> None:
    li = await account.platform.follower("李建国")

    before = await sends(account, li.openid)
    answer = await answers(account, "李建国", "confirm")
    codes = [await sends(account, li.openid) for _ in range(2)]

    assert before == 43101
    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert {name: value for name, (value,) in query.items()} == {
        "from": "menu",
        "openid": li.openid,
        "template_id": one_off.template_id(account.app.state.world),
        "action": "confirm",
        "scene": "1000",
        "reserved": "a1B2",
    }
    assert codes == [0, 43101]
    assert (await li.reads())[-1]["text"] == "活动有变\n健步走改到周日上午。"


async def test_who_cancels_is_sent_back_too_and_gets_nothing(account: Account) -> None:
    li = await account.platform.follower("李建国")

    answer = await answers(account, "李建国", "cancel", reserved="")

    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["action"] == ["cancel"]
    assert "reserved" not in query
    assert await sends(account, li.openid) == 43101


async def test_a_consent_is_good_for_its_scene_only_and_consents_add_up(account: Account) -> None:
    li = await account.platform.follower("李建国")
    for _ in range(2):
        await answers(account, "李建国", "confirm", scene=7)

    assert await sends(account, li.openid) == 43101
    assert [await sends(account, li.openid, scene=7) for _ in range(3)] == [0, 0, 43101]


async def test_who_does_not_follow_reads_it_in_service_notices(account: Account) -> None:
    zhang = await account.platform.person("张伟")
    await answers(account, "张伟", "confirm")

    assert await sends(account, zhang.openid, url="https://gonghui.example.com/a") == 0

    (notice,) = (await zhang.notices())["service"]
    assert notice["content"]["title"] == "活动有变"
    assert await zhang.reads() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "confirm"},
        {"appid": "wx0000000000000000"},
        {"scene": 10001},
        {"scene": -1},
        {"scene": ""},
        {"template_id": "unknown"},
        {"redirect_url": "https://gonghui.example.com.evil.cn/"},
        {"redirect_url": "javascript:alert(1)"},
        {"reserved": "a-b"},
        {"reserved": "a" * 129},
    ],
)
async def test_a_wrong_address_asks_nobody(account: Account, changes: dict[str, Any]) -> None:
    li = await account.platform.follower("李建国")

    answer = await answers(account, "李建国", "confirm", **changes)

    assert (answer.status_code, "参数错误" in answer.text) == (200, True)
    assert await sends(account, li.openid) == 43101


async def test_a_browser_that_is_no_phone_is_not_asked(account: Account) -> None:
    answer = await account.http.get(ASK, params=address(account))

    assert "请在微信客户端打开链接" in answer.text


async def test_an_answer_is_yes_or_no(account: Account) -> None:
    li = await account.platform.follower("李建国")

    for word in ("", "perhaps"):
        assert "参数错误" in (await answers(account, "李建国", word)).text
    assert await sends(account, li.openid) == 43101


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"openid": "oNobody"}, 40003),
        ({"template_id": "unknown"}, 40037),
        ({"title": ""}, 40062),
        ({"title": "字" * 16}, 40062),
        ({"data": {"content": {"value": ""}}}, 47003),
        ({"data": {"content": {"value": "字" * 201}}}, 47003),
        ({"data": None}, 47003),
        ({"url": "gonghui"}, 40039),
        ({"miniprogram": {"appid": "nope", "pagepath": "p"}}, 40013),
        ({"scene": "10001"}, 40097),
        ({"title": "字" * 15, "data": {"content": {"value": "字" * 200}}}, 0),
    ],
)
async def test_what_the_message_is_refused_for(account: Account, changes: dict[str, Any], code: int) -> None:
    li = await account.platform.follower("李建国")
    await answers(account, "李建国", "confirm")

    assert await sends(account, **{"openid": li.openid, **changes}) == code
    assert await sends(account, li.openid) == (0 if code else 43101)


async def test_who_refuses_messages_gets_none(account: Account) -> None:
    li = await account.platform.follower("李建国")
    await answers(account, "李建国", "confirm")
    await account.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True})

    assert await sends(account, li.openid) == 48002
