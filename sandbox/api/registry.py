"""One incoming API call, and the table of endpoints that can answer it."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from sandbox import media, people
from sandbox.config import ACCOUNT, MINIPROGRAM, App
from sandbox.errors import ApiError
from sandbox.miniprogram import visitors
from sandbox.store import Row
from sandbox.world import World

Answer = dict[str, Any] | Response
OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
# A backslash that is itself escaped does not start a \u escape.
ACCOUNT_ONLY, MINIPROGRAM_ONLY, BOTH = (ACCOUNT,), (MINIPROGRAM,), (ACCOUNT, MINIPROGRAM)
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


@dataclass
class Call:
    """A request whose token and quota were found good."""

    world: World
    request: Request
    raw: bytes
    app: App  # whose token it brings; without a token the official account

    @property
    def path(self) -> str:
        return str(self.request.scope["path"])

    @property
    def app_id(self) -> str:
        return self.app.app_id

    def query(self, name: str) -> str:
        return str(self.request.query_params.get(name, ""))

    def json(self, escape_code: int | None = 47002) -> dict[str, Any]:
        """The body. `escape_code` None: \\u escapes are no error, people read them as they are written.

        Raises:
            ApiError: 44002 empty, 47001 not JSON, `escape_code` when it holds \\u escapes.
        """
        raw = self.raw
        if not raw:
            raise ApiError(44002, "empty post data", "请求体为空")
        if escape_code is None:
            raw = _ESCAPE.sub(lambda found: found[0][:-6] + b"\\" + found[0][-6:], raw)
        elif _ESCAPE.search(raw):
            raise ApiError(escape_code, "data format error", "请求体应为 UTF-8 原文，不能用 \\u 转义")
        try:
            body = json.loads(raw)
        except (UnicodeDecodeError, ValueError) as error:
            raise ApiError(47001, "data format error", "请求体不是 UTF-8 的 JSON") from error
        if not isinstance(body, dict):
            raise ApiError(47001, "data format error", "请求体应是 JSON 对象")
        return body

    async def upload(self) -> tuple[str, str, bytes]:
        """Name, content type and bytes of the multipart field `media`.

        Raises:
            ApiError: 41005 the field or its file name is missing.
        """
        try:
            form = await self.request.form()
        except Exception as error:  # whatever the multipart parser says, WeChat says 41005
            raise ApiError(41005, "media data missing", "请求体应是 multipart/form-data") from error
        file = form.get("media")
        if not isinstance(file, UploadFile) or not file.filename:
            raise ApiError(41005, "media data missing", "缺少带文件名的 media 字段")
        data = await file.read()
        await file.seek(0)  # the form is parsed once, and may be asked again
        return file.filename, file.content_type or "", data

    def follower(self, openid: object, missing: int = 43004) -> Row:
        """The follower a call names.

        Raises:
            ApiError: 40003 no such openid here, `missing` not following.
        """
        person = people.find(self.world, openid) if isinstance(openid, str) else None
        if person is None:
            raise ApiError(40003, "invalid openid", "这个 openid 不属于本公众号")
        if not person["following"]:
            raise ApiError(missing, "require subscribe", f"{person['name']}没有关注公众号")
        return person

    def visitor(self, openid: object) -> Row:
        """Who is meant, in the mini-program.

        Raises:
            ApiError: 40003 no such openid here.
        """
        row = visitors.find(self.world, openid) if isinstance(openid, str) else None
        if row is None:
            raise ApiError(40003, "invalid openid", "这个 openid 不属于本小程序")
        return row

    def media(self, media_id: object, *kinds: str) -> str:
        """The id of an uploaded file of this app.

        Raises:
            ApiError: 40007 it has no such file, or not any more.
        """
        return str(media.require(self.world, media_id, *kinds, app=self.app.name)["id"])


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Endpoint:
    handler: Handler
    method: str
    needs_token: bool
    apps: tuple[str, ...]  # the other app's token is refused


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    path: str, method: str = "POST", *, needs_token: bool = True, apps: tuple[str, ...] = ACCOUNT_ONLY
) -> Callable[[Handler], Handler]:
    """Register a handler. `method` "*" takes GET and POST alike."""

    def register(handler: Handler) -> Handler:
        ENDPOINTS[path] = Endpoint(handler, method, needs_token, apps)
        return handler

    return register


def string(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def strings(body: dict[str, Any], name: str, most: int) -> list[str]:
    """A list of strings of allowed length.

    Raises:
        ApiError: 40032 empty, too long, or not a list.
    """
    value = body.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise ApiError(40032, "invalid openid list size", f"{name} 应有 1 至 {most} 项")
    return [str(one) for one in value]


def page_asked(body: dict[str, Any], most_at_once: int) -> tuple[int, int]:
    """Where a page of a list begins and how many it holds: `offset` and `count`.

    Raises:
        ApiError: 40097 one of them is out of bounds.
    """
    first, most = body.get("offset"), body.get("count")
    if not isinstance(first, int) or first < 0:
        raise ApiError(40097, "invalid args", "offset 应是不小于 0 的整数")
    if not isinstance(most, int) or not 1 <= most <= most_at_once:
        raise ApiError(40097, "invalid args", f"count 应为 1 至 {most_at_once}")
    return first, most
