"""What is uploaded into a text: whether it is what its block shows, told by its bytes and never by its name.

Slow: call it in a thread. Not here: where it goes (`media_uploads`).
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.errors import DomainError
from app.files import MIB, FileRefused, inspect, original
from models import MediaSort

NARROWEST: Final = 200  # pixels: less is an icon
LARGEST: Final = {
    MediaSort.PICTURE: 15 * MIB,
    MediaSort.DOCUMENT: 20 * MIB,
    MediaSort.FILM: 60 * MIB,
    MediaSort.SOUND: 30 * MIB,
}
ACCEPTED: Final = {  # for the browser's own choosing
    MediaSort.PICTURE: "image/jpeg,image/png,image/webp,image/gif",
    MediaSort.DOCUMENT: ".pdf,.docx,.xlsx,.zip",
    MediaSort.FILM: "video/mp4,.mp4",
    MediaSort.SOUND: ".mp3,.m4a,audio/mpeg,audio/mp4",
}
_MOST_UNPACKED: Final = 1024 * MIB
_MOST_PARTS: Final = 5000
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROGRAMS: Final = re.compile(
    r"\.(exe|com|scr|pif|bat|cmd|ps1|vbs|vbe|js|jse|wsf|wsh|hta|msi|dll|jar|lnk|apk|sh)$", re.IGNORECASE
)
_PLACE: Final = re.compile(rb"[+-]\d{2}\.\d+[+-]\d{3}\.\d+(?:[+-]\d+\.?\d*)?/")  # as telephones write it
_SOUNDS: Final = frozenset({b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2"})
_BROKEN_ZIP: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError),
    *(LookupError, ValueError, OverflowError),
)


class NotThis(DomainError):
    """These bytes are nothing that such a block shows; the message says why and what would be."""

    status = 422


@dataclass(frozen=True, slots=True)
class Checked:
    """As it is kept. Sizes, in pixels, are of pictures."""

    data: bytes
    ending: str
    width: int = 0
    height: int = 0


def checked(sort: MediaSort, data: bytes) -> Checked:
    """Raises: NotThis."""
    if not data:
        raise NotThis("文件是空的。")
    if len(data) > LARGEST[sort]:
        raise NotThis(f"{sort.label}最多 {LARGEST[sort] // MIB} MB，这个有 {len(data) // MIB} MB。")
    match sort:
        case MediaSort.PICTURE:
            return _picture(data)
        case MediaSort.DOCUMENT:
            return Checked(data, _document(data))
        case MediaSort.FILM:
            return Checked(_film(data), "mp4")
    return Checked(*_sound(data))


def looks_like(data: bytes) -> MediaSort:
    """A picture, or else a document, where either may be sent; `checked` says whether it is one."""
    try:
        return MediaSort.PICTURE if inspect(data).kind == "image" else MediaSort.DOCUMENT
    except FileRefused:
        return MediaSort.DOCUMENT


_OTHER_PICTURE: Final = "这不是图片，请选 JPG、PNG、WebP 或 GIF。"


def _picture(data: bytes) -> Checked:
    try:
        if inspect(data).kind != "image":
            raise NotThis(_OTHER_PICTURE)
    except FileRefused:
        raise NotThis(_OTHER_PICTURE) from None
    try:
        made = original(data)
    except FileRefused as refused:
        raise NotThis(refused.message) from None
    if made.sent_width < NARROWEST:
        raise NotThis(f"图片只有 {made.sent_width} 像素宽，看不清，至少 {NARROWEST} 像素。")
    return Checked(made.data, "jpg", made.width, made.height)


# --- documents ---------------------------------------------------------------------------------------------

_OTHER_DOCUMENT: Final = "附件可以是 PDF、Word（.docx）、Excel（.xlsx）或 ZIP 压缩包。"


def _document(data: bytes) -> str:
    """What it is: pdf, docx, xlsx or zip."""
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-2048:]:
            raise NotThis("PDF 没有传完或已经损坏，请重新导出一份。")
        return "pdf"
    if data.startswith(_OLD_OFFICE):
        raise NotThis("这是旧格式或加了密码的文档，请另存为 .docx、.xlsx 或 PDF 再传。")
    if not data.startswith(b"PK\x03\x04"):
        raise NotThis(_OTHER_DOCUMENT)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _packed(archive.infolist())
    except _BROKEN_ZIP:
        raise NotThis("文件没有传完或已经损坏，请重新保存一份。") from None


def _packed(parts: list[zipfile.ZipInfo]) -> str:
    """Looked at and never unpacked."""
    names = {part.filename for part in parts}
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise NotThis("压缩包解开以后太大，请分成几个。")
    if any(part.flag_bits & 1 for part in parts):
        raise NotThis("文件设了密码，别人打不开，请去掉密码再传。")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise NotThis("文档里有宏，可能有害，请另存为不带宏的 .docx 或 .xlsx 再传。")
    if "[Content_Types].xml" in names:
        for inside, ending in (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx")):
            if inside in names:
                return ending
        raise NotThis(_OTHER_DOCUMENT)
    for name in names:
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            raise NotThis("压缩包里有写到别处去的路径，请重新打包。")
        if _PROGRAMS.search(name):
            raise NotThis("压缩包里有可以运行的程序，不能收，请去掉再传。")
    return "zip"


# --- films and sound ---------------------------------------------------------------------------------------

_OTHER_FILM: Final = "视频要用 MP4（H.264）。手机拍的其他格式请先转成 MP4 再传。"
_OTHER_SOUND: Final = "音频要用 MP3 或 M4A。"


def _film(data: bytes) -> bytes:
    try:
        is_film = inspect(data).content_type == "video/mp4"
    except FileRefused:
        is_film = False
    if not is_film or data[8:12] == b"qt  ":
        raise NotThis(_OTHER_FILM)
    told = _told(data, "视频")
    if b"vide" not in told:
        raise NotThis("这个文件里没有画面，是声音的请放在「音频」里。")
    return _without_place(data)


def _sound(data: bytes) -> tuple[bytes, str]:
    if data[4:8] == b"ftyp" and data[8:12] in _SOUNDS:
        told = _told(data, "音频")
        if b"vide" in told or b"soun" not in told:
            raise NotThis("这个文件是视频，请放在「视频」里。")
        return _without_place(data), "m4a"
    try:
        if inspect(data).content_type == "audio/mpeg":
            return data, "mp3"
    except FileRefused:
        pass
    raise NotThis(_OTHER_SOUND)


def _told(data: bytes, what: str) -> bytes:
    """What the file tells of itself (`moov`). Raises: NotThis: it is not whole."""
    found: dict[bytes, bytes] = {}
    for kind, start, end in _boxes(data):
        if end > len(data):
            break
        found.setdefault(kind, data[start:end])
    if b"moov" not in found or b"mdat" not in found:
        raise NotThis(f"{what}没有传完或已经损坏，请重新导出一份。")
    return found[b"moov"]


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the boxes an ISO file is made of."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4]), 8
        if size == 1:  # a long one says so
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:  # the last
            size = len(data) - at
        if size < head:
            return
        yield data[at + 4 : at + 8], at, at + size
        at += size


def _without_place(data: bytes) -> bytes:
    """Where it was taken is no more in it; nothing moves."""
    for kind, start, end in _boxes(data):
        if kind == b"moov":
            told = _PLACE.sub(lambda place: re.sub(rb"\d", b"0", place[0]), data[start:end])
            return data[:start] + told + data[end:]
    return data
