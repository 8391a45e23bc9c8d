"""`make bench`: start everything, measure in turns, print one table, write `bench/results/*.json`.

Options: `--quick` takes a minute, `--only keyword` measures one class (`sandbox` is one), `--full` adds a
filled database.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from app.settings import Settings, load_settings
from app.wechat.crypto import Account
from bench import filling, sandbox
from bench.bodies import Press, openids
from bench.load import Result, saturate, steady
from bench.processes import UVICORN, Server, running, service_environment
from bench.reading import read_answers
from tests.servers import Missing, start_postgres

RESULTS = Path("bench/results")
CONNECTIONS = 32
PEOPLE = 3000
# A keyword of the menu file; a question as a tip has it; one that only the ranked search can place.
KEYWORD, QUESTION, OWN_WORDS = "值班电话", "插座冒火花怎么办", "一插充电器那个插座就啪啪冒火星子"
# The words of one whole 留言; the last one writes the case.
FLOW = ("留言", "1", "食堂的插座冒火花，请派人看看", "完成", "实名", "13812345678", "确认")


@dataclass
class Row:
    """One line of the table; rates per second, the echo's of the same round beside ours."""

    database: str
    what: str
    ours: float
    echo: float
    ratio: float
    target: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int


@dataclass
class Bench:
    press: Press
    account: Account
    seconds: float
    rounds: int

    def requests(self, text: str, number: int, *, start: int = 0) -> list[bytes]:
        people = openids(PEOPLE, start)
        return list(self.press.texts((people[n % PEOPLE] for n in range(number)), text))

    async def compare(
        self, ours: Server, echo: Server, text: str, expect: str, what: str, target: float
    ) -> Row:
        """Alternate echo and ours; the ratio is the median of the rounds' ratios."""
        mine: list[Result] = []
        ratios: list[float] = []
        theirs: list[float] = []
        for turn in range(self.rounds):
            number = int(6000 * self.seconds)
            base = await timed(echo, self.requests(text, number), self.seconds)
            result = await timed(ours, self.requests(text, number), self.seconds)
            if turn == 0:
                read_answers(self.account, result.answers, expect)
            mine.append(result)
            theirs.append(base.rate)
            ratios.append(result.rate / base.rate)
        return _row(ours.name, what, mine, theirs, ratios, target)

    async def last_step(self, ours: Server, echo: Server, target: float) -> Row:
        """Walk people to the last question, then time the answer that writes."""
        mine, theirs, ratios = [], [], []
        for turn in range(self.rounds):
            number = int(500 * self.seconds)
            people = openids(number, 1_000_000 + turn * number)
            for text in FLOW[:-1]:
                await saturate(ours.port, list(self.press.texts(people, text)), connections=CONNECTIONS)
            base = await timed(echo, self.requests(FLOW[-1], int(6000 * self.seconds)), self.seconds)
            result = await timed(ours, list(self.press.texts(people, FLOW[-1])))
            read_answers(self.account, result.answers, "LY-")
            mine.append(result)
            theirs.append(base.rate)
            ratios.append(result.rate / base.rate)
        return _row(ours.name, "留言 last step", mine, theirs, ratios, target)

    async def half_load(self, ours: Server, rate: float) -> Result:
        requests = self.requests(KEYWORD, int(rate * self.seconds))
        return await steady(ours.port, requests, rate=rate)


async def timed(server: Server, requests: list[bytes], seconds: float = 0) -> Result:
    before = server.cpu_seconds
    result = await saturate(server.port, requests, connections=CONNECTIONS, seconds=seconds)
    result.cpu_us = (server.cpu_seconds - before) / max(1, len(result.latencies)) * 1e6
    return result


def _row(
    name: str,
    what: str,
    mine: Sequence[Result],
    theirs: Sequence[float],
    ratios: Sequence[float],
    target: float,
) -> Row:
    return Row(
        database=name,
        what=what,
        ours=statistics.median(result.rate for result in mine),
        echo=statistics.median(theirs),
        ratio=statistics.median(ratios),
        target=target,
        p50_ms=statistics.median(result.percentile(0.5) for result in mine),
        p99_ms=statistics.median(result.percentile(0.99) for result in mine),
        cpu_us=statistics.median(result.cpu_us for result in mine),
        errors=sum(result.errors for result in mine),
    )


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    rows: list[Row] = []
    notes: dict[str, float] = {}
    beside = await sandbox.measure(folder, options.seconds) if _wanted(options, "sandbox") else []
    if options.only == ["sandbox"]:
        return {"rows": [], "sandbox": beside, "notes": notes}
    with ExitStack() as stack:
        account, settings = _account(folder)
        bench = Bench(Press(account), account, options.seconds, options.rounds)
        keys = {
            "BENCH_TOKEN": account.token,
            "BENCH_AES_KEY": account.aes_key,
            "BENCH_APP_ID": settings.wechat_app_id,
        }
        echo = stack.enter_context(running("echo", [*UVICORN, "bench.echo:app"], keys, folder / "echo.log"))
        bare = stack.enter_context(running("bare", [*UVICORN, "bench.bare:app"], {}, folder / "bare.log"))
        number = int(20000 * options.seconds)
        result = await saturate(
            bare.port, bench.requests(KEYWORD, min(number, 40000)), seconds=options.seconds
        )
        notes["bare ASGI, requests per second"] = result.rate
        for name, url in _databases(options, folder, stack):
            rows += await _one_database(bench, options, name, url, folder, echo, notes)
    return {"rows": [asdict(row) for row in rows], "sandbox": beside, "notes": notes}


