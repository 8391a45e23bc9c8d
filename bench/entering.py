"""`python -m bench.entering`: signing in on the portal, logging in from the mini-program, binding.

One person after the other, each on each database, against the sandbox as WeChat. Whatever the service asks of
WeChat meanwhile goes by a toll gate that times it: what is printed is the time beside WeChat's own, the whole
minus WeChat's part. The gate's own work counts as ours.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.database import Database
from app.services.purposes import MEMBERSHIP
from app.settings import load_settings
from bench import filling
from bench.processes import SECRET, free_port, running, service_environment
from models.sealing import Keyring, use_keyring
from sandbox.driver import Phone, Platform
from tests import making
from tests.servers import start_postgres

PEOPLE, WARM, TARGET_MS = 200, 20, 100.0
HOPS = 10  # more redirects than any sign-in has
OF_LOGGING_IN = "/sns/"  # other calls of the same moment are of jobs, and nobody waits for them
NOT_PASSED_ON = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}
MINI = {
    "GONGHUI_MINIPROGRAM_APP_ID": "wxmini0123456789ab",
    "GONGHUI_MINIPROGRAM_APP_SECRET": "a bench has no secret, but one of 32",
    "GONGHUI_MINIPROGRAM_TOKEN": "minitoken",
    "GONGHUI_MINIPROGRAM_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


@dataclass
class Gate:
    """Passes everything on to the sandbox; knows how long that took for what belongs to logging in."""

    sandbox: str
    seconds: float = 0.0

    @asynccontextmanager
    async def opened(self, port: int) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self.sandbox, trust_env=False) as client:

            async def passes(request: Request) -> Response:
                return await self._passed(client, request)

            methods = ["GET", "POST", "PUT", "DELETE", "HEAD"]
            app = Starlette(routes=[Route("/{path:path}", passes, methods=methods)])
            given = uvicorn.Config(app, port=port, log_level="warning", access_log=False)
            server = uvicorn.Server(given)
            task = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - it has no event for that
                await asyncio.sleep(0.01)
            yield
            server.should_exit = True
            await task

    async def _passed(self, client: httpx.AsyncClient, request: Request) -> Response:
        address = f"{request.url.path}?{request.url.query}"
        headers = [(k, v) for k, v in request.headers.items() if k not in NOT_PASSED_ON]
        body, started = await request.body(), time.perf_counter()
        answer = await client.request(request.method, address, content=body, headers=headers)
        if request.url.path.startswith(OF_LOGGING_IN):
            self.seconds += time.perf_counter() - started
        passed = Response(answer.content, answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in NOT_PASSED_ON:
                passed.headers.append(name, value)
        return passed


@dataclass
class Times:
    """Of one kind of entering, in seconds: the whole, and what of it was WeChat's."""

    name: str
    whole: list[float] = field(default_factory=list)
    wechat: list[float] = field(default_factory=list)

    def line(self) -> str:
        beside = [all_ - theirs for all_, theirs in zip(self.whole, self.wechat, strict=True)]
        (p50, p95), (far50, far95) = (
            [_percentile(each, share) for share in (0.5, 0.95)] for each in (beside, self.wechat)
        )
        reached = "reached" if p95 < TARGET_MS else "MISSED"
        return (
            f"{self.name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms beside WeChat's {far50:.1f} and {far95:.1f} ms,"
            f" {len(beside)} times; below {TARGET_MS:.0f} ms at p95: {reached}"
        )


