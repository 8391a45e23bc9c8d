"""How often one may call: each person, and each address from which nobody signed in calls.

Counted in the memory of each process: with four processes up to four times as much passes, and a restart
begins anew. That keeps floods away; limits that must hold exactly (tries at a proof) are rows.

An address is the one the server sees: behind a proxy on this machine, the one that proxy passes on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from fastapi import Request

from app.api.problems import ApiRefusal

MINUTE: Final = 60.0
MOST: Final = 50_000  # callers remembered; then those with nothing spent are let go


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limit:
    """So many calls a minute; a pause saves up to one minute's worth."""

    def __init__(self, per_minute: int, stopwatch: Callable[[], float]) -> None:
        self._most, self._stopwatch = float(per_minute), stopwatch
        self._buckets: dict[str, _Bucket] = {}

    def spend(self, who: str) -> None:
        """Raises: ApiRefusal 429."""
        now = self._stopwatch()
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= MOST:
                self._let_go(now)
            bucket = self._buckets[who] = _Bucket(self._most, now)
        bucket.left, bucket.at = self._saved(bucket, now), now
        if bucket.left < 1:
            raise _too_many(math.ceil((1 - bucket.left) * MINUTE / self._most))
        bucket.left -= 1

    def _saved(self, bucket: _Bucket, now: float) -> float:
        return min(self._most, bucket.left + (now - bucket.at) * self._most / MINUTE)

    def _let_go(self, now: float) -> None:
        spent = {who: each for who, each in self._buckets.items() if self._saved(each, now) < self._most}
        # Where all have spent something, the flood is from everywhere: counting begins anew.
        self._buckets = spent if len(spent) < MOST else {}


class Limits:
    """The limits of one process."""

    def __init__(
        self, *, per_person: int, per_address: int, log_ins: int, stopwatch: Callable[[], float]
    ) -> None:
        self._person = Limit(per_person, stopwatch)
        self._address = Limit(per_address, stopwatch)
        self._log_ins = Limit(log_ins, stopwatch)

    def person(self, person_id: int) -> None:
        """Raises: ApiRefusal 429."""
        self._person.spend(str(person_id))

    def address(self, request: Request) -> None:
        """Raises: ApiRefusal 429."""
        self._address.spend(address_of(request))

    def log_in(self, request: Request) -> None:
        """Raises: ApiRefusal 429."""
        self._log_ins.spend(address_of(request))


def address_of(request: Request) -> str:
    """Who calls, as a limit counts: of IPv6 the network, since each house has one full of addresses."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host  # a socket, or what a proxy wrote
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address)


def _too_many(seconds: int) -> ApiRefusal:
    seconds = max(1, seconds)
    return ApiRefusal(
        429, "too_many", "请求太多", f"请求太多，请 {seconds} 秒后再试。", {"Retry-After": str(seconds)}
    )
