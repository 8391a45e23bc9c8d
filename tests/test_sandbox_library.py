"""The sandbox's library of permanent material, recordings of pages, and short keys."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.miniprogram_sandbox import Both, opened

VIDEO = {"description": json.dumps({"title": "触电急救", "introduction": "四步"}, ensure_ascii=False)}


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened() as both:
        yield both


async def adds(both: Both, kind: str, name: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    query = {"access_token": both.account.token, "type": kind}
    file = {"media": (name, b"bytes")}
    path = "/cgi-bin/material/add_material"
    answer = await both.account.http.post(path, params=query, files=file, data=form or {})
    return dict(answer.json())


async def listed(both: Both, **changes: Any) -> dict[str, Any]:
    body = {"type": "image", "offset": 0, "count": 20, **changes}
    return await both.account.call("/cgi-bin/material/batchget_material", body)


async def test_the_library_gives_back_what_was_put_in(both: Both) -> None:
    picture = await adds(both, "image", "a.png")
    video = await adds(both, "video", "a.mp4", VIDEO)

    file = await both.account.raw("/cgi-bin/material/get_material", {"media_id": picture["media_id"]})
    told = await both.account.call("/cgi-bin/material/get_material", {"media_id": video["media_id"]})

    assert (file.content, file.headers["content-type"]) == (b"bytes", "image/png")
    assert (told["title"], told["description"]) == ("触电急救", "四步")
    assert told["down_url"].endswith(video["media_id"])


async def test_a_video_brings_its_title(both: Both) -> None:
    assert (await adds(both, "video", "a.mp4"))["errcode"] == 47001
    assert (await adds(both, "video", "a.mp4", {"description": "{}"}))["errcode"] == 47001
    assert (await both.account.call("/cgi-bin/material/get_materialcount"))["video_count"] == 0


async def test_the_library_is_counted_and_listed_newest_first(both: Both) -> None:
    first = await adds(both, "image", "a.png")
    await both.platform.moves_time(seconds=10)
    second = await adds(both, "thumb", "b.jpg")
    await adds(both, "voice", "c.mp3")
    query = {"access_token": both.account.token}
    await both.account.http.post("/cgi-bin/media/uploadimg", params=query, files={"media": ("d.png", b"d")})
    await both.account.uploads("image")

    count = await both.account.call("/cgi-bin/material/get_materialcount")
    page = await listed(both)

    assert count == {"image_count": 2, "voice_count": 1, "video_count": 0, "news_count": 0}
    assert (page["total_count"], page["item_count"]) == (2, 2)
    assert [one["media_id"] for one in page["item"]] == [second["media_id"], first["media_id"]]
    assert page["item"][1]["url"] == first["url"]
    assert [one["name"] for one in (await listed(both, offset=1, count=1))["item"]] == ["a.png"]
    assert "url" not in (await listed(both, type="voice"))["item"][0]
    assert (await listed(both, type="news"))["item"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"type": "thumb"}, 40004), ({"offset": -1}, 40097), ({"count": 0}, 40097), ({"count": 21}, 40097)],
)
async def test_a_page_keeps_its_bounds(both: Both, changes: dict[str, Any], code: int) -> None:
    assert (await listed(both, **changes))["errcode"] == code


async def test_only_permanent_material_lies_in_the_library(both: Both) -> None:
    temporary = {"media_id": await both.account.uploads("image")}
    kept = await adds(both, "image", "a.png")

    assert await both.account.code("/cgi-bin/material/get_material", temporary) == 40007
    assert await both.account.code("/cgi-bin/material/del_material", temporary) == 40007
    assert await both.account.code("/cgi-bin/material/get_material", {"media_id": "nope"}) == 40007
    assert await both.mini.code("/cgi-bin/material/get_material", {"media_id": kept["media_id"]}) == 48001


async def test_material_in_a_menu_is_not_deleted(both: Both) -> None:
    kept = {"media_id": (await adds(both, "image", "a.png"))["media_id"]}
    button = {"type": "media_id", "name": "海报", **kept}
    assert await both.account.code("/cgi-bin/menu/create", {"button": [button]}) == 0

    assert await both.account.code("/cgi-bin/material/del_material", kept) == 48005
    await both.account.call("/cgi-bin/menu/delete")
    assert await both.account.code("/cgi-bin/material/del_material", kept) == 0
    assert await both.account.code("/cgi-bin/material/get_material", kept) == 40007


async def test_pictures_of_articles_are_small_and_of_two_types(both: Both) -> None:
    async def code(name: str, data: bytes) -> int:
        query, file = {"access_token": both.account.token}, {"media": (name, data)}
        answer = await both.account.http.post("/cgi-bin/media/uploadimg", params=query, files=file)
        return int(answer.json().get("errcode", 0))

    assert await code("a.jpg", b"a" * (1024 * 1024 - 1)) == 0
    assert await code("a.jpg", b"a" * 1024 * 1024) == 45001
    assert await code("a.jpeg", b"a") == await code("a.gif", b"a") == 40005


async def test_a_recording_comes_as_speex(both: Both) -> None:
    voice, picture = await both.account.uploads("voice", "a.amr"), await both.account.uploads("image")

    file = await both.account.raw("/cgi-bin/media/get/jssdk", media_id=voice)

    assert (file.content, file.headers["content-type"]) == (b"bytes", "voice/speex")
    assert await both.account.code("/cgi-bin/media/get/jssdk", media_id=picture) == 40007


async def test_a_short_key_stands_for_its_data_until_it_ends(both: Both) -> None:
    body = {"long_data": "班组活动", "expire_seconds": 60}
    key = {"short_key": (await both.account.call("/cgi-bin/shorten/gen", body))["short_key"]}
    await both.platform.moves_time(seconds=10)
    told = await both.account.call("/cgi-bin/shorten/fetch", key)
    await both.platform.moves_time(seconds=51)

    assert told["long_data"] == "班组活动"
    assert 48 <= told["expire_seconds"] <= 50
    assert await both.account.code("/cgi-bin/shorten/fetch", key) == 9410012


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"long_data": ""}, 9410010),
        ({"long_data": "a" * 4096}, 0),
        ({"long_data": "a" * 4097}, 9410010),
        ({"long_data": "字" * 1366}, 9410010),
        ({"long_data": "a", "expire_seconds": 0}, 9410011),
        ({"long_data": "a", "expire_seconds": 2_592_001}, 9410011),
        ({"long_data": "a", "expire_seconds": 2_592_000}, 0),
    ],
)
async def test_short_keys_have_bounds(both: Both, body: dict[str, Any], code: int) -> None:
    assert await both.account.code("/cgi-bin/shorten/gen", body) == code
