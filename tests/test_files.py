"""Stored bytes: where they lie, what they are by content, and pictures without their past."""

import io
from pathlib import Path

import pytest
from obstore.exceptions import BaseError
from PIL import Image

from app import files as files_module
from app import pictures
from app.errors import OperatorError
from app.files import FileRefused, Files, cleaned, inspect, path_of
from models.types import public_id
from tests.bucket import KEY, NAME, SECRET, Bucket, a_bucket

ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **more: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode.startswith("RGB") else 1).save(out, kind, **more)
    return out.getvalue()


def taken_at_home(kind: str) -> bytes:
    """Held sideways, with the camera's name and the place in it."""
    past = Image.Exif()
    past[ORIENTATION], past[MAKER] = 6, "Camera of Li Na"
    past.get_ifd(GPS).update({1: "N", 2: (35.0, 35.0, 2.0)})
    return picture(kind, exif=past)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


# --- where they lie


async def test_what_is_put_is_what_is_got_and_can_be_replaced(tmp_path: Path) -> None:
    files, name = Files(tmp_path / "files"), public_id()

    await files.put(name, b"first")
    await files.put(name, b"second")

    assert await files.get(name) == b"second"
    assert await files.part(name, 1, 3) == b"eco" and await files.part(name, 4, 99) == b"nd"
    assert (tmp_path / "files" / name[:2] / name[2:4] / name).read_bytes() == b"second"
    assert len(files_in(tmp_path)) == 1


async def test_deleting_twice_is_no_trouble_and_nothing_is_left(tmp_path: Path) -> None:
    files, name = Files(tmp_path), public_id()
    await files.put(name, b"x")

    await files.delete(name)
    await files.delete(name)

    with pytest.raises(FileNotFoundError):
        await files.get(name)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..",
        "",
        "a",
        "/etc/passwd",
        "ab/cd/abcdefgh",
        "abcdefg\n",
        "ABCDEFGH",
        "ab\0cdefgh",
    ],
)
async def test_a_name_that_is_no_public_id_reaches_no_file(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path / "inner")
    for attempt in (files.put(name, b"x"), files.get(name), files.part(name, 0, 1), files.delete(name)):
        with pytest.raises(ValueError, match="not a file's public id"):
            await attempt

    assert files_in(tmp_path) == []


async def test_all_names_are_told_and_strangers_are_passed_over(tmp_path: Path) -> None:
    files, ours = Files(tmp_path), {public_id() for _ in range(5)}
    for name in ours:
        await files.put(name, b"x")
    (tmp_path / "README").write_text("not ours")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / public_id()).write_text("not where we put things")

    assert {name async for name in files.names()} == ours


def test_a_folder_never_holds_everything() -> None:
    assert path_of("abcdefgh23456789") == "ab/cd/abcdefgh23456789"


# --- in a bucket


def in_bucket(bucket: Bucket, prefix: str = "/union", **changes: str) -> Files:
    access = {
        "endpoint": bucket.endpoint,
        "region": "cn-1",
        "access_key_id": KEY,
        "secret_access_key": SECRET,
    }
    return Files(f"s3://{NAME}{prefix}", access | changes)


async def test_a_bucket_keeps_files_like_a_folder() -> None:
    async with a_bucket() as bucket:
        files, name = in_bucket(bucket), public_id()
        bucket.objects["union/README"] = b"not ours"
        bucket.objects["elsewhere/" + path_of(name)] = b"not where we put things"

        await files.put(name, b"first")
        await files.put(name, b"second")

        assert await files.get(name) == b"second"
        assert await files.part(name, 1, 3) == b"eco" and await files.part(name, 4, 99) == b"nd"
        assert bucket.objects[f"union/{path_of(name)}"] == b"second"
        assert [each async for each in files.names()] == [name]

        await files.delete(name)
        await files.delete(name)
        with pytest.raises(FileNotFoundError):
            await files.get(name)


async def test_a_bucket_without_a_prefix_is_used_from_its_root() -> None:
    async with a_bucket() as bucket:
        await in_bucket(bucket, "").put("abcdefgh", b"x")

        assert list(bucket.objects) == ["ab/cd/abcdefgh"]


async def test_a_bucket_named_by_its_host_is_not_named_again_in_the_path() -> None:
    elsewhere = Bucket(endpoint=f"http://{NAME}.localhost:1")

    with pytest.raises(BaseError, match=f"{elsewhere.endpoint}/union/ab/cd/abcdefgh"):
        await in_bucket(elsewhere).get("abcdefgh")


async def test_a_wrong_key_and_a_store_in_trouble_are_errors_not_missing_files() -> None:
    async with a_bucket() as bucket:
        for files in (in_bucket(bucket, access_key_id="wrong"), in_bucket(bucket)):
            with pytest.raises(BaseError):
                await files.put("abcdefgh", b"x")
            bucket.answers = 500
        assert len(bucket.calls) == 3  # the second was repeated once, no more


