"""A load generator: requests made beforehand, keep-alive connections, latencies and sampled answers.

Closed loop (`saturate`): each connection sends its next request when the last is answered. Open loop
(`steady`): requests leave at a fixed rate whatever the server does, so that queueing shows.
"""

import asyncio
import gc
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
SAMPLE_EVERY = 50


@dataclass
class Result:
    seconds: float
    latencies: list[float] = field(default_factory=list)  # seconds
    answers: list[bytes] = field(default_factory=list)  # a sample of whole responses
    errors: int = 0
    cpu_us: float = 0.0  # of the server, per answer

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, result: Result) -> None:
        self._result = result
        self._buffer = bytearray()
        self._answer: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes, started: float) -> "asyncio.Future[None]":
        assert self._transport is not None
        self._started = started
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        match = LENGTH.search(self._buffer, 0, head)
        if match is None or len(self._buffer) < head + 4 + int(match[1]):
            return
        result = self._result
        result.latencies.append(time.perf_counter() - self._started)
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            result.errors += 1
        if len(result.latencies) % SAMPLE_EVERY == 1:
            result.answers.append(bytes(self._buffer))
        self._buffer.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._result.errors += 1
            self._answer.set_exception(error or ConnectionError("closed"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@contextmanager
def _timed(result: Result) -> Iterator[float]:
    """When it began; `result` is told how long it took.

    Our own collector is still meanwhile: it walks through a hundred thousand requests, and its 80 ms would
    stand in the figures of whoever is measured.
    """
    gc.disable()
    started = time.perf_counter()
    try:
        yield started
    finally:
        result.seconds = time.perf_counter() - started
        gc.enable()


async def _open(port: int, number: int, result: Result) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(result), "127.0.0.1", port) for _ in range(number)
    ]
    return [connection for _, connection in made]


async def saturate(
    port: int, requests: Sequence[bytes], *, connections: int = 32, seconds: float = 0
) -> Result:
    """Send all `requests`, or as many as `seconds` allow."""
    result = Result(0)
    clients = await _open(port, connections, result)
    waiting = iter(requests)

    async def client(connection: _Connection) -> None:
        for request in waiting:
            now = time.perf_counter()
            if now > end:
                return
            await connection.ask(request, now)

    with _timed(result) as started:
        end = started + seconds if seconds else float("inf")
        await asyncio.gather(*map(client, clients))
    for connection in clients:
        connection.close()
    return result


async def steady(port: int, requests: Sequence[bytes], *, rate: float, connections: int = 64) -> Result:
    """Send `requests` at `rate` per second; latency counts from the moment each should have left."""
    result = Result(0)
    clients = await _open(port, connections, result)
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for connection in clients:
        free.put_nowait(connection)

    async def one(request: bytes, due: float) -> None:
        connection = await free.get()
        await connection.ask(request, due)
        free.put_nowait(connection)

    tasks = []
    with _timed(result) as started:
        for number, request in enumerate(requests):
            due = started + number / rate
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            tasks.append(asyncio.create_task(one(request, due)))
        await asyncio.gather(*tasks)
    for connection in clients:
        connection.close()
    return result