async def _one_database(
    bench: Bench,
    options: argparse.Namespace,
    name: str,
    url: str,
    folder: Path,
    echo: Server,
    notes: dict[str, float],
) -> list[Row]:
    rows: list[Row] = []
    sqlite = name == "SQLite"
    with running(
        name,
        ["-m", "app", "serve", "--port", "{port}"],
        service_environment(folder, url),
        folder / f"{name}.log",
    ) as ours:
        await saturate(ours.port, bench.requests(KEYWORD, PEOPLE))  # everybody is met before the clock starts
        if _wanted(options, "keyword"):
            rows.append(await bench.compare(ours, echo, KEYWORD, "95598", "keyword", 1.4 if sqlite else 1.2))
        if _wanted(options, "question"):
            rows.append(await bench.compare(ours, echo, QUESTION, "95598", "knowledge question", 1.1))
            rows.append(await bench.compare(ours, echo, OWN_WORDS, "95598", "question in own words", 1.1))
        if _wanted(options, "flow"):
            rows.append(await bench.last_step(ours, echo, 0.3 if sqlite else 0.4))
        if _wanted(options, "half") and rows:
            half = await bench.half_load(ours, rows[0].ours / 2)
            notes[f"{name}: p99 at half load, ms"] = half.percentile(0.99)
        notes[f"{name}: resident MB"] = ours.resident_mb
        if options.full:
            before = await bench.compare(ours, echo, KEYWORD, "95598", "keyword", 0)
    if options.full:
        await filling.fill(url, messages=1_000_000, followers=200_000)
        with running(
            name,
            ["-m", "app", "serve", "--port", "{port}"],
            service_environment(folder, url),
            folder / f"{name}.log",
        ) as ours:
            await saturate(ours.port, bench.requests(KEYWORD, PEOPLE))
            after = await bench.compare(
                ours, echo, KEYWORD, "95598", "keyword, 1 M messages", before.ratio * 0.9
            )
            rows.append(after)
            notes[f"{name}: rate with 1 M messages and 200,000 followers, of an empty database's"] = (
                after.ratio / before.ratio
            )
    return rows


def _wanted(options: argparse.Namespace, what: str) -> bool:
    return not options.only or what in options.only


def _account(folder: Path) -> tuple[Account, Settings]:
    environment = service_environment(folder, "sqlite+aiosqlite://")
    settings = load_settings(
        _env_file=None,
        secret_key=environment["GONGHUI_SECRET_KEY"],
        wechat_api_url=environment["GONGHUI_WECHAT_API_URL"],
    )
    account = Account(
        app_id=settings.wechat_app_id,
        token=settings.wechat_token.get_secret_value(),
        aes_key=settings.wechat_aes_key.get_secret_value(),
        mode="safe",  # type: ignore[arg-type]
    )
    return account, settings


def _databases(options: argparse.Namespace, folder: Path, stack: ExitStack) -> Iterator[tuple[str, str]]:
    if options.database in ("sqlite", "both"):
        yield "SQLite", f"sqlite+aiosqlite:///{folder}/bench.db"
    if options.database in ("postgres", "both"):
        with _postgres(stack) as url:
            if url:
                yield "PostgreSQL", url


@contextmanager
def _postgres(stack: ExitStack) -> Iterator[str | None]:
    try:
        server = stack.enter_context(start_postgres(durable=True))
    except Missing as reason:
        print(f"PostgreSQL left out: {reason}")
        yield None
        return
    filling.run_in(server.url)
    yield filling.migrated(server.url)


def table(found: dict[str, object]) -> str:
    lines = [
        "| database | what | ours /s | echo /s | ratio | target | p50 ms | p99 ms | CPU µs |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["rows"]:  # type: ignore[attr-defined]
        lines.append(
            f"| {row['database']} | {row['what']} | {row['ours']:.0f} | {row['echo']:.0f} "
            f"| **{row['ratio']:.2f}** | {row['target']:.2f} | {row['p50_ms']:.1f} "
            f"| {row['p99_ms']:.1f} | {row['cpu_us']:.0f} |"
            + (f" {row['errors']} errors" if row["errors"] else "")
        )
    lines.append("")
    lines += [f"- {name}: {value:.2f}" for name, value in found["notes"].items()]  # type: ignore[attr-defined]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="of each timed run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--full", action="store_true", help="also with 1 million stored messages")
    parser.add_argument("--only", nargs="*", choices=["keyword", "question", "flow", "half", "sandbox"])
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2, 1
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(measure(options, Path(folder)))
    if found["rows"]:
        print(table(found))
    if found["sandbox"]:
        print(f"\n{sandbox.table(found['sandbox'])}")  # type: ignore[arg-type]
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S.json")
    (RESULTS / name).write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
