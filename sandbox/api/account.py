"""Tokens, quotas and addresses: the calls about the account or the mini-program itself."""

from typing import Any

from sandbox import quotas, tokens
from sandbox.api import credentials
from sandbox.api.registry import BOTH, ENDPOINTS, OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError


def _let_in(call: Call, grant_type: str, app_id: str, secret: str) -> str:
    """The name of the app that asks for a token; the call is counted as its."""
    if grant_type != "client_credential":
        raise ApiError(40002, "invalid grant_type", "grant_type 应为 client_credential")
    app = credentials.app_named(call.world, app_id)
    credentials.check_secret(app, secret)
    quotas.count(call.world, app.name, call.path)
    return app.name


@endpoint("/cgi-bin/token", "GET", needs_token=False, apps=BOTH)
async def token(call: Call) -> Answer:
    app = _let_in(call, call.query("grant_type"), call.query("appid"), call.query("secret"))
    value, seconds = tokens.issue_plain(call.world, app)
    return {"access_token": value, "expires_in": seconds}


@endpoint("/cgi-bin/stable_token", needs_token=False, apps=BOTH)
async def stable_token(call: Call) -> Answer:
    body = call.json()
    app = _let_in(call, string(body, "grant_type"), string(body, "appid"), string(body, "secret"))
    force = body.get("force_refresh") is True
    value, seconds = tokens.issue_stable(call.world, app, force=force)
    return {"access_token": value, "expires_in": seconds}


@endpoint("/cgi-bin/clear_quota", apps=BOTH)
async def clear_quota(call: Call) -> Answer:
    if string(call.json(), "appid") != call.app.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个 token 的账号的")
    quotas.clear(call.world, call.app.name)
    return OK


@endpoint("/cgi-bin/clear_quota/v2", needs_token=False, apps=BOTH)
async def clear_quota_by_secret(call: Call) -> Answer:
    app = credentials.app_named(call.world, call.query("appid"))
    credentials.check_secret(app, call.query("appsecret"))
    quotas.clear(call.world, app.name)
    return OK


@endpoint("/cgi-bin/openapi/quota/get", apps=BOTH)
async def quota_get(call: Call) -> Answer:
    quota: dict[str, Any] = quotas.state(call.world, call.app.name, _path(call))
    return {**OK, "quota": quota, "rate_limit": {"call_count": 0, "refresh_second": 60}}


@endpoint("/cgi-bin/openapi/quota/clear", apps=BOTH)
async def quota_clear(call: Call) -> Answer:
    quotas.clear_one(call.world, call.app.name, _path(call))
    return OK


def _path(call: Call) -> str:
    """Whose quota is meant.

    Raises:
        ApiError: 76021 no path of a call, 76022 the other app's.
    """
    path = string(call.json(), "cgi_path")
    if not path.startswith("/") or path.startswith("/sns/"):
        raise ApiError(76021, "cgi_path not found", "cgi_path 应是以 / 开头的接口路径")
    if path in ENDPOINTS and call.app.name not in ENDPOINTS[path].apps:
        raise ApiError(76022, "could not use this cgi_path, no permission", "这个接口只有另一个账号有")
    return path


@endpoint("/cgi-bin/getcallbackip", "GET", apps=BOTH)
async def callback_ips(call: Call) -> Answer:
    return {"ip_list": ["127.0.0.1"]}


@endpoint("/cgi-bin/get_api_domain_ip", "GET", apps=BOTH)
async def api_ips(call: Call) -> Answer:
    return {"ip_list": ["127.0.0.1"]}
