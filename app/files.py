"""Bytes we keep: where they lie, what they are, and pictures without what their camera tells about people.

They lie in a folder (`app.folder`) or in a bucket of any store that speaks S3 (`app.bucket`).
Not here: who may see a file; the row beside the bytes is `models.StoredFile`. How pictures are drawn anew is
`app.pictures`.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from app.errors import DomainError, OperatorError
from app.folder import Folder

if TYPE_CHECKING:
    from app.pictures import Jpeg

KIB, MIB = 1024, 1024 * 1024
LARGEST_BYTES = 20 * MIB
NAME = re.compile(r"[0-9a-z]{8,32}")  # as models.types.public_id makes them
ENDINGS = {  # of file names people open on their own machine
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/amr": ".amr",
    "audio/amr-wb": ".awb",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/speex": ".spx",
    "video/mp4": ".mp4",
    "application/pdf": ".pdf",
}


class FileRefused(DomainError):
    """These bytes are nothing we keep; the message says why."""

    status = 415


@dataclass(frozen=True, slots=True)
class Inspected:
    content_type: str
    kind: str  # image, voice, video, document


# --- where they lie -----------------------------------------------------------------------------------------


class Store(Protocol):
    """Where bytes lie by their path: `app.folder` or `app.bucket`."""

    async def put(self, path: str, data: bytes) -> None:
        """Keep `data`; whole or not at all, and what lay there before is replaced."""

    async def get(self, path: str) -> bytes:
        """Raises: FileNotFoundError."""

    async def part(self, path: str, start: int, length: int) -> bytes:
        """So many bytes from there on. Raises: FileNotFoundError."""

    async def delete(self, path: str) -> None:
        """Raises: FileNotFoundError."""

    def paths(self) -> AsyncIterator[str]:
        """Of everything that lies there."""


class Files:
    """Files by public id, in a folder or at `s3://bucket/prefix`, there opened with `access`.

    `access` holds endpoint, region, access_key_id and secret_access_key, as far as they are given.

    Raises:
        OperatorError: the place cannot be opened.
    """

    def __init__(self, where: Path | str, access: Mapping[str, str] = MappingProxyType({})) -> None:
        try:
            self._store = _opened(where, access)
        except (ValueError, OSError) as error:
            kind = error if type(error) is ValueError else type(error).__name__
            raise OperatorError(
                f"GONGHUI_FILES（{where}）打不开（{kind}）：请检查路径和权限，或对象存储的设置"
            ) from error

    async def put(self, public_id: str, data: bytes) -> None:
        """Keep `data`; whole or not at all, and what lay there before is replaced."""
        await self._store.put(path_of(public_id), data)

    async def get(self, public_id: str) -> bytes:
        """Raises: FileNotFoundError."""
        return await self._store.get(path_of(public_id))

    async def part(self, public_id: str, start: int, length: int) -> bytes:
        """So many bytes from there on, at least one. Raises: FileNotFoundError."""
        return await self._store.part(path_of(public_id), start, length)

    async def delete(self, public_id: str) -> None:
        """Forget the bytes; whether they were there does not matter."""
        try:
            await self._store.delete(path_of(public_id))
        except FileNotFoundError:
            return

    async def put_all(self, parts: Mapping[str, bytes]) -> None:
        """Each by its public id."""
        for public_id, data in parts.items():
            await self.put(public_id, data)

    async def delete_all(self, public_ids: Iterable[str]) -> None:
        for public_id in public_ids:
            await self.delete(public_id)

    async def names(self) -> AsyncIterator[str]:
        """The public ids of all that is kept; other people's files in the same place are passed over."""
        async for path in self._store.paths():
            name = path.rpartition("/")[2]
            if NAME.fullmatch(name) and path == path_of(name):
                yield name


def _opened(where: Path | str, access: Mapping[str, str]) -> Store:
    if isinstance(where, str) and where.startswith("s3://"):
        from app.bucket import Bucket  # noqa: PLC0415 - who keeps files in a folder does without it

        return Bucket(where, access)
    return Folder(Path(where))


def path_of(public_id: str) -> str:
    """`ab/cd/abcd…`: no folder grows too large. Anything that is not a plain name is refused.

    Raises:
        ValueError: not a public id.
    """
    if not NAME.fullmatch(public_id):
        raise ValueError(f"not a file's public id: {public_id!r}")
    return f"{public_id[:2]}/{public_id[2:4]}/{public_id}"


# --- what they are ------------------------------------------------------------------------------------------

_OPENINGS: tuple[tuple[bytes, Inspected], ...] = (
    (b"\xff\xd8\xff", Inspected("image/jpeg", "image")),
    (b"\x89PNG\r\n\x1a\n", Inspected("image/png", "image")),
    (b"GIF87a", Inspected("image/gif", "image")),
    (b"GIF89a", Inspected("image/gif", "image")),
    (b"#!AMR\n", Inspected("audio/amr", "voice")),
    (b"#!AMR-WB\n", Inspected("audio/amr-wb", "voice")),
    (b"ID3", Inspected("audio/mpeg", "voice")),
    (b"Speex   ", Inspected("audio/speex", "voice")),
    (b"%PDF-", Inspected("application/pdf", "document")),
)
_RIFF = {b"WEBP": Inspected("image/webp", "image"), b"WAVE": Inspected("audio/wav", "voice")}
# Brands of ISO files that hold a film; HEIC pictures and M4A sound open alike.
_FILMS = re.compile(rb"isom|iso[2-9]|mp4[12]|avc1|M4V |MSNV|3g[pe2]\w|qt  ")


