"""Logging in to a mini-program, its session keys, and a person's phone number (section 12).

What a session key opens is `app.wechat.session_keys`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank
from app.wechat.api.transport import Call
from app.wechat.errors import SignInAgain
from app.wechat.session_keys import SessionKey

_KEY_INVALID = 87009


@dataclass(frozen=True, slots=True)
class Login:
    """Who opened the mini-program. Neither openid nor key is a token to hand out: give one of ours."""

    openid: str
    session_key: SessionKey
    unionid: str = ""  # where the mini-program is bound to an Open Platform


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    number: str = field(repr=False)  # abroad with its country code
    pure_number: str = field(repr=False)
    country_code: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class LoginsApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def by_code(self, code: str) -> Login:
        """Who `wx.login` gave this code to. It is good once and for five minutes, so never repeated in doubt.

        A new log-in may replace the session key: ask `wx.checkSession` on the phone first.

        Raises:
            SignInAgain: bad, used or missing code; `wx.login` gives another.
            PersonGone: WeChat blocks this person as a risk (40226); refuse, and do not try again.
            TryLater: more than 100 a minute for one person (45011), or WeChat busy.
            NotAllowed: app id or secret.
            OutcomeUnknown: no answer came; the code may be used up.
        """
        path = "/sns/jscode2session"
        if not code:
            raise SignInAgain(41008, "missing code", "", path)
        query = {
            "appid": self._caller.app_id,
            "secret": self._caller.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        call = Call(path, query=query, with_token=False, hide=(code,), expects=("session_key",))
        answer = await self._caller.ask(call)
        key = SessionKey(str(answer.get("session_key", "")))
        return Login(str(answer.get("openid", "")), key, str(answer.get("unionid") or ""))

    async def is_valid(self, openid: str, session_key: SessionKey) -> bool:
        """Whether the key is still this person's."""
        call = _with_proof("/wxa/checksession", openid, session_key, safe=True)
        try:
            await self._caller.ask(call)
        except SignInAgain as error:
            if error.errcode != _KEY_INVALID:
                raise
            return False
        return True

    async def reset(self, openid: str, session_key: SessionKey) -> SessionKey:
        """A new key for the person; the old one ends at once.

        Raises:
            SignInAgain: the old key is not (or no longer) theirs (87009).
            OutcomeUnknown: no answer came; if it was done, the new key is lost: `wx.login` again.
        """
        call = _with_proof("/wxa/resetusersessionkey", openid, session_key, expects=("session_key",))
        return SessionKey(str((await self._caller.ask(call)).get("session_key", "")))

    async def phone_number(self, code: str, openid: str = "") -> PhoneNumber:
        """The number a person gave by `<button open-type="getPhoneNumber">`, whose code this is.

        Good once and for five minutes, and paid for each success, so never repeated in doubt. With
        `openid` WeChat checks that it is their code.

        Raises:
            SignInAgain: bad or used code; the person taps the button again.
            NotAllowed: no right to it, or what was paid for is used up (1400001).
            OutcomeUnknown: no answer came; the code may be used up.
        """
        not_blank(code, "code")
        body = {"code": code} | ({"openid": openid} if openid else {})
        path = "/wxa/business/getuserphonenumber"
        call = Call(path, "POST", body=body, hide=(code,), expects=("phone_info",))
        told = (await self._caller.ask(call))["phone_info"]
        return PhoneNumber(
            str(told.get("phoneNumber") or ""),
            str(told.get("purePhoneNumber") or ""),
            str(told.get("countryCode") or ""),
            told,
        )


def _with_proof(path: str, openid: str, key: SessionKey, **more: Any) -> Call:
    not_blank(openid, "openid")
    not_blank(key.value, "session key")
    query = {"openid": openid, "signature": key.proof(), "sig_method": "hmac_sha256"}
    return Call(path, query=query, hide=(key.value,), **more)
