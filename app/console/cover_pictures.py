"""What is sent as a cover picture, made small enough for phones. Not here: whose cover it is (services)."""

import io
from typing import Final

from app.errors import DomainError
from app.files import MIB, cleaned, inspect

LARGEST: Final = 10 * MIB
WIDEST: Final = 1654, 1240  # pixels; as wide as a poster
NARROWEST: Final = 400


def made(data: bytes) -> bytes:
    """The picture as a JPEG that fits into `WIDEST`. Takes up to a second: call it in a thread.

    Raises: DomainError: no picture, broken, too large or too small.
    """
    from PIL import Image  # noqa: PLC0415 - 6 MB, for a picture now and then

    if len(data) > LARGEST:
        raise DomainError(f"封面最多 {LARGEST // MIB} MB，请换小一点的图片。")
    found = inspect(data)
    if found.kind != "image":
        raise DomainError("封面要用图片（JPG、PNG、GIF 或 WebP）。")
    with Image.open(io.BytesIO(cleaned(data, found.content_type))) as picture:
        if picture.width < NARROWEST:
            raise DomainError(f"图片只有 {picture.width} 像素宽，做封面看不清，至少 {NARROWEST} 像素。")
        flat = Image.new("RGB", picture.size, "white")
        seen = picture.convert("RGBA")
        flat.paste(seen, mask=seen)
    flat.thumbnail(WIDEST)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return out.getvalue()
