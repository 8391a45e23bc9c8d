"""Uploaded and received media: kept in the state file, temporary ones for three days."""

import io
import secrets
from functools import cache

from PIL import Image, ImageDraw

from sandbox.config import ACCOUNT
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

TEMPORARY_SECONDS = 3 * 24 * 3600
ARTICLE = "article"  # a picture for article bodies: has an address, and no place in the library


def put(
    world: World,
    kind: str,
    file_name: str,
    content_type: str,
    data: bytes,
    *,
    permanent: bool,
    app: str = ACCOUNT,
) -> str:
    """Keep a file for `app`, to which it belongs: the other one cannot use it."""
    media_id = secrets.token_urlsafe(48)[:64]
    world.db.run(
        "insert into media (id, kind, file_name, content_type, data, at, permanent, app) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        media_id,
        kind,
        file_name,
        content_type,
        data,
        world.now(),
        int(permanent),
        app,
    )
    return media_id


def keep_picture(world: World, data: bytes | None, content_type: str, app: str = ACCOUNT) -> str:
    """A picture that a person sends to `app`; without data the built-in sample."""
    name = "picture.png" if content_type == "image/png" else "picture.jpg"
    return put(world, "image", name, content_type, data or sample_picture(), permanent=False, app=app)


def find(world: World, media_id: str) -> Row | None:
    """None when never uploaded, or temporary and older than three days."""
    row = world.db.find("select * from media where id = ?", media_id)
    if row and not row["permanent"] and world.now() - row["at"] > TEMPORARY_SECONDS:
        return None
    return row


def require(world: World, media_id: object, *kinds: str, app: str = ACCOUNT) -> Row:
    """The media a call names.

    Raises:
        ApiError: 40007 missing, unknown, expired, of the other app, or of another kind.
    """
    row = find(world, media_id) if isinstance(media_id, str) and media_id else None
    if row is None:
        raise ApiError(40007, "invalid media_id", "media_id 不存在或已过 3 天有效期")
    if row["app"] != app:
        raise ApiError(40007, "invalid media_id", "这个素材是另一个账号上传的")
    if kinds and row["kind"] not in kinds:
        raise ApiError(40007, "invalid media_id", f"素材类型是 {row['kind']}，这里要 {kinds[0]}")
    return row


def require_permanent(world: World, media_id: object) -> Row:
    """A file of the account's library.

    Raises:
        ApiError: 40007 there is none, or it is a temporary one.
    """
    row = require(world, media_id)
    if not row["permanent"] or row["kind"] == ARTICLE:
        raise ApiError(40007, "invalid media_id", "这不是永久素材")
    return row


def keep_text(world: World, media_id: str, title: str, introduction: str) -> None:
    """What was told of a permanent video."""
    world.db.run("insert into media_text values (?, ?, ?)", media_id, title, introduction)


def text_of(world: World, media_id: str) -> tuple[str, str]:
    """Title and introduction of a permanent video."""
    row = world.db.find("select title, introduction from media_text where id = ?", media_id)
    return (row["title"], row["introduction"]) if row else ("", "")


def drop(world: World, media_id: str) -> None:
    for table in ("media", "media_text"):
        world.db.run(f"delete from {table} where id = ?", media_id)  # noqa: S608  (one of two names)


def picture_url(world: World, media_id: str) -> str:
    return f"{world.config.api_url}/mmbiz/{media_id}"


@cache
def sample_picture() -> bytes:
    """A wall socket with a spark, to send when no picture is at hand."""
    image = Image.new("RGB", (720, 540), "#dfe5e2")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((210, 110, 510, 410), 28, fill="#fdfdfb", outline="#b9c2be", width=4)
    draw.rounded_rectangle((250, 150, 470, 370), 20, fill="#f1f3f1", outline="#cfd6d3", width=3)
    for left, right in ((305, 335), (385, 415)):
        draw.line((left, 250, right, 214), fill="#46504c", width=16)
    draw.line((360, 285, 360, 335), fill="#46504c", width=16)
    draw.ellipse((405, 170, 500, 265), fill="#8d8f87")
    spark = [(470, 90), (428, 196), (470, 190), (436, 282), (532, 160), (486, 164), (520, 96)]
    draw.polygon(spark, fill="#ffb300", outline="#e07b00")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


@cache
def sample_thumb() -> bytes:
    image = Image.open(io.BytesIO(sample_picture())).resize((240, 180))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


@cache
def grey_avatar() -> bytes:
    """The person nobody knows, as WeChat shows everybody to services."""
    image = Image.new("RGB", (132, 132), "#c9cdcb")
    draw = ImageDraw.Draw(image)
    draw.ellipse((42, 26, 90, 74), fill="#f4f5f4")
    draw.ellipse((22, 82, 110, 180), fill="#f4f5f4")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def sample_voice(seconds: int = 3) -> bytes:
    """Silence as AMR: the head and one 20 ms frame of the lowest rate after another."""
    frame = bytes([0x04]) + bytes(12)
    return b"#!AMR\n" + frame * (50 * seconds)


def sample_video() -> bytes:
    """The head of an MP4 file; enough to be recognised, nothing to see."""
    brand = b"ftypisom\x00\x00\x02\x00isomiso2mp41"
    return (len(brand) + 4).to_bytes(4, "big") + brand + (8).to_bytes(4, "big") + b"mdat"
