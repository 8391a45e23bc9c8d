"""Signatures and the message cipher, as section 1.4 of the platform reference lays them out."""

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # WeChat pads to 32 bytes although AES has 16


class CipherError(Exception):
    """Not a text this account encrypted; the message says what is wrong."""


def signature(*parts: str) -> str:
    """SHA-1 over the parts in string order: token, timestamp, nonce (and the cipher text)."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


class MessageCipher:
    """AES-256-CBC with the key's first half as IV, random ‖ length ‖ message ‖ app id inside."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        key = base64.b64decode(aes_key + "=")
        self._app_id = app_id.encode()
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def encrypt(self, message: bytes, salt: bytes | None = None) -> str:
        plain = (salt or os.urandom(16)) + struct.pack(">I", len(message)) + message + self._app_id
        padding = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher.encryptor()
        padded = plain + bytes([padding]) * padding
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def decrypt(self, text: str) -> bytes:
        """The message inside.

        Raises:
            CipherError: base64, padding, length or app id is not as it should be.
        """
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CipherError("Encrypt is not base64") from error
        if not data or len(data) % 16:
            raise CipherError("Encrypt is not a whole number of AES blocks")
        decryptor = self._cipher.decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise CipherError("the padding is not PKCS#7 to 32 bytes, or the key differs")
        plain = plain[:-padding]
        if len(plain) < 20:
            raise CipherError("the text is shorter than its head")
        length = struct.unpack(">I", plain[16:20])[0]
        message, app_id = plain[20 : 20 + length], plain[20 + length :]
        if len(message) != length or app_id != self._app_id:
            raise CipherError("the app id after the message is not ours")
        return message
