"""The one call: a text with a link to us, and a picture perhaps, posted in the union's name.

Whose token it is, and when it ends, others know: a token of a web app cannot be refreshed.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx

from app.weibo.errors import LinkMissing, OurMistake, OutcomeUnknown, Repeated, TryLater, error_for

API_URL: Final = "https://api.weibo.com"
SHARE_PAGE: Final = "https://service.weibo.com/share/share.php"
MOST_HANZI: Final = 140
PICTURE_BYTES: Final = 5 * 1024 * 1024  # less than
ACCEPTED_LATER: Final = 20032  # taken, and shown to others in a minute or two
_ANSWER_BYTES: Final = 1024 * 1024
_PATH: Final = "/2/statuses/share.json"
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；！？、）】」]+")
_KINDS: Final = {
    b"\xff\xd8\xff": ("pic.jpg", "image/jpeg"),
    b"GIF8": ("pic.gif", "image/gif"),
    b"\x89PNG\r\n\x1a\n": ("pic.png", "image/png"),
}
# Nothing had been sent when one of these was raised.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Post:
    """What was posted. `id` is "" where Weibo did not tell it: shown later, or there already."""

    id: str
    created_at: str = ""  # in Weibo's words
    delayed: bool = False  # others see it in a minute or two
    before: bool = False  # it had been posted by an earlier attempt
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


def length(text: str) -> int:
    """In 汉字: what is ASCII counts half, and a half left over counts whole."""
    return (sum(1 if one.isascii() else 2 for one in text) + 1) // 2


def share_page(url: str, title: str, *, picture: str = "", app_key: str = "") -> str:
    """Where somebody posts it by hand, with the words filled in: the way without the right to the call."""
    given = {"url": url, "title": title, "pic": picture, "appkey": app_key}
    return f"{SHARE_PAGE}?{urlencode({name: value for name, value in given.items() if value})}"


class WeiboClient:
    """Holds no connection and no token: both are handed in. How long a call may take is `http`'s business."""

    def __init__(self, *, http: httpx.AsyncClient, domains: Collection[str], base_url: str = API_URL) -> None:
        """`domains`: the 安全域名 of the app, hosts without scheme."""
        self._http = http
        self._domains = frozenset(one.lower() for one in domains)
        self._url = base_url.rstrip("/") + _PATH

    async def share(
        self, token: str, text: str, *, picture: bytes | None = None, ip: str = "", in_doubt: bool = False
    ) -> Post:
        """Post `text`, up to 140 汉字 and with a link to one of our domains.

        `picture`: JPEG, GIF or PNG below 5 MB. `ip`: the address of the person who posts, if it is one.
        Weibo knows no key for a post, but refuses the same text twice in a short time. So after
        `OutcomeUnknown` the caller may post it once more with `in_doubt`: then that refusal says that the
        first attempt had worked.

        Raises:
            OutcomeUnknown: it may have been posted.
            TokenSpent: the union must allow the app again.
            RateLimited, TryLater: later. Repeated: it was just posted.
            LinkMissing, ContentRefused, OurMistake: never as it is. NotAllowed: the app may not.
        """
        self._check(text)
        form = {"access_token": token, "status": text} | ({"rip": ip} if ip else {})
        files = {"pic": _named(picture)} if picture is not None else None
        answer, status = await self._posted(form, files)
        code = _code(answer)
        if code == ACCEPTED_LATER:
            return Post("", delayed=True, raw=answer)
        if code:
            error = error_for(code, str(answer.get("error") or "").replace(token, "***"))
            if in_doubt and isinstance(error, Repeated):
                return Post("", before=True, raw=answer)
            raise error
        number = str(answer.get("idstr") or answer.get("mid") or answer.get("id") or "")
        if status >= 300 or not number:
            raise OutcomeUnknown(None, f"HTTP {status} without a post")
        return Post(number, str(answer.get("created_at") or ""), raw=answer)

    def _check(self, text: str) -> None:
        size = length(text)
        if not text.strip() or size > MOST_HANZI:
            raise OurMistake(None, f"a text of {size} characters, not 1 to {MOST_HANZI}")
        if not any(_host(one) in self._domains for one in _ADDRESS.findall(text)):
            raise LinkMissing(None, "no link to a bound domain")

    async def _posted(self, form: dict[str, str], files: Any) -> tuple[dict[str, Any], int]:
        try:
            # Read in pieces: an answer may be of any length, and is held only so far.
            async with self._http.stream("POST", self._url, data=form, files=files) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _ANSWER_BYTES:
                        raise OutcomeUnknown(None, f"an answer over {_ANSWER_BYTES} bytes")
        except _UNSENT as error:
            raise TryLater(None, type(error).__name__) from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(None, type(error).__name__) from error
        return _loads(bytes(body)), response.status_code


def _loads(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _code(answer: dict[str, Any]) -> int:
    code = answer.get("error_code")
    return int(code) if isinstance(code, int | str) and str(code).isdigit() else 0


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _named(picture: bytes) -> tuple[str, bytes, str]:
    """A picture as a form carries it. Raises: OurMistake."""
    kind = next((named for head, named in _KINDS.items() if picture.startswith(head)), None)
    if kind is None or len(picture) >= PICTURE_BYTES:
        raise OurMistake(None, f"a picture of {len(picture)} bytes that is no JPEG, GIF or PNG below 5 MB")
    return kind[0], picture, kind[1]
