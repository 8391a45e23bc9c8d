"""How fast the sandbox is on one core: as the called side, and as the side that pushes.

Beside every figure stands the bare ASGI application of the same run; nothing here is ever asserted.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.bodies import openids
from bench.load import Result, saturate
from bench.processes import SECRET, UVICORN, Server, running
from sandbox.config import derived_keys
from sandbox.store import Database

ROOT = Path(__file__).parent.parent
PEOPLE = 2000
CONNECTIONS = 32
API = "http://127.0.0.1:9"  # where settings say the platform is; nobody calls it here


@dataclass
class Row:
    """One line. `core` is what the processor time allows on one core, `of_bare` that as a share of the
    bare application's: other programs on the machine disturb it least."""

    what: str
    rate: float
    of_bare: float
    core: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    errors: int


async def measure(folder: Path, seconds: float) -> list[dict[str, object]]:
    with running("bare", [*UVICORN, "bench.bare:app"], {}, folder / "bare-sandbox.log") as bare:
        result = await _called(bare, [_get("/")], seconds)
    bare_us = result.cpu_us
    rows = [_row("bare ASGI application", result, bare_us)]
    state = folder / "sandbox.db"
    _fill(state)
    command = ["-m", "sandbox", "--port", "{port}", "--state", str(state)]
    settings = {"GONGHUI_SECRET_KEY": SECRET, "GONGHUI_WECHAT_API_URL": API}
    with running("sandbox", command, settings, folder / "sandbox.log") as served:
        token = _token(served.port)
        for what, requests in _calls(token).items():
            done = await _called(served, requests, seconds)
            done.errors += sum(
                b'"errcode": 0' not in one and b'"subscribe": 1' not in one for one in done.answers
            )
            rows.append(_row(what, done, bare_us))
    for what, silent in (("load, answered success", "1"), ("load, answered by text", "")):
        rows.append(_loaded(folder, what, silent, seconds, bare_us))
    return [asdict(row) for row in rows]


async def _called(server: Server, requests: list[bytes], seconds: float) -> Result:
    before = server.cpu_seconds
    many = requests * (int(20_000 * seconds) // len(requests) + 1)
    result = await saturate(server.port, many, connections=CONNECTIONS, seconds=seconds)
    result.cpu_us = (server.cpu_seconds - before) / max(1, len(result.latencies)) * 1e6
    return result


def _row(what: str, result: Result, bare_us: float) -> Row:
    return Row(
        what,
        result.rate,
        bare_us / result.cpu_us if result.cpu_us else 0.0,
        1e6 / result.cpu_us if result.cpu_us else 0.0,
        result.cpu_us,
        result.percentile(0.5),
        result.percentile(0.99),
        result.errors,
    )


def _loaded(folder: Path, what: str, silent: str, seconds: float, bare_us: float) -> Row:
    """As fast as the command can, against an application that has its answers ready."""
    keys = derived_keys(SECRET)
    environment = {f"BENCH_{name.upper()}": value for name, value in keys.items()} | {"BENCH_SILENT": silent}
    figures = folder / "load.json"
    with running(
        "answering", [*UVICORN, "bench.answering:app"], environment, folder / "answering.log"
    ) as far:
        command = [sys.executable, "-m", "sandbox", "load", f"--service=http://127.0.0.1:{far.port}"]
        command += ["--rate=20000", f"--people={PEOPLE}", f"--seconds={max(1, seconds)}", f"--json={figures}"]
        settings = {"GONGHUI_SECRET_KEY": SECRET, "GONGHUI_WECHAT_API_URL": API, "PYTHONPATH": str(ROOT)}
        # Away from anybody's .env; what was lost is in the figures.
        subprocess.run(command, env=os.environ | settings, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    found = json.loads(figures.read_text(encoding="utf-8"))
    texts, own = found["texts"], found["own_cpu_us"]
    bad = texts["lost"] + texts["faults"]
    rate = texts["per_second"]
    return Row(what, rate, bare_us / own, 1e6 / own, own, texts["ms"]["p50"], texts["ms"]["p99"], bad)


def _fill(state: Path) -> None:
    """People who follow and wrote just now, with no end to what may be sent to them."""
    database = Database(str(state))
    now = time.time()
    for position, openid in enumerate(openids(PEOPLE)):
        database.run(
            "insert into person (openid, name, following, subscribed_at, position) values (?, ?, 1, ?, ?)",
            openid, f"bench {position}", int(now), position,
        )  # fmt: skip
        database.run(
            "insert into allowance (openid, action, until, left, at) values (?, 'message', ?, 1000000, ?)",
            openid, now + 1e6, now,
        )  # fmt: skip
    database.set("quota_limits", {"/cgi-bin/message/custom/send": 10**9, "/cgi-bin/user/info": 10**9})
    database.close()


def _token(port: int) -> str:
    keys = derived_keys(SECRET)
    body = {"grant_type": "client_credential", "appid": keys["app_id"], "secret": keys["app_secret"]}
    address = f"http://127.0.0.1:{port}/cgi-bin/stable_token"
    with urllib.request.urlopen(address, json.dumps(body).encode(), timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def _calls(token: str) -> dict[str, list[bytes]]:
    people = openids(PEOPLE)
    send, info = (
        f"/cgi-bin/message/custom/send?access_token={token}",
        f"/cgi-bin/user/info?access_token={token}",
    )
    return {
        "POST message/custom/send": [
            _post(send, {"touser": one, "msgtype": "text", "text": {"content": "您的报名已经确认。"}})
            for one in people
        ],
        "GET user/info": [_get(f"{info}&openid={one}&lang=zh_CN") for one in people],
    }


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _post(path: str, body: dict[str, object]) -> bytes:
    raw = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


def table(rows: list[dict[str, object]]) -> str:
    lines = [
        "| the sandbox | per s | per s of one core | of bare | CPU µs | p50 ms | p99 ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in rows:
        row = Row(**one)  # type: ignore[arg-type]
        lines.append(
            f"| {row.what} | {row.rate:.0f} | {row.core:.0f} | **{row.of_bare:.2f}** | {row.cpu_us:.0f} "
            f"| {row.p50_ms:.1f} | {row.p99_ms:.1f} |" + (f" {row.errors} errors" if row.errors else "")
        )
    return "\n".join(lines)
