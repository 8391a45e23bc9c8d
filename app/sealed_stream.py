"""A stream of bytes sealed piece by piece, so that a file of any size is written and read in little memory.

A sealed stream is `magic | version(1) | length of key name(1) | key name | salt(32) | check(16)`, in clear,
and then pieces of AES-GCM. Its own key comes from the named one and the salt by HKDF, so each stream counts
its nonces from zero: `number of the piece(11) | whether it is the last(1)`. The opening is associated data
of every piece. Thus pieces that are changed, moved, left out, cut off or added do not open; `check` tells a
wrong key from a damaged stream, and that no other key opens it.
"""

import io
import os
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"gonghui-sealed"
VERSION = 1
SALT, CHECK, TAG = 32, 16, 16
PIECE = 1024 * 1024  # bytes of clear text; the last one may be shorter
INFO = b"gonghui sealed stream 1"

Key = tuple[str, bytes]  # its name, 32 bytes


class StreamBroken(ValueError):
    """Not a sealed stream, not whole, or changed."""


class NewerStream(Exception):
    """Sealed in a way that came after this program."""


class KeyUnknown(Exception):
    """None of the keys at hand opens this stream; `name` is that of the key it needs."""

    def __init__(self, name: str, *, held: bool) -> None:
        super().__init__(name)
        self.name = name
        self.held = held  # we have a key of this name, but it is another one


def is_sealed(opening: bytes) -> bool:
    return opening.startswith(MAGIC)


class SealedWriter(io.RawIOBase):
    """Seals what is written into `out`; `close` writes the last piece, without which nothing opens."""

    def __init__(self, out: IO[bytes], key: Key) -> None:
        super().__init__()
        name, salt = key[0].encode(), os.urandom(SALT)
        opening = MAGIC + bytes([VERSION, len(name)]) + name + salt
        secret, check = _derived(key[1], opening)
        self._opening, self._cipher = opening + check, AESGCM(secret)
        self._out, self._waiting, self._number = out, bytearray(), 0
        out.write(self._opening)

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        given = memoryview(data).cast("B")
        for start in range(0, len(given), PIECE):
            self._waiting += given[start : start + PIECE]
            # A full piece waits: it may be the last.
            if len(self._waiting) > PIECE:
                self._seal(bytes(self._waiting[:PIECE]), last=False)
                del self._waiting[:PIECE]
        return len(given)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._waiting), last=True)
            self._out.flush()
        super().close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last), piece, self._opening))
        self._number += 1


class SealedReader(io.RawIOBase):
    """The clear text of a sealed stream, piece by piece; nothing is handed out that was not proven.

    Raises:
        StreamBroken: also while reading, at the first piece that is not as it was written.
        KeyUnknown: `keys` has no key for it.
        NewerStream: a newer program wrote it.
    """

    def __init__(self, source: IO[bytes], keys: Iterable[Key]) -> None:
        super().__init__()
        self._source, self._number, self._clear = source, 0, memoryview(b"")
        self._opening, secret = _opened(source, keys)
        self._cipher = AESGCM(secret)
        self._next = source.read(PIECE + TAG)
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: "WriteableBuffer", /) -> int:
        if not self._clear and not self._ended:
            self._clear = memoryview(self._piece())
        wanted = memoryview(target).cast("B")
        length = min(len(wanted), len(self._clear))
        wanted[:length] = self._clear[:length]
        self._clear = self._clear[length:]
        return length

    def _piece(self) -> bytes:
        piece, self._next = self._next, self._source.read(PIECE + TAG)
        self._ended = not self._next
        try:
            clear = self._cipher.decrypt(_nonce(self._number, self._ended), piece, self._opening)
        except InvalidTag:
            raise StreamBroken(f"piece {self._number} is not as it was written, or is the end") from None
        self._number += 1
        return clear


def _opened(source: IO[bytes], keys: Iterable[Key]) -> tuple[bytes, bytes]:
    """The opening of a stream, and its own key."""
    start = source.read(len(MAGIC) + 2)
    if len(start) < len(MAGIC) + 2 or not is_sealed(start):
        raise StreamBroken("no sealed stream")
    if start[-2] != VERSION:
        raise NewerStream
    rest = source.read(start[-1] + SALT + CHECK)
    if len(rest) < start[-1] + SALT + CHECK:
        raise StreamBroken("ends in its opening")
    opening, check = start + rest[:-CHECK], rest[-CHECK:]
    name = rest[: start[-1]].decode(errors="replace")
    named = [key for each, key in keys if each == name]
    for key in named:
        secret, expected = _derived(key, opening)
        if expected == check:
            return opening + check, secret
    raise KeyUnknown(name, held=bool(named))


def _derived(key: bytes, opening: bytes) -> tuple[bytes, bytes]:
    """The stream's own key, and what tells that it is the right one."""
    made = HKDF(SHA256(), 32 + CHECK, salt=opening[-SALT:], info=INFO + opening).derive(key)
    return made[:32], made[32:]


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
