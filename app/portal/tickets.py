"""What a browser keeps for us: who is signed in, and a sign-in under way.

Both are sealed under keys derived from `SECRET_KEY`: nobody can read or make one, and with another key
everybody is signed in anew. Not here: whether the person still follows and the session was not taken back
(`visitor`).
"""

import base64
import hashlib
import hmac
import json
import os
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.services.portal_sessions import SESSION_FOR
from app.settings import derive

ATTEMPT_FOR: Final = timedelta(minutes=10)
AHEAD: Final = timedelta(minutes=1)  # another process's clock may be ahead of ours by so much
_LONGEST = 1024  # characters of a cookie of ours
_NONCE = 12
_SESSION = struct.Struct(">QQqQ16s")


@dataclass(frozen=True, slots=True)
class Session:
    """A browser signed in as a follower; `since` tells one time of following from the next."""

    follower_id: int
    person_id: int
    since: int  # microseconds
    started_at: int  # unix seconds
    mark: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """A browser on its way to WeChat and back."""

    next: str  # where it wants to go
    again: bool  # the first code was spent already
    started_at: int  # unix seconds
    mark: str


class Tickets:
    """Seals and opens both, and makes the values that belong to them."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(derive(secret, "portal-tickets"))
        self._states = derive(secret, "portal-states")
        self._forms = derive(secret, "portal-forms")

    def begin(self, to: str, now: datetime, *, again: bool = False) -> tuple[str, str]:
        """A new attempt as the cookie that keeps it, and the state that goes to WeChat and back."""
        attempt = Attempt(to, again, int(now.timestamp()), os.urandom(16).hex())
        plain = json.dumps([attempt.next, again, attempt.started_at, attempt.mark]).encode()
        return self._seal(plain, b"attempt"), self._state(attempt)

    def attempt(self, cookie: str, state: str, now: datetime) -> Attempt | None:
        """The attempt of this browser, if `state` is the one it was sent away with."""
        plain = self._open(cookie, b"attempt")
        if plain is None:
            return None
        attempt = Attempt(*json.loads(plain))
        fits = hmac.compare_digest(self._state(attempt).encode(), state.encode())
        return attempt if fits and _is_fresh(attempt.started_at, ATTEMPT_FOR, now) else None

    def admit(self, follower_id: int, person_id: int, since: int, now: datetime) -> tuple[str, bytes]:
        """The cookie of a new session, and the mark by which its row knows it."""
        mark = os.urandom(16)
        fields = (follower_id, person_id, since, int(now.timestamp()), mark)
        return self._seal(_SESSION.pack(*fields), b"session"), mark

    def session(self, cookie: str, now: datetime) -> Session | None:
        plain = self._open(cookie, b"session")
        if plain is None:
            return None
        session = Session(*_SESSION.unpack(plain))
        return session if _is_fresh(session.started_at, SESSION_FOR, now) else None

    def form_token(self, session: Session) -> str:
        """What the forms of this session's pages carry; other sites cannot know it."""
        return hmac.digest(self._forms, session.mark, hashlib.sha256).hex()

    def _state(self, attempt: Attempt) -> str:
        """64 letters and digits: WeChat carries nothing else."""
        return hmac.digest(self._states, attempt.mark.encode(), hashlib.sha256).hex()

    def _seal(self, plain: bytes, kind: bytes) -> str:
        nonce = os.urandom(_NONCE)
        sealed = base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, kind))
        return sealed.decode().rstrip("=")  # which cookies would put into quotes

    def _open(self, cookie: str, kind: bytes) -> bytes | None:
        if not cookie or len(cookie) > _LONGEST or not cookie.isascii():
            return None
        try:
            sealed = base64.urlsafe_b64decode(cookie + "==")
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], kind)
        except (ValueError, InvalidTag):
            return None


def _is_fresh(started_at: int, life: timedelta, now: datetime) -> bool:
    return -AHEAD.total_seconds() <= now.timestamp() - started_at < life.total_seconds()
