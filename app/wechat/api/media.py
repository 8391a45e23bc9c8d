"""Pictures, voices and videos: up, and down again (section 11.2).

Temporary ones live three days; permanent ones lie in the account's library, see `library`.
"""

import json
import re
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from app.wechat.api.calls import Caller
from app.wechat.api.library import (
    LibraryArticles,
    LibraryCount,
    LibraryKind,
    LibraryPage,
    LibraryVideo,
    read_count,
    read_library_page,
    read_told,
)
from app.wechat.api.limits import not_blank, refuse_unless
from app.wechat.api.transport import Call, Raw, Upload, loads
from app.wechat.errors import OurMistake, TryLater

KIB, MIB = 1024, 1024 * 1024
_MEDIA_ID: Final = ("media_id", "thumb_media_id")
_NO_SUCH_MEDIA: Final = frozenset({40007})
_ITEMS_AT_ONCE: Final = 20
GET_LIMIT: Final = 20 * MIB  # twice the largest thing that can be uploaded


class MediaKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    THUMB = "thumb"


class _Limit(NamedTuple):
    most_bytes: int
    extensions: frozenset[str]


_IMAGES = frozenset({"png", "jpeg", "jpg", "gif"})
_TEMPORARY: Final = {
    # The page says both 10 and 2 MB for pictures; 2 is safe.
    MediaKind.IMAGE: _Limit(2 * MIB, _IMAGES),
    MediaKind.VOICE: _Limit(2 * MIB, frozenset({"amr", "mp3"})),
    MediaKind.VIDEO: _Limit(10 * MIB, frozenset({"mp4"})),
    MediaKind.THUMB: _Limit(64 * KIB, frozenset({"jpg"})),
}
_PERMANENT: Final = {
    MediaKind.IMAGE: _Limit(10 * MIB, _IMAGES | {"bmp"}),
    MediaKind.VOICE: _Limit(2 * MIB, frozenset({"mp3", "wma", "wav", "amr"})),
    MediaKind.VIDEO: _Limit(10 * MIB, frozenset({"mp4"})),
    MediaKind.THUMB: _Limit(64 * KIB, frozenset({"jpg"})),
}
_ARTICLE_IMAGE: Final = _Limit(MIB - 1, frozenset({"jpg", "png"}))
_CONTENT_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "amr": "audio/amr",
    "mp3": "audio/mpeg",
    "wma": "audio/x-ms-wma",
    "wav": "audio/wav",
    "mp4": "video/mp4",
}


@dataclass(frozen=True, slots=True)
class TemporaryMedia:
    media_id: str  # good for three days, in this account only
    kind: MediaKind
    created_at: int  # unix seconds


@dataclass(frozen=True, slots=True)
class PermanentMedia:
    media_id: str
    url: str  # pictures only


@dataclass(frozen=True, slots=True)
class MediaFile:
    content: bytes = field(repr=False)
    content_type: str  # as WeChat says it: look at the content before trusting it
    filename: str


class MediaApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def upload_temporary(self, kind: MediaKind, filename: str, content: bytes) -> TemporaryMedia:
        upload = _upload(filename, content, _TEMPORARY[kind])
        query = {"type": kind.value}
        call = Call("/cgi-bin/media/upload", "POST", query=query, upload=upload, safe=True, expects=_MEDIA_ID)
        answer = await self._caller.ask(call)
        media_id = answer.get("media_id") or answer.get("thumb_media_id") or ""
        return TemporaryMedia(str(media_id), kind, int(answer.get("created_at") or 0))

    async def upload_permanent(
        self,
        kind: MediaKind,
        filename: str,
        content: bytes,
        *,
        title: str = "",
        introduction: str = "",
    ) -> PermanentMedia:
        """Into the account's library. It has room for a number, so never repeated in doubt."""
        form = {}
        if kind is MediaKind.VIDEO:
            not_blank(title, "title of a video")
            told = {"title": title, "introduction": introduction}
            form = {"description": json.dumps(told, ensure_ascii=False)}
        upload = _upload(filename, content, _PERMANENT[kind], form)
        query = {"type": kind.value}
        call = Call("/cgi-bin/material/add_material", "POST", query=query, upload=upload, expects=_MEDIA_ID)
        answer = await self._caller.ask(call)
        return PermanentMedia(str(answer.get("media_id", "")), str(answer.get("url") or ""))

    async def delete_permanent(self, media_id: str) -> None:
        """Out of the library; refused while a menu or an automatic reply uses it (48005)."""
        not_blank(media_id, "media id")
        path, body = "/cgi-bin/material/del_material", {"media_id": media_id}
        call = Call(path, "POST", body=body, safe=True, done_if_repeated=_NO_SUCH_MEDIA)
        await self._caller.ask(call)

    async def get_permanent(
        self, media_id: str, *, limit: int = GET_LIMIT
    ) -> MediaFile | LibraryVideo | LibraryArticles:
        """What lies in the library under this id: a file of up to `limit` bytes, or what is told of it.

        Raises:
            MediaGone: there is none (any more).
            TooLarge: more than `limit` bytes.
        """
        not_blank(media_id, "media id")
        path, body = "/cgi-bin/material/get_material", {"media_id": media_id}
        raw = await self._download(Call(path, "POST", body=body, limit=limit, binary=True, safe=True))
        told = loads(raw.body) if raw.body.lstrip()[:1] == b"{" else None
        return (read_told(told) if told else None) or read_file(raw)

    async def count_permanent(self) -> LibraryCount:
        """How much lies in the library: up to 100,000 pictures and articles, 1,000 of the others."""
        return read_count(await self._caller.ask(Call("/cgi-bin/material/get_materialcount", safe=True)))

    async def list_permanent(
        self, kind: LibraryKind, *, offset: int = 0, count: int = _ITEMS_AT_ONCE
    ) -> LibraryPage:
        """One page of the library, up to 20 from number `offset` on."""
        refuse_unless(offset >= 0, "a page begins at 0 or later")
        refuse_unless(1 <= count <= _ITEMS_AT_ONCE, f"a page of {count}, not 1 to {_ITEMS_AT_ONCE}")
        body = {"type": kind.value, "offset": offset, "count": count}
        call = Call("/cgi-bin/material/batchget_material", "POST", body=body, safe=True)
        return read_library_page(await self._caller.ask(call))

    async def upload_image(self, filename: str, content: bytes) -> str:
        """The address of a picture for article bodies; takes no room in the library."""
        upload = _upload(filename, content, _ARTICLE_IMAGE)
        call = Call("/cgi-bin/media/uploadimg", "POST", upload=upload, safe=True, expects=("url",))
        return str((await self._caller.ask(call)).get("url", ""))

    async def get(self, media_id: str, *, limit: int = GET_LIMIT) -> MediaFile:
        """The file, videos too (WeChat answers an address for those, which is followed).

        Raises:
            MediaGone: unknown, or older than three days.
            TooLarge: more than `limit` bytes.
        """
        not_blank(media_id, "media id")
        query = {"media_id": media_id}
        path = "/cgi-bin/media/get"
        raw = await self._download(Call(path, query=query, limit=limit, binary=True, safe=True))
        if raw.body.lstrip()[:1] == b"{" and (answer := loads(raw.body)) is not None:
            address = str(answer.get("video_url") or answer.get("down_url") or "")
            if not address:
                raise TryLater(None, "neither a file nor an address", "", path)
            raw = await self._download(_elsewhere(address, limit))
        return read_file(raw)

    async def get_recording(self, media_id: str, *, limit: int = GET_LIMIT) -> MediaFile:
        """What a page recorded by `wx.startRecord`, in better sound (speex, 16 kHz); errors as for `get`."""
        not_blank(media_id, "media id")
        query = {"media_id": media_id}
        call = Call("/cgi-bin/media/get/jssdk", query=query, limit=limit, binary=True, safe=True)
        return read_file(await self._download(call))

    async def _download(self, call: Call) -> Raw:
        return await self._caller.download(call)


def _elsewhere(address: str, limit: int) -> Call:
    """A video on another host of WeChat's, which must never see our token."""
    refuse_unless(address.startswith(("https://", "http://")), "a video address is not http(s)")
    return Call(address, limit=limit, binary=True, safe=True, with_token=False)


def _upload(filename: str, content: bytes, limit: _Limit, form: dict[str, str] | None = None) -> Upload:
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    if extension not in limit.extensions:
        raise OurMistake(None, f"file type {extension!r} is not one of {sorted(limit.extensions)}")
    size = len(content)
    refuse_unless(0 < size <= limit.most_bytes, f"{size} bytes, not 1 to {limit.most_bytes}")
    # WeChat needs the extension; names people give their files are nobody's business there.
    return Upload(f"media.{extension}", content, _CONTENT_TYPES[extension], form or {})


def read_file(raw: Raw) -> MediaFile:
    content_type = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
    return MediaFile(raw.body, content_type, _filename(raw.headers.get("content-disposition", "")))


def _filename(disposition: str) -> str:
    """The bare name, without any folder somebody may have put into it."""
    message = Message()
    message["content-disposition"] = re.sub(r"[\r\n]", " ", disposition)
    name: Any = message.get_filename("")
    return re.split(r"[/\\]", unquote(str(name)))[-1]
