"""Many followers at once: they follow, then write at a fixed rate, and every answer is judged.

It acts as the platform does on every push: signed, sealed in the account's mode, five seconds, three tries,
each signed afresh. Nothing is kept: the people exist in this run only, and no state file is opened.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox import envelopes, pushes
from sandbox.callbacks import TRIES
from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.crypto import MessageCipher
from sandbox.load.report import Report, Tally
from sandbox.load.wire import Answer, Lost, Wires
from sandbox.pushes import Push
from sandbox.replies import BrokenReply, Reader

# The first answers and every tenth after them are opened and read as the phone would; the others are
# judged by status, size and outline.
READ_FIRST, READ_EVERY = 200, 10
GRACE_SECONDS = 5.0  # a service that is slower than people follow gets so much longer
SHORTEST_SLEEP = 0.001
_SUCCESS = (b"", b"success")


@dataclass(frozen=True)
class Plan:
    """How much load: `rate` in pushes per second, `seconds` of texts after everybody follows."""

    people: int
    rate: float
    seconds: float
    texts: tuple[str, ...]
    parallel: int


def openids(number: int) -> list[str]:
    """The same people in every run, easy to tell from real ones."""
    return [f"oLoad{one:023d}" for one in range(1, number + 1)]


def _said(people: Sequence[str], texts: Sequence[str], number: int) -> Iterator[Push]:
    """Everybody in turn, and each round every one with the next text."""
    for at in range(number):
        turn, who = divmod(at, len(people))
        yield pushes.text(people[who], texts[(who + turn) % len(texts)])


class Load:
    """One run against the callback address of `config`."""

    def __init__(
        self, config: Config, plan: Plan, *, stopwatch: Callable[[], float] = time.perf_counter
    ) -> None:
        """`stopwatch`: by which the pushes are due, in seconds."""
        self._config, self._account, self._plan = config, config.account, plan
        self._stopwatch = stopwatch
        self._cipher = MessageCipher(config.aes_key, config.app_id)
        self._clock = Clock(config.clock_file)
        self._reader = Reader(config.gh_id, config.token, config.mode, self._cipher, None)
        address = urlsplit(config.callback_url)
        self._path, self._host = address.path or "/", address.netloc
        self._wires = Wires(address.hostname or "", address.port or 80)
        self._judged = 0
        self.follows, self.texts = Tally(), Tally()

    async def run(self) -> Report:
        plan = self._plan
        cpu = time.process_time()
        people = openids(plan.people)
        try:
            seconds = plan.people / plan.rate + GRACE_SECONDS
            await self._play(self.follows, map(pushes.subscribe, people), plan.people, seconds)
            number = round(plan.rate * plan.seconds)
            await self._play(self.texts, _said(people, plan.texts, number), number, plan.seconds)
        finally:
            self._wires.close()
        return Report(self.follows, self.texts, time.process_time() - cpu, self._about())

    def _about(self) -> dict[str, object]:
        plan = self._plan
        return {
            "callback": self._config.callback_url,
            "mode": self._config.mode,
            "people": plan.people,
            "rate": plan.rate,
            "for_seconds": plan.seconds,
            "parallel": plan.parallel,
        }

    async def _play(self, tally: Tally, made: Iterator[Push], number: int, seconds: float) -> None:
        """Send `number` pushes at the rate; what is still due when the time is over stays unsent."""
        started, began = time.perf_counter(), self._stopwatch()
        due = enumerate(made)

        async def one_hand() -> None:
            for at, push in due:
                pause = began + at / self._plan.rate - self._stopwatch()
                if pause > SHORTEST_SLEEP:
                    await asyncio.sleep(pause)
                elif pause < -SHORTEST_SLEEP and self._stopwatch() - began > seconds:
                    return
                await self._push(tally, push)

        await asyncio.gather(*(one_hand() for _ in range(min(self._plan.parallel, number))))
        tally.seconds = time.perf_counter() - started
        tally.unsent = number - tally.sent

    async def _push(self, tally: Tally, push: Push) -> None:
        config = self._config
        tally.sent += 1
        fields = push.enveloped(self._account, int(self._clock.now()))
        _, body, encrypted = envelopes.sealed(self._account, config.mode, self._cipher, fields)
        began, how = time.perf_counter(), ""
        for turn in range(TRIES):
            if turn:
                await asyncio.sleep(config.retry_pause)
                tally.repeated += 1
            request = self._request(push.openid, body, encrypted)
            try:
                answer = await self._wires.ask(request, config.answer_seconds)
            except Lost as error:
                tally.late += error.late
                how = str(error)
                continue
            tally.waits.append(time.perf_counter() - began)
            self._judge(tally, push, answer)
            return
        tally.lost += 1
        tally.blame(how)

    def _request(self, openid: str, body: bytes, encrypted: str) -> bytes:
        # Every value is hexadecimal, digits or letters: nothing to quote.
        query = envelopes.signed(self._config.token, int(self._clock.now()), encrypted)
        fields = "&".join(f"{name}={value}" for name, value in query.items())
        head = (
            f"POST {self._path}?{fields}&openid={openid} HTTP/1.1\r\nHost: {self._host}\r\n"
            "User-Agent: Mozilla/4.0\r\nAccept: */*\r\nContent-Type: text/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _judge(self, tally: Tally, push: Push, answer: Answer) -> None:
        self._judged += 1
        try:
            if answer.status == 200 and answer.body in _SUCCESS:
                tally.silent += 1
                return
            if self._judged <= READ_FIRST or self._judged % READ_EVERY == 0:
                tally.verified += 1
                self._reader.read(push, answer.status, answer.body)
            else:
                _outlined(self._config.mode, push, answer)
            tally.replied += 1
        except BrokenReply as error:
            tally.faults += 1
            tally.blame(str(error))


def _outlined(mode: str, push: Push, answer: Answer) -> None:
    """Whether an answer has the size and the outline of one that would be taken.

    Raises:
        BrokenReply: it has not.
    """
    if answer.status != 200:
        raise BrokenReply(f"HTTP 状态是 {answer.status}，应为 200")
    body = answer.body.strip()
    if not body.startswith(b"<xml>") or not body.endswith(b"</xml>"):
        raise BrokenReply("回复不是合法的 XML：没有 xml 根元素")
    sealed = b"<Encrypt>" in body
    if mode == "safe" and not (sealed and b"<MsgSignature>" in body):
        raise BrokenReply("安全模式下回复必须加密")
    if not sealed and push.openid.encode() not in body:
        raise BrokenReply("ToUserName 应为用户的 openid")
