"""Small files of each kind that may stand in an article, and pictures told apart by their colours."""

import io
import zipfile
from typing import Any

from PIL import Image

PLACE = b"+35.5833+109.2667/"  # as a telephone writes where it was


def photo(width: int = 2000, height: int = 1500, kind: str = "JPEG", **saved: Any) -> bytes:
    """The left half red, the right one blue."""
    made = Image.new("RGB", (width, height), "red")
    made.paste("blue", (width // 2, 0, width, height))
    out = io.BytesIO()
    made.save(out, kind, **saved)
    return out.getvalue()


def photo_with_place() -> bytes:
    """Taken upright by a telephone that lay on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (35.0, 35.0, 0.0)
    return photo(1200, 800, exif=exif)


def archive(**parts: bytes) -> bytes:
    """A ZIP; in names `__` stands for a dot."""
    return named({name.replace("__", "."): data for name, data in parts.items()})


def named(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def word(**more: bytes) -> bytes:
    return named({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", **more})


def pdf(filling: bytes = b"") -> bytes:
    return b"%PDF-1.7\n%" + filling + b"\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def box(kind: bytes, data: bytes) -> bytes:
    return (len(data) + 8).to_bytes(4) + kind + data


def film(brand: bytes = b"isom", handler: bytes = b"vide", size: int = 1000) -> bytes:
    """As much of an MP4 as is looked at."""
    told = box(
        b"moov", box(b"hdlr", b"\0" * 8 + handler) + box(b"udta", box(b"\xa9xyz", b"\0\x12\x15\xc7" + PLACE))
    )
    return box(b"ftyp", brand + b"\0\0\2\0") + told + box(b"mdat", bytes(n % 251 for n in range(size)))


def sound() -> bytes:
    return film(b"M4A ", b"soun")


def song() -> bytes:
    return b"ID3\x04" + b"\0" * 200
