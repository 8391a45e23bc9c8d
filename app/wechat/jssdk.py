"""Signing web pages, so that WeChat opens its own functions to them (wechat-platform.md section 10).

One ticket serves all processes: fetched by one of them and kept in the store of the tokens, under a key of
its own. Not here: which functions a page asks for; that is the page's `wx.config`.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.wechat.api.tickets import PATH, TicketsApi
from app.wechat.errors import OurMistake
from app.wechat.tokens import SharedValue, TokenStore

_NONCE = re.compile(r"[0-9A-Za-z]{1,32}")


@dataclass(frozen=True, slots=True)
class PageSignature:
    """What a page needs to be believed."""

    app_id: str
    timestamp: int  # unix seconds
    nonce: str
    signature: str  # hex SHA-1

    def to_config(self) -> dict[str, str | int]:
        """For `wx.config`, which spells the nonce otherwise than the signature does."""
        return {
            "appId": self.app_id,
            "timestamp": self.timestamp,
            "nonceStr": self.nonce,
            "signature": self.signature,
        }


def sign_page(ticket: str, url: str, *, nonce: str, timestamp: int) -> str:
    """The signature of the page at `url`: as the browser shows it, with its query, unescaped.

    Anything from "#" on is no part of it. iOS asks for the address the app was entered by,
    Android for the present one.
    """
    page = url.partition("#")[0]
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # WeChat's choice


class TicketSource:
    """Where pages get their signature. One per account and process, on one event loop."""

    def __init__(
        self,
        store: TokenStore,
        tickets: TicketsApi,
        app_id: str,
        now: Callable[[], float],
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._app_id = app_id
        self._tickets = tickets
        self._now = now
        # Beside the account's token, hence not under the bare app id.
        key = f"{app_id}/jsapi"
        self._shared = SharedValue(store, key, self._ask, now, path=PATH, pause=pause)

    def __repr__(self) -> str:
        return f"TicketSource({self._app_id!r})"

    async def ticket(self) -> str:
        """A ticket that should work now.

        Raises:
            NotAllowed: the account has no right to it…; remembered for a minute.
            TryLater: WeChat busy or out of reach, or another process is at it too long.
        """
        return await self._shared.get()

    async def sign(self, url: str, *, nonce: str = "") -> PageSignature:
        """Sign the page at `url`, on one of the account's JS domains (else "invalid url domain" there).

        Raises:
            OurMistake: not a web address, or a nonce that is not 1 to 32 letters and digits.
            NotAllowed, TryLater: as for `ticket`.
        """
        nonce = nonce or secrets.token_hex(8)
        if not url.startswith(("https://", "http://")) or not _NONCE.fullmatch(nonce):
            raise OurMistake(None, "a page is signed by its web address, with a nonce of letters and digits")
        ticket, timestamp = await self.ticket(), int(self._now())
        signature = sign_page(ticket, url, nonce=nonce, timestamp=timestamp)
        return PageSignature(self._app_id, timestamp, nonce, signature)

    async def _ask(self) -> tuple[str, float]:
        ticket = await self._tickets.get()
        return ticket.value, float(ticket.expires_seconds)
