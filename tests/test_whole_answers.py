"""An answer leaves in one write; one that comes in pieces is not kept back."""

import asyncio

import pytest

from app.whole_answers import Joining


class Wire(asyncio.Transport):
    """What went out, write by write."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000)})
        self.writes: list[bytes] = []
        self.closed_after: int | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed_after = len(self.writes)


async def turn_of_the_loop() -> None:
    await asyncio.sleep(0)


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_head_and_body_go_out_together(wire: Wire) -> None:
    line = Joining(wire)
    line.write(b"HTTP/1.1 200 OK\r\n\r\n")
    line.write(b"success")
    assert wire.writes == [b"HTTP/1.1 200 OK\r\n\r\nsuccess"]

    await turn_of_the_loop()
    line.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
    line.write(b"no")
    assert wire.writes[1:] == [b"HTTP/1.1 404 Not Found\r\n\r\nno"]


async def test_what_nothing_follows_goes_out_in_the_same_turn(wire: Wire) -> None:
    line = Joining(wire)
    line.write(b"HTTP/1.1 200 OK\r\n\r\n")
    assert wire.writes == []
    await turn_of_the_loop()
    assert wire.writes == [b"HTTP/1.1 200 OK\r\n\r\n"]

    line.write(b"data: 1\n\n")
    await turn_of_the_loop()
    assert wire.writes[1:] == [b"data: 1\n\n"]


async def test_closing_loses_nothing(wire: Wire) -> None:
    line = Joining(wire)
    line.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    line.close()
    assert (wire.writes, wire.closed_after) == ([b"HTTP/1.1 304 Not Modified\r\n\r\n"], 1)

    await turn_of_the_loop()
    assert len(wire.writes) == 1


async def test_it_answers_for_the_transport_below(wire: Wire) -> None:
    assert Joining(wire).get_extra_info("peername") == ("127.0.0.1", 50000)
