"""`wx.request` and `wx.uploadFile`: what the mini-program asks of the service.

It is sent from here, since WeChat asks without CORS.

Only the service itself can be asked, with limits on everything, and each request is listed among the calls.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox import people
from sandbox.config import MINIPROGRAM
from sandbox.errors import NotPossible
from sandbox.miniprogram import visitors
from sandbox.world import World

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")
IN_THE_ADDRESS = ("GET", "HEAD", "OPTIONS")  # their data becomes a query
LONGEST_PATH = 2048  # characters
MOST_HEADERS, HEADER_CHARACTERS = 32, 8192
BODY_BYTES = 1024 * 1024
ANSWER_BYTES = 1024 * 1024
FILE_BYTES = 20 * 1024 * 1024
MOST_REDIRECTS = 5
LOGGED = 4000
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
PATH = re.compile(r"/(?![/\\])[^\s\\#\x00-\x1f\x7f]*")
# WeChat writes these by itself.
ITS_OWN = ("host", "content-length", "connection", "transfer-encoding", "referer", "user-agent")
AGENT = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50 MiniProgramEnv/android"
READABLE = re.compile(r"(text/|application/(.*\+)?(json|xml|javascript|problem\+json))", re.IGNORECASE)
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes as a form, in the field `name`, with the fields of the body."""

    name: str
    filename: str
    data: bytes


async def request(
    world: World,
    who: str,
    method: Any,
    path: Any,
    headers: Any = None,
    body: Any = None,
    *,
    file: Upload | None = None,
) -> dict[str, Any]:
    """Ask the service, and tell what it answered: `status`, `headers`, `body` as text, `ms`.

    Raises:
        NotPossible: what was asked cannot be sent, or no answer came.
    """
    visitor = visitors.arrive(world, who)
    try:
        asked = _asked(world, method, path, headers, body, file)
    except (UnicodeEncodeError, httpx.InvalidURL) as error:
        raise NotPossible("请求里有不能写成字节的字符。", 400) from error
    began = time.perf_counter()
    try:
        async with asyncio.timeout(world.config.request_seconds):
            answer, data, followed = await _sent(world, asked)
    except TimeoutError as error:
        raise NotPossible(f"服务在 {world.config.request_seconds:g} 秒内没有应答。", 504) from error
    except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
        raise NotPossible(f"服务的应答读不懂：{error}", 502) from error
    except httpx.TransportError as error:
        raise NotPossible(f"服务没有应答：{error or type(error).__name__}", 502) from error
    ms = round((time.perf_counter() - began) * 1000, 1)
    told = {
        "status": answer.status_code,
        "headers": _headers(answer),
        "body": _text(answer, data[:ANSWER_BYTES]),
        "ms": ms,
        "cut": len(data) > ANSWER_BYTES,
        "followed": followed,
    }
    _log(world, visitor["person"], asked, told)
    return told


def _asked(
    world: World, method: Any, path: Any, headers: Any, body: Any, file: Upload | None
) -> httpx.Request:
    method = str(method or "GET").upper()
    if method not in METHODS:
        raise NotPossible(f"wx.request 的方法有 {'、'.join(METHODS)}，没有 {method[:20]}。", 400)
    given = _checked_headers(headers)
    app = world.app(MINIPROGRAM)
    given["referer"] = f"https://servicewechat.com/{app.app_id}/0/page-frame.html"
    given["user-agent"] = AGENT
    if file is not None:
        return _form(world, path, given, body, file)
    content, query = b"", ""
    if method in IN_THE_ADDRESS:
        query = _query(body)
    else:
        content = _content(given, body)
    if len(content) > BODY_BYTES:
        raise NotPossible(f"请求体最多 {BODY_BYTES // 1024} KB。", 400)
    return world.client.build_request(method, _url(world, path, query), headers=given, content=content)


def _form(world: World, path: Any, headers: dict[str, str], body: Any, file: Upload) -> httpx.Request:
    """As `wx.uploadFile` writes it; what kind of form it is, it says itself."""
    fields = {} if body is None else body
    if not isinstance(fields, dict) or not file.name:
        raise NotPossible("wx.uploadFile 要写 name，formData 应是 JSON 对象。", 400)
    if len(file.data) > FILE_BYTES:
        raise NotPossible(f"文件最多 {FILE_BYTES // 1024 // 1024} MB。", 400)
    headers.pop("content-type", None)
    made = world.client.build_request(
        "POST",
        _url(world, path, ""),
        headers=headers,
        data={name: _word(value) for name, value in fields.items()},
        files={file.name: (file.filename, file.data)},
    )
    made.read()
    return made


