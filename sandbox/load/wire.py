"""As much HTTP/1.1 as putting load on a service needs: keep-alive lines, one request at a time on each.

A whole client library takes longer for a request than everything else about a push together.
"""

import asyncio
import re
import time
from dataclasses import dataclass

ANSWER_LIMIT = 64 * 1024
HEAD_LIMIT = 16 * 1024
# Servers close idle lines after five seconds and more; a request sent into a closing one would be lost.
IDLE_SECONDS = 3.0
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)


class Lost(Exception):
    """No answer; the text says how it was lost."""

    def __init__(self, how: str, *, late: bool = False) -> None:
        super().__init__(how)
        self.late = late  # the time was up; else the line broke, or what came was no HTTP


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    keeps_line: bool  # another request may follow on it


def read(data: bytes | bytearray, *, ended: bool = False) -> Answer | None:
    """The answer at the start of `data`; None while it is not whole. `ended`: no more will come.

    Raises:
        Lost: this is no HTTP answer, or a longer one than WeChat reads.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > HEAD_LIMIT or not data.startswith(b"HTTP/1."[: len(data)]):
            raise Lost("应答不是 HTTP")
        return None
    status = _STATUS.match(data)
    if status is None:
        raise Lost("应答不是 HTTP")
    code, start = int(status[1]), end + 4
    if 100 <= code < 200:
        return read(data[start:], ended=ended)
    return _with_body(data, code, start, ended)


def _with_body(data: bytes | bytearray, code: int, start: int, ended: bool) -> Answer | None:
    keeps = _CLOSES.search(data, 0, start) is None and not ended
    if code in (204, 304):
        return Answer(code, b"", keeps)
    length = _LENGTH.search(data, 0, start)
    if length:
        if int(length[1]) > ANSWER_LIMIT:
            raise Lost(f"应答超过 {ANSWER_LIMIT // 1024} KiB")
        end = start + int(length[1])
        return Answer(code, bytes(data[start:end]), keeps and len(data) == end) if len(data) >= end else None
    if len(data) - start > 2 * ANSWER_LIMIT:  # chunks have heads of their own
        raise Lost(f"应答超过 {ANSWER_LIMIT // 1024} KiB")
    if _CHUNKED.search(data, 0, start):
        body = _joined(bytes(data[start:]))
        return None if body is None else Answer(code, body, keeps)
    return Answer(code, bytes(data[start:]), False) if ended else None


def _joined(data: bytes) -> bytes | None:
    """The chunks of `data` as one; None while the last is missing."""
    parts: list[bytes] = []
    while True:
        line, found, rest = data.partition(b"\r\n")
        if not found:
            return None
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise Lost("应答不是 HTTP：分块的长度读不懂") from None
        if size == 0:
            return b"".join(parts) if rest.startswith(b"\r\n") or b"\r\n\r\n" in rest else None
        if len(rest) < size + 2:
            return None
        parts.append(rest[:size])
        data = rest[size + 2 :]


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None
        self.usable = False
        self.used_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.usable = True

    async def ask(self, request: bytes, seconds: float) -> Answer:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._answer = answer
        self._transport.write(request)
        alarm = loop.call_later(seconds, self._hang_up, seconds)
        try:
            return await answer
        finally:
            alarm.cancel()
            self._answer = None
            self.used_at = time.monotonic()
            if not answer.done() or answer.cancelled():  # whoever asked went away
                self.close()

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nothing was asked: whatever this is, it would spoil the next answer
            self.close()
            return
        self._buffer += data
        self._look(ended=False)

    def connection_lost(self, error: Exception | None) -> None:
        self.usable = False
        self._look(ended=True)
        self._fail(Lost("连接断开"))

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def _look(self, *, ended: bool) -> None:
        try:
            answer = read(self._buffer, ended=ended) if self._buffer else None
        except Lost as error:
            self.close()
            self._fail(error)
            return
        if answer is None:
            return
        self._buffer.clear()
        if not answer.keeps_line:
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _hang_up(self, seconds: float) -> None:
        self.close()
        self._fail(Lost(f"{seconds:g} 秒内没有应答", late=True))

    def _fail(self, error: Lost) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class Wires:
    """Lines to one server: as many as there are requests at a time, the last used one first."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._free: list[_Line] = []

    async def ask(self, request: bytes, seconds: float) -> Answer:
        """Send one whole request, and wait for its answer so long.

        Raises:
            Lost: none came.
        """
        line = self._idle() or await self._opened(seconds)
        answer = await line.ask(request, seconds)
        if line.usable:
            self._free.append(line)
        return answer

    def _idle(self) -> _Line | None:
        while self._free:
            line = self._free.pop()
            if line.usable and time.monotonic() - line.used_at < IDLE_SECONDS:
                return line
            line.close()
        return None

    async def _opened(self, seconds: float) -> _Line:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, line = await loop.create_connection(_Line, self._host, self._port)
        except TimeoutError:
            raise Lost(f"{seconds:g} 秒内连不上", late=True) from None
        except OSError as error:
            raise Lost(f"连不上（{type(error).__name__}）") from error
        return line

    def close(self) -> None:
        for line in self._free:
            line.close()
        self._free.clear()
