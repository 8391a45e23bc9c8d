"""Encryption of what is private: AES-GCM under named keys, and digests to look private values up by.

A sealed value is `version(1) | length of key id(1) | key id | nonce(12) | ciphertext and tag`; its
associated data is "table.column", so that a value moved to another column does not open.
"""

import base64
import hashlib
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

VERSION = 1
NONCE = 12


class SealBroken(Exception):
    """A stored value that none of our keys opens in this place."""


def digest_of_random(secret: bytes | str) -> bytes:
    """32 bytes that find a secret of ours again: a token or a link, random and of 128 bits at least.

    Such a one needs neither salt nor a slow digest; what people choose does.
    """
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()


class Keyring:
    """Keys by id; the first writes, every one reads."""

    def __init__(self, keys: Mapping[str, bytes], lookup_key: bytes) -> None:
        if not keys:
            raise ValueError("at least one encryption key is needed")
        self._ciphers = {name: AESGCM(_checked(name, key)) for name, key in keys.items()}
        first = next(iter(keys)).encode()
        self._header = bytes([VERSION, len(first)]) + first
        self._writer = self._ciphers[first.decode()]
        self._lookup = HMAC(lookup_key, hashes.SHA256())  # copied for each digest: half the time

    @classmethod
    def parse(cls, text: str, lookup_key: str) -> "Keyring":
        """From `k2:BASE64,k1:BASE64`.

        Raises:
            ValueError: a part without name, not base64, or not 32 bytes long.
        """
        return cls(parse_keys(text), lookup_key.encode())

    @property
    def writes_with(self) -> str:
        return self._header[2:].decode()

    @property
    def names(self) -> list[str]:
        """Of all keys, the one that writes first."""
        return list(self._ciphers)

    def seal(self, plain: bytes, place: str) -> bytes:
        nonce = os.urandom(NONCE)
        return self._header + nonce + self._writer.encrypt(nonce, plain, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """Raises: SealBroken."""
        try:
            start = 2 + sealed[1]
            cipher = self._ciphers[sealed[2:start].decode()]
            if sealed[0] != VERSION:
                raise SealBroken(f"{place}: unknown version {sealed[0]}")
            return cipher.decrypt(sealed[start : start + NONCE], sealed[start + NONCE :], place.encode())
        except (IndexError, KeyError, UnicodeDecodeError, InvalidTag, ValueError) as error:
            raise SealBroken(f"{place}: {type(error).__name__}") from None

    def digest(self, value: str, purpose: str) -> bytes:
        """16 bytes that find `value` again without telling it."""
        lookup = self._lookup.copy()
        lookup.update(f"{purpose}\x00{value}".encode())
        return lookup.finalize()[:16]


def parse_keys(text: str) -> dict[str, bytes]:
    """Keys by name, the first first, from `k2:BASE64,k1:BASE64`.

    Raises:
        ValueError: a part without name, not base64, or not 32 bytes long.
    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        name, colon, key = part.strip().partition(":")
        if not colon or not name or name in keys:
            raise ValueError("encryption keys are written name:BASE64, each name once")
        keys[name] = _checked(name, base64.b64decode(key, validate=True))
    return keys


def _checked(name: str, key: bytes) -> bytes:
    if len(key) != 32:
        raise ValueError(f"encryption key {name!r} must be 32 bytes, is {len(key)}")
    return key


_keyring: Keyring | None = None


def use_keyring(keyring: Keyring) -> None:
    """Set the keys of this process; column types have no other way to reach them."""
    global _keyring  # noqa: PLW0603
    _keyring = keyring


def keyring() -> Keyring:
    if _keyring is None:
        raise RuntimeError("no keyring: call use_keyring before touching sealed columns")
    return _keyring
