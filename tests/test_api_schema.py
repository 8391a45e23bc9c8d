"""The whole API under input that nobody thought of: never a 5xx, and what it answers is what it describes.

Bounded and always the same: so many examples for each operation, without chance, in this process.
"""

from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.app import make
from app.files import photograph
from app.services import album_photos, albums, lives
from app.services.album_files import kept
from models import Activity, AlbumSeen
from tests import making
from tests.api_app import API, App, announce, api_ends, app_of, leaves
from tests.both_ends import Ends
from tests.consulting import consult
from tests.test_albums import shot
from tests.test_lives import written

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 8  # for each operation and kind of input
NOT_HERE = {"logIn": "WeChat is asked", "signOut": "would end the session of all that follow"}
FLOOD = {"api_per_person": 10**6, "api_per_address": 10**6, "api_log_ins": 10**6}

OPERATIONS: list[Any] = [
    found.ok()  # type: ignore[union-attr]
    for found in schemathesis.openapi.from_dict(make().openapi()).get_all_operations()
]

BY_LABEL = {each.label: each for each in OPERATIONS}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with api_ends(database_url, tmp_path, monkeypatch, **FLOOD) as joined:
        yield joined


async def ids_of(ends: Ends, li: App) -> dict[str, str]:
    """Something behind every id, so that not every answer is a 404."""
    asked = [{"key": "size", "prompt": "尺码？", "required": False}]
    run = await announce(ends, "羽毛球", questions=asked, guests=3, capacity=2)
    own = (await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {})).json()["id"]
    await leaves(ends, li, "更衣室的灯坏了", anonymous=True)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        await consult(session, await li.person_id(), now=now)
        album = await albums.begin(session, await session.get_one(Activity, run.id), now)
        album.seen_by = AlbumSeen.EVERYBODY
        photo, _ = await album_photos.add(session, album, kept(photograph(shot()), now), by="赵敏", now=now)
        live = await lives.create(session, written(now), None, None, hosts=(), now=now)
        await lives.announce(session, live, now)
        helped = await making.helped(session, await li.person_id(), now)
        team = await making.team(session, await li.person_id(), now)
    case = (await li.gets(f"{API}/me/cases"))["items"][0]
    assert case["kind"] == "consultation"
    ids = {"activity_id": run.public_id, "sign_up_id": own, "case_id": case["id"], "act": "accept"}
    ids |= {"photo_id": photo.public_id, "live_id": live.public_id}
    return {**ids, "helped_id": helped, "team_id": team}


def fitting(case: Any) -> bool:
    """An address with a line break is refused before the API, like any that is none."""
    return "\n" not in unquote(case.formatted_path)


@cache  # making them takes longer than asking; both databases are asked the same
def examples(label: str, mode: GenerationMode) -> list[Any]:
    operation = BY_LABEL[label]
    found: list[Any] = []

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode).filter(fitting))
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


def cases_of(operation: Any, ids: dict[str, str]) -> Iterator[Any]:
    raw = operation.definition.raw
    names = {each["name"] for each in raw.get("parameters", ()) if each["in"] == "path"}
    known = {name: ids[name] for name in names} if names <= ids.keys() else {}
    modes = [GenerationMode.POSITIVE]
    if "requestBody" in raw or any(each["in"] != "header" for each in raw.get("parameters", ())):
        modes.append(GenerationMode.NEGATIVE)
    for mode in modes:
        for number, case in enumerate(examples(operation.label, mode)):
            # By turns with ids that lead somewhere.
            yield replaced(case, known) if known and number % 2 else case


def replaced(case: Any, known: dict[str, str]) -> Any:
    twin: Any = case.operation.Case(
        method=case.method,
        path_parameters=known,
        headers=case.headers,
        query=case.query,
        body=case.body,
        media_type=case.media_type,
    )
    return twin


def as_file(value: Any) -> Any:
    """As httpx sends one, whatever was made up."""
    if isinstance(value, tuple):
        return (value[0], as_file(value[1]), *value[2:])
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


async def sent(ends: Ends, case: Any, token: str) -> httpx.Response:
    asked = case.as_transport_kwargs(base_url=f"http://127.0.0.1:8000{API}")
    headers = {**asked.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    asked.pop("cookies", None)
    if (files := asked.pop("files", None)) is not None:
        asked["files"] = [(name, as_file(value)) for name, value in files]
    elif "data" in asked:
        asked["content"] = asked.pop("data")
    latin = {name: str(value).encode("latin-1", "replace") for name, value in headers.items()}
    request = ends.web.build_request(headers=latin, **asked)
    await request.aread()  # of a form: what was sent is looked at afterwards
    return await ends.web.send(request)


@pytest.mark.parametrize("tag", sorted({tag for each in OPERATIONS for tag in each.tags}))
async def test_any_input_is_answered_as_described(ends: Ends, tag: str) -> None:
    li = await app_of(ends, "李娜")
    ids = await ids_of(ends, li)
    tried = 0
    for operation in (each for each in OPERATIONS if tag in each.tags):
        if operation.definition.raw["operationId"] in NOT_HERE:
            continue
        for number, case in enumerate(cases_of(operation, ids)):
            answer = await sent(ends, case, "" if number % 6 == 5 else li.tokens["access_token"])
            case.validate_response(answer, checks=CHECKS)
            tried += 1
    assert tried


def test_every_operation_is_tried_or_has_its_reason() -> None:
    known = {each.definition.raw["operationId"] for each in OPERATIONS}
    assert known > NOT_HERE.keys()