def _percentile(seconds: list[float], share: float) -> float:
    """Milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


@dataclass
class Door:
    """The service as people's phones reach it."""

    service: str
    gate: Gate
    client: httpx.AsyncClient

    async def timed(self, times: Times, request: httpx.Request, *, more: bool = False) -> httpx.Response:
        """One request to the service; `more`: a further one of the same entering."""
        before, started = self.gate.seconds, time.perf_counter()
        answer = await self.client.send(request)
        took, theirs = time.perf_counter() - started, self.gate.seconds - before
        if more:
            times.whole[-1] += took
            times.wechat[-1] += theirs
        else:
            times.whole.append(took)
            times.wechat.append(theirs)
        return answer

    async def signs_in(self, phone: Phone, times: Times) -> None:
        """From a page that wants to know who comes, by WeChat, back to that page; WeChat's pages untimed."""
        self.client.cookies.clear()
        query = {"who": phone.openid, "url": f"{self.service}/me", "manner": "chat"}
        answer = await self.client.get(f"{self.gate.sandbox}/sandbox/open", params=query)
        begun = False
        for _ in range(HOPS):
            if not answer.is_redirect:
                break
            request = self.client.build_request("GET", answer.url.join(answer.headers["location"]))
            if request.url.path in ("/signing-in", "/signed-in"):
                answer = await self.timed(times, request, more=begun)
                begun = True
            else:
                answer = await self.client.send(request)
        assert (answer.status_code, answer.url.path) == (200, "/me"), answer.text[:300]

    async def logs_in(self, phone: Phone, times: Times) -> str:
        """The access token."""
        body = {"code": await phone.logs_in()}
        request = self.client.build_request("POST", f"{self.service}/api/v1/auth/miniprogram", json=body)
        answer = await self.timed(times, request)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["access_token"])

    async def binds(self, token: str, number: str, times: Times) -> None:
        proof = {"staff_number": number, "name": "李娜", "phone_end": "5678"}
        request = self.client.build_request(
            "PUT",
            f"{self.service}/api/v1/me/membership",
            json=proof | {"consent_version": MEMBERSHIP.version},
            headers={"Authorization": f"Bearer {token}"},
        )
        answer = await self.timed(times, request)
        assert answer.status_code == 200, answer.text


async def _fill(url: str, numbers: list[str]) -> None:
    given = load_settings(_env_file=None, secret_key=SECRET, wechat_api_url="http://127.0.0.1:9")
    assert given.encryption_keys is not None and given.lookup_key is not None
    keys = (given.encryption_keys, given.lookup_key)
    use_keyring(Keyring.parse(*(each.get_secret_value() for each in keys)))
    database = Database(url)
    async with database.transaction() as session:
        for number in numbers:
            await making.member(session, staff_number=number)
    await database.close()


@contextmanager
def _programs(folder: Path, name: str, url: str, gate_port: int) -> Iterator[tuple[str, str]]:
    """Where service and sandbox are; both think that WeChat is behind the gate."""
    port, state = free_port(), folder / f"{name}-sandbox.db"
    service = f"http://127.0.0.1:{port}"
    shared = service_environment(folder, url) | {
        "GONGHUI_PUBLIC_URL": service,
        "GONGHUI_WECHAT_API_URL": f"http://127.0.0.1:{gate_port}",
        "GONGHUI_API_LOG_INS": "1000000",
        **MINI,
    }
    ours, far = ["-m", "app", "serve", "--port", "{port}"], ["-m", "sandbox", "--port", "{port}"]
    far += ["--state", str(state), "--service", service]
    with (
        running("sandbox", far, shared, folder / f"{name}-sandbox.log") as sandbox,
        running(name, ours, shared, folder / f"{name}.log", port=port),
    ):
        yield service, f"http://127.0.0.1:{sandbox.port}"


async def _measure(folder: Path, name: str, url: str, people: int) -> None:
    numbers = [f"{20000 + each}" for each in range(WARM + people)]
    await _fill(filling.migrated(url), numbers)
    gate_port = free_port()
    with _programs(folder, name, url, gate_port) as (service, sandbox):
        gate = Gate(sandbox)
        async with (
            gate.opened(gate_port),
            httpx.AsyncClient(trust_env=False, timeout=30) as client,
            httpx.AsyncClient(base_url=sandbox, trust_env=False) as far,
        ):
            door, platform = Door(service, gate, client), Platform(far)
            found = _kinds(name)
            for some, kinds in ((numbers[:WARM], _kinds("warm")), (numbers[WARM:], found)):
                for number in some:
                    await _enter(door, await platform.follower(f"bench {number}"), number, kinds)
    for times in found:
        print(times.line())


def _kinds(name: str) -> tuple[Times, Times, Times]:
    return (
        Times(f"{name}, signing in on the portal"),
        Times(f"{name}, logging in from the mini-program"),
        Times(f"{name}, binding by the API"),
    )


async def _enter(door: Door, phone: Phone, number: str, kinds: tuple[Times, Times, Times]) -> None:
    signing_in, logging_in, binding = kinds
    await door.signs_in(phone, signing_in)
    token = await door.logs_in(phone, logging_in)
    await door.binds(token, number, binding)


async def _all(folder: Path, people: int) -> None:
    await _measure(folder, "SQLite", f"sqlite+aiosqlite:///{folder}/entering.db", people)
    with start_postgres() as server:
        await _measure(folder, "PostgreSQL", server.url, people)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.entering", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_all(Path(folder), options.people))


if __name__ == "__main__":
    main()