def _url(world: World, path: Any, query: str) -> httpx.URL:
    """`path` at the service, and nowhere else."""
    if not isinstance(path, str) or not PATH.fullmatch(path):
        raise NotPossible("路径应以一个 / 开头，例如 /api/v1/me：小程序只能请求本服务，不能写别的网址。", 400)
    if len(path) > LONGEST_PATH:
        raise NotPossible(f"路径最多 {LONGEST_PATH} 个字符。", 400)
    base = httpx.URL(world.config.url_for(world.app(MINIPROGRAM)))
    if query:
        path += ("&" if "?" in path else "?") + query
    url = base.join(path)
    if not _same_origin(base, url):
        raise NotPossible("小程序只能请求本服务。", 400)
    return url


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _checked_headers(headers: Any) -> dict[str, str]:
    """By their names in small letters."""
    if headers is None:
        return {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise NotPossible("请求头应是 JSON 对象，值都是字符串。", 400)
    if len(headers) > MOST_HEADERS or sum(map(len, [*headers, *headers.values()])) > HEADER_CHARACTERS:
        raise NotPossible(f"请求头最多 {MOST_HEADERS} 个，合计 {HEADER_CHARACTERS} 个字符。", 400)
    for name, value in headers.items():
        if name.lower() in ITS_OWN:
            raise NotPossible(f"请求头 {name} 由微信自己写，不能设置。", 400)
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise NotPossible(f"请求头「{name[:64]}」里有不能用的字符：汉字请先编码，不能换行。", 400)
    return {name.lower(): value for name, value in headers.items()}


def _query(body: Any) -> str:
    if body in (None, "", {}):
        return ""
    if not isinstance(body, dict):
        raise NotPossible("这种方法的数据会变成查询串，应是 JSON 对象。", 400)
    return urlencode({name: _word(value) for name, value in body.items()})


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _content(headers: dict[str, str], body: Any) -> bytes:
    """As `wx.request` writes it: JSON, unless the content type asks for a form; a text stays as it is."""
    if body is None:
        return b""
    kind = headers.setdefault("content-type", JSON)
    if isinstance(body, str):
        return body.encode()
    if kind.startswith(FORM) and isinstance(body, dict):
        return urlencode({name: _word(value) for name, value in body.items()}).encode()
    return json.dumps(body, ensure_ascii=False).encode()


async def _sent(world: World, asked: httpx.Request) -> tuple[httpx.Response, bytes, int]:
    """The answer, its beginning, and how many redirects within the service led there."""
    followed = 0
    while True:
        answer = await world.client.send(asked, stream=True, follow_redirects=False)
        try:
            following = answer.next_request
            if following is None or followed == MOST_REDIRECTS or not _same_origin(asked.url, following.url):
                return answer, await _beginning(answer), followed
        finally:
            await answer.aclose()
        asked, followed = following, followed + 1


async def _beginning(answer: httpx.Response) -> bytes:
    data = b""
    async for piece in answer.aiter_bytes():
        data += piece
        if len(data) > ANSWER_BYTES:
            break
    return data


def _headers(answer: httpx.Response) -> dict[str, str]:
    """Several of one name are told together."""
    return dict(answer.headers.items())


def _text(answer: httpx.Response, data: bytes) -> str:
    kind = answer.headers.get("content-type", "")
    if data and kind and not READABLE.match(kind):
        return f"（{kind.split(';')[0]}，{len(data)} 字节）"
    return data.decode(errors="replace")


def _log(world: World, person: str, asked: httpx.Request, told: dict[str, Any]) -> None:
    """Among the calls of the service, though it goes the other way. Keys in headers are not kept."""
    url = asked.url
    detail = {
        "query": dict(url.params),
        "body": _told(asked),
        "answer": _shortened(told["body"]),
        "rule": "" if told["status"] < 400 else f"HTTP 状态 {told['status']}",
        "ms": told["ms"],
        "app": MINIPROGRAM,
        "from": people.get(world, person)["name"],
        "person": person,
    }
    call_id = world.db.run(
        "insert into call (at, method, path, errcode, detail) values (?, ?, ?, ?, ?)",
        world.now(),
        f"小程序 {asked.method}",
        url.path,
        0 if told["status"] < 400 else told["status"],
        json.dumps(detail, ensure_ascii=False),
    )
    world.bus.publish("call", id=call_id)


def _told(asked: httpx.Request) -> str:
    if asked.headers.get("content-type", "").startswith("multipart/"):
        return f"（表单，{len(asked.content)} 字节）"
    return asked.content.decode(errors="replace")[:LOGGED]


def _shortened(text: str) -> Any:
    try:
        return json.loads(text) if len(text) <= LOGGED else text[:LOGGED]
    except ValueError:
        return text
