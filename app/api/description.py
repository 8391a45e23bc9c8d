"""How the API describes itself (`openapi.json`): what all operations have in common is said here, once."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.problems import MEDIA, Problem

Operation = dict[str, Any]

_SAID: Final = {
    304: "和 If-None-Match 里的一样，没有内容",
    400: "内容读不懂（invalid）",
    401: "需要登录（sign_in_needed）",
    403: "不能这样做",
    404: "没有找到（not_found）",
    409: "现在办不了（refused），或同一个请求正在办理（in_progress）",
    411: "没有写 Content-Length（too_large）",
    412: "读到以后已经变了（changed_meanwhile）",
    413: "太大（too_large）",
    415: "不是能收的图片",
    422: "内容不对（invalid），fields 里逐项说明",
    429: "请求太多（too_many），过 Retry-After 秒再试",
    500: "出了点问题（failed），凭 request_id 可以查",
    503: "正在恢复（starting），请稍后再试",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these answers are problems; those of any route go without saying."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {
            "description": _SAID.get(status, HTTPStatus(status).phrase),
            "content": {MEDIA: {"schema": schema}},
        }
        for status in statuses
    }


def describe(api: FastAPI) -> dict[str, Any]:
    """The whole description, made at the first asking."""
    if api.openapi_schema is None:
        found = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
            servers=api.servers,
        )
        schemas = found["components"]["schemas"]
        for own in ("HTTPValidationError", "ValidationError"):
            schemas.pop(own, None)
        schemas[Problem.__name__] = Problem.model_json_schema()
        for methods in found["paths"].values():
            for method, operation in methods.items():
                _complete(method, operation)
        api.openapi_schema = found
    return api.openapi_schema


def _complete(method: str, operation: Operation) -> None:
    """What follows from the kind of operation: its summary, and the problems that go without saying."""
    operation["summary"] = operation["description"].split("。")[0]
    answers: dict[str, Any] = operation["responses"]
    if not _is_problem(answers.get("422")):
        answers.pop("422", None)  # FastAPI's own shape
    for status, answer in documented(*_usual(operation)).items():
        answers.setdefault(str(status), answer)
    good = next(answer for status, answer in answers.items() if status.startswith("2"))
    good["description"] = "办好了" if method != "get" else "内容"
    if method == "get":
        good["headers"] = {"ETag": {"description": "内容的标记", "schema": {"type": "string"}}}
        answers["304"] = {"description": _SAID[304]}
    operation["responses"] = dict(sorted(answers.items()))


def _usual(operation: Operation) -> list[int]:
    places = {(each["in"], each["name"]) for each in operation.get("parameters", ())}
    return [
        *([400] if "requestBody" in operation else []),
        *([401] if "security" in operation else []),
        *([404] if any(place == "path" for place, _ in places) else []),
        *([409] if ("header", "Idempotency-Key") in places else []),
        *([412] if ("header", "If-Match") in places else []),
        *([422] if places or "requestBody" in operation else []),
        *(429, 500, 503),
    ]


def _is_problem(answer: Any) -> bool:
    return answer is not None and MEDIA in answer.get("content", {})
