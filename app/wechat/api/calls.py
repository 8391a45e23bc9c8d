"""Making a call: with a token, once more after a stale one, and never twice by accident.

Every namespace of the client calls through `Caller`; what one request is lies in `transport`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import httpx
import structlog

from app.wechat.api.transport import (
    Call,
    NoAnswer,
    Raw,
    exchange,
    loads,
    parse,
    raise_refusal,
)
from app.wechat.errors import OutcomeUnknown, TokenRejected, TryLater, WeChatError

_log = structlog.get_logger(__name__)
_API_HOST, _PAGES_HOST = "https://api.weixin.qq.com", "https://mp.weixin.qq.com"
_Answer = TypeVar("_Answer")


class Tokens(Protocol):
    """What a caller needs of the token source."""

    async def token(self) -> str: ...

    async def refused(self, value: str) -> None: ...


class Caller:
    """The one place that calls WeChat's API for an account."""

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        *,
        http: httpx.AsyncClient,
        tokens: Tokens,
        base_url: str,
        now: Callable[[], float],
    ) -> None:
        self.app_id = app_id
        self.base_url = base_url.rstrip("/")
        self.now = now
        self._secret = app_secret
        self._http = http
        self._tokens = tokens

    @property
    def secret(self) -> str:
        """For the few calls that prove who we are by it and take no token."""
        return self._secret

    @property
    def pages_url(self) -> str:
        """Where WeChat's pages and pictures for people are; in development that is the sandbox."""
        return _PAGES_HOST if self.base_url == _API_HOST else self.base_url

    async def ask(self, call: Call) -> dict[str, Any]:
        """The JSON answer of `call`.

        Raises:
            WeChatError: by what can be done about it, see `app.wechat.errors`.
        """
        return await self._make(call, self._read_json)

    async def download(self, call: Call) -> Raw:
        """The answer of `call` as bytes, or the refusal WeChat put in their place."""
        return await self._make(call, self._read_binary)

    async def _make(self, call: Call, read: Callable[[Call, Raw, str], _Answer]) -> _Answer:
        """At most one more attempt for a stale token, and at most one for a broken connection."""
        renewed = in_doubt = repeated = False
        while True:
            token = await self._tokens.token() if call.with_token else ""
            try:
                raw = await exchange(self._http, self.base_url, call, token)
                return read(call, raw, token)
            except TokenRejected as error:
                await self._tokens.refused(token)
                if renewed:
                    raise self._given_up(error) from None
                renewed = True
                _log.info("wechat_token_refused", errcode=error.errcode, path=call.label)
            except NoAnswer as broken:
                in_doubt = in_doubt or not broken.unsent
                if in_doubt and not call.safe:
                    raise OutcomeUnknown(None, broken.reason, "", call.label) from broken
                if repeated:
                    raise TryLater(None, broken.reason, "", call.label) from broken
                repeated = True
            except WeChatError as error:
                if in_doubt and error.errcode in call.done_if_repeated:
                    return read(call, _DONE, token)
                raise

    def _read_json(self, call: Call, raw: Raw, token: str) -> dict[str, Any]:
        answer = parse(raw)
        self._refuse(call, answer, token)
        if call.expects and raw is not _DONE and not any(map(answer.get, call.expects)):
            raise NoAnswer(f"an answer without {call.expects[0]}")
        return answer

    def _read_binary(self, call: Call, raw: Raw, token: str) -> Raw:
        """A file, unless the first byte starts a JSON object that says errcode."""
        is_picture_or_sound = raw.headers.get("content-type", "").startswith(("image/", "audio/", "video/"))
        if not is_picture_or_sound and raw.body.lstrip()[:1] == b"{":
            answer = loads(raw.body)
            if answer is not None:
                self._refuse(call, answer, token)
        if raw.status >= 300 or not raw.body:
            raise NoAnswer(f"HTTP {raw.status}, {len(raw.body)} bytes")
        return raw

    def _refuse(self, call: Call, answer: Mapping[str, Any], token: str) -> None:
        hide = (token, self._secret)
        raise_refusal(answer, call, now=self.now(), hide=hide, at_token_call=not call.with_token)

    @staticmethod
    def _given_up(error: TokenRejected) -> TryLater:
        """A second token refused as well: somebody is renewing against us; let it settle."""
        return TryLater(error.errcode, error.errmsg, error.rid, error.path, retry_after_seconds=60.0)


_DONE = Raw(200, httpx.Headers(), b'{"errcode":0}')
