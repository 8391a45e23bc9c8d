"""What is uploaded into an article: told by its bytes, without places, cut as was chosen; or refused."""

import io

import pytest
from PIL import Image

from app.console.media_checks import NotThis, checked
from app.files import cuts
from models import MediaSort
from tests.media_files import (
    PLACE,
    archive,
    box,
    film,
    named,
    pdf,
    photo,
    photo_with_place,
    song,
    sound,
    word,
)

P, D, F, S = MediaSort.PICTURE, MediaSort.DOCUMENT, MediaSort.FILM, MediaSort.SOUND


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def side(picture: Image.Image, x: int) -> str:
    pixel = picture.convert("RGB").getpixel((x, picture.height // 2))
    assert isinstance(pixel, tuple)
    return "red" if pixel[0] > pixel[2] else "blue"


def test_a_picture_is_turned_and_loses_what_its_camera_tells() -> None:
    made = checked(P, photo_with_place())

    kept = opened(made.data)
    assert (made.width, made.height, kept.format) == (800, 1200, "JPEG")
    assert not kept.getexif() and b"PhoneMaker" not in made.data
    large = checked(P, photo(6000, 1500, "PNG"))
    assert (large.width, large.height) == (2560, 640)


def test_cuts_are_as_large_as_the_picture_allows_and_keep_the_side_that_was_chosen() -> None:
    kept = checked(P, photo(2400, 800)).data

    whole = cuts(kept, None, (50, 50), (480, 960, 1600))
    assert [(each.width, each.height) for each in whole] == [(480, 160), (960, 320), (1600, 533)]
    left, right = (cuts(kept, 1.0, (at, 50), (480,))[0] for at in (0, 100))
    assert [(each.width, each.height) for each in (left, right)] == [(480, 480)] * 2
    assert [side(opened(each.data), 240) for each in (left, right)] == ["red", "blue"]
    wide = cuts(checked(P, photo(500, 900)).data, 16 / 9, (50, 0), (480, 960, 1600))
    assert [(each.width, each.height) for each in wide] == [(480, 270), (500, 281)]


def test_films_and_sound_stay_as_they_are_but_for_the_place_they_were_taken_at() -> None:
    for sort, data, ending in ((F, film(), "mp4"), (S, sound(), "m4a")):
        made = checked(sort, data)

        assert made.ending == ending and len(made.data) == len(data)
        assert PLACE not in made.data and b"+00.0000+000.0000/" in made.data
        assert made.data[-1000:] == data[-1000:]
    assert checked(S, song()).ending == "mp3"


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (pdf(), "pdf"),
        (word(), "docx"),
        (named({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "xlsx"),
        (archive(**{"说明/a__txt": b"a"}), "zip"),
    ],
)
def test_documents_are_told_by_what_is_in_them(data: bytes, ending: str) -> None:
    assert checked(D, data).ending == ending


def _bomb() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in its head, and nothing behind."""
    png = photo(300, 300, "PNG")
    return png[:16] + (60_000).to_bytes(4) * 2 + png[24:]


def _vast() -> bytes:
    """A ZIP that says it unpacks to four gigabytes."""
    data = bytearray(archive(a__txt=b"a" * 100))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = b"\xf0\xff\xff\xff"
    return bytes(data)


def _locked() -> bytes:
    data = bytearray(archive(a__txt=b"a"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("sort", "data", "said"),
    [
        (P, b"", "空的"),
        (P, b"GIF89a<script>alert(1)</script>", "已损坏"),
        (P, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "不是图片"),
        (P, pdf(), "不是图片"),
        (P, photo(2000, 1500)[:3000], "已损坏"),
        (P, _bomb(), "图片"),
        (P, photo(120, 100), "只有 120 像素宽"),
        (P, b"\xff\xd8\xff" + b"\0" * (15 * 1024 * 1024), "最多 15 MB"),
        (D, photo(300, 300), "附件可以是"),
        (D, b"MZ\x90\0", "附件可以是"),
        (D, b"<html><script>alert(1)</script>", "附件可以是"),
        (D, b"%PDF-1.7\n1 0 obj", "没有传完"),
        (D, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧格式"),
        (D, b"PK\x03\x04" + b"\0" * 100, "没有传完"),
        (D, word(**{"word/vbaProject.bin": b"x"}), "宏"),
        (D, named({"[Content_Types].xml": b"", "ppt/presentation.xml": b""}), "附件可以是"),
        (D, named({"../../etc/passwd": b"x"}), "别处去的路径"),
        (D, named({"安装/setup.EXE": b"x"}), "可以运行的程序"),
        (D, _vast(), "太大"),
        (D, _locked(), "密码"),
        (F, photo(300, 300), "MP4"),
        (F, film(b"qt  "), "MP4"),
        (F, film(handler=b"soun"), "没有画面"),
        (F, film()[:400], "没有传完"),
        (F, box(b"ftyp", b"isom") + box(b"mdat", b"x"), "没有传完"),
        (F, box(b"ftyp", b"isom") + b"\0\0\0\3moov", "没有传完"),
        (S, film(b"mp42"), "是视频"),
        (S, b"RIFF\0\0\0\0WAVE", "MP3 或 M4A"),
        (S, b"plain words", "MP3 或 M4A"),
    ],
)
def test_what_lies_is_broken_or_may_harm_is_refused_in_words(sort: MediaSort, data: bytes, said: str) -> None:
    with pytest.raises(NotThis, match=said):
        checked(sort, data)
