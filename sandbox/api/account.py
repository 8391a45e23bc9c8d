"""Tokens, quotas and addresses: the calls about the account itself."""

from typing import Any

from sandbox import quotas, tokens
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.crypto import same
from sandbox.errors import ApiError


def _check_credentials(call: Call, grant_type: str, app_id: str, secret: str) -> None:
    config = call.world.config
    if grant_type != "client_credential":
        raise ApiError(40002, "invalid grant_type", "grant_type 应为 client_credential")
    if not app_id:
        raise ApiError(41002, "appid missing", "缺少 appid")
    if app_id != config.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个公众号的")
    if not secret:
        raise ApiError(41004, "appsecret missing", "缺少 secret")
    if not same(secret, config.app_secret):
        raise ApiError(40125, "invalid appsecret", "secret 不正确")


@endpoint("/cgi-bin/token", "GET", needs_token=False)
async def token(call: Call) -> Answer:
    _check_credentials(call, call.query("grant_type"), call.query("appid"), call.query("secret"))
    value, seconds = tokens.issue_plain(call.world)
    return {"access_token": value, "expires_in": seconds}


@endpoint("/cgi-bin/stable_token", needs_token=False)
async def stable_token(call: Call) -> Answer:
    body = call.json()
    _check_credentials(call, string(body, "grant_type"), string(body, "appid"), string(body, "secret"))
    force = body.get("force_refresh") is True
    value, seconds = tokens.issue_stable(call.world, force=force)
    return {"access_token": value, "expires_in": seconds}


@endpoint("/cgi-bin/clear_quota")
async def clear_quota(call: Call) -> Answer:
    if string(call.json(), "appid") != call.world.config.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个公众号的")
    quotas.clear(call.world)
    return OK


@endpoint("/cgi-bin/clear_quota/v2", needs_token=False)
async def clear_quota_by_secret(call: Call) -> Answer:
    config = call.world.config
    if call.query("appid") != config.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个公众号的")
    if not same(call.query("appsecret"), config.app_secret):
        raise ApiError(40125, "invalid appsecret", "appsecret 不正确")
    quotas.clear(call.world)
    return OK


@endpoint("/cgi-bin/openapi/quota/get")
async def quota_get(call: Call) -> Answer:
    path = string(call.json(), "cgi_path")
    if not path.startswith("/") or path.startswith("/sns/"):
        raise ApiError(76021, "cgi_path not found", "cgi_path 应是以 / 开头的接口路径")
    quota: dict[str, Any] = quotas.state(call.world, path)
    return {**OK, "quota": quota, "rate_limit": {"call_count": 0, "refresh_second": 60}}


@endpoint("/cgi-bin/getcallbackip", "GET")
async def callback_ips(call: Call) -> Answer:
    return {"ip_list": ["127.0.0.1"]}


@endpoint("/cgi-bin/get_api_domain_ip", "GET")
async def api_ips(call: Call) -> Answer:
    return {"ip_list": ["127.0.0.1"]}
