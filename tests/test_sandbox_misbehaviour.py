"""The sandbox told to misbehave: every kind, what it does to a service, and words it does not know."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.crypto import signature
from sandbox.driver import Phone, Platform, Refusal
from sandbox.misbehaving.wishes import KINDS
from tests.running import Sandbox
from tests.test_sandbox_api import KEYS, Account, closed, opened
from tests.test_sandbox_callback import CONFIG, Service, echo

SEND, TAGS = "/cgi-bin/message/custom/send", "/cgi-bin/tags/get"


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    account = await opened(CONFIG)
    yield account
    await closed(account)


@asynccontextmanager
async def pushing(service: Service, **changes: Any) -> AsyncIterator[Platform]:
    """A sandbox whose pushes reach `service`."""
    far = Starlette(routes=[Route("/wechat/callback", service.answer, methods=["POST"])])
    app = create_app(replace(CONFIG, **changes), httpx.ASGITransport(far))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        yield Platform(http)
    await app.state.world.close()


@pytest.fixture
def service() -> Service:
    return Service(echo)


@pytest.fixture
async def platform(service: Service) -> AsyncIterator[Platform]:
    async with pushing(service) as platform:
        yield platform


@pytest.fixture
async def wang(platform: Platform, service: Service) -> Phone:
    phone = await platform.follower("王秀兰")
    service.pushes.clear()
    service.requests.clear()
    return phone


async def held(platform: Platform, number: int) -> None:
    """Until so many pushes wait."""
    async with asyncio.timeout(10):
        while (await platform.ask("GET", "state"))["held"] != number:  # noqa: ASYNC110
            await asyncio.sleep(0)


def said(service: Service) -> list[str]:
    return [push.findtext("Content") or "" for push in service.pushes]


# --- Pushes


async def test_a_push_that_is_held_is_overtaken_and_keeps_its_time(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(hold_next=600)
    first = asyncio.create_task(wang.says("先说的"))
    await held(platform, 1)
    await platform.moves_time(hours=1)
    await wang.says("后说的")

    assert said(service) == ["后说的"]

    await platform.behaves()

    assert (await first).text == "收到先说的"
    assert said(service) == ["后说的", "先说的"]
    later, earlier = (int(push.findtext("CreateTime") or 0) for push in service.pushes)
    assert later - earlier >= 3600


async def test_a_held_push_leaves_by_itself_when_its_time_is_over(platform: Platform, wang: Phone) -> None:
    await platform.misbehaves(hold_next={"seconds": 0.01, "times": 2})

    assert [(await wang.says(text)).text for text in ("一", "二")] == ["收到一", "收到二"]


async def test_three_pushes_arrive_last_first(platform: Platform, wang: Phone, service: Service) -> None:
    await platform.misbehaves(reverse_next=3)
    seen = await asyncio.gather(*(wang.says(text) for text in "一二三"))
    await wang.says("四")

    assert said(service) == ["三", "二", "一", "四"]
    assert [one.text for one in seen] == ["收到一", "收到二", "收到三"]


async def test_a_row_that_stays_short_leaves_all_the_same(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(reverse_next={"times": 5, "seconds": 0})
    await wang.says("只有一句")

    assert said(service) == ["只有一句"]
    assert (await platform.misbehaviour())["pending"] == {}


async def test_behaving_again_lets_a_row_go_last_first(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(reverse_next=5)
    first = asyncio.create_task(wang.says("一"))
    await held(platform, 1)
    second = asyncio.create_task(wang.says("二"))
    await held(platform, 2)
    await platform.behaves()
    await asyncio.gather(first, second)

    assert said(service) == ["二", "一"]


async def test_a_fresh_start_forgets_what_is_held(platform: Platform, wang: Phone, service: Service) -> None:
    await platform.misbehaves(reverse_next=2)
    await platform.ask("POST", f"people/{wang.openid}/say", {"text": "不再送出"})
    await held(platform, 1)
    await platform.reset()
    await held(platform, 0)

    assert said(service) == []


async def test_a_wrong_clock_dates_pushes_wrongly_until_it_is_put_right(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(skew_clock=-3600)
    await wang.says("一")
    await wang.says("二")
    await platform.behaves()
    await wang.says("三")

    stamps = [int(query["timestamp"]) - time.time() for query, _ in service.requests]
    made = [int(push.findtext("CreateTime") or 0) - time.time() for push in service.pushes]
    for times in (stamps, made):
        assert [round(one / 100) for one in times] == [-36, -36, 0]


async def test_wrong_signatures_come_as_often_as_asked(
    platform: Platform, wang: Phone, service: Service
) -> None:
    await platform.misbehaves(wrong_signature={"times": 2})
    for text in "一二三":
        await wang.says(text)

    signed = [query["signature"] == _signed(query) for query, _ in service.requests]
    assert signed == [False, False, True]


def _signed(query: dict[str, str]) -> str:
    return signature(KEYS["token"], query["timestamp"], query["nonce"])


async def test_a_slow_way_back_stays_slow_until_cleared(service: Service) -> None:
    async with pushing(service, answer_seconds=0.02) as platform:
        wang = await platform.follower("王秀兰")
        await platform.misbehaves(slow={"path": "callback", "seconds": 600})
        slow = [await wang.says("在吗") for _ in range(2)]
        await platform.behaves()

        assert [(one.result, one.tries) for one in slow] == [("fault", 3)] * 2
        assert (await wang.says("在吗")).result == "reply"


# --- Calls


async def test_all_calls_are_slow_until_cleared(account: Account) -> None:
    await account.platform.misbehaves(slow=0.03)
    slow = [await account.code(TAGS) for _ in range(2)]
    await account.platform.behaves()
    await account.code(TAGS)

    assert slow == [0, 0]
    assert [call["ms"] >= 30 for call in (await account.platform.calls())[:3]] == [False, True, True]


async def test_a_revoked_token_is_refused_and_a_fresh_one_is_not(account: Account) -> None:
    await account.platform.misbehaves(revoke_token=TAGS)
    other = await account.code("/cgi-bin/menu/get")
    refused = [await account.code(TAGS) for _ in range(2)]
    account.token = (await account.fresh_token())["access_token"]

    assert other == 46003
    assert refused == [40001, 40001]
    assert await account.code(TAGS) == 0


async def test_a_quota_that_is_used_up_stays_so_until_it_is_cleared(account: Account) -> None:
    await account.platform.misbehaves(use_up_quota=TAGS)
    codes = [await account.code(TAGS) for _ in range(2)]
    left = await account.call("/cgi-bin/openapi/quota/get", {"cgi_path": TAGS})
    await account.call("/cgi-bin/clear_quota", {"appid": KEYS["app_id"]})

    assert codes == [45009, 45009]
    assert left["quota"]["remain"] == 0
    assert await account.code(TAGS) == 0


async def test_a_quota_that_is_used_up_ends_at_midnight(account: Account) -> None:
    await account.platform.misbehaves(use_up_quota="/cgi-bin/stable_token")
    refused = (await account.fresh_token())["errcode"]
    await account.platform.moves_time(hours=24)

    assert refused == 45009
    assert "access_token" in await account.fresh_token()


async def test_a_refused_address_gets_no_token_but_calls_go_on(account: Account) -> None:
    await account.platform.misbehaves(refuse_ip=True)
    answers = [await account.fresh_token() for _ in range(2)]
    going_on = await account.code(TAGS)
    await account.platform.behaves()

    assert [one["errcode"] for one in answers] == [40164, 40164]
    assert answers[0]["errmsg"].startswith("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist")
    assert going_on == 0
    assert "access_token" in await account.fresh_token()


# --- A connection that breaks, between processes


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


@pytest.fixture
async def far(running: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        await Platform(http).reset()
        yield http


@pytest.mark.parametrize("at", ["headers", "body"])
@pytest.mark.parametrize("after", [True, False])
async def test_a_connection_breaks_before_the_head_or_within_the_body(
    far: httpx.AsyncClient, running: Sandbox, at: str, after: bool
) -> None:
    platform = Platform(far)
    await platform.misbehaves(drop_next={"path": "/cgi-bin/token", "at": at, "after": after})

    with pytest.raises(httpx.TransportError):
        await far.get("/cgi-bin/token")

    rule = (await platform.calls())[0]["rule"]
    assert rule == ("grant_type 应为 client_credential" if after else "按要求断开，没有执行")
    assert (await far.get("/cgi-bin/token")).json()["errcode"] == 40002
    assert "Traceback" not in running.log


async def test_before_the_head_nothing_is_read_at_all(far: httpx.AsyncClient, running: Sandbox) -> None:
    got = {}
    for at in ("headers", "body"):
        await Platform(far).misbehaves(drop_next={"path": "/cgi-bin/token", "at": at})
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /cgi-bin/token HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        read = bytearray()
        try:
            while part := await reader.read(100):
                read += part
        except ConnectionResetError:
            read += b" reset"
        writer.close()
        got[at] = bytes(read)

    assert got["headers"] == b" reset"
    assert got["body"].startswith(b"HTTP/1.1 200 OK")
    assert got["body"].endswith(b'{"err reset')


# --- Words


async def test_what_is_pending_is_shown_with_what_is_left_of_it(account: Account) -> None:
    platform = account.platform
    await platform.misbehaves(fail_next={"path": SEND, "errcode": 45009, "times": 3}, slow=0)
    await account.code(SEND, {})

    pending = (await platform.ask("GET", "state"))["misbehaviour"]
    assert pending == {
        "fail_next": [{"path": SEND, "errcode": 45009, "times": 2}],
        "slow": [{"path": "*", "seconds": 0, "times": None}],
    }
    assert (await platform.misbehaviour())["pending"] == pending
    await platform.behaves()
    assert (await platform.misbehaviour())["pending"] == {}


async def test_the_kinds_describe_themselves_well_enough_to_be_asked_for(account: Account) -> None:
    kinds = (await account.platform.misbehaviour())["kinds"]

    assert [kind["name"] for kind in kinds] == list(KINDS)
    assert len({kind["label"] for kind in kinds}) == len(kinds)
    for kind in kinds:
        defaults = {field["name"]: field["default"] for field in kind["fields"]}
        await account.platform.misbehaves(**{kind["name"]: defaults})


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"explode": True}, "没有「explode」这种捣乱，有：fail_next、"),
        ({"fail_next": {"path": TAGS, "code": 1}}, "fail_next 没有「code」这一项，有：path、errcode、times"),
        ({"fail_next": {"path": "callback"}}, "fail_next 的 path 应是以 / 开头的接口路径，或 \\*"),
        ({"delay_next": "cgi-bin/tags/get"}, "path 应是以 / 开头"),
        ({"fail_next": {"errcode": "45009"}}, "errcode 应是 .* 的整数"),
        ({"slow": -1}, "slow 的 seconds 应是 0 至 600 的秒数"),
        ({"slow": float("1e99")}, "seconds 应是"),
        ({"hold_next": "long"}, "seconds 应是"),
        ({"reverse_next": 1}, "times 应是 2 至 100 的整数"),
        ({"reverse_next": {"times": None}}, "times 应是"),
        ({"wrong_signature": False}, "times 应是"),
        ({"drop_next": {"at": "end"}}, "at 应是headers、body 之一"),
        ({"drop_next": {"after": 1}}, "after 应是 true 或 false"),
        ({"duplicate": {"urls": ["http://example.com/"]}}, "urls 应是本机网址的列表"),
        ({"duplicate": 1}, "count 应是 2 至 20"),
    ],
)
async def test_words_it_does_not_know_are_refused_and_nothing_is_kept(
    account: Account, wishes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refusal, match=said):
        await account.platform.misbehaves(refuse_ip=True, **wishes)

    assert (await account.platform.misbehaviour())["pending"] == {}
