"""Followers, tags, media, QR codes and quotas: what is sent, understood, or not even asked."""

import asyncio
import json
import logging
from pathlib import Path

import httpx
import pytest

from app.wechat.api.base import Quota
from app.wechat.api.media import MediaKind
from app.wechat.api.messages import CustomerMessage, Text
from app.wechat.api.tags import Tag
from app.wechat.client import WeChatClient
from app.wechat.errors import OurMistake, OutcomeUnknown, PersonGone
from tests import wechat_api
from tests.both_ends import both_ends, settings_for
from tests.wechat_api import APP, SECRET, FakeApi, client_of

OK: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
MIB = 1024 * 1024


api, http, client = wechat_api.api, wechat_api.http, wechat_api.client


# -- followers -----------------------------------------------------------------------------


async def test_followers_are_listed_page_by_page_to_an_end_without_data(
    api: FakeApi, client: WeChatClient
) -> None:
    first = {"total": 2, "count": 2, "data": {"openid": ["oA", "oB"]}, "next_openid": "oB"}
    api.answers = [first, {"total": 2, "count": 0, "next_openid": ""}]

    page = await client.users.list()
    assert (page.openids, page.total) == (("oA", "oB"), 2)
    end = await client.users.list(page.next_openid)

    assert api.asked == "GET /cgi-bin/user/get next_openid=oB"
    assert (end.openids, end.next_openid) == ((), "")


async def test_a_follower_is_known_by_what_wechat_still_tells(api: FakeApi, client: WeChatClient) -> None:
    told = {"subscribe": 1, "openid": "oLi", "subscribe_time": 1_799_999_000, "tagid_list": [134]}
    api.answers = [told | {"qr_scene_str": "act_7", "new": "x"}, {"subscribe": 0, "openid": "oWu"}]

    li, wu = await client.users.get("oLi"), await client.users.get("oWu")

    assert (li.subscribed, li.tag_ids, li.qr_scene_str, li.unionid) == (True, (134,), "act_7", "")
    assert li.raw["new"] == "x"
    assert (wu.openid, wu.subscribed) == ("oWu", False)


async def test_a_hundred_followers_are_asked_about_at_once_and_no_more(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [{"user_info_list": [{"openid": "o1", "subscribe": 1}]}]

    (only,) = await client.users.batch_get([f"o{n}" for n in range(100)])

    assert only.openid == "o1"
    assert api.body["user_list"][99] == {"openid": "o99", "lang": "zh_CN"}
    with pytest.raises(OurMistake):
        await client.users.batch_get([f"o{n}" for n in range(101)])


async def test_the_blacklist_is_read_page_by_page_and_changed_twenty_at_a_time(
    api: FakeApi, client: WeChatClient
) -> None:
    page = {"total": 1001, "count": 1000, "data": {"openid": ["oA"] * 1000}, "next_openid": "oA"}
    api.answers = [page, {"total": 1001, "count": 1, "data": {"openid": ["oB"]}, "next_openid": "oB"}, OK, OK]

    first = await client.users.blocked()
    assert (len(first.openids), first.total, api.body) == (1000, 1001, {"begin_openid": ""})
    assert (await client.users.blocked(first.next_openid)).openids == ("oB",)
    assert (api.asked, api.body) == ("POST /cgi-bin/tags/members/getblacklist", {"begin_openid": "oA"})

    await client.users.block(["oA", "oB"])
    assert (api.asked, api.body) == (
        "POST /cgi-bin/tags/members/batchblacklist",
        {"openid_list": ["oA", "oB"]},
    )
    await client.users.unblock(["oA"])
    assert api.asked == "POST /cgi-bin/tags/members/batchunblacklist"

    for openids in ([], ["oA"] * 21, ["oA", " "]):
        with pytest.raises(OurMistake):
            await client.users.block(openids)
    assert len(api.requests) == 4


async def test_who_is_blocked_gets_no_message_until_unblocked(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both_ends(settings_for(sqlite_url, tmp_path), monkeypatch) as ends:
        wechat, li = ends.house.wechat, await ends.platform.follower("李娜")
        await li.says("你好")
        hello = CustomerMessage(li.openid, Text("您好"))

        await wechat.users.block([li.openid])
        assert (await wechat.users.blocked()).openids == (li.openid,)
        with pytest.raises(PersonGone):
            await wechat.messages.send(hello)

        await wechat.users.unblock([li.openid])
        assert (await wechat.users.blocked()).openids == ()
        await wechat.messages.send(hello)


async def test_members_of_a_tag_are_read_page_by_page(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"count": 1, "data": {"openid": ["oA"]}, "next_openid": "oA"}, {"count": 0}]

    page = await client.tags.members(134)
    end = await client.tags.members(134, page.next_openid)

    assert (page.openids, end.openids, end.next_openid) == (("oA",), (), "")
    assert (api.asked, api.body) == ("POST /cgi-bin/user/tag/get", {"tagid": 134, "next_openid": "oA"})


async def test_a_remark_has_less_than_thirty_bytes(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK]
    await client.users.set_remark("oLi", "九个汉字刚好写得下")

    with pytest.raises(OurMistake):
        await client.users.set_remark("oLi", "十个汉字就是写不下了")
    assert api.body == {"openid": "oLi", "remark": "九个汉字刚好写得下"}


# -- tags ----------------------------------------------------------------------------------


async def test_tags_are_made_listed_renamed_and_removed(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"tag": {"id": 134, "name": "职工"}}, OK, OK]
    assert await client.tags.create("职工") == Tag(134, "职工")
    await client.tags.update(134, "会员")
    assert api.body == {"tag": {"id": 134, "name": "会员"}}
    await client.tags.delete(134)
    assert (api.asked, api.body) == ("POST /cgi-bin/tags/delete", {"tag": {"id": 134}})

    api.answers = [{"tags": [{"id": 2, "name": "星标组", "count": 5}]}]
    assert await client.tags.list() == (Tag(2, "星标组", 5),)


