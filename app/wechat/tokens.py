"""One access token for all processes: fetched by one of them, shared through a store.

The token is WeChat's `stable_token`: fetching again does not end the one in use, and near its
end the platform hands out the next while both work (wechat-platform.md section 5). The store
is a protocol; the one over the database lives with the database. `SharedValue` is the same for
whatever else is fetched once for all: the ticket of `app.wechat.jssdk`.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import uuid4

import httpx

from app.wechat.api.transport import Call, NoAnswer, exchange, parse, raise_refusal
from app.wechat.errors import TryLater, WeChatError

_PATH: Final = "/cgi-bin/stable_token"
MARGIN_SECONDS: Final = 300.0  # in the last five minutes the platform hands out the next one
LEASE_SECONDS: Final = 30.0  # longer than a fetch with its repeat
POLL_SECONDS: Final = 0.25
POLLS: Final = 40  # ten seconds: whoever fetches is done by then, or gone
HOLD_OFF_SECONDS: Final = 60.0  # after a refusal that asking again will not change


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token and its end. A store must take 512 characters, and encrypt them at rest."""

    value: str = field(repr=False)
    expires_at: float  # unix seconds


class TokenStore(Protocol):
    """What the processes share. Every method is one short transaction, atomic by itself."""

    async def load(self, app_id: str) -> StoredToken | None:
        """The newest token saved, expired or not."""

    async def drop(self, app_id: str, value: str) -> None:
        """Forget the token only if it still is `value`."""

    async def lease(self, app_id: str, holder: str, seconds: float) -> bool:
        """True when `holder` alone may fetch for `seconds`; an expired lease is free."""

    async def save(self, app_id: str, token: StoredToken, holder: str) -> bool:
        """Keep `token` if `holder` still has the lease; False, and nothing kept, if not."""

    async def release(self, app_id: str, holder: str) -> None:
        """Give the lease back, if it still is `holder`'s."""


class MemoryTokenStore:
    """A store for one process: tests and small tools."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens: dict[str, StoredToken] = {}
        self._leases: dict[str, tuple[str, float]] = {}

    async def load(self, app_id: str) -> StoredToken | None:
        return self._tokens.get(app_id)

    async def drop(self, app_id: str, value: str) -> None:
        held = self._tokens.get(app_id)
        if held is not None and held.value == value:
            del self._tokens[app_id]

    async def lease(self, app_id: str, holder: str, seconds: float) -> bool:
        if self._holder(app_id) not in (None, holder):
            return False
        self._leases[app_id] = (holder, self._now() + seconds)
        return True

    async def save(self, app_id: str, token: StoredToken, holder: str) -> bool:
        if self._holder(app_id) != holder:
            return False
        self._tokens[app_id] = token
        return True

    async def release(self, app_id: str, holder: str) -> None:
        if self._holder(app_id) == holder:
            del self._leases[app_id]

    def _holder(self, app_id: str) -> str | None:
        holder, until = self._leases.get(app_id, (None, 0.0))
        return holder if self._now() < until else None


class SharedValue:
    """A secret with an end that one process fetches for all. One per process, on one event loop."""

    def __init__(
        self,
        store: TokenStore,
        key: str,
        ask: Callable[[], Awaitable[tuple[str, float]]],
        now: Callable[[], float],
        *,
        path: str,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`ask` answers a value and its remaining seconds; `path` names the call in errors."""
        self._now = now
        self._store = store
        self._key = key
        self._ask = ask
        self._path = path
        self._pause = pause
        self._holder = uuid4().hex
        self._held: StoredToken | None = None
        self._ask_again_at = 0.0  # an ageing token is used until then without asking
        self._refusal: tuple[WeChatError, float] | None = None
        self._flight: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """A value that should work now.

        Raises:
            WeChatError: what `ask` raises; other than `TryLater` it is remembered for a minute.
            TryLater: WeChat busy or out of reach, or another process is at it too long.
        """
        held = self._held
        if held is not None and (self._fresh(held) or self._ageing_but_asked(held)):
            return held.value
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._renew(), name=f"wechat {self._path}")
            self._flight.add_done_callback(_retrieve)
        # Shielded: one caller giving up must not end the fetch for the others.
        return await asyncio.shield(self._flight)

    async def refused(self, value: str) -> None:
        """WeChat would not take `value`: forget it, unless a newer one took its place."""
        if self._held is not None and self._held.value == value:
            self._held = None
        await self._store.drop(self._key, value)

    async def _renew(self) -> str:
        """From the store, or fetched under its lease, or waited for; last the ageing one."""
        try:
            for _ in range(POLLS):
                if (stored := await self._from_store()) is not None:
                    return stored.value
                self._raise_remembered()
                if await self._store.lease(self._key, self._holder, LEASE_SECONDS):
                    return await self._under_lease()
                await self._pause(POLL_SECONDS)
            raise TryLater(None, "another process is fetching it", "", self._path)
        except WeChatError:
            # Better one near its end than none at all.
            held = await self._ageing()
            if held is None:
                raise
            return self._keep(held).value

    async def _under_lease(self) -> str:
        try:
            # Somebody may have fetched between our look and our lease.
            stored = await self._from_store()
            if stored is not None:
                return stored.value
            fetched = await self._fetch()
            if not await self._store.save(self._key, fetched, self._holder):
                # We were so slow that the lease is gone: another's token may be the newer one.
                fetched = await self._from_store() or fetched
            return self._keep(fetched).value
        finally:
            await self._store.release(self._key, self._holder)

    async def _fetch(self) -> StoredToken:
        """Ask WeChat; what it refuses for good is remembered, so that nobody hammers it."""
        asked_at = self._now()
        try:
            value, seconds = await self._ask()
        except TryLater:
            raise
        except WeChatError as error:
            self._refusal = (error, self._now() + HOLD_OFF_SECONDS)
            raise
        self._refusal = None
        return StoredToken(value, asked_at + seconds)

    async def _from_store(self) -> StoredToken | None:
        stored = await self._store.load(self._key)
        return self._keep(stored) if stored is not None and self._fresh(stored) else None

    async def _ageing(self) -> StoredToken | None:
        """What is left when none can be had: a token in its last minutes."""
        for token in (self._held, await self._store.load(self._key)):
            if token is not None and self._now() < token.expires_at:
                return token
        return None

    def _keep(self, token: StoredToken) -> StoredToken:
        self._held = token
        # Short of life and nothing newer to be had: ask again when half of the rest is over.
        rest = token.expires_at - self._now()
        self._ask_again_at = self._now() + max(rest / 2, 10.0)
        return token

    def _fresh(self, token: StoredToken) -> bool:
        return self._now() < token.expires_at - MARGIN_SECONDS

    def _ageing_but_asked(self, token: StoredToken) -> bool:
        return self._now() < min(self._ask_again_at, token.expires_at)

    def _raise_remembered(self) -> None:
        if self._refusal is not None and self._now() < self._refusal[1]:
            # A copy: one object raised again and again would gather tracebacks.
            raise copy.copy(self._refusal[0])


