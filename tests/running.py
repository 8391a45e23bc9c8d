"""The real service and sandbox as processes, and WeChat's side of the wire: for tests of what breaks.

A process is started as an operator starts it, with settings of its own; it may be killed at any moment.
"""

import asyncio
import os
import random
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote
from xml.etree import ElementTree

from app.settings import Settings
from app.wechat.crypto import Account, Cipher, Mode, signature
from tests import forking
from tests.servers import PATIENCE, free_port
from tests.talking import ANCHOR, GH_ID

ROOT = Path(__file__).parent.parent
SECRET = "the faults of these tests are no secret"
UNSET = ("redis_url", "clock_file", "crisis_openids", "encryption_keys", "lookup_key", "wechat_app_id")
NOWHERE = "http://127.0.0.1:9"
HANGS_UP = 5.0  # seconds; then WeChat does
SUCCESS = ""  # what `push` returns for it; None is silence
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_message_ids = count(24_590_000_000_000_001)


class Program:
    """One process of ours on a port of its own; its log is kept for the test to read."""

    name = ""
    ready_path = "/"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"{self.name}-{self.port}.log"
        self.environment = environment | {"PYTHONPATH": str(ROOT)}
        self._process: forking.Forked | None = None

    def command(self) -> list[str]:
        raise LookupError("each kind of program has its own")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def begin(self) -> None:
        """Start without waiting; `wait` follows."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGHUI_")}
        with self._log.open("ab") as output:
            self._process = forking.start(
                *self.command(), "--port", str(self.port), environment=clean | self.environment, output=output
            )

    def wait(self) -> None:
        """Until it answers. Raises: RuntimeError with the end of its log."""
        gives_up = time.monotonic() + PATIENCE
        while self.runs and time.monotonic() < gives_up:
            if self.is_ready():
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"{self.name} did not start:\n{self.log[-3000:]}")

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(self.url + self.ready_path, timeout=2).close()
        except OSError:
            return False
        return True

    def start(self) -> None:
        self.begin()
        self.wait()

    def kill(self) -> None:
        """As a crash of the machine does it: no word to the process."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """Ask it to end and wait. Raises: subprocess.TimeoutExpired."""
        if self._process is None:
            return 0
        if self.runs:
            self._process.send_signal(how)
        return self._process.wait(seconds)

    def ends(self, seconds: float = PATIENCE) -> int:
        """Its code, when it ends of itself. Raises: subprocess.TimeoutExpired."""
        assert self._process is not None
        return self._process.wait(seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Service(Program):
    name = "service"
    ready_path = "/readyz"

    def __init__(self, folder: Path, database_url: str, *options: str, **settings: str) -> None:
        self._options = options
        given = {
            "secret_key": SECRET,
            "database_url": database_url,
            "wechat_api_url": NOWHERE,
            "files": str(folder / "files"),
            "menus": str(ROOT / "menus.yaml"),
            "content": str(ROOT / "content"),
            **dict.fromkeys(UNSET, ""),  # whatever a developer's .env says
            **settings,
        }
        super().__init__(folder, {f"GONGHUI_{name.upper()}": value for name, value in given.items()})
        self.settings = Settings(_env_file=None, **given)  # type: ignore[arg-type]

    def command(self) -> list[str]:
        return ["app", "serve", *self._options]


class Sandbox(Program):
    name = "sandbox"
    ready_path = "/sandbox/api/state"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"GONGHUI_SECRET_KEY": SECRET})
        self.environment["GONGHUI_WECHAT_API_URL"] = self.url
        self.service = NOWHERE

    def command(self) -> list[str]:
        return ["sandbox", "--service", self.service, "--state", ":memory:"]


@dataclass(frozen=True)
class Push:
    """One message as WeChat sends it; sent again it is the same, byte for byte."""

    openid: str
    key: str  # in our journal
    query: str
    body: bytes


@dataclass
class WeChat:
    """WeChat's side: encrypts, pushes, hangs up after five seconds and tries again."""

    account: Account
    _cipher: Cipher = field(init=False)

    def __post_init__(self) -> None:
        self._cipher = Cipher(self.account)

    def text(self, openid: str, text: str, *, choice: str = "") -> Push:
        tap = f"<bizmsgmenuid><![CDATA[{choice}]]></bizmsgmenuid>" if choice else ""
        return self.message(openid, "text", f"<Content><![CDATA[{text}]]></Content>{tap}")

    def picture(self, openid: str) -> Push:
        return self.message(
            openid, "image", f"<PicUrl>http://p</PicUrl><MediaId>i{next(_message_ids)}</MediaId>"
        )

    def message(self, openid: str, kind: str, fields: str) -> Push:
        number, now = next(_message_ids), int(time.time())
        clear = (
            f"<xml><ToUserName>{GH_ID}</ToUserName><FromUserName>{openid}</FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType>{kind}</MsgType>{fields}<MsgId>{number}</MsgId></xml>"
        )
        sealed = self._cipher.encrypt(clear.encode())
        signed = signature(self.account.token, str(now), "135792", sealed)
        query = f"timestamp={now}&nonce=135792&openid={openid}&encrypt_type=aes&msg_signature={signed}"
        body = f"<xml><ToUserName>{GH_ID}</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return Push(openid, f"m|{number}|{openid}", query, body.encode())

    async def push(self, push: Push, to: Service, *, seconds: float = HANGS_UP) -> str | None:
        """What the person reads, `SUCCESS`, or None where there was no answer.

        Raises: AssertionError: an answer that ends the matter for WeChat, such as a 500.
        """
        try:
            async with asyncio.timeout(seconds):
                status, body = await post(to, push.query, push.body)
        except (TimeoutError, OSError):
            return None
        assert status == 200, (status, body)
        return self.read(body, push.openid)

    def read(self, body: bytes, openid: str) -> str:
        if body == b"success":
            return SUCCESS
        sealed = ElementTree.fromstring(body).findtext("Encrypt") or ""
        reply = ElementTree.fromstring(self._cipher.decrypt(sealed))
        assert reply.findtext("ToUserName") == openid, "the answer goes to somebody else"
        return reply.findtext("Content") or ""

    async def insist(self, push: Push, to: Sequence[Service], *, tries: int = 3) -> str | None:
        """Push until there is an answer, to any of the processes, as a balancer would have it."""
        for _ in range(tries):
            up = [service for service in to if service.runs] or to
            answer = await self.push(push, random.choice(up))
            if answer is not None:
                return answer
            await asyncio.sleep(0.05)  # a process that is down refuses at once
        return None