def inspect(data: bytes) -> Inspected:
    """What `data` is by its own first bytes, whatever name or type came with it.

    Raises:
        FileRefused: empty, or of no kind we keep.
    """
    for opening, what in _OPENINGS:
        if data.startswith(opening):
            return what
    if data[:4] == b"RIFF" and data[8:12] in _RIFF:
        return _RIFF[data[8:12]]
    if data[4:8] == b"ftyp" and _FILMS.fullmatch(data[8:12]):
        return Inspected("video/mp4", "video")
    if data[:4] == b"OggS" and b"Speex   " in data[:64]:
        return Inspected("audio/speex", "voice")
    if _is_mpeg_sound(data):
        return Inspected("audio/mpeg", "voice")
    raise FileRefused("收到的文件是空的。" if not data else "不支持这种文件，请发图片、语音、视频或 PDF。")


def _is_mpeg_sound(data: bytes) -> bool:
    """A frame header of layer III with a bit rate and a sampling rate that exist."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return False
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bit_rate, sampling = data[2] >> 4, data[2] >> 2 & 3
    return version != 1 and layer == 1 and bit_rate not in {0, 15} and sampling != 3


# --- pictures without their past ----------------------------------------------------------------------------


def cleaned(data: bytes, content_type: str) -> bytes:
    """`data` as we keep it: pictures drawn anew (`app.pictures`), everything else as it is.

    Takes up to a second of computing for a large picture: call it in a thread.

    Raises:
        FileRefused: too large, too many pixels, broken, or not what `content_type` says.
    """
    # Loaded with the first picture: most processes never draw one.
    from app.pictures import Broken, TooLarge, drawn_anew  # noqa: PLC0415

    if len(data) > LARGEST_BYTES:
        raise FileRefused(f"文件超过 {LARGEST_BYTES // MIB} MB，收不下。")
    found = inspect(data)
    if found.content_type != content_type:
        raise FileRefused(f"文件内容是 {found.content_type}，与所说的 {content_type} 不符。")
    if found.kind != "image":
        return data
    try:
        return drawn_anew(data, content_type)
    except TooLarge:
        raise FileRefused("图片的尺寸太大，收不下。") from None
    except Broken:
        raise FileRefused("图片已损坏，打不开，请重新发一张。") from None


# --- pictures made small ------------------------------------------------------------------------------------


def made_small(data: bytes, boxes: Sequence[tuple[int, int]]) -> list["Jpeg"]:
    """A picture as JPEGs, one for each of `boxes`, the largest first, as `app.pictures.as_jpegs` makes them.

    Raises:
        FileRefused: no picture, or as `cleaned`.
    """
    from app.pictures import as_jpegs  # noqa: PLC0415 - as in `cleaned`

    found = inspect(data)
    if found.kind != "image":
        raise FileRefused("这不是图片，请选 JPG、PNG、GIF 或 WebP。")
    return as_jpegs(cleaned(data, found.content_type), boxes)


PHOTO_BYTES = 15 * MIB  # of one as it is sent: telephones make up to twelve
_BOXES = (2048, 2048), (480, 480)  # as large as a screen shows it, and in a list


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture as albums keep it: two JPEGs; sizes, in pixels, are of the large one."""

    digest: str  # of what was sent
    large: bytes
    small: bytes
    width: int
    height: int


def photograph(data: bytes) -> Photograph:
    """`data` made small, upright and without its past. Takes up to a second: call it in a thread.

    Raises:
        FileRefused: too large, no picture, or broken.
    """
    if len(data) > PHOTO_BYTES:
        raise FileRefused(f"超过 {PHOTO_BYTES // MIB} MB，请换小一点的。")
    large, small = made_small(data, _BOXES)
    return Photograph(hashlib.sha256(data).hexdigest(), large.data, small.data, large.width, large.height)


# --- pictures in texts --------------------------------------------------------------------------------------

_ORIGINAL: Final = 2560, 2560  # of it cuts are made; no screen shows more


def original(data: bytes) -> "Jpeg":
    """What is kept of a picture in a text. Slow, as is `cuts`: call it in a thread. Raises: FileRefused."""
    if len(data) > PHOTO_BYTES:
        raise FileRefused(f"图片超过 {PHOTO_BYTES // MIB} MB，请换小一点的。")
    (made,) = made_small(data, [_ORIGINAL])
    return made


def cuts(kept: bytes, shape: float | None, focus: tuple[int, int], widths: Sequence[int]) -> Sequence["Jpeg"]:
    """Of what `original` has made; see `app.pictures.cut_to`."""
    from app.pictures import cut_to  # noqa: PLC0415 - as in `cleaned`

    return cut_to(kept, shape, focus, widths)
