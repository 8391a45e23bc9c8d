"""The API as a mini-program uses it: log in, stay signed in, be somebody, leave; and all it refuses."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from models import ApiSession, Follower, Guess, PersonMerge
from tests import api_app
from tests.api_app import MEMBERSHIP, RIGHT, App, is_problem
from tests.both_ends import OURS, Ends, both_ends, settings_for

ends, li = api_app.ends, api_app.li


# --- logging in --------------------------------------------------------------------------------------------


async def test_a_log_in_makes_a_follower_and_hands_out_tokens_that_are_kept_nowhere(
    ends: Ends, li: App
) -> None:
    assert li.tokens["expires_in"] == 1800
    me = (await li.calls("GET", "/api/v1/me")).json()
    assert re.fullmatch("[2-9a-z]{16}", me["id"]) and me["membership"] is None

    async with ends.house.database.reading() as session:
        row = (await session.scalars(sa.select(ApiSession))).one()
    kept = repr(vars(row))
    assert li.tokens["access_token"] not in kept and li.tokens["refresh_token"] not in kept


async def test_a_code_is_good_once(ends: Ends, li: App) -> None:
    code = await li.phone.logs_in()
    assert (await li.posts("/api/v1/auth/miniprogram", {"code": code})).status_code == 201

    is_problem(await li.posts("/api/v1/auth/miniprogram", {"code": code}), 401, "code_not_good")
    is_problem(await li.posts("/api/v1/auth/miniprogram", {"code": "made-up"}), 401, "code_not_good")


async def test_two_log_ins_are_two_sessions_of_one_person(ends: Ends, li: App) -> None:
    other = App(ends, li.phone)
    await other.logs_in()

    ids = {(await each.calls("GET", "/api/v1/me")).json()["id"] for each in (li, other)}
    assert len(ids) == 1
    assert (await li.calls("POST", "/api/v1/auth/sign-out")).status_code == 204
    assert (await other.calls("GET", "/api/v1/me")).status_code == 200


async def test_whom_wechat_thinks_a_risk_is_refused(ends: Ends, li: App) -> None:
    await ends.platform.ask("POST", f"people/{li.phone.openid}/risk", {"rank": 4, "blocked": True})

    is_problem(await li.logs_in(), 403, "blocked")


async def test_while_wechat_is_away_nobody_is_half_signed_in(ends: Ends) -> None:
    app = App(ends, await ends.platform.follower("王强"))
    await ends.platform.misbehaves(fail_next={"path": "/sns/jscode2session", "errcode": -1, "times": 9})

    is_problem(await app.logs_in(), 503, "wechat_away")

    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(ApiSession.id))) == 0


async def test_who_follows_too_is_the_same_person(ends: Ends, li: App) -> None:
    await li.phone.says("你好")
    async with ends.house.database.reading() as session:
        rows = (await session.execute(sa.select(Follower.id, Follower.person_id, Follower.unionid))).all()
    assert len({row.person_id for row in rows}) == 2  # nobody has told us yet

    await ends.house.rounds.once()

    async with ends.house.database.reading() as session:
        assert len(set(await session.scalars(sa.select(Follower.person_id)))) == 1
        assert len((await session.scalars(sa.select(PersonMerge))).all()) == 1
    assert (await li.calls("GET", "/api/v1/me")).status_code == 200


# --- staying signed in -------------------------------------------------------------------------------------


async def test_an_access_token_ends_and_a_refresh_token_brings_another(ends: Ends, li: App) -> None:
    await ends.moves_time(seconds=31 * 60)
    is_problem(await li.calls("GET", "/api/v1/me"), 401, "sign_in_needed")

    li.tokens = (await li.refreshes()).json()

    assert (await li.calls("GET", "/api/v1/me")).status_code == 200


async def test_an_answer_that_was_lost_may_be_asked_for_again(ends: Ends, li: App) -> None:
    first = li.tokens["refresh_token"]
    assert (await li.refreshes(first)).status_code == 200

    li.tokens = (await li.refreshes(first)).json()

    assert (await li.calls("GET", "/api/v1/me")).status_code == 200


async def test_a_refresh_token_used_long_after_ends_the_session_for_all_who_hold_it(
    ends: Ends, li: App
) -> None:
    stolen = li.tokens["refresh_token"]
    li.tokens = (await li.refreshes()).json()
    await ends.moves_time(seconds=120)

    is_problem(await li.refreshes(stolen), 401, "sign_in_needed")

    is_problem(await li.calls("GET", "/api/v1/me"), 401, "sign_in_needed")
    is_problem(await li.refreshes(), 401, "sign_in_needed")


async def test_after_thirty_days_one_logs_in_again(ends: Ends, li: App) -> None:
    await ends.moves_time(hours=30 * 24 + 1)

    is_problem(await li.refreshes(), 401, "sign_in_needed")


async def test_signing_out_ends_both_tokens(li: App) -> None:
    assert (await li.calls("POST", "/api/v1/auth/sign-out")).status_code == 204

    is_problem(await li.calls("GET", "/api/v1/me"), 401, "sign_in_needed")
    is_problem(await li.refreshes(), 401, "sign_in_needed")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic eDp5", f"Bearer {'x' * 5000}", "Bearer \x7f"]
)
async def test_whoever_has_no_good_token_is_asked_to_sign_in(ends: Ends, header: str) -> None:
    answer = await ends.web.get("/api/v1/me", headers={"Authorization": header} if header else {})

    is_problem(answer, 401, "sign_in_needed")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


# --- membership --------------------------------------------------------------------------------------------


async def test_a_member_binds_and_unbinds(li: App) -> None:
    is_problem(await li.calls("GET", MEMBERSHIP), 404, "not_found")

    bound = await li.calls("PUT", MEMBERSHIP, RIGHT)

    assert bound.status_code == 200
    assert bound.json() == {
        "staff_number": "10001",
        "name": "李娜",
        "branch": ["黄陵供电公司工会", "北区分工会", "抢修一班"],
        "post": "配电运维",
        "kind": "在职",
        "has_left": False,
    }
    assert (await li.calls("PUT", MEMBERSHIP, RIGHT)).json() == bound.json()
    assert (await li.calls("GET", "/api/v1/me")).json()["membership"] == bound.json()
    for _ in range(2):
        assert (await li.calls("DELETE", MEMBERSHIP)).status_code == 204
    is_problem(await li.calls("GET", MEMBERSHIP), 404, "not_found")


async def test_a_wrong_try_is_kept_and_the_sixth_waits(ends: Ends, li: App) -> None:
    wrong = {**RIGHT, "phone_end": "0000"}
    problem = is_problem(await li.calls("PUT", MEMBERSHIP, wrong), 422, "does_not_fit")
    assert "今天还可以试 4 次" in problem["detail"]
    for _ in range(4):
        await li.calls("PUT", MEMBERSHIP, wrong)

    is_problem(await li.calls("PUT", MEMBERSHIP, RIGHT), 409, "refused")
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 5


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"staff_number": "10001", "name": "李娜", "consent_version": "2026-12"}, "one_fact"),
        ({**RIGHT, "consent_version": "2020-01"}, "consent_needed"),
        ({**RIGHT, "born_on": "1985-03-05"}, "one_fact"),
        ({**RIGHT, "phone_end": "５６７８"}, "invalid"),
        ({**RIGHT, "name": ""}, "invalid"),
        ({**RIGHT, "name": "长" * 41}, "invalid"),
        ({**RIGHT, "admin": True}, "invalid"),
        ({**RIGHT, "name": "李\x00娜"}, "invalid"),
        ({**RIGHT, "staff_number": "10001\x00"}, "invalid"),
        ([], "invalid"),
        ("x", "invalid"),
        (None, "invalid"),
    ],
)
async def test_what_is_not_a_proof_is_told_field_by_field(li: App, given: object, code: str) -> None:
    problem = is_problem(await li.calls("PUT", MEMBERSHIP, given), 422, code)

    assert bool(problem["fields"]) is (code == "invalid")


async def test_a_body_that_is_no_json_is_refused(li: App) -> None:
    headers = {"Authorization": f"Bearer {li.tokens['access_token']}", "Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b'{"name": "\xff"}', b"[" * 100_000):
        answer = await li.ends.web.put(MEMBERSHIP, content=body, headers=headers)
        assert answer.status_code in (400, 422), body[:20]
        is_problem(answer, answer.status_code, "invalid")


# --- the whole ---------------------------------------------------------------------------------------------


async def test_addresses_that_are_none_are_problems_too(ends: Ends) -> None:
    is_problem(await ends.web.get("/api/v1/none"), 404, "no_such_address")
    is_problem(await ends.web.delete("/api/v1/me"), 405, "wrong_method")


async def test_the_api_describes_itself_whole(ends: Ends) -> None:
    described = (await ends.web.get("/api/v1/openapi.json")).json()

    assert described["servers"] == [{"url": "/api/v1"}]
    operations = [
        (f"{method} {path}", method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(set(names)) == len(names)
    for where, method, operation in operations:
        assert re.fullmatch("[a-z][A-Za-z]{3,30}", operation["operationId"]), where
        assert operation["tags"] and re.search("[一-鿿]", operation["description"]), where
        assert operation["summary"] == operation["description"].split("。")[0], where
        answers = operation["responses"]
        for status, answer in answers.items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], f"{where} {status}"
        assert {"429", "500", "503"} <= answers.keys(), where
        assert ("304" in answers) is (method == "get"), where
        assert ("401" in answers) is ("security" in operation or "/auth/" in where), where
        for parameter in operation.get("parameters", ()):
            said = repr(parameter["schema"])
            assert "examples" in said or "$ref" in said or "enum" in said, f"{where} {parameter['name']}"


async def test_every_field_has_its_example(ends: Ends) -> None:
    described = (await ends.web.get("/api/v1/openapi.json")).json()
    shapes = {
        name: shape
        for name, shape in described["components"]["schemas"].items()
        if name.endswith(("In", "Out", "Page", "Problem"))
    }
    assert len(shapes) > 20
    for name, schema in shapes.items():
        for field, shape in schema["properties"].items():
            assert "examples" in shape or "$ref" in repr(shape), f"{name}.{field} has no example"
    assert "HTTPValidationError" not in repr(described)


async def test_without_a_mini_program_nobody_logs_in(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        answer = await joined.web.post(f"{OURS}/api/v1/auth/miniprogram", json={"code": "x"})

    is_problem(answer, 503, "no_miniprogram")