def wechat_of(settings: Settings) -> WeChat:
    return WeChat(
        Account(
            app_id=settings.wechat_app_id,
            token=settings.wechat_token.get_secret_value(),
            aes_key=settings.wechat_aes_key.get_secret_value(),
            mode=Mode(settings.wechat_mode.value),
        )
    )


async def post(to: Program, query: str, body: bytes) -> tuple[int, bytes]:
    """Status and body. A client library would cost more than the service itself.

    Raises: ConnectionError: no answer, or half of one.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", to.port)
    try:
        writer.write(
            f"POST /wechat/callback?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head, end, content = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    length = LENGTH.search(head)
    if not end or length is None or len(content) != int(length[1]):
        raise ConnectionError("no whole answer")
    return int(head.split(b" ", 2)[1]), content


@dataclass
class Person:
    """Somebody with a phone whose messages reach any of the processes."""

    wechat: WeChat
    services: Sequence[Service]
    openid: str
    last: str = ""

    async def says(self, text: str, *, choice: str = "") -> str:
        return await self.sends(self.wechat.text(self.openid, text, choice=choice))

    async def taps(self, label: str) -> str:
        for content, menu_id, shown in ANCHOR.findall(self.last):
            if label in shown:
                return await self.says(unquote(content), choice=unquote(menu_id))
        raise AssertionError(f"no line to tap shows {label!r} in {self.last!r}")

    async def sends(self, push: Push) -> str:
        answer = await self.wechat.insist(push, self.services)
        assert answer is not None, "WeChat got no answer in three tries"
        self.last = answer
        return ANCHOR.sub(lambda match: match[3], answer)


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def openids(number: int, story: str) -> list[str]:
    name = re.sub("[^A-Za-z]", "", story)[:10]
    return [f"oFault{name}{n:0{22 - len(name)}d}" for n in range(number)]


def start_all(programs: Sequence[Program]) -> None:
    """Start those that do not run, at once."""
    asleep = [program for program in programs if not program.runs]
    for program in asleep:
        program.begin()
    for program in asleep:
        program.wait()
