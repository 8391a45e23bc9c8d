"""The address WeChat calls: verify, decrypt, parse, hand over, and encrypt the answer.

A plain ASGI endpoint, since the parameter handling of a framework costs more than decryption.
What the answer is, and whether there may be one at all, is decided by whoever passes `answer`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from secrets import token_hex

import structlog
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.wechat.crypto import Account, BadCallback
from app.wechat.envelope import Envelope, read_query
from app.wechat.incoming import Incoming, parse

SUCCESS = b"success"  # received, nothing to say; goes out unencrypted
_TEXT = b"text/plain; charset=utf-8"
_XML = b"text/xml; charset=utf-8"
_JSON = b"application/json"

_log = structlog.get_logger(__name__)


class NoAnswer(Exception):
    """Raised by `answer` when WeChat must try again: we could not keep what it sent."""


class _Aborted(Exception):
    """The caller hung up while sending; there is nobody to answer."""


class CallbackEndpoint:
    """One account's callback URL.

    `answer` returns the reply in clear, or `SUCCESS`. If it raises, nothing at all is sent,
    since only silence makes WeChat try again: any 5xx or odd body would end the matter.
    `now` gives Unix seconds. `on_bad` sees every refusal, for the metrics.
    """

    def __init__(
        self,
        account: Account,
        answer: Callable[[Incoming], Awaitable[bytes]],
        *,
        now: Callable[[], float],
        body_limit: int = 65536,
        body_seconds: float = 5.0,
        silent_seconds: float = 15.0,
        on_bad: Callable[[BadCallback], None] | None = None,
    ) -> None:
        self._account = account
        self._envelope = Envelope(account)
        self._answer = answer
        self._now = now
        self._body_limit = body_limit
        self._body_seconds = body_seconds  # WeChat itself hangs up after 5
        self._silent_seconds = silent_seconds
        self._on_bad = on_bad

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("POST", "GET"):
            await _respond(send, 405, b"", extra=[(b"allow", b"GET, POST")])
            return
        try:
            if method == "GET":
                await self._verify(scope, send)
            else:
                await self._receive(scope, receive, send)
        except BadCallback as bad:
            with _named():
                _log.warning("callback_refused", reason=bad.reason, status=bad.status)
            if self._on_bad is not None:
                self._on_bad(bad)
            await _respond(send, bad.status, b"refused")
        except _Aborted:
            with _named():
                _log.warning("callback_aborted")

    async def _verify(self, scope: Scope, send: Send) -> None:
        try:
            query = read_query(scope["query_string"])
            echo = self._envelope.check_address(query, self._now())
        except BadCallback as bad:
            raise BadCallback(403, bad.reason) from None
        await _respond(send, 200, echo.encode(), extra=[(b"x-content-type-options", b"nosniff")])

    async def _receive(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = read_query(scope["query_string"])
        self._envelope.check_query(query, self._now())
        body = await self._body(receive)
        incoming = parse(self._account, self._envelope.open(query, body))
        try:
            reply = await self._answer(incoming)
            kind = _TEXT
            if reply and reply != SUCCESS:
                kind = _JSON if reply.startswith(b"{") else _XML
                reply = self._envelope.seal(reply, int(self._now()))
        except NoAnswer:
            with _named():
                await self._stay_silent(receive)
            return
        except Exception:
            with _named():
                _log.exception("callback_unanswered", kind=incoming.kind)
                await self._stay_silent(receive)
            return
        await _respond(send, 200, reply, kind)

    async def _body(self, receive: Receive) -> bytes:
        """Read the body, never more than the limit, whatever Content-Length claims."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Aborted
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            try:
                async with asyncio.timeout(self._body_seconds):
                    body = await self._rest(body, receive)
            except TimeoutError:
                raise BadCallback(400, "slow-body") from None
        if len(body) > self._body_limit:
            raise BadCallback(400, "too-large")
        return body

    async def _rest(self, first: bytes, receive: Receive) -> bytes:
        chunks, size, more = [first], len(first), True
        while more and size <= self._body_limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Aborted
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False)
        return b"".join(chunks)

    async def _stay_silent(self, receive: Receive) -> None:
        """Hold the connection until WeChat drops it; returning earlier would send a 500."""
        try:
            async with asyncio.timeout(self._silent_seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            _log.warning("callback_never_hung_up")


def _named() -> AbstractContextManager[None]:
    """The lines logged inside carry one request id. Only requests that go wrong need one here."""
    return bound_contextvars(request_id=token_hex(8))


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = _TEXT,
    *,
    extra: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *(extra or ())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
