"""Media up and down: temporary, permanent, and pictures for articles (section 11.2)."""

import json
import mimetypes

from starlette.responses import Response

from sandbox import media
from sandbox.api.registry import BOTH, OK, Answer, Call, endpoint
from sandbox.errors import ApiError
from sandbox.store import Row

MB = 1024 * 1024
# Kind: (suffixes, most bytes).
TEMPORARY: dict[str, tuple[set[str], int]] = {
    "image": ({"png", "jpeg", "jpg", "gif"}, 10 * MB),
    "voice": ({"amr", "mp3"}, 2 * MB),
    "video": ({"mp4"}, 10 * MB),
    "thumb": ({"jpg"}, 64 * 1024),
}
PERMANENT: dict[str, tuple[set[str], int]] = {
    "image": ({"bmp", "png", "jpeg", "jpg", "gif"}, 10 * MB),
    "voice": ({"mp3", "wma", "wav", "amr"}, 2 * MB),
    "video": ({"mp4"}, 10 * MB),
    "thumb": ({"jpg"}, 64 * 1024),
}
ARTICLE_PICTURE = {media.ARTICLE: ({"jpg", "png"}, MB - 1)}  # less than 1 MB


async def _kept(call: Call, kind: str, rules: dict[str, tuple[set[str], int]], *, permanent: bool) -> str:
    """Store the upload and return its media id.

    Raises:
        ApiError: 40004 kind, 40005 file type, 40006 empty, 45001 too big.
    """
    if kind not in rules:
        raise ApiError(40004, "invalid media type", f"没有「{kind}」这种素材")
    name, content_type, data = await call.upload()
    suffixes, most = rules[kind]
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix not in suffixes:
        known = "、".join(sorted(suffixes))
        raise ApiError(40005, "invalid file type", f"文件名「{name}」的后缀应为 {known}")
    if not data:
        raise ApiError(40006, "invalid media size", "文件为空")
    if len(data) > most:
        raise ApiError(45001, "media size out of limit", f"{len(data)} 字节，上限 {most}")
    guessed = mimetypes.guess_type(name)[0] or content_type or "application/octet-stream"
    return media.put(call.world, kind, name, guessed, data, permanent=permanent, app=call.app.name)


@endpoint("/cgi-bin/media/upload", apps=BOTH)
async def upload(call: Call) -> Answer:
    kind = call.query("type")
    media_id = await _kept(call, kind, TEMPORARY, permanent=False)
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: media_id, "created_at": int(call.world.now())}


@endpoint("/cgi-bin/media/get", "GET", apps=BOTH)
async def get(call: Call) -> Answer:
    row = media.require(call.world, call.query("media_id"), app=call.app.name)
    if row["kind"] == "video":
        return {"video_url": media.picture_url(call.world, row["id"])}
    return as_file(row)


@endpoint("/cgi-bin/media/get/jssdk", "GET")
async def get_recording(call: Call) -> Answer:
    """What a page recorded; the bytes are as uploaded, whatever the type says."""
    row = media.require(call.world, call.query("media_id"), "voice")
    if row["permanent"]:
        raise ApiError(40007, "invalid media_id", "这是永久素材，不是网页录的音")
    return Response(row["data"], media_type="voice/speex", headers=_named("recording.speex"))


def as_file(row: Row) -> Response:
    name = row["file_name"].encode("ascii", "ignore").decode() or "file"
    return Response(row["data"], media_type=row["content_type"], headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {"Content-disposition": f'attachment; filename="{name}"'}


@endpoint("/cgi-bin/media/uploadimg")
async def upload_article_picture(call: Call) -> Answer:
    media_id = await _kept(call, media.ARTICLE, ARTICLE_PICTURE, permanent=True)
    return {"url": media.picture_url(call.world, media_id)}


@endpoint("/cgi-bin/material/add_material")
async def add_material(call: Call) -> Answer:
    kind = call.query("type")
    told = await _description(call) if kind == "video" else None
    media_id = await _kept(call, kind, PERMANENT, permanent=True)
    if told:
        media.keep_text(call.world, media_id, *told)
    answer = {"media_id": media_id}
    if kind in ("image", "thumb"):
        answer["url"] = media.picture_url(call.world, media_id)
    return answer


async def _description(call: Call) -> tuple[str, str]:
    """Title and introduction, which a permanent video must bring as JSON in a form field.

    Raises:
        ApiError: 41005 not a form, 47001 no such field, or no title in it.
    """
    await call.upload()
    told = (await call.request.form()).get("description")
    try:
        read = json.loads(told) if isinstance(told, str) else None
    except ValueError:
        read = None
    title = read.get("title") if isinstance(read, dict) else None
    if not isinstance(read, dict) or not isinstance(title, str) or not title:
        raise ApiError(47001, "data format error", "视频要有 description 字段：JSON 的 title 和 introduction")
    return title, str(read.get("introduction") or "")


@endpoint("/cgi-bin/material/del_material")
async def delete_material(call: Call) -> Answer:
    media_id = media.require_permanent(call.world, call.json().get("media_id"))["id"]
    if call.world.db.count("select count(*) from menu where instr(buttons, ?)", media_id):
        raise ApiError(48005, "forbid to delete material used by auto-reply or menu", "菜单在用这个素材")
    media.drop(call.world, media_id)
    return OK
