"""Web sign-in (section 10): the page that sends a person back with a code, and the code's exchange.

Only `snsapi_base` is offered: it is silent and tells the openid.
"""

import re
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse

from sandbox import web_views
from sandbox.api.registry import Answer, Call, endpoint
from sandbox.crypto import same
from sandbox.errors import ApiError
from sandbox.world import World

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
SCOPE = "snsapi_base"
ORDER = ["appid", "redirect_uri", "response_type", "scope", "state"]
STATE = re.compile(r"[a-zA-Z0-9]{0,128}")


class PageError(Exception):
    """What WeChat shows instead of sending the person back; `rule` is for the developer."""

    def __init__(self, title: str, rule: str) -> None:
        super().__init__(title)
        self.title = title
        self.rule = rule


@endpoint("/connect/oauth2/authorize", "GET", needs_token=False)
async def authorize(call: Call) -> Answer:
    """Send the phone's person back to the service with a code, without a question."""
    try:
        _check(call)
    except PageError as error:
        return web_views.told(error.title, error.rule)
    person = web_views.holder(call.world, call.request)
    if person is None:
        return web_views.told("请在微信客户端打开链接", "沙盒：从手机里打开的网页才知道是谁")
    code = _issue(call.world, person["openid"])
    target = urlsplit(call.query("redirect_uri"))
    more = {"code": code} | ({"state": call.query("state")} if call.query("state") else {})
    query = "&".join(part for part in (target.query, urlencode(more)) if part)
    # Like there, without what follows a #.
    return RedirectResponse(target._replace(query=query, fragment="").geturl(), 302)


def _check(call: Call) -> None:
    config = call.world.config
    given = [name for name, _ in parse_qsl(call.request.url.query, keep_blank_values=True) if name in ORDER]
    target = urlsplit(call.query("redirect_uri"))
    if call.query("appid") != config.app_id:
        raise PageError("AppID 参数错误", "appid 不是这个公众号的")
    if target.scheme not in ("http", "https") or target.hostname != config.sign_in_host:
        rule = f"redirect_uri 的域名是 {target.hostname}，网页授权域名是 {config.sign_in_host}"
        raise PageError("redirect_uri域名与后台配置不一致，错误码：10003", rule)
    if call.query("response_type") != "code":
        raise PageError("response_type 参数错误", "response_type 应为 code")
    if call.query("scope") != SCOPE:
        raise PageError("Scope 参数错误或没有 Scope 权限，错误码：10005", f"沙盒只有 {SCOPE}")
    if not STATE.fullmatch(call.query("state")):
        raise PageError("state 参数错误", "state 应是 128 个以内的字母和数字")
    if given != [name for name in ORDER if name in given]:
        raise PageError("参数错误", f"参数的次序应是 {'、'.join(ORDER)}")


def _issue(world: World, openid: str) -> str:
    code = "0" + secrets.token_hex(16)[:31]
    world.db.run("delete from web_code where expires_at < ?", world.now() - 24 * 3600)
    world.db.run(
        "insert into web_code (code, openid, scope, expires_at) values (?, ?, ?, ?)",
        code,
        openid,
        SCOPE,
        world.now() + CODE_SECONDS,
    )
    return code


@endpoint("/sns/oauth2/access_token", "GET", needs_token=False)
async def access_token(call: Call) -> Answer:
    config = call.world.config
    if not call.query("appid"):
        raise ApiError(41002, "appid missing", "缺少 appid")
    if call.query("appid") != config.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个公众号的")
    if not call.query("secret"):
        raise ApiError(41004, "appsecret missing", "缺少 secret")
    if not same(call.query("secret"), config.app_secret):
        raise ApiError(40125, "invalid appsecret", "secret 不正确")
    if not call.query("code"):
        raise ApiError(41008, "missing code", "缺少 code")
    if call.query("grant_type") != "authorization_code":
        raise ApiError(40002, "invalid grant_type", "grant_type 应为 authorization_code")
    return {
        "access_token": secrets.token_urlsafe(80),
        "expires_in": TOKEN_SECONDS,
        "refresh_token": secrets.token_urlsafe(80),
        "openid": _redeem(call.world, call.query("code")),
        "scope": SCOPE,
    }


def _redeem(world: World, code: str) -> str:
    row = world.db.find("select * from web_code where code = ?", code)
    if row is None:
        raise ApiError(40029, "invalid code", "这个 code 不是这里发出的")
    if row["used"]:
        raise ApiError(40163, "code been used", "code 只能用一次")
    if row["expires_at"] <= world.now():
        raise ApiError(42003, "code expired", f"code 只在 {CODE_SECONDS} 秒内有效")
    world.db.run("update web_code set used = 1 where code = ?", code)
    return str(row["openid"])
