"""Where this machine has a font with Chinese letters, for pictures that carry words. None is shipped.

`docs/activities.md` says which package brings one.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FOLDERS: Final = (
    "/usr/share/fonts/opentype/noto",  # Debian, Ubuntu: fonts-noto-cjk
    "/usr/share/fonts/google-noto-cjk",  # Fedora, openEuler
    "/usr/share/fonts/google-noto-sans-cjk-fonts",
    "/usr/share/fonts/noto",  # Alpine
    "/usr/share/fonts/noto-cjk",  # Arch
    "/usr/share/fonts/truetype/wqy",  # Debian, Ubuntu: fonts-wqy-microhei
    "/usr/share/fonts/wqy-microhei",
    "/usr/share/fonts/wqy-zenhei",
    "/System/Library/Fonts",
)
REGULAR: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "STHeiti Medium.ttc",
)
BOLD: Final = ("NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf")
_FACES: Final = 5  # in one collection: Japanese, Korean, simplified, two traditional


@dataclass(frozen=True, slots=True)
class Fonts:
    regular: Path
    bold: Path  # the same where there is no bolder one

    def of(self, size: int, *, bold: bool = False) -> "FreeTypeFont":
        """In pixels; of a collection the simplified Chinese face."""
        from PIL import ImageFont  # noqa: PLC0415 - who only serves messages does without it

        path = str(self.bold if bold else self.regular)
        for index in range(_FACES if path.endswith(".ttc") else 0):
            try:
                face = ImageFont.truetype(path, size, index=index)
            except OSError:
                break
            if "SC" in str(face.getname()[0]).split():
                return face
        return ImageFont.truetype(path, size)


@cache
def find(folders: tuple[str, ...] = FOLDERS) -> Fonts | None:
    """None where no Chinese font is installed."""
    regular, bold = _first(folders, REGULAR), _first(folders, BOLD)
    return None if regular is None else Fonts(regular, bold or regular)


def _first(folders: tuple[str, ...], names: tuple[str, ...]) -> Path | None:
    places = (Path(folder) / name for name in names for folder in folders)
    return next((place for place in places if place.is_file()), None)
