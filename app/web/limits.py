"""How often one may call: counted in the memory of each process.

With four processes up to four times as much passes, and a restart begins anew. That keeps floods away; limits
that must hold exactly (tries at a proof) are rows.

An address is the one the server sees: behind a proxy on this machine, the one that proxy passes on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from fastapi import Request

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

    def spend(self, who: str) -> int:
        """Nothing where `who` may call now, else after how many seconds."""
        now = self._stopwatch()
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= MOST:
                self._let_go(now)
            bucket = self._buckets[who] = _Bucket(self._most, now)
        bucket.left, bucket.at = self._saved(bucket, now), now
        if bucket.left < 1:
            return max(1, math.ceil((1 - bucket.left) * MINUTE / self._most))
        bucket.left -= 1
        return 0

    def _saved(self, bucket: _Bucket, now: float) -> float:
        return min(self._most, bucket.left + (now - bucket.at) * self._most / MINUTE)

    def _let_go(self, now: float) -> None:
        spent = {who: each for who, each in self._buckets.items() if self._saved(each, now) < self._most}
        # Where all have spent something, the flood is from everywhere: counting begins anew.
        self._buckets = spent if len(spent) < MOST else {}


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
