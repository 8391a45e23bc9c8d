"""The far side of `bench.campaign`: a sandbox that knows everybody, and a loop that does nothing but call."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.jobs.campaign_notices import AT_ONCE
from bench.processes import SECRET, Server, running
from bench.sandbox import _token
from sandbox.config import derived_keys
from sandbox.store import Database as SandboxDatabase

SEND = "/cgi-bin/message/subscribe/bizsend"


@dataclass(frozen=True, slots=True)
class Far:
    """The sandbox, with its template and what its fields hold."""

    server: Server
    state: Path
    template: Mapping[str, Any]
    data: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@contextmanager
def sandbox(folder: Path, environment: Mapping[str, str], port: int, people: int) -> Iterator[Far]:
    """One that knows everybody, and that everybody said yes to often enough."""
    keys, state = derived_keys(SECRET), folder / "sandbox.db"
    # That it tells nobody how each notice ended leaves it the time to answer faster than we call.
    command = ["-m", "sandbox", "--port", "{port}", "--state", str(state), "--no-pushes"]
    with running("sandbox", command, dict(environment), folder / "first.log", port=port) as served:
        path = f"/wxaapi/newtmpl/gettemplate?access_token={_token(served.port)}"
        templates = httpx.get(f"http://127.0.0.1:{served.port}{path}").json()["data"]
    template = next(each for each in templates if each["type"] == 2)
    _fill_sandbox(state, keys["app_id"], template["priTmplId"], people)
    lines = zip(template["content"].splitlines(), template["example"].splitlines(), strict=True)
    data = {
        field.split("{{")[1].split(".")[0]: example.split(":", 1)[-1].split("：", 1)[-1]
        for field, example in lines
        if "{{" in field
    }
    with running("sandbox", command, dict(environment), folder / "sandbox.log", port=port) as served:
        yield Far(served, state, template, data)


def _fill_sandbox(state: Path, app_id: str, template_id: str, people: int) -> None:
    database, now = SandboxDatabase(str(state)), int(time.time())
    limits = {SEND: 10**9}
    database.set("quota_limits", limits)
    database.close()
    with contextlib.closing(sqlite3.connect(state)) as raw, raw:
        raw.executemany(
            "insert into person (openid, name, following, subscribed_at, position) values (?, ?, 1, ?, 0)",
            ((_openid(n), f"bench {n}", now) for n in range(people)),
        )
        raw.executemany(
            "insert into subscription (app_id, openid, template_id, left) values (?, ?, ?, 1000000)",
            ((app_id, _openid(n), template_id) for n in range(people)),
        )


def _openid(n: int) -> str:
    return f"oFilled{n:021d}"


def arrived(far: Far, first: int) -> tuple[int, int]:
    """How many notices reached people of those whose delivery's id is above `first`, and how many people."""
    with contextlib.closing(sqlite3.connect(far.state)) as raw:
        return raw.execute(  # type: ignore[no-any-return]
            "select count(*), count(distinct openid) from sent_notice where client_msg_id like 'campaign-%' "
            "and cast(substr(client_msg_id, 10) as integer) > ?",
            (first,),
        ).fetchone()


async def bare(far: Far, number: int, mark: str) -> float:
    """Notices a second of a loop that does nothing else."""
    token, waiting = _token(far.server.port), iter(range(number))
    body = {"template_id": far.template["priTmplId"]}
    body |= {"data": {name: {"value": value} for name, value in far.data.items()}}

    async def lane(http: httpx.AsyncClient) -> None:
        for n in waiting:
            one = {"touser": _openid(n), **body, "client_msg_id": f"{mark}-{n}"}
            answer = await http.post(
                f"{far.address}{SEND}",
                params={"access_token": token},
                content=json.dumps(one, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json"},
            )
            if answer.json()["errcode"]:
                raise SystemExit(answer.text)

    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        began = time.perf_counter()
        await asyncio.gather(*(lane(http) for _ in range(AT_ONCE)))
        return number / (time.perf_counter() - began)
