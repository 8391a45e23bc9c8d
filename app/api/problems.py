"""Refusals as the API says them: `application/problem+json` (RFC 9457), in Chinese, with codes that stay.

Programs go by `code`, people read `detail`. A bug says nothing of itself but the number it is logged under.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.errors import DomainError
from app.services.guesses import NotFitting
from app.services.kept_answers import InProgress, KeyReused
from app.services.purposes import Purpose

log = structlog.get_logger(__name__)

MEDIA = "application/problem+json"


class Problem(BaseModel):
    """Why a call was not done."""

    type: str = Field("about:blank", examples=["about:blank"])
    status: int = Field(examples=[401])
    code: str = Field(examples=["sign_in_needed"], description="固定不变，程序按它判断")
    title: str = Field(examples=["需要登录"])
    detail: str = Field(examples=["请先登录。"], description="可以直接给用户看")
    request_id: str = Field(examples=["6b6c33e466cdb2dd"], description="报给工作人员，能查到这一次")
    fields: list[dict[str, str]] = Field(
        default_factory=list,
        examples=[[{"field": "name", "reason": "缺少这一项"}]],
        description="哪一项不对、为什么",
    )


class ApiRefusal(Exception):
    """A refusal of the API's own; what services refuse comes as `DomainError`."""

    def __init__(
        self, status: int, code: str, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.title, self.detail = status, code, title, detail
        self.headers = dict(headers or {})


SIGN_IN_NEEDED = ApiRefusal(
    401, "sign_in_needed", "需要登录", "登录已经过期或没有登录，请重新登录。", {"WWW-Authenticate": "Bearer"}
)
_TITLES = {404: ("not_found", "没有找到"), 409: ("refused", "现在办不了"), 422: ("invalid", "内容不对")}
_OF_KINDS: Mapping[type[DomainError], tuple[str, str]] = {
    KeyReused: ("key_reused", "标识用过了"),
    InProgress: ("in_progress", "正在办理"),
}
_HTTP = {
    400: ("invalid", "内容不对", "发来的内容读不懂，应为 UTF-8 的 JSON。"),
    404: ("no_such_address", "没有这个地址", "没有这个接口，请核对地址。"),
    405: ("wrong_method", "方法不对", "这个地址不能这样调用。"),
    503: ("starting", "正在恢复", "系统正在恢复，请稍等一分钟再试。"),
}
_WRONG = {
    "missing": "缺少这一项",
    "string_too_long": "太长",
    "string_too_short": "太短",
    "string_pattern_mismatch": "格式不对",
    "extra_forbidden": "没有这一项",
    "json_invalid": "不是合法的 JSON",
}


def install(api: FastAPI) -> None:
    api.add_exception_handler(ApiRefusal, _own)
    api.add_exception_handler(DomainError, _said_no)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Exception, _failed)


def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiRefusal)
    return answer_to(error)


def _said_no(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    code, title = _OF_KINDS.get(type(error)) or _TITLES.get(error.status, _TITLES[409])
    return answer(error.status, code, title, error.message)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    usual = (HTTPStatus(error.status_code).name.lower(), "没有办成", "没有办成，请稍后再试。")
    code, title, detail = _HTTP.get(error.status_code, usual)
    return answer(error.status_code, code, title, detail, headers=dict(error.headers or {}))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [
        {
            "field": ".".join(str(part) for part in each["loc"][1:] if each["type"] != "json_invalid"),
            "reason": _WRONG.get(each["type"], "内容不对"),
        }
        for each in error.errors()
    ]
    said = "；".join(f"{each['field'] or '内容'}：{each['reason']}" for each in wrong)
    return answer(422, "invalid", "内容不对", f"{said}。", fields=wrong)


def _failed(request: Request, error: Exception) -> Response:
    log.error("api_failed", path=request.url.path, exc_info=error)
    return answer(500, "failed", "出了点问题", "我们已经记下来了，请稍后再试。")


def answer_to(refusal: ApiRefusal) -> Response:
    return answer(refusal.status, refusal.code, refusal.title, refusal.detail, headers=refusal.headers)


def answer(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    fields: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    problem: dict[str, Any] = Problem(
        type="about:blank",
        status=status,
        code=code,
        title=title,
        detail=detail,
        request_id=request_id,
        fields=fields or [],
    ).model_dump()
    return JSONResponse(problem, status, headers=dict(headers or {}), media_type=MEDIA)


def does_not_fit(found: NotFitting, known: str, danger: str = "") -> Response:
    """A proof that was tried in vain; `known` is what it was held against."""
    said = f"和{known}对不上，请核对后再试。{found.told()}"
    return answer(422, "does_not_fit", "对不上", f"{danger}\n{said}" if danger else said)


def refused(refusal: DomainError, danger: str) -> Response:
    """With danger answered, not raised: people on duty must hear of it all the same."""
    if not danger:
        raise refusal
    code, title = _TITLES.get(refusal.status, _TITLES[409])
    return answer(refusal.status, code, title, f"{danger}\n{refusal.message}")


def without_consent(purpose: Purpose, version: str) -> Response | None:
    """What is answered where the person has not agreed to the present version of `purpose`."""
    if version == purpose.version:
        return None
    return answer(422, "consent_needed", "要先同意", f"请先让本人同意：{purpose.question}")
