"""Web sign-in (wechat-platform.md section 10): where a page sends a person, and what the code says of them.

Silent only (`snsapi_base`): it tells the openid and asks nobody anything. A code is good once and for five
minutes, so an exchange whose answer was lost is never repeated.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx

from app.wechat.api.transport import Call, NoAnswer, exchange, parse, raise_refusal
from app.wechat.errors import OurMistake, OutcomeUnknown, SignInAgain, TryLater

OPEN: Final = "https://open.weixin.qq.com"
_EXCHANGE: Final = "/sns/oauth2/access_token"
_STATE: Final = re.compile(r"[a-zA-Z0-9]{1,128}")


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """Who is behind a page. `is_snapshot`: WeChat showed a preview, and the openid is nobody's."""

    openid: str
    unionid: str = ""  # where the account is bound to an Open Platform
    is_snapshot: bool = False


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

    def address(self, redirect_uri: str, state: str) -> str:
        """Where to send a person, who comes back to `redirect_uri` with a code and `state`.

        Raises:
            OurMistake: `state` is not 1 to 128 letters and digits; WeChat would cut it.
        """
        if not _STATE.fullmatch(state):
            raise OurMistake(None, "state must be 1 to 128 letters and digits")
        # The order is part of the interface.
        return (
            f"{self._open_url}/connect/oauth2/authorize?appid={self._app_id}"
            f"&redirect_uri={quote(redirect_uri, safe='')}&response_type=code&scope=snsapi_base"
            f"&state={state}#wechat_redirect"
        )

    async def identify(self, code: str) -> WebIdentity:
        """Who came back with `code`.

        Raises:
            SignInAgain: the code is made up, used, too old or missing.
            OutcomeUnknown: no answer came; the code may be used up.
            WeChatError: by what can be done about it, see `app.wechat.errors`.
        """
        if not code:
            raise SignInAgain(41008, "missing code", "", _EXCHANGE)
        call = Call(
            _EXCHANGE,
            query={
                "appid": self._app_id,
                "secret": self._secret,
                "code": code,
                "grant_type": "authorization_code",
            },
            with_token=False,
        )
        try:
            answer = parse(await exchange(self._http, self._base_url, call))
        except NoAnswer as broken:
            kind = TryLater if broken.unsent else OutcomeUnknown
            raise kind(None, broken.reason, "", call.label) from broken
        raise_refusal(answer, call, now=self._now(), hide=(self._secret, code), at_token_call=True)
        if not isinstance(answer.get("openid"), str) or not answer["openid"]:
            raise OutcomeUnknown(None, "an answer without openid", "", call.label)
        return WebIdentity(
            answer["openid"], str(answer.get("unionid") or ""), answer.get("is_snapshotuser") == 1
        )

    def __repr__(self) -> str:
        return f"WebOAuth({self._app_id!r})"
