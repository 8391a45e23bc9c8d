"""The account's own affairs with the platform: its addresses, our quotas, and what became of a request.

Source: wechat-platform.md sections 1.3 and 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank, refuse_unless
from app.wechat.api.transport import Call, without_secrets


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one kind today, and how many at once (0 where WeChat does not say)."""

    daily_limit: int
    used: int
    remain: int
    rate_calls: int = 0
    rate_seconds: int = 0


@dataclass(frozen=True, slots=True)
class PastRequest:
    """One of our calls of the last seven days, as WeChat saw it."""

    invoked_at: int  # unix seconds
    took_ms: int
    query: str  # its token masked
    client_ip: str  # ours
    body: str = field(repr=False)  # what we sent: may be personal
    answer: str = field(repr=False)


class CheckAction(StrEnum):
    DNS = "dns"
    PING = "ping"
    ALL = "all"


class CheckOperator(StrEnum):
    """From whose network WeChat looks."""

    TELECOM = "CHINANET"
    UNICOM = "UNICOM"
    TENCENT = "CAP"
    BY_ADDRESS = "DEFAULT"


@dataclass(frozen=True, slots=True)
class Resolved:
    """An address our callback's host name leads to."""

    ip: str
    operator: str


@dataclass(frozen=True, slots=True)
class Ping:
    """One attempt to reach such an address."""

    ip: str
    operator: str  # where it started
    loss: str  # "0%" or "100%": one packet is sent
    time: str  # as in "23.079ms"


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """How WeChat reaches our callback."""

    dns: tuple[Resolved, ...] = ()
    pings: tuple[Ping, ...] = ()


class BaseApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def callback_ips(self) -> tuple[str, ...]:
        """Where callbacks come from; may hold ranges (CIDR). Ask daily."""
        return await self._ips("/cgi-bin/getcallbackip")

    async def api_ips(self) -> tuple[str, ...]:
        """Where our calls go to, for a firewall."""
        return await self._ips("/cgi-bin/get_api_domain_ip")

    async def quota(self, path: str) -> Quota:
        """What is left of the call at `path`, as in "/cgi-bin/message/custom/send"."""
        refuse_unless(path.startswith("/"), "a quota is asked for by path")
        call = Call("/cgi-bin/openapi/quota/get", "POST", body={"cgi_path": path}, safe=True)
        answer = await self._caller.ask(call)
        quota, rate = answer.get("quota") or {}, answer.get("rate_limit") or {}
        return Quota(
            int(quota.get("daily_limit") or 0),
            int(quota.get("used") or 0),
            int(quota.get("remain") or 0),
            int(rate.get("call_count") or 0),
            int(rate.get("refresh_second") or 0),
        )

    async def clear_quota(self) -> None:
        """Start every daily quota anew: 10 times a month, so never repeated in doubt."""
        body = {"appid": self._caller.app_id}
        await self._caller.ask(Call("/cgi-bin/clear_quota", "POST", body=body))

    async def clear_quota_by_secret(self) -> None:
        """The same where even the quota for tokens is used up; counts among the same 10 a month."""
        query = {"appid": self._caller.app_id, "appsecret": self._caller.secret}
        await self._caller.ask(Call("/cgi-bin/clear_quota/v2", "POST", query=query, with_token=False))

    async def clear_quota_of(self, path: str) -> None:
        """Start the daily quota of one call anew: 50 times a month, so never repeated in doubt."""
        refuse_unless(path.startswith("/"), "a quota is cleared by path")
        await self._caller.ask(Call("/cgi-bin/openapi/quota/clear", "POST", body={"cgi_path": path}))

    async def past_request(self, rid: str) -> PastRequest:
        """What became of the request with this `rid` (as in `WeChatError.rid`), for seven days.

        Raises:
            OurMistake: unknown (76001), malformed (76002), another account's (76003), too old (76004).
        """
        not_blank(rid, "rid")
        call = Call("/cgi-bin/openapi/rid/get", "POST", body={"rid": rid}, safe=True, expects=("request",))
        told = (await self._caller.ask(call))["request"]
        return PastRequest(
            int(told.get("invoke_time") or 0),
            int(told.get("cost_in_ms") or 0),
            without_secrets(str(told.get("request_url") or "")),
            str(told.get("client_ip") or ""),
            str(told.get("request_body") or ""),
            str(told.get("response_body") or ""),
        )

    async def check_callback(
        self, action: CheckAction = CheckAction.ALL, operator: CheckOperator = CheckOperator.BY_ADDRESS
    ) -> NetworkCheck:
        """Let WeChat look up and ping our callback; `OurMistake` (40201): none is set in its console."""
        body = {"action": action.value, "check_operator": operator.value}
        return _read_check(
            await self._caller.ask(Call("/cgi-bin/callback/check", "POST", body=body, safe=True))
        )

    async def _ips(self, path: str) -> tuple[str, ...]:
        answer = await self._caller.ask(Call(path, safe=True))
        return tuple(str(ip) for ip in answer.get("ip_list") or ())


def _read_check(answer: Mapping[str, Any]) -> NetworkCheck:
    dns = tuple(
        Resolved(str(found.get("ip", "")), str(found.get("real_operator", "")))
        for found in answer.get("dns") or ()
    )
    pings = tuple(
        Ping(
            str(tried.get("ip", "")),
            str(tried.get("from_operator", "")),
            str(tried.get("package_loss", "")),
            str(tried.get("time", "")),
        )
        for tried in answer.get("ping") or ()
    )
    return NetworkCheck(dns, pings)
