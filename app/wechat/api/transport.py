"""One request to WeChat and its answer, without tokens renewed or calls repeated.

Everything that leaves for WeChat passes `exchange`. What is sent is exact (UTF-8 JSON without
`\\uXXXX`), what comes back is bounded, and what is printed shows no token and no secret.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx

from app.wechat.error_codes import error_for
from app.wechat.errors import TooLarge

JSON_LIMIT: Final = 4 * 1024 * 1024  # the largest page, 10,000 openids, is about 0.4 MB
_SECRET_PARAMETER = re.compile(
    r"((?:access_token|refresh_token|secret|appsecret|[?&](?:code|js_code|signature))=)[^&#'\"]*"
)
# Nothing had been sent when one of these was raised.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body, and the form fields beside it."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as we mean it; the token is added when it is made."""

    path: str  # or a whole address, for pictures that lie elsewhere
    method: Literal["GET", "POST"] = "GET"
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    upload: Upload | None = None
    safe: bool = False  # may be repeated when its outcome is unknown
    done_if_repeated: frozenset[int] = frozenset()
    """Codes that, met on such a repeat, say that the first attempt had worked."""
    limit: int = JSON_LIMIT  # bytes of answer
    binary: bool = False  # the answer is a file (or a JSON refusal)
    with_token: bool = True
    hide: tuple[str, ...] = field(default=(), repr=False)
    """What else an answer might echo and nobody may read: codes, session keys."""
    expects: tuple[str, ...] = ()
    """A success without any of these is not readable as one."""

    @property
    def label(self) -> str:
        """The path alone: an address elsewhere may be signed."""
        return urlsplit(self.path).path


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)


class NoAnswer(Exception):
    """There is no readable answer. `unsent`: and WeChat cannot have seen the call."""

    def __init__(self, reason: str, *, unsent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unsent = unsent


def without_secrets(text: str) -> str:
    """An address, or a text that quotes one, with its tokens, secrets and codes masked."""
    return _SECRET_PARAMETER.sub(r"\1***", text)


class _QuietURL(httpx.URL):
    """An address that prints without its secrets: httpx logs every request's address."""

    def __str__(self) -> str:
        return without_secrets(super().__str__())

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


async def exchange(http: httpx.AsyncClient, base_url: str, call: Call, token: str = "") -> Raw:
    """Send `call` once.

    Raises:
        NoAnswer: the connection failed before or after the call left.
        TooLarge: the file is longer than `call.limit`.
    """
    try:
        request = _request(http, base_url, call, token)
        response = await http.send(request, stream=True, follow_redirects=False)
        try:
            body = await _read(response, call)
        finally:
            await response.aclose()
    except _UNSENT as error:
        raise NoAnswer(type(error).__name__, unsent=True) from error
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error
    return Raw(response.status_code, response.headers, body)


def _request(http: httpx.AsyncClient, base_url: str, call: Call, token: str) -> httpx.Request:
    address = call.path if "://" in call.path else base_url.rstrip("/") + call.path
    query = dict(call.query) | ({"access_token": token} if token else {})
    shape: dict[str, Any] = {}
    if call.upload is not None:
        upload = call.upload
        shape["files"] = {"media": (upload.filename, upload.content, upload.content_type)}
        shape["data"] = dict(upload.form)
    elif call.body is not None:
        # Escaped characters would be refused (40033, 47002) or shown as they are.
        # Half an emoji (a lone surrogate) is sent as "?" rather than not at all.
        text = json.dumps(call.body, ensure_ascii=False)
        shape["content"] = text.encode("utf-8", "replace")
        shape["headers"] = {"Content-Type": "application/json; charset=utf-8"}
    # An empty mapping would cut off the query of a whole address.
    request = http.build_request(call.method, address, params=query or None, **shape)
    request.url = _QuietURL(request.url)
    return request


async def _read(response: httpx.Response, call: Call) -> bytes:
    parts = bytearray()
    async for part in response.aiter_bytes():
        parts += part
        if len(parts) > call.limit and not call.binary:
            raise NoAnswer(f"answer over {call.limit} bytes")
        if len(parts) > call.limit:
            raise TooLarge(None, f"answer over {call.limit} bytes", "", call.label)
    return bytes(parts)


def parse(raw: Raw) -> dict[str, Any]:
    """The answer's JSON object, whatever its Content-Type says.

    Raises:
        NoAnswer: a 5xx, or a body that is not one.
    """
    answer = None if raw.status >= 500 else loads(raw.body)
    if answer is None or (raw.status >= 300 and not answer.get("errcode")):
        raise NoAnswer(f"HTTP {raw.status}, {len(raw.body)} unusable bytes")
    return answer


def loads(body: bytes) -> dict[str, Any] | None:
    """A JSON object with `errcode` as int (0 when missing), or None."""
    try:
        # Nicknames and remarks do hold raw control characters and broken UTF-8.
        answer = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
        return {**answer, "errcode": int(answer.get("errcode") or 0)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def raise_refusal(
    answer: Mapping[str, Any],
    call: Call,
    *,
    now: float,
    hide: tuple[str, ...],
    at_token_call: bool = False,
) -> None:
    """Raise what `answer` refuses, if it does; `hide` are texts WeChat might echo."""
    if not answer["errcode"]:
        return
    errmsg = str(answer.get("errmsg", ""))
    for text in filter(None, (*hide, *call.hide)):
        errmsg = errmsg.replace(text, "***")
    errmsg = without_secrets(errmsg)
    told = {**answer, "errmsg": errmsg}
    raise error_for(told, call.label, now=now, at_token_call=at_token_call)
