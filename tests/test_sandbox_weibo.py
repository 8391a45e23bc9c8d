"""The sandbox's Weibo, and the two pages beside the phone: what is refused, what is posted, who sees it."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sandbox.weibo import rules
from tests.test_sandbox_api import CONFIG, Account, closed, opened

PATH, SITE = "/2/statuses/share.json", "https://gonghui.example.com/a/7"
TEXT = f"冬季用电安全提示：出门拔插头。{SITE}"
PNG = b"\x89PNG\r\n\x1a\n picture"


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    opened_one = await opened(replace(CONFIG, weibo_domains=("gonghui.example.com",)))
    yield opened_one
    await closed(opened_one)


async def token(account: Account, **body: Any) -> str:
    return str((await account.platform.ask("POST", "weibo/token", body))["access_token"])


async def shares(account: Account, held: str, text: str = TEXT, **more: str) -> httpx.Response:
    return await account.http.post(PATH, data={"access_token": held, "status": text, **more})


async def code(account: Account, held: str, text: str = TEXT, **more: str) -> tuple[int, int]:
    answer = await shares(account, held, text, **more)
    told = answer.json()
    assert answer.status_code == 200 or told["request"] == PATH
    return answer.status_code, int(told.get("error_code", 0))


async def posted(account: Account) -> list[dict[str, Any]]:
    return list((await account.platform.ask("GET", "weibo"))["posts"])


async def test_a_post_with_its_picture_is_answered_shown_and_logged_without_its_token(
    account: Account,
) -> None:
    held = await token(account)
    form = {"access_token": held, "status": TEXT, "rip": "211.156.0.1"}
    answer = await account.http.post(PATH, data=form, files={"pic": ("a.png", PNG)})
    status = answer.json()
    page = (await account.http.get("/sandbox/weibo")).text

    assert (answer.status_code, status["text"], status["idstr"]) == (200, TEXT, str(status["id"]))
    assert re.fullmatch(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d \+0800 \d{4}", status["created_at"])
    assert (await account.http.get(status["original_pic"])).content == PNG
    assert [(one["text"], one["ip"], one["seen"]) for one in await posted(account)] == [
        (TEXT, "211.156.0.1", True)
    ]
    assert "出门拔插头" in page and "<img" in page
    (call,) = [one for one in await account.platform.calls() if one["path"] == PATH]
    assert (call["errcode"], held in str(call["body"])) == (0, False)
    assert "拔插头" in call["body"]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", 10016),
        ("没有链接", 10017),
        ("别处的链接 https://example.org/a", 10017),
        ("像我们的 https://gonghui.example.com.evil.cn/ 不是", 10017),
        (f"{SITE} 和 https://[坏", 20018),
        (f"赌博 {SITE}", 20021),
        ("字" * (140 - len(SITE) // 2) + SITE, 20012),
    ],
)
async def test_what_a_post_is_refused_for(account: Account, text: str, refused: int) -> None:
    assert await code(account, await token(account), text) == (400, refused)
    assert await posted(account) == []


def test_a_post_is_measured_in_hanzi_and_ascii_counts_half() -> None:
    assert [rules.length(text) for text in ("", "a", "ab", "字a", "，。", "字" * 140)] == [0, 1, 1, 2, 2, 140]


async def test_who_may_post_and_with_what_picture(account: Account) -> None:
    held = await token(account)
    for given, refused in (("", (400, 10006)), ("made up", (401, 21332))):
        assert await code(account, given) == refused
    assert await code(account, held, rip="1.2.3.999") == (400, 10008)
    form = {"access_token": held, "status": TEXT}
    for picture, refused_picture in ((b"%PDF-", 20005), (PNG + b"x" * 5 * 1024 * 1024, 20006)):
        answer = await account.http.post(PATH, data=form, files={"pic": ("a.png", picture)})
        assert answer.json()["error_code"] == refused_picture
    assert (await account.http.get(PATH)).json()["error_code"] == 10021
    assert (await account.http.post(PATH, content=b"\xff")).json()["error_code"] == 10006
    await account.platform.moves_time(hours=25)
    assert await code(account, held) == (401, 21327)
    fresh = await token(account, days=30)
    await account.platform.ask("POST", "weibo/revoke")
    assert await code(account, fresh) == (401, 21332)
    assert await posted(account) == []


async def test_what_was_just_said_is_not_said_again_and_an_hour_holds_so_many(account: Account) -> None:
    held = await token(account)
    assert await code(account, held) == (200, 0)
    assert await code(account, held, TEXT.replace("。", "。 ").replace(" ", "  ").strip()) == (400, 20017)
    assert await code(account, held) == (400, 20019)
    assert await code(account, held, TEXT.replace("/7", "/8")) == (400, 20017)
    await account.platform.moves_time(seconds=601)
    assert await code(account, held) == (200, 0)
    await account.platform.ask("POST", "weibo/limits", {"user": 3})
    texts = [f"{word}。{SITE}" for word in ("触电急救", "停电通知")]
    assert [await code(account, held, one) for one in texts] == [(200, 0), (403, 10023)]
    await account.platform.ask("POST", "weibo/limits", {"user": 9, "app": 3})
    assert await code(account, held, texts[1]) == (403, 10024)
    await account.platform.moves_time(seconds=3601)
    assert await code(account, held, texts[1]) == (200, 0)


async def test_it_goes_wrong_on_demand_like_every_call(account: Account) -> None:
    held = await token(account)
    await account.platform.misbehaves(fail_next={"path": PATH, "errcode": 20032})
    assert await code(account, held) == (400, 20032)
    assert [one["seen"] for one in await posted(account)] == [False]  # taken, and looked at first
    assert "审核中" in (await account.http.get("/sandbox/weibo")).text
    await account.platform.misbehaves(fail_next={"path": PATH, "errcode": 21321})
    assert await code(account, held, f"另一条 {SITE}") == (400, 21321)
    await account.platform.misbehaves(drop_next=PATH)
    with pytest.raises(AssertionError):  # no answer comes
        await shares(account, held, f"另一条 {SITE}")
    assert await code(account, held, f"另一条 {SITE}") == (400, 20019)  # so it was posted
    assert len(await posted(account)) == 2
    assert PATH in (await account.platform.ask("GET", "state"))["endpoints"]


async def test_the_pages_beside_the_phone_act_by_forms_and_for_nobody_else(account: Account) -> None:
    li = await account.platform.follower("李建国")
    pages = account.http
    empty = (await pages.get("/sandbox/mass")).text
    tapped = await pages.post("/sandbox/weibo", data={"act": "token"}, follow_redirects=True)
    held = re.findall(r"<code>(2\.00[^<]+)</code>", tapped.text)
    await pages.post("/sandbox/mass", data={"act": "protect"})
    order = {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": "<b>检修</b>"}}
    assert await account.code("/cgi-bin/message/mass/sendall", order) == 89505
    waits = (await pages.get("/sandbox/mass")).text
    stranger = await pages.post(
        "/sandbox/mass", data={"act": "allow"}, headers={"Origin": "https://evil.example"}
    )
    await pages.post("/sandbox/mass", data={"act": "allow"}, headers={"Origin": "http://sandbox"})
    await account.app.state.world.settle()
    done = (await pages.get("/sandbox/mass")).text
    again = await pages.post("/sandbox/mass", data={"act": "console", "text": "再来一条"})
    nobody = await pages.post("/sandbox/mass", data={"act": "refuse"})

    assert "还没有群发过" in empty
    assert await code(account, held[0]) == (200, 0)
    assert "等管理员确认" in waits and "同意" in waits and "&lt;b&gt;检修" in waits
    assert stranger.status_code == 403
    assert "1 人，可收 1，收到 1，没收到 0" in done and "同意</button>" not in done
    assert [one["text"] for one in await li.reads() if one["direction"] == "in"] == ["<b>检修</b>"]
    assert (again.status_code, "每天 1 次" in again.text) == (409, True)
    assert "没有等管理员确认的群发" in nobody.text
    await pages.post("/sandbox/mass", data={"act": "trust"})
    assert "API 群发保护：<b>关</b>" in (await pages.get("/sandbox/mass")).text
    back = await pages.post("/sandbox/weibo", data={"act": "revoke"}, follow_redirects=True)
    assert "还没有授权" in back.text
