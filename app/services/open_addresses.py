"""Addresses that open one thing for an hour or two without signing in.

A mini-program's `image` and `wx.downloadFile` of a picture send no token, and have no browser session either.
What is opened says its page, which asks each time whether it may still be seen at all.
"""

from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from models.sealing import keyring

TURN: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def mark(subject: str, now: datetime) -> str:
    """What opens `subject` until the end of the next hour; the same for all who ask within one hour.

    That it is the same lets phones keep what they loaded.
    """
    return _made(subject, (now - _EPOCH) // TURN + 2)


def opens(subject: str, given: str, now: datetime) -> bool:
    """Whether `given` was made for it and is still good."""
    until, dot, _ = given.partition(".")
    if not dot or not (until.isascii() and until.isdecimal() and len(until) < 10):
        return False
    return now < _EPOCH + int(until) * TURN and compare_digest(
        given.encode(), _made(subject, int(until)).encode()
    )


def _made(subject: str, until: int) -> str:
    return f"{until}.{keyring().digest(f'{until}:{subject}', 'open-address').hex()}"