async def test_a_tag_that_exists_is_as_good_as_one_made(api: FakeApi, client: WeChatClient) -> None:
    taken = {"errcode": 45157, "errmsg": "invalid tag name"}
    there = {"tags": [{"id": 134, "name": "职工", "count": 9}]}
    api.answers = [httpx.ReadTimeout("slow"), taken, there]
    assert await client.tags.create("职工") == Tag(134, "职工", 9)

    api.answers = [taken, there]
    with pytest.raises(OurMistake):
        await client.tags.create("不雅")


async def test_people_are_tagged_fifty_at_a_time(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [OK, OK, {"tagid_list": [134, 2]}, {"count": 1, "data": {"openid": ["oA"]}}]
    await client.tags.tag(134, ["oA", "oB"])
    assert api.asked == "POST /cgi-bin/tags/members/batchtagging"
    assert api.body == {"openid_list": ["oA", "oB"], "tagid": 134}
    await client.tags.untag(134, ("oA",))
    assert api.asked == "POST /cgi-bin/tags/members/batchuntagging"

    assert await client.tags.of("oA") == (134, 2)
    assert (await client.tags.members(134)).openids == ("oA",)
    assert api.body == {"tagid": 134, "next_openid": ""}


@pytest.mark.parametrize("openids", [[], [f"o{n}" for n in range(51)], ["oA", ""], "oA"])
async def test_tagging_nobody_or_too_many_is_not_asked_for(
    api: FakeApi, client: WeChatClient, openids: list[str]
) -> None:
    for act in (client.tags.tag, client.tags.untag):
        with pytest.raises(OurMistake):
            await act(134, openids)

    assert api.requests == []


@pytest.mark.parametrize("name", ["", " ", "长" * 31])
async def test_a_tag_name_has_one_to_thirty_characters(client: WeChatClient, name: str) -> None:
    with pytest.raises(OurMistake):
        await client.tags.create(name)


# -- media ---------------------------------------------------------------------------------


async def test_an_upload_has_a_file_name_with_its_extension(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"type": "image", "media_id": "M", "created_at": 1_800_000_000}]

    media = await client.media.upload_temporary(MediaKind.IMAGE, "王秀兰的照片.JPG", b"\xff\xd8")

    assert (media.media_id, media.created_at) == ("M", 1_800_000_000)
    assert api.asked == "POST /cgi-bin/media/upload type=image"
    assert b'name="media"; filename="media.jpg"\r\nContent-Type: image/jpeg' in api.last.content


