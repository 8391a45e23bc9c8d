"""A call with a key is done once, however often it is sent; and what is refused or broken was never done."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from app.api import once
from app.api.app import PARTS
from app.api.routes import Route, asks_for
from app.database import Database
from app.services import kept_answers
from app.services.kept_answers import Answer, Call, InProgress, KeyReused
from models import KeptAnswer, SignUpMove
from tests import api_app
from tests.api_app import API, App, announce, app_of, is_problem
from tests.both_ends import Ends
from tests.conftest import NOON, FakeClock

KEY = "b1f6c0f2-6a0e-4c3e-9c55-0d6f3a1e7a10"
WITHOUT_KEY = {
    "/auth/miniprogram": "nobody is known yet, and a code is good once anyway",
    "/auth/refresh": "a lost answer may be asked for again within a minute",
    "/auth/sign-out": "twice is no error",
    "/activities/{activity_id}/album/photos": "the same picture is in an album once anyway",
    "/clarifications/pictures": "the same words are one report, with the same picture once, anyway",
    "/search": "it makes nothing that is the caller's",
}


ends, li = api_app.ends, api_app.li


async def moves(ends: Ends) -> int:
    async with ends.house.database.reading() as session:
        return int(await session.scalar(sa.select(sa.func.count(SignUpMove.id))) or 0)


async def kept(ends: Ends) -> list[KeptAnswer]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(KeptAnswer)))


async def test_the_same_call_again_is_answered_as_before_and_does_nothing(ends: Ends, li: App) -> None:
    run = await announce(ends)
    path = f"{API}/activities/{run.public_id}/sign-ups"
    first = await li.acts(path, {"seats": 1}, KEY)
    own = f"{API}/me/sign-ups/{first.json()['id']}"
    await li.acts(f"{own}/cancel")
    done = await moves(ends)

    again = await li.acts(path, {"seats": 1}, KEY)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("content-type", "location", "etag"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert (await moves(ends), (await li.gets(own))["state"]) == (done, "cancelled")


async def test_another_call_under_a_used_key_is_refused(ends: Ends, li: App) -> None:
    run, walk = await announce(ends), await announce(ends, "登山")
    path = f"{API}/activities/{run.public_id}/sign-ups"
    await li.acts(path, {"seats": 1}, KEY)

    is_problem(await li.acts(path, {"seats": 1, "answers": {}}, KEY), 422, "key_reused")
    other = f"{API}/activities/{walk.public_id}/sign-ups"
    is_problem(await li.acts(other, {"seats": 1}, KEY), 422, "key_reused")


async def test_a_key_belongs_to_its_person_and_to_one_kind_of_call(ends: Ends, li: App) -> None:
    run = await announce(ends)
    path = f"{API}/activities/{run.public_id}/sign-ups"
    mine = (await li.acts(path, {}, KEY)).json()
    zhang = await app_of(ends, "张伟")

    theirs = await zhang.acts(path, {}, KEY)

    assert theirs.status_code == 201 and theirs.json()["id"] != mine["id"]
    cancelled = await li.acts(f"{API}/me/sign-ups/{mine['id']}/cancel", None, KEY)
    assert cancelled.json()["state"] == "cancelled"


async def test_two_at_once_are_one(ends: Ends, li: App) -> None:
    run = await announce(ends)
    path = f"{API}/activities/{run.public_id}/sign-ups"

    answers = await asyncio.gather(*(li.acts(path, {}, KEY) for _ in range(4)))

    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert sum("idempotency-replayed" in each.headers for each in answers) == 3
    assert await moves(ends) == 1


async def test_what_was_refused_may_succeed_later_under_the_same_key(ends: Ends, li: App) -> None:
    run = await announce(ends, questions=[{"key": "size", "prompt": "尺码？"}])
    path = f"{API}/activities/{run.public_id}/sign-ups"

    is_problem(await li.acts(path, {}, KEY), 422, "invalid")
    is_problem(await li.acts(path, {"seats": 0}, KEY), 422, "invalid")
    assert await kept(ends) == []

    assert (await li.acts(path, {"answers": {"size": "M"}}, KEY)).status_code == 201


async def test_what_broke_on_the_way_was_never_done(
    ends: Ends, li: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await announce(ends)
    path = f"{API}/activities/{run.public_id}/sign-ups"

    async def fails(*given: Any) -> None:
        raise RuntimeError("the process is gone")

    with monkeypatch.context() as broken:
        broken.setattr(kept_answers, "keep", fails)
        with pytest.raises(RuntimeError):
            await li.acts(path, {}, KEY)
    assert (await kept(ends), await moves(ends)) == ([], 0)

    again = await li.acts(path, {}, KEY)
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)


async def test_after_a_day_a_key_is_new_and_its_answer_is_forgotten(ends: Ends, li: App) -> None:
    run = await announce(ends)
    path = f"{API}/activities/{run.public_id}/sign-ups"
    await li.acts(path, {}, KEY)
    await ends.moves_time(hours=24, seconds=1)
    await li.logs_in()

    again = await li.acts(path, {}, KEY)
    assert "idempotency-replayed" not in again.headers
    assert len(await kept(ends)) == 1

    await ends.moves_time(hours=24, seconds=1)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        due = list(await session.scalars(kept_answers.forget_old.find(now, 10)))
        assert await kept_answers.forget_old.act(session, due, now) == 1
    assert await kept(ends) == []


async def test_what_is_kept_tells_neither_who_nor_what(ends: Ends, li: App) -> None:
    run = await announce(ends, questions=[{"key": "size", "prompt": "尺码？"}])
    await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {"answers": {"size": "特大号"}}, KEY)

    async with ends.house.database.reading() as session:
        row = (await session.execute(sa.text("SELECT * FROM kept_answer"))).one()
    raw = repr(row)
    for told in (KEY, "健步走", "特大号", run.public_id, json.dumps("特大号")):
        assert told not in raw
    assert "person" not in KeptAnswer.__table__.columns


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "semi;colon;"])
async def test_a_key_has_a_shape(ends: Ends, li: App, key: str) -> None:
    run = await announce(ends)
    path = f"{API}/activities/{run.public_id}/sign-ups"

    problem = is_problem(await li.calls("POST", path, {}, Idempotency_Key=key), 422, "invalid")
    assert [each["field"] for each in problem["fields"]] == ["Idempotency-Key"]
    problem = is_problem(await li.calls("POST", path, {}), 422, "invalid")
    assert problem["fields"] == [{"field": "Idempotency-Key", "reason": "缺少这一项"}]
    assert await moves(ends) == 0


def test_every_post_takes_a_key_or_has_its_reason() -> None:
    routes = [route for part in PARTS for route in part.router.routes if isinstance(route, APIRoute)]
    assert all(isinstance(route, Route) for route in routes)
    posts = [route for route in routes if "POST" in (route.methods or ())]
    without = {route.path for route in posts if not asks_for(route.dependant, once.once)}
    assert without == set(WITHOUT_KEY)


# --- the rule itself ---------------------------------------------------------------------------------------


def call(body: bytes = b"{}", **given: Any) -> Call:
    values = {"follower_id": 1, "route": "POST /x/{id}", "key": KEY, "target": "/x/1?", **given}
    return Call(**values, body=body)


async def test_who_waits_in_vain_for_the_first_is_told_so(postgres_url: str) -> None:
    """On SQLite the second begins when the first is over."""
    database = Database(postgres_url)
    async with database.writer.connect() as connection:
        insert = sa.insert(KeptAnswer).values(
            key_digest=call().key_digest, call_digest=call().call_digest, answer=None, at=NOON
        )
        await connection.execute(insert)
        with pytest.raises(InProgress):
            async with database.transaction() as session:
                await kept_answers.begin(session, call(), NOON)
        await connection.rollback()
    await database.close()


async def test_an_answer_is_kept_and_told_again(database: Database, clock: FakeClock) -> None:
    said = Answer(201, {"etag": '"x"'}, '{"名":"李娜"}')
    async with database.transaction() as session:
        row = await kept_answers.begin(session, call(), NOON)
        assert isinstance(row, int)
        await kept_answers.keep(session, row, said)

    async with database.transaction() as session:
        assert await kept_answers.begin(session, call(), NOON) == said
        with pytest.raises(KeyReused):
            await kept_answers.begin(session, call(b"{ }"), NOON)
        assert isinstance(await kept_answers.begin(session, call(follower_id=2), NOON), int)