def test_a_place_that_cannot_be_opened_is_told_to_the_operator(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")

    with pytest.raises(OperatorError, match="GONGHUI_FILES"):
        Files(tmp_path / "files" / "inner")


# --- what they are

SPEEX = b"OggS" + bytes(24) + b"Speex   1.2"


@pytest.mark.parametrize(
    ("data", "content_type", "kind"),
    [
        (picture("JPEG"), "image/jpeg", "image"),
        (picture("PNG"), "image/png", "image"),
        (picture("GIF", mode="P"), "image/gif", "image"),
        (picture("WEBP"), "image/webp", "image"),
        (b"#!AMR\n\x3c", "audio/amr", "voice"),
        (b"#!AMR-WB\n\x3c", "audio/amr-wb", "voice"),
        (b"ID3\x04\x00", "audio/mpeg", "voice"),
        (b"\xff\xfb\x90\x00" + bytes(100), "audio/mpeg", "voice"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", "voice"),
        (SPEEX, "audio/speex", "voice"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4", "video"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4", "video"),
        (b"%PDF-1.7", "application/pdf", "document"),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, content_type: str, kind: str) -> None:
    found = inspect(data)

    assert (found.content_type, found.kind) == (content_type, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"<html><script>alert(1)</script>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x00\x00\x00\x18ftypheic",
        b"\x00\x00\x00\x18ftypM4A ",
        b"RIFF\x24\x00\x00\x00AVI ",
        b"OggS" + bytes(24) + b"\x01vorbis",
        b"\xff\xff\xff\xff",
        b'{"errcode":40007}',
    ],
)
def test_other_kinds_are_refused(data: bytes) -> None:
    with pytest.raises(FileRefused, match="不支持这种文件"):
        inspect(data)


def test_nothing_is_no_file() -> None:
    with pytest.raises(FileRefused, match="空的"):
        inspect(b"")


# --- pictures without their past


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_keeps_neither_place_nor_camera_and_stands_upright(kind: str) -> None:
    before = taken_at_home(kind)
    assert b"Camera of Li Na" in before

    after = cleaned(before, f"image/{kind.lower()}")

    assert b"Camera of Li Na" not in after
    assert dict(opened(after).getexif()) == {}
    assert opened(after).size == (20, 40)
    assert opened(after).format == kind


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_comments_are_dropped(kind: str) -> None:
    before = picture(kind, mode="L", comment=b"home of Li Na")
    assert b"home of Li Na" in before

    assert b"home of Li Na" not in cleaned(before, f"image/{kind.lower()}")


def test_what_is_hidden_behind_a_picture_is_dropped() -> None:
    after = cleaned(picture("JPEG") + b"<script>alert(1)</script>", "image/jpeg")

    assert b"<script>" not in after


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_moving_picture_goes_on_moving(kind: str) -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=[50, 60, 70], loop=0)

    after = opened(cleaned(out.getvalue(), f"image/{kind.lower()}"))

    assert getattr(after, "n_frames", 1) == 3
    assert after.info["loop"] == 0


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_a_jpeg_of_any_colour_model_is_kept(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (10, 10)).save(out, "JPEG")

    assert opened(cleaned(out.getvalue(), "image/jpeg")).mode == mode


def test_see_through_parts_stay_see_through() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")

    assert opened(cleaned(out.getvalue(), "image/png")).getpixel((5, 5)) == (255, 0, 0, 0)


def test_sound_and_film_stay_as_they_are() -> None:
    assert cleaned(b"#!AMR\nabc", "audio/amr") == b"#!AMR\nabc"


def test_a_file_that_is_not_what_it_claims_is_refused() -> None:
    with pytest.raises(FileRefused, match=r"image/png.*image/jpeg.*不符"):
        cleaned(picture("PNG"), "image/jpeg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_torn_picture_is_refused_in_words(kind: str) -> None:
    data = picture(kind, size=(200, 200), mode="RGB" if kind != "GIF" else "L")
    torn = data[: len(data) // 3]

    with pytest.raises(FileRefused, match="已损坏"):
        cleaned(torn, f"image/{kind.lower()}")


def test_more_bytes_than_the_limit_are_refused_unopened() -> None:
    with pytest.raises(FileRefused, match="20 MB"):
        cleaned(b"\xff\xd8\xff" + bytes(files_module.LARGEST_BYTES), "image/jpeg")


def test_a_picture_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = picture("PNG", size=(8_000, 8_000), mode="1")  # small as bytes, huge as pixels
    assert len(bomb) < 100_000

    with pytest.raises(FileRefused, match="尺寸太大"):
        cleaned(bomb, "image/png")


def test_a_moving_picture_bomb_is_refused() -> None:
    frames = [Image.new("RGB", (2, 2), (n % 256, n // 256, 0)) for n in range(pictures.MOST_FRAMES + 1)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50)

    with pytest.raises(FileRefused, match="尺寸太大"):
        cleaned(out.getvalue(), "image/gif")
