"""Logging in to the sandbox's mini-program: codes good once, session keys, phone numbers."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.driver import Refusal
from tests.miniprogram_sandbox import KEYS, MINI, Both, opened

PHONE = "/wxa/business/getuserphonenumber"
CHECK, RESET = "/wxa/checksession", "/wxa/resetusersessionkey"


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened() as found:
        yield found


def signed(openid: str, key: str, **changes: str) -> dict[str, str]:
    signature = hmac.new(key.encode(), b"", hashlib.sha256).hexdigest()
    return {"openid": openid, "signature": signature, "sig_method": "hmac_sha256"} | changes


async def test_a_login_code_tells_who_it_is_and_gives_a_key(both: Both) -> None:
    li = await both.platform.person("李建国")

    answer = await both.session(await li.logs_in())

    there = await li.in_miniprogram()
    assert (answer["openid"], answer["unionid"]) == (there["openid"], there["unionid"])
    assert len(answer["session_key"]) == 24
    assert "errcode" not in answer
    assert there["logged_in"] is True


async def test_a_code_is_good_once_and_for_five_minutes(both: Both) -> None:
    li = await both.platform.person("李建国")
    once, late = await li.logs_in(), await li.logs_in()

    assert (await both.session("made up"))["errcode"] == 40029
    assert "openid" in await both.session(once)
    assert (await both.session(once))["errcode"] == 40029
    await both.platform.moves_time(seconds=301)
    assert (await both.session(late))["errcode"] == 40029


async def test_just_under_five_minutes_a_code_is_still_good(both: Both) -> None:
    li = await both.platform.person("李建国")
    login, phone = await li.logs_in(), await li.gives_phone()
    await both.platform.moves_time(seconds=290)

    assert "openid" in await both.session(login)
    assert await both.mini.code(PHONE, {"code": phone}) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"appid": KEYS["app_id"], "secret": KEYS["app_secret"]}, 40013),  # the official account has none
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
        ({"js_code": ""}, 41008),
        ({"grant_type": "client_credential"}, 40002),
    ],
)
async def test_wrong_credentials_do_not_use_the_code_up(
    both: Both, changes: dict[str, str], code: int
) -> None:
    li = await both.platform.person("李建国")
    given = await li.logs_in()

    assert (await both.session(**{"js_code": given} | changes))["errcode"] == code
    assert "openid" in await both.session(given)


async def test_a_person_logs_in_100_times_a_minute_at_most(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(both.world.clock, "now", lambda: 1_790_000_000.0)
    li, zhang = await both.platform.person("李建国"), await both.platform.person("张伟")
    codes = [(await both.session(await li.logs_in())).get("errcode", 0) for _ in range(100)]
    kept = await li.logs_in()

    assert codes == [0] * 100
    assert (await both.session(kept))["errcode"] == 45011
    assert "openid" in await both.session(await zhang.logs_in())
    monkeypatch.setattr(both.world.clock, "now", lambda: 1_790_000_060.0)
    assert "openid" in await both.session(kept)  # it was not used up


async def test_a_risky_person_is_kept_out(both: Both) -> None:
    li = await both.platform.person("李建国")
    await both.platform.ask("POST", "people/李建国/risk", {"blocked": True})
    refused = (await both.session(await li.logs_in()))["errcode"]
    await both.platform.ask("POST", "people/李建国/risk", {"blocked": False})

    assert refused == 40226
    assert "openid" in await both.session(await li.logs_in())
    with pytest.raises(Refusal, match="0 至 4"):
        await both.platform.ask("POST", "people/李建国/risk", {"rank": 5})


async def test_a_session_key_is_checked_by_a_signature_and_ends_with_the_next_login(both: Both) -> None:
    li = await both.platform.person("李建国")
    first = await both.session(await li.logs_in())
    openid, key = first["openid"], first["session_key"]
    good = await both.mini.code(CHECK, **signed(openid, key))
    await both.session(await li.logs_in())

    assert good == 0
    assert await both.mini.code(CHECK, **signed(openid, key)) == 87009


async def test_a_reset_gives_a_new_key_and_ends_the_old_one(both: Both) -> None:
    li = await both.platform.person("李建国")
    first = await both.session(await li.logs_in())
    openid, key = first["openid"], first["session_key"]

    fresh = await both.mini.call(RESET, **signed(openid, key))

    assert (fresh["errcode"], fresh["openid"]) == (0, openid)
    assert fresh["session_key"] != key
    assert await both.mini.code(CHECK, **signed(openid, key)) == 87009
    assert await both.mini.code(CHECK, **signed(openid, fresh["session_key"])) == 0
    assert await both.mini.code(RESET, **signed(openid, key)) == 87009


async def test_a_wrong_signature_or_openid_is_told_apart(both: Both) -> None:
    li, zhang = await both.platform.follower("李建国"), await both.platform.person("张伟")
    session = await both.session(await li.logs_in())
    other = (await zhang.in_miniprogram())["openid"]  # never logged in
    key = session["session_key"]

    for path in (CHECK, RESET):
        assert await both.mini.code(path, **signed(session["openid"], key, signature="0" * 64)) == 87009
        assert await both.mini.code(path, **signed(session["openid"], key, sig_method="md5")) == 40097
        assert await both.mini.code(path, **signed(other, "")) == 87009
        assert await both.mini.code(path, **signed(li.openid, key)) == 40003
        assert await both.mini.code(path, **signed("", key)) == 40003


async def told(both: Both, code: str, **more: Any) -> dict[str, Any]:
    return await both.mini.call(PHONE, {"code": code, **more})


async def test_a_phone_code_tells_the_number_once(both: Both) -> None:
    li, zhang = await both.platform.person("李建国"), await both.platform.person("张伟")
    code = await li.gives_phone()

    info = (await told(both, code))["phone_info"]

    assert info["phoneNumber"] == info["purePhoneNumber"] == (await li.in_miniprogram())["phone"]
    assert info["phoneNumber"].startswith("138")
    assert len(info["phoneNumber"]) == 11
    assert info["countryCode"] == "86"
    assert info["watermark"]["appid"] == MINI.app_id
    assert (await told(both, code))["errcode"] == 40029
    assert (await told(both, await zhang.gives_phone()))["phone_info"] != info


async def test_a_person_can_have_the_number_of_the_story(both: Both) -> None:
    li = await both.platform.person("李建国")
    await li.gives_phone("13900001111")

    info = (await told(both, await li.gives_phone()))["phone_info"]

    assert info["phoneNumber"] == "13900001111"
    for wrong in ("1390000111", "1390000111a", "１３９００００１１１１"):
        with pytest.raises(Refusal, match="11 位"):
            await li.gives_phone(wrong)


async def test_phone_codes_and_login_codes_are_not_the_same(both: Both) -> None:
    li, zhang = await both.platform.person("李建国"), await both.platform.person("张伟")
    login, phone = await li.logs_in(), await li.gives_phone()
    other = (await zhang.in_miniprogram())["openid"]

    assert (await told(both, login))["errcode"] == 40029
    assert (await both.session(phone))["errcode"] == 40029
    assert (await told(both, ""))["errcode"] == 40029
    assert (await told(both, phone, openid=other))["errcode"] == 40029
    assert (await told(both, phone, openid=(await li.in_miniprogram())["openid"]))["errcode"] == 0
    late = await li.gives_phone()
    await both.platform.moves_time(seconds=301)
    assert (await told(both, late))["errcode"] == 40029


async def test_numbers_are_paid_for_and_limited_in_a_minute(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(both.world.clock, "now", lambda: 1_790_000_000.0)
    await both.mini.takes_token()
    li = await both.platform.person("李建国")
    await both.platform.miniprogram_is(phone_numbers_left=1)
    codes = [(await told(both, await li.gives_phone()))["errcode"] for _ in range(2)]
    kept = await li.gives_phone()
    await both.platform.ask("POST", "quota", {"path": PHONE, "in_span": 0})
    limited = (await told(both, kept))["errcode"]
    await both.platform.ask("POST", "quota", {"path": PHONE, "in_span": 100})
    await both.platform.miniprogram_is(phone_numbers_left=None)

    assert codes == [0, 1400001]
    assert limited == 45011
    assert (await told(both, kept))["errcode"] == 0  # a refused call uses nothing up
