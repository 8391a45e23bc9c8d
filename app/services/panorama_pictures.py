"""What is sent as a panorama: whether it is one, and the pieces it is cut into.

A picture is opened no larger than its finest level, so that cutting takes less than 500 MB whatever was sent.
Not here: where the pieces lie and which of them are there (`panorama_tiles`).
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from app.errors import DomainError

if TYPE_CHECKING:
    from PIL import Image

MIB: Final = 1024 * 1024
LARGEST: Final = 60 * MIB
NARROWEST, WIDEST = 2048, 16384  # pixels across; half of it is the height
WHOLE: Final = 8192  # wider ones are opened at half their size, which only a plain JPEG can be
TILE: Final = 1024  # pixels of a side
WIDTHS: Final = (2048, 4096, 8192)  # of the levels; phones show no more
PREVIEW: Final = 1024
STRETCHED: Final = 1.5  # a level may be so much wider than what was sent
SKEW: Final = 0.01  # of the width: stitching programs cut a line or two
_OPENINGS: Final = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"RIFF": "WEBP"}
_HOW: Final = (
    "请在全景相机的软件里导出「等距柱状投影」（equirectangular）的整球图片，"
    "宽正好是高的两倍，例如 8192×4096。"
)
BROKEN: Final = "图片打不开，可能没有传完或已经损坏，请重新导出一张。"
_FAULTS: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError),
    *(ZeroDivisionError, MemoryError),
)


class NoPanorama(DomainError):
    """These bytes are no picture that can be looked around in; the message says why and what would be."""

    status = 415


def width_of(data: bytes) -> int:
    """How wide the picture is, read from its head: nothing is unpacked.

    Raises: NoPanorama: another kind of file, another shape, too small, too large.
    """
    with _opened(data) as picture:
        return picture.width


def levels_of(width: int) -> tuple[int, ...]:
    """The widths into which a picture so wide is cut, the coarsest first."""
    return tuple(each for each in WIDTHS if each <= width * STRETCHED)


def squares_of(level: int) -> tuple[int, int]:
    """How many tiles a level has across and down."""
    across = WIDTHS[level] // TILE
    return across, across // 2


def preview(data: bytes) -> bytes:
    """The whole of it as a small JPEG. Raises: NoPanorama."""
    with _opened(data) as picture:
        picture.draft("RGB", (PREVIEW, PREVIEW // 2))
        return _jpeg(_sized(picture, PREVIEW), 70)


class Cutter:
    """One picture in hand, at each of its levels. Slow: call it in a thread."""

    def __init__(self, data: bytes) -> None:
        """Raises: NoPanorama: it cannot be read to its end."""
        with _opened(data) as picture:
            widths = levels_of(picture.width)
            picture.draft("RGB", (widths[-1], widths[-1] // 2))
            finest = _sized(picture, widths[-1])
        levels = [finest]
        for _ in widths[1:]:
            levels.append(levels[-1].reduce(2))
        self._levels = levels[::-1]

    def row(self, level: int, down: int) -> Iterator[bytes]:
        """The tiles of one row, from the left."""
        whole, top = self._levels[level], down * TILE
        for left in range(0, whole.width, TILE):
            yield _jpeg(whole.crop((left, top, left + TILE, top + TILE)), 82)


# --- parts -------------------------------------------------------------------------------------------------


def _opened(data: bytes) -> "Image.Image":
    """Its head is read and judged. Raises: NoPanorama."""
    from PIL import Image  # noqa: PLC0415 - 6 MB, for a picture now and then

    # Judged below, by our own measure; the library's alarm would be logged for each of ours.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, WIDEST * WIDEST // 2)
    if len(data) > LARGEST:
        raise NoPanorama(f"图片最多 {LARGEST // MIB} MB，请存得小一点（JPG 质量 85 左右就够）。")
    kind = next((name for opening, name in _OPENINGS.items() if data.startswith(opening)), None)
    if kind is None:
        raise NoPanorama("全景图要用 JPG、PNG 或 WebP 图片。" + _HOW)
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPanorama(f"图片太大，最多 {WIDEST}×{WIDEST // 2} 像素。") from error
    except _FAULTS as error:
        raise NoPanorama(BROKEN) from error
    if said := _wrong(picture):
        picture.close()
        raise NoPanorama(said)
    return picture


def _wrong(picture: "Image.Image") -> str:
    """What is wrong with it, and how to put it right; empty where it can be cut."""
    width, height = picture.size
    if getattr(picture, "n_frames", 1) > 1:
        return "这是会动的图片，全景图要用不动的。" + _HOW
    if abs(width - 2 * height) > width * SKEW:
        return f"图片是 {width}×{height}，宽不是高的两倍，转起来会变形。{_HOW}"
    if width < NARROWEST:
        return f"图片只有 {width}×{height}，转起来看不清，至少要 {NARROWEST}×{NARROWEST // 2}。"
    if width > WIDEST:
        return f"图片是 {width}×{height}，最多 {WIDEST}×{WIDEST // 2}，请缩小以后再传。"
    if width > WHOLE and picture.format != "JPEG":
        return f"比 {WHOLE}×{WHOLE // 2} 大的请存成 JPG 再传；PNG 和 WebP 最多 {WHOLE}×{WHOLE // 2}。"
    if width > WHOLE and picture.info.get("progressive"):
        return f"比 {WHOLE}×{WHOLE // 2} 大的 JPG 请不要选「渐进」，存成「基线」再传，或者缩小到 {WHOLE} 宽。"
    return ""


def _sized(picture: "Image.Image", width: int) -> "Image.Image":
    """Unpacked, in plain colours, `width` wide and half as high. Raises: NoPanorama."""
    from PIL import Image  # noqa: PLC0415

    try:
        plain = picture if picture.mode == "RGB" else picture.convert("RGB")
        if plain.size == (width, width // 2):
            plain.load()
        else:
            plain = plain.resize((width, width // 2), Image.Resampling.BICUBIC, reducing_gap=2.0)
    except _FAULTS as error:
        raise NoPanorama(BROKEN) from error
    plain.info.clear()  # place, camera and comments stay behind
    return plain


def _jpeg(picture: "Image.Image", quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()
