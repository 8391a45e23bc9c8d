"""What a service asks after web sign-in (section 10): tokens for a code, and who the person is."""

from sandbox import people
from sandbox.api.registry import OK, Answer, Call, endpoint
from sandbox.crypto import same
from sandbox.errors import ApiError
from sandbox.web import sign_ins

NICKNAME = "微信用户"  # what everybody is called there by now
AVATAR = "/mmopen/vi_32/default/132"


def _check_app_id(call: Call) -> None:
    if not call.query("appid"):
        raise ApiError(41002, "appid missing", "缺少 appid")
    if call.query("appid") != call.world.config.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个公众号的")


def _check_grant(call: Call, wanted: str) -> None:
    if call.query("grant_type") != wanted:
        raise ApiError(40002, "invalid grant_type", f"grant_type 应为 {wanted}")


@endpoint("/sns/oauth2/access_token", "GET", needs_token=False)
async def access_token(call: Call) -> Answer:
    _check_app_id(call)
    if not call.query("secret"):
        raise ApiError(41004, "appsecret missing", "缺少 secret")
    if not same(call.query("secret"), call.world.config.app_secret):
        raise ApiError(40125, "invalid appsecret", "secret 不正确")
    if not call.query("code"):
        raise ApiError(41008, "missing code", "缺少 code")
    _check_grant(call, "authorization_code")
    token = sign_ins.redeem(call.world, call.query("code"))
    answer = sign_ins.answer(token)
    if token["openid"].startswith(sign_ins.SNAPSHOT):
        answer["is_snapshotuser"] = 1
    if token["scope"] == sign_ins.USER_INFO:
        answer |= people.unionid(call.world, token["openid"])
    return answer


@endpoint("/sns/oauth2/refresh_token", "GET", needs_token=False)
async def refresh_token(call: Call) -> Answer:
    _check_app_id(call)
    _check_grant(call, "refresh_token")
    if not call.query("refresh_token"):
        raise ApiError(41003, "refresh_token missing", "缺少 refresh_token")
    return sign_ins.answer(sign_ins.refresh(call.world, call.query("refresh_token")))


@endpoint("/sns/auth", "GET", needs_token=False)
async def auth(call: Call) -> Answer:
    sign_ins.holder_of(call.world, call.query("access_token"), call.query("openid"))
    return OK


@endpoint("/sns/userinfo", "GET", needs_token=False)
async def user_info(call: Call) -> Answer:
    """The person as WeChat still tells them; `lang` once chose the language of the place, now empty."""
    token = sign_ins.holder_of(call.world, call.query("access_token"), call.query("openid"))
    if token["scope"] != sign_ins.USER_INFO:
        raise ApiError(48001, "api unauthorized", f"授权时的 scope 是 {token['scope']}")
    return {
        "openid": token["openid"],
        "nickname": NICKNAME,
        "sex": 0,
        "province": "",
        "city": "",
        "country": "",
        "headimgurl": call.world.config.api_url + AVATAR,
        "privilege": [],
        **people.unionid(call.world, token["openid"]),
    }
