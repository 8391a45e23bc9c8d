"""QR codes that carry a scene (section 11.1; service accounts only)."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.wechat.api.calls import Caller
from app.wechat.api.limits import characters_between, refuse_unless
from app.wechat.api.transport import Call
from app.wechat.errors import OurMistake

_LONGEST_SECONDS: Final = 30 * 24 * 3600
_API_HOST, _PICTURE_HOST = "https://api.weixin.qq.com", "https://mp.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class QrCode:
    ticket: str  # opens the picture, see `picture_url`
    url: str  # what the code says, for drawing it ourselves
    expires_seconds: int | None  # None: for good


class QrCodesApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def create(self, scene: int | str, expires_seconds: int | None) -> QrCode:
        """A code for `scene`: a number, or a text of up to 64 characters.

        Permanent ones (`None`) are at most 100,000 in all, hence not repeated in doubt.
        """
        body = _body(scene, expires_seconds)
        temporary = expires_seconds is not None
        call = Call("/cgi-bin/qrcode/create", "POST", body=body, safe=temporary, expects=("ticket",))
        answer = await self._caller.ask(call)
        lasts = answer.get("expire_seconds")
        return QrCode(
            str(answer.get("ticket", "")),
            str(answer.get("url", "")),
            int(lasts) if temporary and lasts is not None else expires_seconds,
        )

    def picture_url(self, ticket: str) -> str:
        """The code's picture; needs no token. In development it is the sandbox that draws it."""
        base = self._caller.base_url
        host = _PICTURE_HOST if base == _API_HOST else base
        return f"{host}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"


def _body(scene: int | str, expires_seconds: int | None) -> dict[str, Any]:
    if isinstance(scene, bool) or not isinstance(scene, int | str):
        raise OurMistake(None, "a QR scene is a number or a text")
    if isinstance(scene, str):
        characters_between(scene, 1, 64, "QR scene")
        name = "STR_SCENE"
    else:
        most = 100_000 if expires_seconds is None else 2**32 - 1
        refuse_unless(1 <= scene <= most, f"QR scene {scene} is not 1 to {most}")
        name = "SCENE"
    told = {"scene_str" if isinstance(scene, str) else "scene_id": scene}
    info: dict[str, Any] = {"action_info": {"scene": told}}
    if expires_seconds is None:
        return info | {"action_name": f"QR_LIMIT_{name}"}
    refuse_unless(1 <= expires_seconds <= _LONGEST_SECONDS, "a QR code lasts 1 s to 30 days")
    return info | {"action_name": f"QR_{name}", "expire_seconds": expires_seconds}
