"""What a call of the client looks like on the wire: the record each method has in `wechat_shapes_*`.

Written from wechat-platform.md, by hand: made from the code they would prove nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError

OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
Errors = Mapping[int, type[WeChatError]]


@dataclass(frozen=True)
class Shape:
    """`asked` is the request line without its token; "" where nothing is asked at all."""

    call: Callable[[WeChatClient], Any]
    asked: str
    body: Any = None  # JSON; None: the request has none
    part: bytes = b""  # of a multipart body
    answer: dict[str, Any] | httpx.Response = field(default_factory=lambda: OK)
    result: Any = None
    again: bool = False  # made once more when its outcome is unknown
    by_secret: bool = False  # proves who we are without a token
    errors: Errors = field(default_factory=dict)  # those of this call, besides what any call may meet


def each(kind: type[WeChatError], codes: Iterable[int]) -> Errors:
    return dict.fromkeys(codes, kind)


def picture(content: bytes = b"\xff\xd8", content_type: str = "image/jpeg") -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-type": content_type})