async def test_an_upload_is_repeated_whole(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [httpx.ReadTimeout("slow"), {"thumb_media_id": "T", "created_at": 1}]

    media = await client.media.upload_temporary(MediaKind.THUMB, "t.jpg", b"\xff\xd8")

    assert media.media_id == "T"
    assert all(b"\xff\xd8" in request.content for request in api.requests)
    assert len(api.requests) == 2


async def test_a_permanent_video_brings_its_description_and_is_not_stored_twice(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [{"media_id": "V"}, httpx.ReadTimeout("slow")]

    media = await client.media.upload_permanent(
        MediaKind.VIDEO, "v.mp4", b"mp4", title="急救", introduction="四步"
    )

    assert (media.media_id, media.url) == ("V", "")
    told = json.dumps({"title": "急救", "introduction": "四步"}, ensure_ascii=False).encode()
    assert b'name="description"\r\n\r\n' + told in api.last.content
    with pytest.raises(OutcomeUnknown):
        await client.media.upload_permanent(MediaKind.IMAGE, "p.png", b"png")
    assert len(api.requests) == 2


async def test_what_is_in_the_library_is_deleted_and_in_doubt_once_more(
    api: FakeApi, client: WeChatClient
) -> None:
    api.answers = [httpx.ReadTimeout("no answer"), {"errcode": 40007, "errmsg": "invalid media_id"}]

    await client.media.delete_permanent("m1")

    assert (api.asked, api.body) == ("POST /cgi-bin/material/del_material", {"media_id": "m1"})
    assert len(api.requests) == 2


async def test_a_picture_for_an_article_gets_an_address(api: FakeApi, client: WeChatClient) -> None:
    api.answers = [{"url": "http://mmbiz.qpic.cn/x"}]

    assert await client.media.upload_image("p.png", b"png") == "http://mmbiz.qpic.cn/x"
    assert api.asked == "POST /cgi-bin/media/uploadimg"


@pytest.mark.parametrize(
    ("kind", "filename", "size"),
    [
        (MediaKind.IMAGE, "picture", 1),
        (MediaKind.IMAGE, "picture.exe", 1),
        (MediaKind.IMAGE, "p.jpg", 0),
        (MediaKind.IMAGE, "p.jpg", 2 * MIB + 1),
        (MediaKind.VOICE, "v.wav", 1),
        (MediaKind.VIDEO, "v.mp4", 10 * MIB + 1),
        (MediaKind.THUMB, "t.jpg", 64 * 1024 + 1),
    ],
)
async def test_a_file_wechat_would_refuse_is_not_uploaded(
    api: FakeApi, client: WeChatClient, kind: MediaKind, filename: str, size: int
) -> None:
    with pytest.raises(OurMistake):
        await client.media.upload_temporary(kind, filename, b"x" * size)

    assert api.requests == []


# -- QR codes, addresses, quotas -----------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "seconds", "name", "told"),
    [
        ("act_7", 604800, "QR_STR_SCENE", {"scene_str": "act_7"}),
        (7, 604800, "QR_SCENE", {"scene_id": 7}),
        ("act_7", None, "QR_LIMIT_STR_SCENE", {"scene_str": "act_7"}),
        (100_000, None, "QR_LIMIT_SCENE", {"scene_id": 100_000}),
    ],
)
async def test_a_qr_code_carries_its_scene(
    api: FakeApi,
    client: WeChatClient,
    scene: int | str,
    seconds: int | None,
    name: str,
    told: dict[str, object],
) -> None:
    lasts = {} if seconds is None else {"expire_seconds": seconds}
    api.answers = [{"ticket": "gQ/+=", "url": "http://weixin.qq.com/q/1", **lasts}]

    code = await client.qrcodes.create(scene, seconds)

    assert api.body == {"action_name": name, "action_info": {"scene": told}, **lasts}
    assert (code.ticket, code.expires_seconds) == ("gQ/+=", seconds)
    assert client.qrcodes.picture_url(code.ticket) == (
        "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%2F%2B%3D"
    )


@pytest.mark.parametrize(
    ("scene", "seconds"),
    [(0, 60), (2**32, 60), (100_001, None), ("", 60), ("x" * 65, None), (7, 0), (7, 2_592_001)],
)
async def test_a_scene_out_of_range_is_not_asked_for(
    api: FakeApi, client: WeChatClient, scene: int | str, seconds: int | None
) -> None:
    with pytest.raises(OurMistake):
        await client.qrcodes.create(scene, seconds)

    assert api.requests == []


async def test_addresses_and_quotas_are_read(api: FakeApi, client: WeChatClient) -> None:
    quota = {"daily_limit": 500, "used": 20, "remain": 480}
    rate = {"call_count": 10, "refresh_second": 60}
    api.answers = [{"ip_list": ["1.2.3.4"]}, {"quota": quota, "rate_limit": rate}, OK]

    assert await client.base.api_ips() == ("1.2.3.4",)
    assert api.asked == "GET /cgi-bin/get_api_domain_ip"
    assert await client.base.quota("/cgi-bin/message/custom/send") == Quota(500, 20, 480, 10, 60)
    assert api.body == {"cgi_path": "/cgi-bin/message/custom/send"}
    await client.base.clear_quota()
    assert (api.asked, api.body) == ("POST /cgi-bin/clear_quota", {"appid": APP})


# -- over a real connection ----------------------------------------------------------------


async def test_on_a_real_connection_the_token_arrives_and_the_log_does_not_show_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # our own set-up holds it back
    lines: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines.append(head.partition(b"\r\n")[0])
        body = b'{"access_token":"tok-secret","expires_in":7200,"ip_list":["1.2.3.4"]}'
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(trust_env=False) as http:
        client = client_of(FakeApi(), http, base_url)
        assert await client.base.callback_ips() == ("1.2.3.4",)
        assert client.qrcodes.picture_url("T") == f"{base_url}/cgi-bin/showqrcode?ticket=T"

    assert lines[1] == b"GET /cgi-bin/getcallbackip?access_token=tok-secret HTTP/1.1"
    assert "access_token=***" in caplog.text
    assert "tok-secret" not in caplog.text
    assert SECRET not in caplog.text
