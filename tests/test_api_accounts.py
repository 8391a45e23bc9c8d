"""户号 for the mini-program: bound, proven, changed, unbound; other people's, and what else is refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from models import AccountBinding, Guess
from tests import api_app, making
from tests.api_app import MINI, App, app_of, is_problem
from tests.both_ends import Ends, both_ends, settings_for

ACCOUNTS = "/api/v1/me/accounts"
HOME = {"number": "6101 2345 67", "nickname": "老家", "consent_version": "2026-12"}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path, **MINI)
    async with both_ends(settings, monkeypatch, miniprogram=True) as joined:
        async with joined.house.database.transaction() as session:
            await making.account(session)
        yield joined


li = api_app.li


async def binds(who: App, **given: str) -> str:
    answer = await who.acts_as("POST", ACCOUNTS, {**HOME, **given})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_customer_binds_proves_and_unbinds(li: App) -> None:
    empty = (await li.calls("GET", ACCOUNTS)).json()
    assert empty == {"accounts": [], "areas": ["黄陵 北区"]}

    one = await binds(li)
    assert await binds(li) == one
    (bound,) = (await li.calls("GET", ACCOUNTS)).json()["accounts"]
    assert (bound["number"], bound["nickname"], bound["state"]) == ("****4567", "老家", "unverified")
    assert (bound["area"], bound["owner"], bound["address"], bound["verified_at"]) == (None,) * 4

    proven = await li.acts_as("POST", f"{ACCOUNTS}/{one}/verification", {"phone_end": "5678"})
    assert proven.status_code == 200
    assert (proven.json()["state"], proven.json()["owner"]) == ("verified", "李*国")
    assert (proven.json()["area"], proven.json()["address"]) == ("黄陵 北区", "桥山街道轩辕路**号楼*单元")

    assert (await li.calls("DELETE", f"{ACCOUNTS}/{one}")).status_code == 204
    is_problem(await li.calls("DELETE", f"{ACCOUNTS}/{one}"), 404, "not_found")


async def test_only_what_is_given_changes(li: App) -> None:
    one = await binds(li)

    placed = await li.calls("PATCH", f"{ACCOUNTS}/{one}", {"area": "黄陵 北区"})
    assert (placed.json()["area"], placed.json()["nickname"]) == ("黄陵 北区", "老家")
    bare = await li.calls("PATCH", f"{ACCOUNTS}/{one}", {"nickname": None})
    assert (bare.json()["area"], bare.json()["nickname"]) == ("黄陵 北区", None)
    assert (await li.calls("PATCH", f"{ACCOUNTS}/{one}", {})).json() == bare.json()
    is_problem(await li.calls("PATCH", f"{ACCOUNTS}/{one}", {"area": "火星"}), 409, "refused")


async def test_a_wrong_try_is_kept_and_the_sixth_waits(ends: Ends, li: App) -> None:
    path = f"{ACCOUNTS}/{await binds(li)}/verification"
    problem = is_problem(await li.acts_as("POST", path, {"name": "王强"}), 422, "does_not_fit")
    assert "今天还可以试 4 次" in problem["detail"]
    for _ in range(4):
        await li.acts_as("POST", path, {"phone_end": "0000"})

    is_problem(await li.acts_as("POST", path, {"name": "李建国"}), 409, "refused")
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 5


async def test_what_is_somebody_elses_is_not_there(ends: Ends, li: App) -> None:
    hers = await binds(li)
    wang = await app_of(ends, "王强")

    for method, path, given in (
        ("PATCH", hers, {"nickname": "我的"}),
        ("POST", f"{hers}/verification", {"name": "李建国"}),
        ("DELETE", hers, None),
        ("DELETE", "made-up", None),
    ):
        is_problem(await wang.acts_as(method, f"{ACCOUNTS}/{path}", given), 404, "not_found")
    is_problem(await wang.calls("DELETE", f"{ACCOUNTS}/%27%20OR%201=1"), 422, "invalid")
    async with ends.house.database.reading() as session:
        row = (await session.scalars(sa.select(AccountBinding))).one()
        assert (row.nickname, row.is_verified) == ("老家", False)
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 0


@pytest.mark.parametrize("call", [("GET", ""), ("POST", ""), ("PATCH", "/x"), ("DELETE", "/x")])
async def test_nobody_does_anything_without_signing_in(ends: Ends, call: tuple[str, str]) -> None:
    app = App(ends, await ends.platform.follower("赵敏"))

    is_problem(await app.acts_as(call[0], f"{ACCOUNTS}{call[1]}", HOME), 401, "sign_in_needed")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({**HOME, "number": "123"}, "no_such_number"),
        ({**HOME, "number": "<script>"}, "no_such_number"),
        ({**HOME, "consent_version": "2020-01"}, "consent_needed"),
        ({"number": ""}, "invalid"),
        ({"number": "1" * 41}, "invalid"),
        ({**HOME, "nickname": "长" * 13}, "invalid"),
        ({**HOME, "state": "verified"}, "invalid"),
        ({}, "invalid"),
        ([], "invalid"),
    ],
)
async def test_what_cannot_be_bound_is_told(li: App, given: object, code: str) -> None:
    is_problem(await li.acts_as("POST", ACCOUNTS, given), 422, code)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "one_fact"),
        ({"name": "李建国", "phone_end": "5678"}, "one_fact"),
        ({"phone_end": "５６７８"}, "invalid"),
        ({"name": ""}, "invalid"),
        ({"name": "长" * 101}, "invalid"),
    ],
)
async def test_what_proves_nothing_is_told(ends: Ends, li: App, given: object, code: str) -> None:
    path = f"{ACCOUNTS}/{await binds(li)}/verification"

    is_problem(await li.acts_as("POST", path, given), 422, code)

    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 0
