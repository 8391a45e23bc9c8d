"""Addresses that open the mini-program from a text message, a mail or a web page (section 12).

Companies only, not personal accounts. 100 a second, 500,000 a day of both kinds together; each lives 30
days at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import characters_between, refuse_unless
from app.wechat.api.miniprogram_codes import AppEdition
from app.wechat.api.transport import Call

_QUERY_CHARACTERS: Final = 1024
_LONGEST_DAYS: Final = 30
_SHORTEST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Until:
    """Ends at a time: unix seconds, one minute to 30 days from now."""

    at: int

    def to_wire(self, now: float) -> dict[str, int]:
        latest = now + _LONGEST_DAYS * 86400
        refuse_unless(now + _SHORTEST_SECONDS <= self.at <= latest, "a link lasts one minute to 30 days")
        return {"expire_type": 0, "expire_time": self.at}


@dataclass(frozen=True, slots=True)
class ForDays:
    """Ends after 1 to 30 days."""

    days: int

    def to_wire(self, now: float) -> dict[str, int]:
        refuse_unless(1 <= self.days <= _LONGEST_DAYS, "a link lasts 1 to 30 days")
        return {"expire_type": 1, "expire_interval": self.days}


Lifetime = Until | ForDays


class LinksApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def url_link(
        self,
        path: str,
        query: str = "",
        *,
        lasts: Lifetime,
        edition: AppEdition = AppEdition.RELEASED,
        cloud_base: Mapping[str, str] | None = None,
    ) -> str:
        """A web address that opens `path` (home when empty) with `query`, up to 1,024 characters.

        `cloud_base` names a page of one's own in between, in WeChat's words (env, domain, path …).

        Raises:
            OurMistake: path (40165), query (40212), lifetime (85401), version (85402).
            TryLater, QuotaUsedUp: too many this second (44990), today (44993).
            NotAllowed: no right to links (85407), or not released yet (85079).
        """
        body = _target(path, query, edition) | lasts.to_wire(self._caller.now())
        if cloud_base is not None:
            body["cloud_base"] = dict(cloud_base)
        return await self._make("/wxa/generate_urllink", body, "url_link")

    async def scheme(
        self,
        path: str,
        query: str = "",
        *,
        lasts: Lifetime,
        edition: AppEdition = AppEdition.RELEASED,
    ) -> str:
        """A `weixin://` address that opens `path` with `query`; limits and errors as for `url_link`."""
        body: dict[str, Any] = {"jump_wxa": _target(path, query, edition), "is_expire": True}
        body |= lasts.to_wire(self._caller.now())
        return await self._make("/wxa/generatescheme", body, "openlink")

    async def _make(self, path: str, body: dict[str, Any], name: str) -> str:
        # May be repeated in doubt: an address that nobody learned harms nobody.
        call = Call(path, "POST", body=body, safe=True, expects=(name,))
        return str((await self._caller.ask(call)).get(name, ""))


def _target(path: str, query: str, edition: AppEdition) -> dict[str, Any]:
    refuse_unless("?" not in path, "a path has no query; it is told apart")
    characters_between(query, 0, _QUERY_CHARACTERS, "query of a link")
    filled = {name: value for name, value in (("path", path), ("query", query)) if value}
    return filled | {"env_version": edition.value}
