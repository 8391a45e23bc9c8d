"""Load: followers by the hundred against services that answer well, late, badly, or not at all."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import typer

from app.cli import root
from sandbox.config import Config
from sandbox.crypto import MessageCipher, signature
from sandbox.load.command import LIMITS, main
from sandbox.load.report import Report, Tally
from sandbox.load.run import READ_FIRST, Load, Plan, openids
from sandbox.load.wire import ANSWER_LIMIT, Answer, Lost, read
from tests.running import Service, until
from tests.servers import PATIENCE
from tests.test_sandbox_callback import KEYS, reply, text_reply

CIPHER = MessageCipher(KEYS["aes_key"], KEYS["app_id"])
CONFIG = Config(**KEYS, retry_pause=0.0)  # type: ignore[arg-type]
PLAN = Plan(people=3, rate=200, seconds=0.1, texts=("一", "二"), parallel=8)
HEAD = "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n"

# --- A small service on a real port


@dataclass
class Server:
    """Answers by hand: `answering` gets the opened push and writes whatever it likes."""

    answering: Callable[["Server", ElementTree.Element, asyncio.StreamWriter], Awaitable[None]]
    url: str = ""
    pushes: list[ElementTree.Element] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    lines: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                body = await reader.readexactly(length)
                query = parse_qs(urlsplit(head.split(" ")[1]).query)
                self.queries.append({name: values[0] for name, values in query.items()})
                self.bodies.append(body)
                outer = ElementTree.fromstring(body)
                sealed = outer.findtext("Encrypt")
                push = ElementTree.fromstring(CIPHER.decrypt(sealed)) if sealed else outer
                self.pushes.append(push)
                await self.answering(self, push, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    answering: Callable[[Server, ElementTree.Element, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Server]:
    server = Server(answering)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = "http://127.0.0.1:{1}".format(*listening.sockets[0].getsockname())
    yield server
    listening.close()


def answers(make: Callable[[ElementTree.Element], bytes]) -> Any:
    """A service that answers with status 200 and this body."""

    async def answer(server: Server, push: ElementTree.Element, writer: asyncio.StreamWriter) -> None:
        body = make(push)
        writer.write(HEAD.format(len(body)).encode() + body)

    return answer


echoes = answers(lambda push: text_reply(push, f"收到{push.findtext('Content') or '关注'}"))


async def put(server: Server, plan: Plan = PLAN, *, in_time: bool = True, **changes: Any) -> Report:
    """`in_time`: the time of the plan does not run out, however slow the machine is."""
    stopwatch = (lambda: 0.0) if in_time else time.perf_counter
    return await Load(replace(CONFIG, service_url=server.url, **changes), plan, stopwatch=stopwatch).run()


# --- What people do, and what counts


async def test_everybody_follows_first_and_then_writes_in_turn() -> None:
    async with serving(echoes) as server:
        report = await put(server)

    told = [
        (push.findtext("FromUserName"), push.findtext("Event") or push.findtext("Content"))
        for push in server.pushes
    ]
    a, b, c = openids(3)
    assert sorted(told[:3]) == [(a, "subscribe"), (b, "subscribe"), (c, "subscribe")]
    assert Counter(who for who, _ in told[3:]) == {a: 7, b: 7, c: 6}
    assert Counter(text for _, text in told[3:]) == {"一": 10, "二": 10}
    assert set(told[3:]) == {(who, text) for who in (a, b, c) for text in ("一", "二")}
    assert len({push.findtext("MsgId") for push in server.pushes[3:]}) == 20
    assert (report.follows.replied, report.texts.replied, report.texts.verified) == (3, 20, 20)
    assert report.is_good


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
async def test_every_push_is_signed_and_sealed_as_the_mode_asks(mode: str) -> None:
    async with serving(answers(lambda push: b"success")) as server:
        report = await put(server, mode=mode)

    assert report.total.silent == 23
    for query, body in zip(server.queries, server.bodies, strict=True):
        parts = (KEYS["token"], query["timestamp"], query["nonce"])
        assert query["signature"] == signature(*parts)
        sealed = ElementTree.fromstring(body).findtext("Encrypt")
        assert (sealed is None) == (mode == "plain")
        if sealed:
            assert query["msg_signature"] == signature(*parts, sealed)
            assert query["encrypt_type"] == "aes"


async def test_lines_are_kept_and_used_again() -> None:
    async with serving(echoes) as server:
        await put(server, replace(PLAN, parallel=1))

    assert server.lines == 1


async def test_a_service_that_hangs_is_asked_three_times_with_one_body_signed_afresh() -> None:
    async def never(server: Server, push: ElementTree.Element, writer: asyncio.StreamWriter) -> None:
        return

    async with serving(never) as server:
        report = await put(server, Plan(1, 10, 0.1, ("在吗",), 4), answer_seconds=0.02)

    total = report.total
    assert (total.sent, total.lost, total.late, total.repeated) == (2, 2, 6, 4)
    assert len(set(server.bodies)) == 2
    assert len({query["nonce"] for query in server.queries}) == 6
    assert total.rules == {"0.02 秒内没有应答": 2}
    assert not report.is_good


async def test_a_service_that_comes_to_itself_answers_the_second_try() -> None:
    async def first_never(server: Server, push: ElementTree.Element, writer: asyncio.StreamWriter) -> None:
        if len(server.pushes) > 1:
            await echoes(server, push, writer)

    async with serving(first_never) as server:
        report = await put(server, Plan(1, 10, 0.1, ("在吗",), 1), answer_seconds=0.3)

    total = report.total
    assert (total.replied, total.late, total.repeated, total.lost) == (2, 1, 1, 0)
    assert total.ms()["max"] >= 300
    assert report.is_good


async def test_where_nobody_listens_every_push_is_lost() -> None:
    async with serving(echoes) as server:
        pass
    report = await put(server)

    assert report.total.lost == report.total.sent == 23
    assert report.total.repeated == 46
    assert list(report.total.rules) == ["连不上（ConnectionRefusedError）"]


BAD = {
    "garbage": (b"SSH-2.0-OpenSSH\r\n", "lost", "应答不是 HTTP"),
    "too long": (HEAD.format(10**9).encode(), "lost", "应答超过 64 KiB"),
    "half": (HEAD.format(10).encode() + b"succ", "lost", "0.05 秒内没有应答"),
    "status 500": (
        b"HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nsuccess",
        "faults",
        "HTTP 状态是 500，应为 200",
    ),
    "SUCCESS": (HEAD.format(7).encode() + b"SUCCESS", "faults", "回复不是合法的 XML"),
    "html": (HEAD.format(13).encode() + b"<html></html>", "faults", "根元素应为 xml，现为 html"),
    "not sealed": (HEAD.format(11).encode() + b"<xml></xml>", "faults", "安全模式下回复必须加密"),
}


@pytest.mark.parametrize("what", BAD)
async def test_answers_that_are_none_are_lost_and_wrong_ones_are_faults(what: str) -> None:
    raw, counted, rule = BAD[what]

    async def badly(server: Server, push: ElementTree.Element, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    async with serving(badly) as server:
        seconds = 0.05 if what == "half" else 5
        report = await put(server, Plan(1, 20, 0.1, ("好",), 8), answer_seconds=seconds)

    assert getattr(report.total, counted) == report.total.sent == 3
    assert report.total.replied + report.total.silent == 0
    assert rule in next(iter(report.total.rules))


async def test_a_reply_to_somebody_else_or_badly_signed_is_a_fault() -> None:
    def to_another(push: ElementTree.Element) -> bytes:
        sealed = CIPHER.encrypt(reply(push, "text", "<Content>好</Content>", ToUserName="oX").encode())
        good = signature(KEYS["token"], "1", "2", sealed)
        sign = good if push.findtext("Content") == "一" else good[::-1]
        return (
            f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{sign}</MsgSignature>"
            "<TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>"
        ).encode()

    async with serving(answers(to_another)) as server:
        report = await put(server)

    assert set(report.texts.rules) == {"ToUserName 应为用户的 openid", "回复的 MsgSignature 不正确"}


@pytest.mark.parametrize(
    ("spoil", "seen"), [((b"<MsgSignature>", b"<MsgSignature>0"), 10), ((b"xml>", b"XML>"), 100)]
)
async def test_beyond_the_first_answers_a_tenth_is_read_and_all_are_looked_at(
    spoil: tuple[bytes, bytes], seen: int
) -> None:
    made = 0

    def spoilt_later(push: ElementTree.Element) -> bytes:
        nonlocal made
        made += 1
        return text_reply(push, "好") if made <= READ_FIRST else text_reply(push, "好").replace(*spoil)

    async with serving(answers(spoilt_later)) as server:
        report = await put(server, Plan(READ_FIRST + 99, 10**9, 1e-9, ("好",), 1))

    assert report.total.sent == READ_FIRST + 100
    assert (report.total.verified, report.total.faults) == (READ_FIRST + 10, seen)


async def test_what_the_time_did_not_suffice_for_is_told_and_is_no_failure() -> None:
    async def slowly(server: Server, push: ElementTree.Element, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await echoes(server, push, writer)

    async with serving(slowly) as server:
        report = await put(server, Plan(1, 1000, 0.1, ("好",), 1), in_time=False)

    assert report.texts.unsent > 90
    assert report.texts.sent + report.texts.unsent == 100
    assert report.is_good


# --- Reading HTTP


BODY = b"<xml>1</xml>"
WHOLE = {
    "length": (b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n" + BODY, True),
    "old": (b"HTTP/1.0 200 OK\r\nContent-Length:12\r\nConnection: close\r\n\r\n" + BODY, False),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n<xml>\r\n7\r\n1</xml>\r\n0\r\n\r\n",
        True,
    ),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + BODY, True),
}


@pytest.mark.parametrize("what", WHOLE)
def test_an_answer_counts_when_its_last_byte_is_there(what: str) -> None:
    raw, keeps_line = WHOLE[what]

    assert [read(raw[:end]) for end in range(len(raw))] == [None] * len(raw)
    assert read(raw) == Answer(200, BODY, keeps_line)


def test_without_a_length_an_answer_ends_with_the_line() -> None:
    raw = b"HTTP/1.1 200 OK\r\n\r\n" + BODY

    assert read(raw) is None
    assert read(raw, ended=True) == Answer(200, BODY, False)


def test_no_body_and_more_than_one_answer() -> None:
    two = HEAD.format(2).encode() + b"ok" + HEAD.format(2).encode()

    assert read(b"HTTP/1.1 204 No Content\r\n\r\n") == Answer(204, b"", True)
    assert read(two) == Answer(200, b"ok", False)


@pytest.mark.parametrize(
    "raw",
    [
        b"<xml>",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 " + b"x" * 20_000,
        HEAD.format(ANSWER_LIMIT + 1).encode(),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (2 * ANSWER_LIMIT + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_or_too_long_is_lost(raw: bytes) -> None:
    with pytest.raises(Lost):
        read(raw)


# --- The report


def test_figures_stand_under_their_titles_and_percentiles_are_of_what_was_answered() -> None:
    follows = Tally(sent=2, replied=2, seconds=0.5, waits=[0.001, 0.003])
    texts = Tally(sent=100, replied=98, lost=2, seconds=1, waits=[n / 1000 for n in range(1, 99)])
    texts.blame("HTTP 状态是 502，应为 200")
    report = Report(follows, texts, 0.01, {"people": 2})

    lines = report.table().splitlines()
    assert lines[0].split() == ["关注", "消息", "合计"]
    assert lines[1].split() == ["发出", "2", "100", "102"]
    assert lines[-1].strip() == "1 次 HTTP 状态是 502，应为 200"
    assert report.as_dict()["texts"]["ms"] == {"p50": 50, "p90": 89, "p99": 98, "max": 98}
    assert report.as_dict()["own_cpu_us"] == pytest.approx(98, abs=0.1)
    assert not report.is_good


def test_a_fault_that_is_worded_anew_each_time_does_not_fill_the_memory() -> None:
    tally = Tally()
    for number in range(1000):
        tally.blame(f"line {number}")

    assert len(tally.rules) == 51
    assert tally.rules["其他"] == 950


# --- The command


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONGHUI_WECHAT_API_URL", "http://127.0.0.1:8001")
    monkeypatch.setenv("GONGHUI_SECRET_KEY", "dev")
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe")


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--people=0"], "--people: 应在 1 与 20000 之间"),
        (["--people=20001"], "--people: 应在"),
        (["--people=many"], "--people: 应在"),
        (["--rate=20001"], "--rate: 应在 0.1 与 20000 之间"),
        (["--rate=20000", "--seconds=51"], "每秒 20000 次、51 秒，超过一次 1000000 条"),
        (["--rate=nan"], "--rate: 应在"),
        (["--seconds=601"], "--seconds: 应在 1 与 600 之间"),
        (["--seconds=inf"], "--seconds: 应在"),
        (["--parallel=0"], "--parallel: 应在 1 与 512 之间"),
        (["--people=20000", "--rate=1"], "20000 人按每秒 1 次关注要 20000 秒，超过 600 秒"),
        (["--say= "], "不能为空"),
        (["--say=" + "字" * 683], "不能超过 2048 字节"),
        (["--texts=nowhere.txt"], "读不了 nowhere.txt"),
        (["--texts=latin.txt"], "读不了 latin.txt"),
        (["--texts=empty.txt"], "empty.txt 里没有一句话"),
        (["--json=no/such/folder.json"], "写不了"),
        (["--fast"], "没有选项 --fast"),
        (["--people"], "--people: 后面要写内容"),
        (["--service=http://example.com"], "只能压本机的服务"),
        (["--service=http://127.0.0.1.example.com:8000"], "只能压本机的服务"),
        (["--service=https://127.0.0.1"], "只能压本机的服务"),
        (["--service=http://127.0.0.1:port"], "只能压本机的服务"),
    ],
)
def test_what_goes_beyond_the_bounds_is_refused_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("没有开始：")
    assert printed.err.count("\n") == 1
    assert said in printed.err


def test_production_settings_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GONGHUI_WECHAT_API_URL", "https://api.weixin.qq.com")
    monkeypatch.setenv("GONGHUI_SECRET_KEY", "dev")

    assert main([]) == 2
    assert "像是正式环境的设置" in capsys.readouterr().err


def test_the_help_of_our_command_names_the_bounds() -> None:
    group: Any = typer.main.get_command(root.app)
    told = {param.name: param.help for param in group.commands["sandbox"].commands["load"].params}

    for name, (least, most) in LIMITS.items():
        assert f"{least:g} 至 {most:g}" in told[name]


# --- Against the real service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("load")
    with Service(folder, f"sqlite+aiosqlite:///{folder}/load.db") as started:
        yield started


def begin_load(service: Service, *words: str) -> "subprocess.Popen[str]":
    """The command as an operator types it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGHUI_")}
    return subprocess.Popen(
        [sys.executable, "-m", "app", "sandbox", "load", f"--service={service.url}", *words],
        env=clean | service.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def kept(service: Service) -> int:
    """How many messages and events the service has in its journal."""
    path = service.environment["GONGHUI_DATABASE_URL"].partition("///")[2]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return int(database.execute("select count(*) from message").fetchone()[0])


def test_a_load_is_answered_by_the_service_and_reported_twice(service: Service, tmp_path: Path) -> None:
    texts, figures = tmp_path / "texts.txt", tmp_path / "load.json"
    texts.write_text("值班电话\n\n--你好\n", encoding="utf-8")
    before = kept(service)

    running = begin_load(
        service,
        "--people=20",
        "--rate=100",
        "--seconds=1",
        f"--texts={texts}",
        "--say=-",
        f"--json={figures}",
    )
    printed, _ = running.communicate(timeout=PATIENCE)

    assert running.returncode == 0, printed
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert (found["good"], found["mode"], found["people"]) == (True, "safe", 20)
    total = found["total"]
    assert total["sent"] + total["unsent"] == 120
    assert total["replied"] + total["silent"] == total["sent"] == kept(service) - before
    assert "20 人先关注，再说 1 秒的话，每秒 100 次" in printed
    assert "逐字核对的应答" in printed


async def test_a_service_that_dies_in_the_middle_is_told(service: Service) -> None:
    before = kept(service)
    running = begin_load(service, "--people=10", "--rate=50", "--seconds=3", "--say=值班电话")
    try:
        await until(lambda: kept(service) > before + 30)
    finally:
        service.kill()
    printed, _ = running.communicate(timeout=PATIENCE)

    assert running.returncode == 1, printed
    assert "故障：" in printed
    assert "连不上（ConnectionRefusedError）" in printed
