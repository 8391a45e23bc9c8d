"""The mini-program's login, its session key, and the phone number (section 12)."""

import hashlib
import hmac

from sandbox import people
from sandbox.api import credentials
from sandbox.api.registry import MINIPROGRAM_ONLY, OK, Answer, Call, endpoint, string
from sandbox.config import MINIPROGRAM
from sandbox.crypto import same
from sandbox.errors import ApiError
from sandbox.miniprogram import program, visitors
from sandbox.miniprogram.visitors import LOGIN, PHONE
from sandbox.store import Row

COUNTRY = "86"


@endpoint("/sns/jscode2session", "GET", needs_token=False, apps=MINIPROGRAM_ONLY)
async def code_to_session(call: Call) -> Answer:
    """A success has no errcode, as there."""
    world, code = call.world, call.query("js_code")
    app = credentials.app_named(world, call.query("appid"))
    if app.name != MINIPROGRAM:
        raise ApiError(40013, "invalid appid", "这是公众号的 appid，小程序登录要用小程序的")
    credentials.check_secret(app, call.query("secret"))
    if call.query("grant_type") != "authorization_code":
        raise ApiError(40002, "invalid grant_type", "grant_type 应为 authorization_code")
    if not code:
        raise ApiError(41008, "missing code", "缺少 js_code")
    person = visitors.code_holder(world, code, LOGIN)
    world.rates.count(call.path, world.now(), person["openid"])
    if person["blocked"]:
        raise ApiError(40226, "code blocked", "高风险用户，登录被拦截")
    visitors.use_up(world, code)
    key = visitors.renew_session_key(world, person["openid"])
    answer = {"openid": person["openid"], "session_key": key}
    return answer | people.unionid(world, person["person"])


def _signed_by(call: Call) -> Row:
    """Whose session key signed the call.

    Raises:
        ApiError: 40003 openid, 40097 sig_method, 87009 the signature is not of the present key.
    """
    person = call.visitor(call.query("openid"))
    if call.query("sig_method") != "hmac_sha256":
        raise ApiError(40097, "invalid args", "sig_method 应为 hmac_sha256")
    key = str(person["session_key"])
    # The signature covers the empty string.
    expected = hmac.new(key.encode(), b"", hashlib.sha256).hexdigest()
    if not key or not same(expected, call.query("signature")):
        raise ApiError(87009, "invalid signature", "签名不对，或 session_key 已换新")
    return person


@endpoint("/wxa/checksession", "GET", apps=MINIPROGRAM_ONLY)
async def check_session(call: Call) -> Answer:
    _signed_by(call)
    return OK


@endpoint("/wxa/resetusersessionkey", "GET", apps=MINIPROGRAM_ONLY)
async def reset_session_key(call: Call) -> Answer:
    openid = _signed_by(call)["openid"]
    return {**OK, "openid": openid, "session_key": visitors.renew_session_key(call.world, openid)}


@endpoint("/wxa/business/getuserphonenumber", apps=MINIPROGRAM_ONLY)
async def phone_number(call: Call) -> Answer:
    world, body = call.world, call.json()
    code = string(body, "code")
    person = visitors.code_holder(world, code, PHONE)
    if body.get("openid") not in (None, "", person["openid"]):
        raise ApiError(40029, "invalid code", "code 不是这个 openid 的")
    world.rates.count(call.path, world.now(), person["openid"])
    program.pay_for_phone_number(world)
    visitors.use_up(world, code)
    info = {
        "phoneNumber": person["phone"],
        "purePhoneNumber": person["phone"],
        "countryCode": COUNTRY,
        "watermark": {"timestamp": int(world.now()), "appid": call.app.app_id},
    }
    return {**OK, "phone_info": info}
