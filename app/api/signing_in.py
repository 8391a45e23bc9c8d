"""Logging in from the mini-program: WeChat's code becomes tokens of ours; its session key is not kept."""

from datetime import datetime

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller, GateInUse
from app.api.problems import SIGN_IN_NEEDED, ApiRefusal
from app.api.routes import Route
from app.api.shapes import Strict
from app.dependencies import InUse, Now, Shared, WriteSession
from app.services import api_sessions, followers, merging
from app.services.api_sessions import Tokens
from app.wechat.api.logins import Login, LoginsApi
from app.wechat.errors import PersonGone, SignInAgain, WeChatError

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/auth", tags=["登录"], route_class=Route)


async def _counted(request: Request, gate: GateInUse) -> None:
    gate.limits.log_in(request)


COUNTED = [Depends(_counted)]  # guessing a code or a token is slower than reading


class CodeIn(Strict):
    code: str = Field(min_length=1, max_length=128, examples=["0a1B2c"], description="wx.login 得到的 code")


class RefreshIn(Strict):
    refresh_token: str = Field(min_length=1, max_length=200, examples=["p9Qd…"])


class TokensOut(BaseModel):
    access_token: str = Field(examples=["n3Xk…"], description="放在 Authorization: Bearer 后面")
    expires_in: int = Field(examples=[1800], description="秒")
    refresh_token: str = Field(examples=["p9Qd…"], description="只能用一次，换来新的一对")
    refresh_expires_in: int = Field(examples=[2592000], description="秒")


@router.post(
    "/miniprogram",
    status_code=201,
    response_model=TokensOut,
    responses=documented(401, 403),
    dependencies=COUNTED,
    operation_id="logIn",
)
async def log_in(given: CodeIn, gate: GateInUse, shared: InUse, now: Now) -> TokensOut:
    """小程序登录：用 wx.login 的 code 换访问令牌。code 只能用一次，五分钟内有效。"""
    if gate.logins is None:
        raise ApiRefusal(503, "no_miniprogram", "没有小程序", "这里没有设置小程序。")
    login = await _ask_wechat(gate.logins, given.code)
    follower_id = await _follower(shared, gate.account_id, login, now)
    async with shared.database.transaction() as session:
        return _out(await api_sessions.begin(session, follower_id, now))


@router.post(
    "/refresh",
    response_model=TokensOut,
    responses=documented(401),
    dependencies=COUNTED,
    operation_id="refreshTokens",
)
async def refresh(given: RefreshIn, session: WriteSession, now: Now) -> TokensOut | Response:
    """用刷新令牌换新的一对。旧的刷新令牌一分钟后再用，登录就此结束。"""
    tokens = await api_sessions.refresh(session, given.refresh_token, now)
    if tokens is None:
        return problems.answer_to(SIGN_IN_NEEDED)  # no exception: a session may have just been ended
    return _out(tokens)


@router.post("/sign-out", status_code=204, operation_id="signOut")
async def sign_out(caller: Caller, session: WriteSession, now: Now) -> None:
    """退出：这一对令牌立即失效。"""
    await api_sessions.revoke(session, caller.session_id, now)


async def _ask_wechat(logins: LoginsApi, code: str) -> Login:
    """Raises: ApiRefusal."""
    try:
        return await logins.by_code(code)
    except SignInAgain:
        raise ApiRefusal(
            401, "code_not_good", "登录没有成功", "登录码用过了或过期了，请再登录一次。"
        ) from None
    except PersonGone:
        raise ApiRefusal(403, "blocked", "不能登录", "微信认为这个账号有风险，暂时不能登录。") from None
    except WeChatError as error:
        log.warning("login_failed", error=type(error).__name__)
        raise ApiRefusal(503, "wechat_away", "微信没有回答", "微信一时没有回答，请稍后再试。") from error


async def _follower(shared: Shared, account_id: int, login: Login, now: datetime) -> int:
    async with shared.database.transaction() as session:
        await followers.meet(session, account_id, login.openid, followed_at=now, now=now)
        known = await followers.find_by_openid(session, account_id, login.openid, now)
    assert known is not None
    if login.unionid:
        await merging.learn_unionid(shared.database, known.follower_id, login.unionid, now)
    return known.follower_id


def _out(tokens: Tokens) -> TokensOut:
    return TokensOut(
        access_token=tokens.access,
        expires_in=tokens.access_seconds,
        refresh_token=tokens.refresh,
        refresh_expires_in=tokens.refresh_seconds,
    )
