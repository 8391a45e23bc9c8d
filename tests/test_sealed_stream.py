"""Sealed streams: what was written comes back, and nothing that was touched opens."""

import io
import os
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from app import sealed_stream
from app.sealed_stream import KeyUnknown, NewerStream, SealedReader, SealedWriter, StreamBroken

KEY = ("b1", bytes(range(32)))
OPENING = len(sealed_stream.MAGIC) + 2 + len("b1") + sealed_stream.SALT + sealed_stream.CHECK
SMALL = 64
WHOLE = SMALL + sealed_stream.TAG


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_stream, "PIECE", SMALL)


def sealed(data: bytes, key: tuple[str, bytes] = KEY, step: int = 1000) -> bytes:
    out = io.BytesIO()
    with SealedWriter(out, key) as writer:
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
    return out.getvalue()


def opened(data: bytes, *keys: tuple[str, bytes]) -> bytes:
    return SealedReader(io.BytesIO(data), keys or (KEY,)).read()


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 5 * SMALL, 5 * SMALL + 7])
@pytest.mark.parametrize("step", [1, 63, 64, 65, 1000])
def test_what_was_written_comes_back(size: int, step: int) -> None:
    data = os.urandom(size)

    whole = sealed(data, step=step)

    assert opened(whole) == data
    assert data not in whole or size < 8


def test_the_same_words_are_never_sealed_alike() -> None:
    first, second = sealed(b"a" * 200), sealed(b"a" * 200)

    assert first[OPENING:] != second[OPENING:]


def pieces(whole: bytes) -> list[bytes]:
    body = whole[OPENING:]
    return [body[start : start + WHOLE] for start in range(0, len(body), WHOLE)]


def test_no_end_but_the_true_one_opens() -> None:
    whole = sealed(os.urandom(3 * SMALL + 5))

    for length in range(len(whole)):
        with pytest.raises(StreamBroken):
            opened(whole[:length])


def test_no_changed_byte_opens() -> None:
    whole = sealed(os.urandom(2 * SMALL + 5))

    for place in range(len(whole)):
        with pytest.raises((StreamBroken, KeyUnknown, NewerStream)):
            opened(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])


def test_pieces_keep_their_places() -> None:
    whole = sealed(os.urandom(4 * SMALL))
    opening, parts = whole[:OPENING], pieces(whole)

    for one, other in pairwise(range(4)):
        moved = list(parts)
        moved[one], moved[other] = moved[other], moved[one]
        with pytest.raises(StreamBroken):
            opened(opening + b"".join(moved))
    for gone in range(4):
        with pytest.raises(StreamBroken):
            opened(opening + b"".join(parts[:gone] + parts[gone + 1 :]))
    for more in (parts[0], parts[3], b"x"):
        with pytest.raises(StreamBroken):
            opened(whole + more)


def test_a_piece_of_another_stream_does_not_open() -> None:
    ours, theirs = sealed(os.urandom(2 * SMALL)), sealed(os.urandom(2 * SMALL))

    with pytest.raises(StreamBroken):
        opened(ours[:OPENING] + pieces(ours)[0] + pieces(theirs)[1])
    with pytest.raises(StreamBroken):
        opened(theirs[:OPENING] + b"".join(pieces(ours)))


def test_the_first_pieces_are_good_even_where_a_later_one_is_not() -> None:
    data = os.urandom(3 * SMALL)
    reader = SealedReader(io.BytesIO(sealed(data)[:-1]), [KEY])

    assert reader.read(2 * SMALL) == data[:SMALL]
    assert reader.read(SMALL) == data[SMALL : 2 * SMALL]
    with pytest.raises(StreamBroken):
        reader.read(1)


def test_the_key_is_found_by_its_name_and_proven() -> None:
    whole = sealed(b"words")

    assert opened(whole, ("b0", bytes(32)), ("b1", bytes(32)), KEY) == b"words"
    with pytest.raises(KeyUnknown) as missing:
        opened(whole, ("b2", KEY[1]))
    assert (missing.value.name, missing.value.held) == ("b1", False)
    with pytest.raises(KeyUnknown) as other:
        opened(whole, ("b1", bytes(32)))
    assert (other.value.name, other.value.held) == ("b1", True)


def test_what_is_newer_or_something_else_is_told_apart() -> None:
    whole = bytearray(sealed(b"words"))
    whole[len(sealed_stream.MAGIC)] = 2

    with pytest.raises(NewerStream):
        opened(bytes(whole))
    for other in (b"", b"\x1f\x8b", b"gonghui", b"x" * 500):
        with pytest.raises(StreamBroken):
            opened(other)


def test_a_stream_that_was_not_closed_does_not_open() -> None:
    out = io.BytesIO()
    writer = SealedWriter(out, KEY)
    writer.write(os.urandom(5 * SMALL))
    half = out.getvalue()

    with pytest.raises(StreamBroken):
        opened(half)
    writer.close()


def test_a_large_stream_needs_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_stream, "PIECE", 1024 * 1024)
    megabyte = os.urandom(1024 * 1024)

    tracemalloc.start()
    try:
        with (tmp_path / "large").open("wb") as out, SealedWriter(out, KEY) as writer:
            for _ in range(40):
                writer.write(megabyte)
        with (tmp_path / "large").open("rb") as source:
            reader = SealedReader(source, [KEY])
            while part := reader.read(300_000):
                assert len(part) <= 300_000
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 10 * 1024 * 1024
