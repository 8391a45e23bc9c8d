"""The sandbox on an account's own affairs: one quota cleared, a refused call found again, the callback."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.miniprogram_sandbox import Both, opened

TAGS, OF = "/cgi-bin/tags/get", "/cgi-bin/tags/getidlist"
RID = "/cgi-bin/openapi/rid/get"
CLEAR = "/cgi-bin/openapi/quota/clear"


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened() as both:
        yield both


def rid_in(refusal: dict[str, Any]) -> str:
    return str(refusal["errmsg"]).partition(" rid: ")[2]


async def test_one_quota_is_cleared_and_no_other(both: Both) -> None:
    for path in (TAGS, OF):
        await both.platform.ask("POST", "quota", {"path": path, "limit": 1})
        await both.account.code(path, None if path == TAGS else {"openid": "o"})

    assert await both.account.code(TAGS) == 45009
    assert await both.account.code(CLEAR, {"cgi_path": TAGS}) == 0
    assert await both.account.code(TAGS) == 0
    assert await both.account.code(OF, {"openid": "o"}) == 45009


async def test_one_quota_at_a_time_is_cleared_fifty_times_a_month(both: Both) -> None:
    codes = [await both.account.code(CLEAR, {"cgi_path": TAGS}) for _ in range(51)]

    assert codes == [0] * 50 + [48006]
    assert await both.mini.code(CLEAR, {"cgi_path": "/wxa/getwxacode"}) == 0
    assert await both.account.code("/cgi-bin/clear_quota", {"appid": both.account.app_id}) == 0


async def test_a_quota_to_clear_is_named_by_a_path_of_ones_own(both: Both) -> None:
    assert await both.account.code(CLEAR, {"cgi_path": "tags"}) == 76021
    assert await both.account.code(CLEAR, {"cgi_path": "/sns/userinfo"}) == 76021
    assert await both.account.code(CLEAR, {"cgi_path": "/wxa/getwxacode"}) == 76022


async def test_the_rid_of_a_refusal_finds_the_call(both: Both) -> None:
    rid = rid_in(await both.account.call(OF, {"openid": "oNobody"}))

    request = (await both.account.call(RID, {"rid": rid}))["request"]

    assert request["request_body"] == '{"openid": "oNobody"}'
    assert '"errcode": 49003' in request["response_body"]
    assert request["client_ip"] == "127.0.0.1"
    assert request["request_url"].startswith("access_token=")
    assert both.account.token not in request["request_url"]


async def test_a_rid_is_ones_own_and_lasts_seven_days(both: Both) -> None:
    rid = rid_in(await both.account.call(OF, {"openid": "oNobody"}))

    assert await both.account.code(RID, {"rid": "61725984-6126f6f9-040f19c4"}) == 76001
    assert await both.account.code(RID, {"rid": "yesterday"}) == 76002
    assert await both.mini.code(RID, {"rid": rid}) == 76003
    await both.platform.moves_time(hours=7 * 24 + 1)
    await both.account.takes_token()
    assert await both.account.code(RID, {"rid": rid}) == 76004


async def test_the_callback_is_looked_up_and_pinged(both: Both) -> None:
    async def checked(action: str, operator: str = "DEFAULT") -> dict[str, Any]:
        body = {"action": action, "check_operator": operator}
        return await both.account.call("/cgi-bin/callback/check", body)

    assert (await checked("dns", "UNICOM")) == {"dns": [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]}
    assert [*(await checked("ping"))] == ["ping"]
    assert (await checked("all"))["ping"][0]["package_loss"] == "0%"
    assert (await checked("smell"))["errcode"] == 40202
    assert (await checked("all", "NOBODY"))["errcode"] == 40203


async def test_without_an_address_there_is_nothing_to_check() -> None:
    async with opened(service_url="") as both:
        body = {"action": "all", "check_operator": "DEFAULT"}
        assert await both.account.code("/cgi-bin/callback/check", body) == 40201
