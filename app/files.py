"""Bytes we keep: where they lie, what they are, and pictures without what their camera tells about people.

They lie in a folder or in a bucket of any store that speaks S3.
Not here: who may see a file; the row beside the bytes is `models.StoredFile`.
"""

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store
from PIL import Image, ImageOps, ImageSequence

from app.errors import DomainError, OperatorError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

KIB, MIB = 1024, 1024 * 1024
LARGEST_BYTES = 20 * MIB
LARGEST_PIXELS = 50_000_000  # of one picture
LARGEST_MOVING = 30_000_000  # of all frames of a moving one together: each takes four bytes
SHRINK_ABOVE = 3000  # a JPEG twice as wide and as high is opened at half its size: memory, not beauty
NAME = re.compile(r"[0-9a-z]{8,32}")  # as models.types.public_id makes them
MOST_FRAMES = 500
QUALITY = 90
KEPT = {  # colours and holes are part of the picture
    "JPEG": ("icc_profile",),
    "PNG": ("icc_profile", "transparency"),
    "GIF": ("transparency",),
    "WEBP": ("icc_profile",),
}
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
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


class FileRefused(DomainError):
    """These bytes are nothing we keep; the message says why."""

    status = 415


@dataclass(frozen=True, slots=True)
class Inspected:
    content_type: str
    kind: str  # image, voice, video, document


# --- where they lie -----------------------------------------------------------------------------------------


class Files:
    """Files by public id, in a folder or at `s3://bucket/prefix`, there opened with `access`.

    `access` holds endpoint, region, access_key_id and secret_access_key, as far as they are given.

    Raises:
        OperatorError: the place cannot be opened.
    """

    def __init__(self, where: Path | str, access: Mapping[str, str] = MappingProxyType({})) -> None:
        self._folder: Path | None = None
        self._store: ObjectStore
        try:
            if isinstance(where, str) and where.startswith("s3://"):
                self._store = _bucket(where, access)
            else:
                self._folder = Path(where).resolve()
                self._store = LocalStore(prefix=self._folder, mkdir=True)
        except (BaseError, OSError) as error:
            raise OperatorError(
                f"GONGHUI_FILES（{where}）打不开（{type(error).__name__}）：请检查路径和权限，或对象存储的设置"
            ) from error

    async def put(self, public_id: str, data: bytes) -> None:
        """Keep `data`; whole or not at all, and what lay there before is replaced."""
        path = path_of(public_id)
        await self._store.put_async(path, data)
        if self._folder is not None:
            # The row that says READY is written through to the disk; its bytes must be there before it.
            await asyncio.to_thread(_write_through, self._folder / path)

    async def get(self, public_id: str) -> bytes:
        """Raises: FileNotFoundError."""
        found = await self._store.get_async(path_of(public_id))
        return bytes(await found.bytes_async())

    async def delete(self, public_id: str) -> None:
        """Forget the bytes; whether they were there does not matter."""
        try:
            await self._store.delete_async(path_of(public_id))
        except FileNotFoundError:
            return

    async def names(self) -> AsyncIterator[str]:
        """The public ids of all that is kept; other people's files in the same place are passed over."""
        async for batch in self._store.list():
            for found in batch:
                name = found["path"].rpartition("/")[2]
                if NAME.fullmatch(name) and found["path"] == path_of(name):
                    yield name


def _bucket(url: str, access: Mapping[str, str]) -> ObjectStore:
    """Where the endpoint's host begins with the bucket's name, the bucket is not said again in the path."""
    place, endpoint = urlsplit(url), urlsplit(access.get("endpoint", ""))
    by_host = (endpoint.hostname or "").startswith(f"{place.hostname}.")
    config = {
        **access,
        "virtual_hosted_style_request": by_host,
        # One by one: not every store knows the call for many, and its refusals are not told as errors.
        "disable_bulk_delete": True,
    }
    # A store that hangs must not hold a job longer than its lease; what failed is tried again as a row.
    patience: ClientConfig = {
        "allow_http": endpoint.scheme == "http",
        "connect_timeout": timedelta(seconds=3),
        "timeout": timedelta(seconds=20),
    }
    repeats: RetryConfig = {"max_retries": 1, "retry_timeout": timedelta(seconds=25)}
    return S3Store(
        place.hostname,
        prefix=place.path.strip("/") or None,
        config=cast("S3Config", config),
        client_options=patience,
        retry_config=repeats,
    )


def path_of(public_id: str) -> str:
    """`ab/cd/abcd…`: no folder grows too large. Anything that is not a plain name is refused.

    Raises:
        ValueError: not a public id.
    """
    if not NAME.fullmatch(public_id):
        raise ValueError(f"not a file's public id: {public_id!r}")
    return f"{public_id[:2]}/{public_id[2:4]}/{public_id}"


def _write_through(path: Path) -> None:
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
    """`data` as we keep it: pictures drawn anew, upright, without place, camera or comment; else as it is.

    Takes up to a second of computing for a large picture: call it in a thread.

    Raises:
        FileRefused: too large, too many pixels, broken, or not what `content_type` says.
    """
    if len(data) > LARGEST_BYTES:
        raise FileRefused(f"文件超过 {LARGEST_BYTES // MIB} MB，收不下。")
    found = inspect(data)
    if found.content_type != content_type:
        raise FileRefused(f"文件内容是 {found.content_type}，与所说的 {content_type} 不符。")
    if found.kind != "image":
        return data
    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[content_type]]) as picture:
            return _drawn_anew(picture, FORMATS[content_type])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise FileRefused("图片的尺寸太大，收不下。") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError, ZeroDivisionError):
        raise FileRefused("图片已损坏，打不开，请重新发一张。") from None


def _drawn_anew(picture: Image.Image, kind: str) -> bytes:
    if kind == "JPEG":
        picture.draft(None, (SHRINK_ABOVE, SHRINK_ABOVE))
    frames, pixels = getattr(picture, "n_frames", 1), picture.width * picture.height
    moving_too_much = frames > 1 and (pixels * frames > LARGEST_MOVING or frames > MOST_FRAMES)
    if pixels > LARGEST_PIXELS or moving_too_much:
        raise Image.DecompressionBombError
    out = io.BytesIO()
    if frames > 1 and kind in {"GIF", "WEBP"}:
        _save_moving(picture, kind, out)
        return out.getvalue()
    ImageOps.exif_transpose(picture, in_place=True)
    kept = {name: picture.info[name] for name in KEPT[kind] if picture.info.get(name) is not None}
    if kind == "JPEG" and picture.mode not in {"L", "RGB", "CMYK"}:
        picture = picture.convert("RGB")
    picture.info.clear()  # what stays is named: formats grow new fields for words and places
    if kind in {"JPEG", "WEBP"}:
        kept["quality"] = QUALITY
    picture.save(out, kind, **kept)
    return out.getvalue()


def _save_moving(picture: Image.Image, kind: str, out: io.BytesIO) -> None:
    """Every frame with its time; the container's comments stay behind."""
    loop = picture.info.get("loop")
    frames: list[Image.Image] = []
    durations: list[int] = []
    for frame in ImageSequence.Iterator(picture):
        durations.append(int(frame.info.get("duration", 100)) or 100)
        copied = frame.convert("RGBA")
        copied.info.clear()
        frames.append(copied)
    more = {} if loop is None else {"loop": loop}
    first, rest = frames[0], frames[1:]
    first.save(out, kind, save_all=True, append_images=rest, duration=durations, disposal=2, **more)
