"""Who opens a connection and says nothing, or half a word, does not keep it; who waits for us does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.whole_answers import WholeAnswers
from tests.servers import PATIENCE
from tests.serving import answering

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"


class Impatient(WholeAnswers):
    patience = 0.05


class Answering:
    """An application that answers once it may."""

    def __init__(self) -> None:
        self.port = 0
        self.may = asyncio.Event()
        self.asked = asyncio.Event()
        self.told: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            said = await receive()
            self.told.append(said["type"])
            more = said.get("more_body", False)
        self.asked.set()
        await self.may.wait()
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        await send(head)
        await send({"type": "http.response.body", "body": b"ok"})

    async def hears(self, words: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(words)
        return reader, writer


@pytest.fixture
async def app() -> AsyncIterator[Answering]:
    found = Answering()
    # Uvicorn's own clock does not end anything in this time.
    async with answering(found, http=Impatient, timeout_keep_alive=PATIENCE) as address:
        found.port = int(address.rpartition(":")[2])
        yield found
        found.may.set()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the connection was closed."""
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


@pytest.mark.parametrize("words", [b"", b"POST /", POST, POST + b"half"])
async def test_who_does_not_go_on_is_hung_up_on(app: Answering, words: bytes) -> None:
    reader, writer = await app.hears(words)

    assert await ended(reader) == b""
    assert app.told[-1:] in ([], ["http.disconnect"])
    writer.close()


async def test_who_begins_a_second_request_and_stops_is_hung_up_on(app: Answering) -> None:
    app.may.set()
    reader, writer = await app.hears(GET)
    assert await reader.readuntil(b"ok")
    writer.write(GET[:10])

    assert await ended(reader) == b""
    writer.close()


async def test_who_waits_for_a_slow_answer_gets_it(app: Answering) -> None:
    reader, writer = await app.hears(GET)
    silent, other = await app.hears(b"")
    await app.asked.wait()
    assert await ended(silent) == b"", "by now it has been looked whether anybody is there"
    app.may.set()

    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.close()
    other.close()
