"""Tickets with which pages sign their use of the JS-SDK (section 10)."""

from sandbox.api.registry import OK, Answer, Call, endpoint
from sandbox.errors import ApiError
from sandbox.web import js_sdk


@endpoint("/cgi-bin/ticket/getticket", "GET")
async def get_ticket(call: Call) -> Answer:
    kind = call.query("type")
    if kind not in js_sdk.KINDS:
        raise ApiError(40097, "invalid args", f"type 应为 {' 或 '.join(js_sdk.KINDS)}")
    value, seconds = js_sdk.ticket(call.world, kind)
    return {**OK, "ticket": value, "expires_in": seconds}
