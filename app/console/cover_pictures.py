"""What is sent as a cover picture, made small enough for phones. Not here: whose cover it is (services)."""

from typing import Final

from app.errors import DomainError
from app.files import MIB, made_small

LARGEST: Final = 10 * MIB
WIDEST: Final = 1654, 1240  # pixels; as wide as a poster
NARROWEST: Final = 400


def made(data: bytes) -> bytes:
    """The picture as a JPEG that fits into `WIDEST`. Takes up to a second: call it in a thread.

    Raises: DomainError: no picture, broken, too large or too small.
    """
    if len(data) > LARGEST:
        raise DomainError(f"封面最多 {LARGEST // MIB} MB，请换小一点的图片。")
    (cover,) = made_small(data, [WIDEST])
    if cover.sent_width < NARROWEST:
        raise DomainError(f"图片只有 {cover.sent_width} 像素宽，做封面看不清，至少 {NARROWEST} 像素。")
    return cover.data
