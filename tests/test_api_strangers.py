"""Nobody reaches what is somebody else's, by whatever route: each one with an id in it is tried.

A route that is new joins by itself; the id it takes needs a row in `OURS` first, or this fails.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from app.api.app import PARTS, make
from app.api.gate import signed_in
from app.api.routes import asks_for
from app.services.purposes import ACCOUNTS
from models import AccountBinding, AlbumPhoto, ApiSession, Case, CaseEntry, Member, PortalSession, SignUp
from tests import api_app, making
from tests.api_app import API, RIGHT, App, announce, api_ends, app_of, browses, leaves
from tests.both_ends import Ends
from tests.consulting import consult
from tests.test_albums import shot
from tests.test_api_albums import begun, gives

WORDS = "班长扣了我的加班费"
# Ids of what is everybody's; a purpose and a topic are names, the same for all; whoever has the code of a
# certificate was shown it.
PUBLIC = {"article_id", "activity_id", "tip_id", "law_id", "key", "topic", "live_id", "panorama_id", "code"}
PUBLIC |= {"clarification_id"}
# Who has the id of a team was handed its link: he may see whose it is, and come in.
PUBLIC |= {"team_id"}
FILLED: dict[str, list[str]] = {"act": ["cancel", "accept", "decline", "keep"]}
BODIES: dict[str, Any] = {
    "addToCase": {"text": "冒充的话"},
    "changeAccount": {"nickname": "冒充的名称"},
    "verifyAccount": {"name": "李建国"},
    "rewriteSignUp": {"seats": 1},
    "rateCase": {"score": 1},
}


def routes() -> Iterator[APIRoute]:
    for part in PARTS:
        for route in part.router.routes:
            assert isinstance(route, APIRoute)
            yield route


def own_ids(route: APIRoute) -> set[str]:
    return {field.name for field in route.dependant.path_params} - PUBLIC - FILLED.keys()


GUARDED = [route for route in routes() if own_ids(route)]


li = api_app.li


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with api_ends(database_url, tmp_path, monkeypatch, api_per_person=10_000) as joined:
        yield joined


@pytest.fixture
async def ours(ends: Ends, li: App) -> dict[str, list[str]]:
    """What 李娜 has, by the name of the id in the route."""
    run = await announce(ends, "羽毛球")
    own = (await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {})).json()["id"]
    await leaves(ends, li, WORDS)
    await leaves(ends, li, WORDS, anonymous=True)
    async with ends.house.database.transaction() as session:
        words = [{"type": "text", "text": WORDS}]
        await consult(session, await li.person_id(), now=ends.house.clock.now(), parts=words)
    addresses = [each["id"] for each in (await li.gets(f"{API}/me/cases"))["items"]]
    assert len(addresses) == 3
    async with ends.house.database.reading() as session:
        inside = list(await session.scalars(sa.select(Case.public_id)))
        numbers = list(await session.scalars(sa.select(Case.number)))
    account = {"number": "6101234567", "consent_version": ACCOUNTS.version}
    bound = (await li.acts(f"{API}/me/accounts", account)).json()["id"]
    await li.calls("PUT", f"{API}/me/membership", RIGHT)
    await browses(ends, li)
    asked = (await li.acts(f"{API}/me/changes/phone", {"phone": "13900001111"})).json()["number"]
    walk, photo = await given_photo(ends, li)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        helped = await making.helped(session, await li.person_id(), now)
        team = await making.team(session, await li.person_id(), now)
    return {
        "sign_up_id": [own],
        "helped_id": [helped],
        "team_id": [team],
        "member_id": [own],
        "case_id": [*addresses, *inside, *numbers],
        "account_id": [bound],
        "number": [asked],
        "activity_id": [walk],
        "photo_id": [photo],
        "device_id": [each["id"] for each in (await li.gets(f"{API}/me/devices"))["items"]],
    }


async def given_photo(ends: Ends, li: App) -> tuple[str, str]:
    """An activity whose album only she may see, and her picture in it."""
    walk, path = await begun(ends, li)
    await gives(li, path, shot())
    return walk.public_id, str((await li.gets(path))["own"][0]["id"])


async def everything(ends: Ends) -> list[Any]:
    async with ends.house.database.reading() as session:
        return [
            sorted((await session.execute(sa.select(table))).all())
            for table in (
                sa.select(SignUp.id, SignUp.state, SignUp.version).subquery(),
                sa.select(Case.id, Case.state, Case.version).subquery(),
                sa.select(CaseEntry.id, CaseEntry.kind).subquery(),
                sa.select(Member.id, Member.person_id).subquery(),
                sa.select(AccountBinding.id, AccountBinding.version).subquery(),
                sa.select(ApiSession.id, ApiSession.revoked_at).subquery(),
                sa.select(PortalSession.id).subquery(),
                sa.select(AlbumPhoto.id, AlbumPhoto.state).subquery(),
            )
        ]


def addresses(route: APIRoute, ours: dict[str, list[str]]) -> list[str]:
    found = [f"{API}{route.path}"]
    for field in route.dependant.path_params:
        values = FILLED.get(field.name) or ours[field.name]
        found = [path.replace(f"{{{field.name}}}", value) for path in found for value in values]
    return found


async def test_the_ids_of_somebody_else_lead_nowhere(ends: Ends, ours: dict[str, list[str]]) -> None:
    zhang = await app_of(ends, "张伟")
    before = await everything(ends)
    for route in GUARDED:
        for address in addresses(route, ours):
            for method in sorted(route.methods or ()):
                answer = await zhang.acts_as(method, address, BODIES.get(str(route.operation_id)))
                assert answer.status_code in (403, 404), f"{method} {address}: {answer.text}"
                assert WORDS not in answer.text and "羽毛球" not in answer.text
                assert "etag" not in answer.headers
    assert await everything(ends) == before


async def test_without_a_token_they_lead_nowhere_either(ends: Ends, ours: dict[str, list[str]]) -> None:
    nobody = App(ends, await ends.platform.follower("无名"))
    for route in (route for route in routes() if asks_for(route.dependant, signed_in)):
        path = route.path
        for field in route.dependant.path_params:
            path = path.replace(f"{{{field.name}}}", (FILLED.get(field.name) or ["x"])[0])
        for method in sorted(route.methods or ()):
            answer = await nobody.acts_as(method, f"{API}{path}", BODIES.get(str(route.operation_id)))
            assert answer.status_code == 401, f"{method} {path}: {answer.text}"


async def test_the_owner_does_reach_them(li: App, ours: dict[str, list[str]]) -> None:
    """Else the walk above would prove nothing."""
    assert (await li.calls("GET", f"{API}/me/sign-ups/{ours['sign_up_id'][0]}")).status_code == 200
    for address in ours["case_id"][:3]:
        assert WORDS in (await li.calls("GET", f"{API}/me/cases/{address}")).text


async def test_lists_hold_ones_own_alone(ends: Ends, ours: dict[str, list[str]]) -> None:
    zhang = await app_of(ends, "张伟")
    for route in routes():
        if "GET" in (route.methods or ()) and not route.dependant.path_params and "/me" in route.path:
            answer = await zhang.calls("GET", f"{API}{route.path}")
            assert WORDS not in answer.text and "羽毛球" not in answer.text
            if route.path == "/me/devices":
                assert [each["is_this"] for each in answer.json()["items"]] == [True]
            elif route.path != "/me/privacy/consents":  # what may be agreed to, the same for all
                assert answer.status_code == 404 or answer.json().get("items", []) == []


async def test_a_cursor_of_somebody_else_opens_nothing(
    ends: Ends, li: App, ours: dict[str, list[str]]
) -> None:
    zhang = await app_of(ends, "张伟")
    cursor = (await li.gets(f"{API}/me/cases?limit=1"))["next"]
    assert cursor

    assert (await li.calls("GET", f"{API}/me/cases?cursor={cursor}")).status_code == 200
    for path in ("/me/cases", "/me/sign-ups", "/news"):
        answer = await zhang.calls("GET", f"{API}{path}?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_every_id_is_known_to_this_file() -> None:
    known = PUBLIC | FILLED.keys() | {"sign_up_id", "helped_id", "member_id", "case_id", "account_id"}
    known |= {"number", "device_id", "photo_id"}
    for route in routes():
        assert {field.name for field in route.dependant.path_params} <= known, route.path
        if own_ids(route):
            assert asks_for(route.dependant, signed_in), route.path
    assert {route.path for route in routes()} == set(make().openapi()["paths"])