class TokenSource:
    """Where calls get their token. One per account and process, on one event loop."""

    def __init__(
        self,
        store: TokenStore,
        http: httpx.AsyncClient,
        app_id: str,
        app_secret: str,
        base_url: str,
        now: Callable[[], float],
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.now = now
        self._http = http
        self._app_id = app_id
        self._secret = app_secret
        self._base_url = base_url
        self._shared = SharedValue(store, app_id, self._ask, now, path=_PATH, pause=pause)

    def __repr__(self) -> str:
        return f"TokenSource({self._app_id!r})"

    async def token(self) -> str:
        """A token that should work now.

        Raises:
            NotAllowed: wrong secret, address not allowed…; remembered for a minute.
            TryLater: WeChat busy or out of reach, or another process is at it too long.
        """
        return await self._shared.get()

    async def refused(self, value: str) -> None:
        """WeChat would not take `value`: forget it, unless a newer one took its place."""
        await self._shared.refused(value)

    async def _ask(self) -> tuple[str, float]:
        """Token and remaining seconds; a broken connection is tried once more."""
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": False,  # True would end the token that others are using
        }
        call = Call(_PATH, "POST", body=body, with_token=False)
        try:
            return await self._ask_once(call)
        except NoAnswer:
            pass  # asking again is harmless here: it answers the same token
        try:
            return await self._ask_once(call)
        except NoAnswer as broken:
            raise TryLater(None, f"no answer: {broken.reason}", "", _PATH) from None

    async def _ask_once(self, call: Call) -> tuple[str, float]:
        answer = parse(await exchange(self._http, self._base_url, call))
        raise_refusal(answer, call, now=self.now(), hide=(self._secret,), at_token_call=True)
        return _read_token(answer)


def _read_token(answer: dict[str, object]) -> tuple[str, float]:
    value, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(seconds, int) or seconds <= 0:
        raise NoAnswer("no token in the answer")
    return value, float(seconds)


def _retrieve(flight: asyncio.Task[str]) -> None:
    """Mark the outcome as seen, for the case that nobody is waiting any more."""
    if not flight.cancelled():
        flight.exception()
