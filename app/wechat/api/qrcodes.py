"""QR codes that carry a scene (service accounts only), and short keys for what is too long for one.

Source: wechat-platform.md section 11.1.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.wechat.api.calls import Caller
from app.wechat.api.limits import bytes_between, characters_between, not_blank, refuse_unless
from app.wechat.api.transport import Call
from app.wechat.errors import OurMistake

_LONGEST_SECONDS: Final = 30 * 24 * 3600
_LONGEST_DATA: Final = 4096  # bytes


@dataclass(frozen=True, slots=True)
class QrCode:
    ticket: str  # opens the picture, see `picture_url`
    url: str  # what the code says, for drawing it ourselves
    expires_seconds: int | None  # None: for good


@dataclass(frozen=True, slots=True)
class ShortenedData:
    """What a short key stands for."""

    data: str
    created_at: int  # unix seconds
    expires_seconds: int  # still to run


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
        return f"{self._caller.pages_url}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"

    async def shorten(self, long_data: str, expires_seconds: int = _LONGEST_SECONDS) -> str:
        """A short key that stands for up to 4 KB of text, at most 30 days: for codes easy to scan.

        May be repeated in doubt: a key that nobody learned harms nobody.
        """
        bytes_between(long_data, 1, _LONGEST_DATA, "data behind a short key")
        refuse_unless(1 <= expires_seconds <= _LONGEST_SECONDS, "a short key lasts 1 s to 30 days")
        body = {"long_data": long_data, "expire_seconds": expires_seconds}
        call = Call("/cgi-bin/shorten/gen", "POST", body=body, safe=True, expects=("short_key",))
        return str((await self._caller.ask(call)).get("short_key", ""))

    async def expand(self, short_key: str) -> ShortenedData:
        """What stands behind a short key; `OurMistake` (9410012): unknown, expired or another account's."""
        not_blank(short_key, "short key")
        call = Call("/cgi-bin/shorten/fetch", "POST", body={"short_key": short_key}, safe=True)
        answer = await self._caller.ask(call)
        return ShortenedData(
            str(answer.get("long_data", "")),
            int(answer.get("create_time") or 0),
            int(answer.get("expire_seconds") or 0),
        )


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
