"""What a browser is shown where there is no page, or where making it failed.

Programs (the API, probes, WeChat) get JSON; whether somebody is one is told by what it accepts.
"""

from collections.abc import Callable

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from app.errors import DomainError

_NOT_A_TEXT = "22021"  # PostgreSQL: a character that its encoding does not have
WORDS = {
    422: ("内容不对", "请改一改再试。"),
    404: ("没有这个页面", "可能是链接不完整，或者页面已经撤下。请回首页看看，或在公众号里直接问。"),
    409: ("现在办不了", "请回首页看看。"),
    405: ("这个操作不能这样做", "请回首页，从页面上的按钮重新进入。"),
    503: ("系统正在恢复", "请稍等一分钟再打开。要紧的事请打 95598。"),
    500: ("页面出了点问题", "我们已经记下来了，请稍后再试。要紧的事可以在公众号里回复「人工」。"),
}


Page = Callable[[Request, str, str, str | None], str]
"""Makes the page: heading, words, and the mark under which the log has it, where it was our fault."""


def install(web: FastAPI, page: Page) -> None:
    """Answer refusals and bugs of `web`'s routes."""
    web.state.refusal = page
    web.add_exception_handler(HTTPException, _refused)
    web.add_exception_handler(DomainError, _said_no)
    web.add_exception_handler(RequestValidationError, _misaddressed)
    web.add_exception_handler(DBAPIError, _cannot_be_kept)
    web.add_exception_handler(Exception, _failed)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, str(error.detail), error.headers)


def _said_no(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return _answer(request, error.status, error.message, None, words=error.message)


def _misaddressed(request: Request, error: Exception) -> Response:
    """An address with values that no page of ours has, such as page=-1."""
    return _answer(request, 404, "Not Found", None)


def _cannot_be_kept(request: Request, error: Exception) -> Response:
    """PostgreSQL has no NUL in any text: under such a name is nothing, and such words cannot be kept."""
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", "") != _NOT_A_TEXT:
        raise error
    if request.method in ("GET", "HEAD"):
        return _answer(request, 404, "Not Found", None)
    return _answer(request, 422, "Unprocessable", None, words="内容里有不能用的字符，请删掉再试。")


def _failed(request: Request, error: Exception) -> Response:
    return _answer(request, 500, "Internal Server Error", None)


def _answer(request: Request, status: int, detail: str, headers: object, *, words: str = "") -> Response:
    given = dict(headers) if isinstance(headers, dict) else None
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith("/api/"):
        return JSONResponse({"detail": detail}, status, headers=given)
    heading, usual = WORDS.get(status) or WORDS[404 if status < 500 else 500]
    mark = structlog.contextvars.get_contextvars().get("request_id") if status >= 500 else None
    page: Page = request.app.state.refusal
    return HTMLResponse(page(request, heading, words or usual, mark), status, headers=given)
