"""Pictures that open a page of the mini-program when scanned (section 12).

Two kinds of count: `unlimited` carries a short scene and may be made as often as wanted; `for_page` and
`qr_for_page` carry a whole path, and an account makes 100,000 of both together, ever.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import bytes_between, not_blank, refuse_unless
from app.wechat.api.media import MediaFile, read_file
from app.wechat.api.transport import Call

_SCENE: Final = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PATH_BYTES, _QR_PATH_BYTES = 1024, 128
_NARROWEST, _WIDEST = 280, 1280
_LIMIT: Final = 4 * 1024 * 1024  # bytes of picture


class AppEdition(StrEnum):
    """Which version of the mini-program a code or link opens."""

    RELEASED = "release"
    TRIAL = "trial"
    DEVELOPER = "develop"


@dataclass(frozen=True, slots=True)
class CodeLook:
    """How a code looks. `line_color` is red, green and blue from 0 to 255."""

    width: int = 430  # pixels, 280 to 1280
    auto_color: bool = False
    line_color: tuple[int, int, int] | None = None
    transparent: bool = False

    def to_wire(self) -> dict[str, Any]:
        _check_width(self.width)
        wire = {"width": self.width, "auto_color": self.auto_color, "is_hyaline": self.transparent}
        if self.line_color is None:
            return wire
        refuse_unless(all(0 <= part <= 255 for part in self.line_color), "a colour has parts from 0 to 255")
        return wire | {"line_color": dict(zip("rgb", self.line_color, strict=True))}


PLAIN: Final = CodeLook()


class MiniProgramCodesApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def unlimited(
        self,
        scene: str,
        page: str = "",
        *,
        look: CodeLook = PLAIN,
        edition: AppEdition = AppEdition.RELEASED,
        check_path: bool = True,
    ) -> MediaFile:
        """A round code that opens `page` (home when empty) with `scene`, which arrives URL-encoded.

        `scene` is 1 to 32 letters, digits and marks, no "%"; `page` has no leading "/" and no query.
        Without `check_path` the page need not be released yet. 5,000 a minute.

        Raises:
            OurMistake: scene (40129, 40169) or page (41030).
            TryLater, QuotaUsedUp: too many this minute, or today.
        """
        refuse_unless(bool(_SCENE.fullmatch(scene)), "a scene is 1 to 32 letters, digits and marks")
        refuse_unless(not page.startswith("/") and "?" not in page, "a page has no leading / and no query")
        body = {"scene": scene, "check_path": check_path, "env_version": edition.value, **look.to_wire()}
        if page:
            body["page"] = page
        return await self._draw("/wxa/getwxacodeunlimit", body, safe=True)

    async def for_page(
        self, path: str, *, look: CodeLook = PLAIN, edition: AppEdition = AppEdition.RELEASED
    ) -> MediaFile:
        """A round code that opens `path`, which may have a query; up to 1,024 bytes.

        Their number is limited for good (45029), so never repeated in doubt.
        """
        not_blank(path, "path")
        bytes_between(path, 1, _PATH_BYTES, "path of a code")
        body = {"path": path, "env_version": edition.value, **look.to_wire()}
        return await self._draw("/wxa/getwxacode", body)

    async def qr_for_page(self, path: str, *, width: int = 430) -> MediaFile:
        """A square QR code that opens `path`, which may have a query; up to 128 bytes.

        Their number is limited for good (45029), so never repeated in doubt.
        """
        not_blank(path, "path")
        bytes_between(path, 1, _QR_PATH_BYTES, "path of a QR code")
        _check_width(width)
        return await self._draw("/cgi-bin/wxaapp/createwxaqrcode", {"path": path, "width": width})

    async def _draw(self, path: str, body: dict[str, Any], *, safe: bool = False) -> MediaFile:
        call = Call(path, "POST", body=body, limit=_LIMIT, binary=True, safe=safe)
        return read_file(await self._caller.download(call))


def _check_width(width: int) -> None:
    refuse_unless(_NARROWEST <= width <= _WIDEST, f"a code {width} wide, not {_NARROWEST} to {_WIDEST}")
