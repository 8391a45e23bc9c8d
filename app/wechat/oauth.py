"""Web sign-in (wechat-platform.md section 10): where a page sends a person, and what the code says of them.

`snsapi_base` is silent and tells the openid; `snsapi_userinfo` may ask the person and tells what profile
WeChat still shows. A code is good once and for five minutes, so an exchange whose answer was lost is never
repeated.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

import httpx

from app.wechat.api.transport import Call, NoAnswer, exchange, parse, raise_refusal
from app.wechat.errors import OurMistake, OutcomeUnknown, PersonGone, SignInAgain, TokenRejected, TryLater

OPEN: Final = "https://open.weixin.qq.com"
_EXCHANGE: Final = "/sns/oauth2/access_token"
_REFRESH: Final = "/sns/oauth2/refresh_token"
_STATE: Final = re.compile(r"[a-zA-Z0-9]{1,128}")


class Scope(StrEnum):
    BASE = "snsapi_base"
    PROFILE = "snsapi_userinfo"


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """Who is behind a page. `is_snapshot`: WeChat showed a preview, and the openid is nobody's."""

    openid: str
    unionid: str = ""  # where the account is bound to an Open Platform
    is_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class WebGrant:
    """What a person let us have: a token of their own, for `profile`, unlike the account's."""

    identity: WebIdentity
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)  # 30 days
    expires_seconds: int  # of the access token; 7200
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class WebProfile:
    """What WeChat shows of a person; the name is mostly 微信用户 and the picture grey."""

    openid: str
    nickname: str = field(repr=False)
    avatar_url: str = field(repr=False)
    unionid: str = ""
    privileges: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class WebOAuth:
    """Sign-in for pages of one account (a certified service account). Holds no connection of its own."""

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        *,
        http: httpx.AsyncClient,
        now: Callable[[], float],
        open_url: str = OPEN,
        base_url: str = "https://api.weixin.qq.com",
    ) -> None:
        self._app_id = app_id
        self._secret = app_secret
        self._http = http
        self._now = now
        self._open_url = open_url.rstrip("/")
        self._base_url = base_url.rstrip("/")

    def address(
        self, redirect_uri: str, state: str, *, scope: Scope = Scope.BASE, force_popup: bool = False
    ) -> str:
        """Where to send a person, who comes back to `redirect_uri` with a code and `state`.

        `force_popup` asks again a person who has agreed before.

        Raises:
            OurMistake: `state` is not 1 to 128 letters and digits; WeChat would cut it.
        """
        if not _STATE.fullmatch(state):
            raise OurMistake(None, "state must be 1 to 128 letters and digits")
        # The order is part of the interface.
        return (
            f"{self._open_url}/connect/oauth2/authorize?appid={self._app_id}"
            f"&redirect_uri={quote(redirect_uri, safe='')}&response_type=code&scope={scope.value}"
            f"&state={state}{'&forcePopup=true' if force_popup else ''}#wechat_redirect"
        )

    async def identify(self, code: str) -> WebIdentity:
        """Who came back with `code`; errors as for `grant`."""
        return (await self.grant(code)).identity

    async def grant(self, code: str) -> WebGrant:
        """Who came back with `code`, and what they let us have.

        Raises:
            SignInAgain: the code is made up, used, too old or missing.
            OutcomeUnknown: no answer came; the code may be used up.
            WeChatError: by what can be done about it, see `app.wechat.errors`.
        """
        if not code:
            raise SignInAgain(41008, "missing code", "", _EXCHANGE)
        query = {
            "appid": self._app_id,
            "secret": self._secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        call = Call(_EXCHANGE, query=query, with_token=False, hide=(code,))
        return _read_grant(await self._ask(call), call)

    async def refresh(self, refresh_token: str) -> WebGrant:
        """A new access token, within 30 days of the sign-in.

        Raises:
            SignInAgain: the refresh token is spent (42002) or none (40030).
            OutcomeUnknown: no answer came; the old token may have ended.
        """
        if not refresh_token:
            raise SignInAgain(40030, "missing refresh_token", "", _REFRESH)
        query = {"appid": self._app_id, "grant_type": "refresh_token", "refresh_token": refresh_token}
        call = Call(_REFRESH, query=query, with_token=False, hide=(refresh_token,))
        return _read_grant(await self._ask(call), call)

    async def is_valid(self, access_token: str, openid: str) -> bool:
        """Whether a person's token still works for this openid."""
        query = {"access_token": access_token, "openid": openid}
        call = Call("/sns/auth", query=query, with_token=False, safe=True, hide=(access_token,))
        try:
            await self._ask(call)
        except (PersonGone, SignInAgain):
            return False
        return True

    async def profile(self, access_token: str, openid: str, *, language: str = "zh_CN") -> WebProfile:
        """What a person who agreed to `Scope.PROFILE` shows.

        Raises:
            SignInAgain: their token has ended; `refresh` it, or send them through again.
            NotAllowed: they signed in with `Scope.BASE` only (48001).
            PersonGone: the token is not this openid's.
        """
        query = {"access_token": access_token, "openid": openid, "lang": language}
        call = Call(
            "/sns/userinfo",
            query=query,
            with_token=False,
            safe=True,
            hide=(access_token,),
            expects=("openid",),
        )
        told = await self._ask(call)
        return WebProfile(
            openid=str(told["openid"]),
            nickname=str(told.get("nickname") or ""),
            avatar_url=str(told.get("headimgurl") or ""),
            unionid=str(told.get("unionid") or ""),
            privileges=tuple(str(privilege) for privilege in told.get("privilege") or ()),
            raw=told,
        )

    async def _ask(self, call: Call) -> dict[str, Any]:
        """The answer to `call`; a safe one is asked for once more when there was none."""
        try:
            return await self._ask_once(call)
        except NoAnswer as broken:
            if not call.safe:
                kind = TryLater if broken.unsent else OutcomeUnknown
                raise kind(None, broken.reason, "", call.label) from broken
        try:
            return await self._ask_once(call)
        except NoAnswer as broken:
            raise TryLater(None, broken.reason, "", call.label) from broken

    async def _ask_once(self, call: Call) -> dict[str, Any]:
        answer = parse(await exchange(self._http, self._base_url, call))
        by_secret = call.path == _EXCHANGE
        try:
            raise_refusal(answer, call, now=self._now(), hide=(self._secret,), at_token_call=by_secret)
        except TokenRejected as error:
            # Not the account's token but the person's, which only they can renew.
            raise SignInAgain(error.errcode, error.errmsg, error.rid, error.path) from None
        if not all(map(answer.get, call.expects)):
            raise NoAnswer(f"an answer without {call.expects[0]}")
        return answer

    def __repr__(self) -> str:
        return f"WebOAuth({self._app_id!r})"


def _read_grant(answer: Mapping[str, Any], call: Call) -> WebGrant:
    if not isinstance(answer.get("openid"), str) or not answer["openid"]:
        raise OutcomeUnknown(None, "an answer without openid", "", call.label)
    unionid, is_snapshot = str(answer.get("unionid") or ""), answer.get("is_snapshotuser") == 1
    seconds = answer.get("expires_in")
    return WebGrant(
        WebIdentity(answer["openid"], unionid, is_snapshot),
        str(answer.get("access_token") or ""),
        str(answer.get("refresh_token") or ""),
        seconds if isinstance(seconds, int) else 0,
        frozenset(str(answer.get("scope") or "").replace(",", " ").split()),
    )
