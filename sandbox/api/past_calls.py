"""What became of a refused call, by the rid its errmsg ended with (section 5)."""

import json
import re
from urllib.parse import urlencode

from sandbox.api.registry import BOTH, ENDPOINTS, OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError

RID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){2}")
KEPT_SECONDS = 7 * 24 * 3600


@endpoint("/cgi-bin/openapi/rid/get", apps=BOTH)
async def get(call: Call) -> Answer:
    """The developer log has it, for as long as it has the call."""
    rid = string(call.json(), "rid")
    if not RID.fullmatch(rid):
        raise ApiError(76002, "rid is invalid", "rid 应是三段八位十六进制数")
    row = call.world.db.find("select * from call where json_extract(detail, '$.rid') = ?", rid)
    if row is None:
        raise ApiError(76001, "rid not found", "没有这个 rid 的调用")
    told = json.loads(row["detail"])
    known = ENDPOINTS.get(row["path"])
    # A call by secret or by a person's token is nobody's in particular.
    if known and known.needs_token and told["app"] != call.app.name:
        raise ApiError(76003, "rid does not belong to you", "这个 rid 是另一个账号的")
    if call.world.now() - row["at"] > KEPT_SECONDS:
        raise ApiError(76004, "rid has expired", "rid 只能查 7 天")
    request = {
        "invoke_time": int(row["at"]),
        "cost_in_ms": round(told["ms"]),
        "request_url": urlencode(told["query"]),
        "request_body": told["body"],
        "response_body": json.dumps(told["answer"], ensure_ascii=False),
        "client_ip": told["from"],
    }
    return {**OK, "request": request}
