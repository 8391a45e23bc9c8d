"""Codes with a scene: creating them (section 11.1). Their picture is drawn in `qr_picture`."""

from typing import Any

from sandbox import qrcodes
from sandbox.api.registry import Answer, Call, endpoint, string
from sandbox.errors import ApiError

MOST_SECONDS = 2_592_000
SECONDS_WHEN_ABSENT = 30
MOST_PERMANENT = 100_000


@endpoint("/cgi-bin/qrcode/create")
async def create(call: Call) -> Answer:
    body = call.json()
    action = string(body, "action_name")
    if action not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"):
        raise ApiError(40052, "invalid action name", f"没有「{action}」这种二维码")
    scene = _scene(action, body.get("action_info"))
    seconds = None if "LIMIT" in action else _seconds(body.get("expire_seconds"))
    if seconds is None and _permanent_count(call) >= MOST_PERMANENT:
        raise ApiError(45029, "qrcode count out of limit", "永久二维码已达 10 万个")
    row = qrcodes.create(call.world, scene, seconds)
    answer: dict[str, Any] = {"ticket": row["ticket"], "url": row["url"]}
    return answer if seconds is None else {**answer, "expire_seconds": seconds}


def _scene(action: str, info: Any) -> str:
    scene = info.get("scene") if isinstance(info, dict) else None
    scene = scene if isinstance(scene, dict) else {}
    if "STR" in action:
        text = scene.get("scene_str")
        if isinstance(text, str) and 1 <= len(text) <= 64:
            return text
        raise ApiError(40053, "invalid action info", "scene_str 应为 1 至 64 个字符")
    number = scene.get("scene_id")
    most = 100_000 if "LIMIT" in action else 2**32 - 1
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= most:
        return str(number)
    raise ApiError(40053, "invalid action info", f"scene_id 应为 1 至 {most} 的整数")


def _seconds(value: Any) -> int:
    if value is None:
        return SECONDS_WHEN_ABSENT
    if not isinstance(value, int) or not 1 <= value <= MOST_SECONDS:
        raise ApiError(40053, "invalid action info", f"expire_seconds 应为 1 至 {MOST_SECONDS}")
    return value


def _permanent_count(call: Call) -> int:
    return call.world.db.count("select count(*) from qr_ticket where permanent = 1")
