"""Web sign-in (section 10): the page that asks a person, or does not, and sends them back with a code.

Not here: what the code is good for, `sandbox.api.sns`.
"""

import re
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse

from sandbox.api.registry import Answer, Call, endpoint
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.web import sign_ins
from sandbox.web import views as web_views
from sandbox.world import World

ORDER = ["appid", "redirect_uri", "response_type", "scope", "state"]
STATE = re.compile(r"[a-zA-Z0-9]{0,128}")
BAD_PARAMETER = 40035  # page errors without a number of their own


@endpoint(web_views.AUTHORIZE, "*", needs_token=False)
async def authorize(call: Call) -> Answer:
    """Send the phone's person back to the service with a code; ask first if it is about more than the openid.

    POST is the answer to the question.
    """
    _check(call)
    person = web_views.holder(call.world, call.request)
    if person is None:
        return web_views.told("请在微信客户端打开链接", "沙盒：从手机里打开的网页才知道是谁")
    if call.request.method == "POST":
        return _answered(call, person)
    if _must_ask(call, person):
        return web_views.asked(call.world, person, call.request.url.query)
    return _back(call, person)


def _check(call: Call) -> None:
    """Raises ApiError, which people see as a page."""
    config = call.world.config
    given = [name for name, _ in parse_qsl(call.request.url.query, keep_blank_values=True) if name in ORDER]
    target = urlsplit(call.query("redirect_uri"))
    if not call.query("appid"):
        raise ApiError(10012, "appid missing", "缺少 appid")
    if call.query("appid") != config.app_id:
        raise ApiError(40013, "AppID 参数错误", "appid 不是这个公众号的")
    if target.scheme not in ("http", "https") or target.hostname != config.sign_in_host:
        rule = f"redirect_uri 的域名是 {target.hostname}，网页授权域名是 {config.sign_in_host}"
        raise ApiError(10003, "redirect_uri", rule)
    if call.query("response_type") != "code":
        raise ApiError(BAD_PARAMETER, "response_type 参数错误", "response_type 应为 code")
    if not call.query("scope"):
        raise ApiError(10010, "scope missing", "缺少 scope")
    if call.query("scope") not in config.web_scopes:
        raise ApiError(10005, "scope", f"这个公众号可用的是 {'、'.join(config.web_scopes) or '（无）'}")
    if not STATE.fullmatch(call.query("state")):
        raise ApiError(BAD_PARAMETER, "state 参数错误", "state 应是 128 个以内的字母和数字")
    if given != [name for name in ORDER if name in given]:
        raise ApiError(BAD_PARAMETER, "参数错误", f"参数的次序应是 {'、'.join(ORDER)}")


def _is_snapshot(call: Call) -> bool:
    """A preview under a made-up account, until the person chooses the full service."""
    return call.query("forceSnapShot") == "true" and not web_views.is_full(call.request)


def _must_ask(call: Call, person: Row) -> bool:
    if call.query("scope") != sign_ins.USER_INFO or _is_snapshot(call):
        return False
    if call.query("forcePopup") == "true":
        return True
    at_home = bool(person["following"]) and web_views.is_from_chat(call.request)
    return not at_home and not sign_ins.has_allowed(call.world, person["openid"])


def _answered(call: Call, person: Row) -> Answer:
    origin = call.request.headers.get("origin")
    if origin and urlsplit(origin).netloc != call.request.headers.get("host"):
        raise ApiError(BAD_PARAMETER, "授权没有完成", "授权页的回答应来自授权页自己")
    answer = parse_qs(call.raw.decode()).get("answer")
    if answer == ["allow"]:
        sign_ins.allow(call.world, person["openid"])
        return _back(call, person)
    # Whoever refuses comes back without a code.
    return RedirectResponse(_target(call), 303)


def _back(call: Call, person: Row) -> Answer:
    snapshot = _is_snapshot(call)
    code = sign_ins.issue_code(call.world, person["openid"], call.query("scope"), snapshot=snapshot)
    if snapshot:
        _offer_full(call.world, person["openid"])
    return RedirectResponse(_target(call, code=code), 303 if call.request.method == "POST" else 302)


def _offer_full(world: World, openid: str) -> None:
    """The phone shows its button 使用完整服务."""
    world.bus.publish("snapshot", openid=openid)


def _target(call: Call, **more: str) -> str:
    """Where the person came from; like there, without what follows a #."""
    target = urlsplit(call.query("redirect_uri"))
    if call.query("state"):
        more["state"] = call.query("state")
    query = "&".join(part for part in (target.query, urlencode(more)) if part)
    return target._replace(query=query, fragment="").geturl()
