"""The account's own affairs with the platform: its addresses and our quotas (sections 1, 5)."""

from dataclasses import dataclass

from app.wechat.api.calls import Caller
from app.wechat.api.limits import refuse_unless
from app.wechat.api.transport import Call


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one kind today, and how many at once (0 where WeChat does not say)."""

    daily_limit: int
    used: int
    remain: int
    rate_calls: int = 0
    rate_seconds: int = 0


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

    async def _ips(self, path: str) -> tuple[str, ...]:
        answer = await self._caller.ask(Call(path, safe=True))
        return tuple(str(ip) for ip in answer.get("ip_list") or ())
