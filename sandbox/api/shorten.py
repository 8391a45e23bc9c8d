"""Short keys for what is too long for a code (section 11.1).

The reference numbers the refusals without saying which is which: here 9410010 is the size of the data,
9410011 the life of the key, 9410012 a key that stands for nothing (stand-in).
"""

from typing import Any

from sandbox import short_keys
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError

MOST_BYTES = 4096
MOST_SECONDS = 2_592_000


@endpoint("/cgi-bin/shorten/gen")
async def gen(call: Call) -> Answer:
    body = call.json()
    data = string(body, "long_data")
    size = len(data.encode())
    if not 1 <= size <= MOST_BYTES:
        raise ApiError(9410010, "invalid long_data", f"long_data 有 {size} 字节，应为 1 至 {MOST_BYTES}")
    return {**OK, "short_key": short_keys.keep(call.world, data, _seconds(body))}


def _seconds(body: dict[str, Any]) -> int:
    """How long the key lives; when nothing is said, 30 days."""
    value = body.get("expire_seconds", MOST_SECONDS)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_SECONDS:
        raise ApiError(9410011, "invalid expire_seconds", f"expire_seconds 应为 1 至 {MOST_SECONDS}")
    return value


@endpoint("/cgi-bin/shorten/fetch")
async def fetch(call: Call) -> Answer:
    row = short_keys.find(call.world, string(call.json(), "short_key"))
    if row is None:
        raise ApiError(9410012, "invalid short_key", "short_key 不存在或已到期")
    return {
        **OK,
        "long_data": row["data"],
        "create_time": int(row["at"]),
        "expire_seconds": int(row["expires_at"] - call.world.now()),
    }
