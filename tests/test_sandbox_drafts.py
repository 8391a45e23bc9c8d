"""The sandbox's draft box: what an article may hold, what is left of its HTML, and how drafts are kept."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox import drafts, publications
from sandbox.store import TABLES
from tests.sandbox_articles import SANDBOX, Press, press

NOWHERE = {"media_id": "nope"}


@pytest.fixture
async def desk() -> AsyncIterator[Press]:
    async with press() as made:
        yield made


async def test_a_draft_is_written_changed_listed_and_thrown_away(desk: Press) -> None:
    second = desk.article(title="触电急救", digest="多图文里的摘要不算", content=f"<p>{'救' * 60}</p>")
    pair = await desk.draft(desk.article(), second)
    await desk.account.platform.moves_time(seconds=10)
    alone = await desk.draft(desk.article(title="停电通知", digest="明早八点", need_open_comment=1))

    first, other = await desk.drafted(pair)
    assert (first["title"], first["author"], first["show_cover_pic"]) == ("冬季用电安全", "工会宣传部", 0)
    assert (first["digest"], other["digest"]) == ("拔掉不用的插头。", "救" * 54)
    assert first["thumb_url"] == f"{SANDBOX}/mmbiz/{desk.cover}"
    assert first["url"].startswith(f"{SANDBOX}/s?tempkey={pair}&idx=1&")
    notice = (await desk.drafted(alone))[0]
    flags = ("digest", "need_open_comment", "only_fans_can_comment")
    assert [notice[name] for name in flags] == ["明早八点", 1, 0]

    assert (await desk.call("draft/count"))["total_count"] == 2
    page = await desk.call("draft/batchget", {"offset": 0, "count": 20, "no_content": 1})
    assert (page["total_count"], page["item_count"]) == (2, 2)
    assert [one["media_id"] for one in page["item"]] == [alone, pair]
    assert [one["content"] for one in page["item"][1]["content"]["news_item"]] == ["", ""]
    rest = await desk.call("draft/batchget", {"offset": 1, "count": 1})
    assert rest["item"][0]["content"]["news_item"][0]["content"] == "<p>拔掉不用的插头。</p>"

    await desk.account.platform.moves_time(seconds=10)
    change = {"media_id": pair, "index": 1, "articles": desk.article(title="触电急救四步")}
    assert await desk.code("draft/update", change) == 0
    assert [one["title"] for one in await desk.drafted(pair)] == ["冬季用电安全", "触电急救四步"]
    page = await desk.call("draft/batchget", {"offset": 0, "count": 1})
    assert page["item"][0]["media_id"] == pair
    assert page["item"][0]["update_time"] > (await desk.call("draft/get", {"media_id": pair}))["create_time"]

    assert [await desk.code("draft/delete", {"media_id": pair}) for _ in range(2)] == [0, 40007]
    assert await desk.code("draft/get", {"media_id": pair}) == 40007
    assert (await desk.call("draft/count"))["total_count"] == 1
    switched = await desk.account.call("/cgi-bin/draft/switch", {}, checkonly=1)
    assert switched == {"errcode": 0, "errmsg": "ok", "is_open": 1}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": "字" * 32}, 0),
        ({"title": "字" * 33}, 45003),
        ({"title": ""}, 45003),
        ({"title": "  "}, 45003),
        ({"author": "字" * 16}, 0),
        ({"author": "字" * 17}, 45110),
        ({"digest": "字" * 128}, 0),
        ({"digest": "字" * 129}, 45004),
        ({"content": "字" * 19_999}, 0),
        ({"content": "字" * 20_000}, 45166),
        ({"content": "🔌" * 19_999}, 0),
        ({"content": " "}, 45166),
        ({"content": ["<p>"]}, 45166),
        ({"content_source_url": "https://gonghui.example.com/" + "a" * 996}, 0),
        ({"content_source_url": "https://gonghui.example.com/" + "a" * 997}, 41039),
        ({"content_source_url": "gonghui.example.com"}, 41039),
        ({"content_source_url": "javascript:alert(1)"}, 41039),
        ({"thumb_media_id": ""}, 40007),
        ({"thumb_media_id": "nope"}, 40007),
        ({"need_open_comment": 2}, 40097),
        ({"only_fans_can_comment": "1"}, 40097),
        ({"article_type": "card"}, 40097),
        ({"pic_crop_235_1": "0.1_0_0.9_0.654321"}, 0),
        ({"pic_crop_235_1": "0.1_0_0.9_0.6543210"}, 40097),
        ({"pic_crop_1_1": "0.9_0_0.1_1"}, 40097),
        ({"pic_crop_1_1": "0_0_1"}, 40097),
        ({"product_info": {"footer_product_info": {"product_key": "K"}}}, 53406),
        ({"product_info": {"footer_product_info": {}}}, 53405),
    ],
)
async def test_every_field_has_its_limit_and_its_code(
    desk: Press, changes: dict[str, Any], code: int
) -> None:
    body = {"articles": [desk.article(**changes)]}

    assert await desk.code("draft/add", body) == code
    assert (await desk.call("draft/count"))["total_count"] == (1 if code == 0 else 0)


async def test_covers_are_permanent_pictures_and_comments_need_the_right(desk: Press) -> None:
    temporary = (await desk.account.uploads("image", "a.png"))["media_id"]
    voice = await desk.material("voice", "a.mp3")
    thumb = await desk.material("thumb", "a.jpg")
    codes = [
        await desk.code("draft/add", {"articles": [desk.article(thumb_media_id=one)]})
        for one in (temporary, voice, thumb)
    ]
    assert codes == [40007, 40007, 0]

    await desk.account.platform.ask("POST", "rights", {"comments": False})
    assert await desk.code("draft/add", {"articles": [desk.article(need_open_comment=1)]}) == 88000
    assert await desk.code("draft/add", {"articles": [desk.article()]}) == 0


async def test_a_draft_has_one_to_eight_articles_and_an_index_within_them(desk: Press) -> None:
    media_id = await desk.draft(desk.article(), desk.article())

    for articles, code in (([], 45008), ([desk.article()] * 9, 45008), (None, 45008), (["text"], 47001)):
        assert await desk.code("draft/add", {"articles": articles}) == code
    assert await desk.code("draft/add", {"articles": [desk.article()] * 8}) == 0
    for index in (-1, 2, "0", True, 0.5):
        change = {"media_id": media_id, "index": index, "articles": desk.article(title="改过")}
        assert await desk.code("draft/update", change) == 40114, index
    whole = {"media_id": media_id, "index": 0, "articles": [desk.article()]}
    assert await desk.code("draft/update", whole) == 47001
    assert await desk.code("draft/update", {**NOWHERE, "index": 0, "articles": desk.article()}) == 40007
    too_long = {"media_id": media_id, "index": 0, "articles": desk.article(title="字" * 33)}
    assert await desk.code("draft/update", too_long) == 45003
    assert {one["title"] for one in await desk.drafted(media_id)} == {"冬季用电安全"}
    for bounds in ({"offset": -1, "count": 1}, {"offset": 0, "count": 0}, {"offset": 0, "count": 21}):
        assert await desk.code("draft/batchget", bounds) == 40097


async def test_scripts_outside_pictures_and_foreign_links_are_taken_out(desk: Press) -> None:
    uploaded, own = await desk.picture(), f"{SANDBOX}/mmbiz/{desk.cover}"
    temporary = (await desk.account.uploads("image", "a.png"))["media_id"]
    content = (
        '<section style="color:red;position:fixed;background:url(https://evil.example/a)" onclick="x()">好'
        f'<img src="{uploaded}" alt="a > b"><img src="{own}?wx_fmt=png" onerror="x()">'
        f'<img src="https://elsewhere.example/a.png"><img src="/mmbiz/{desk.cover}"><img alt="无">'
        f'<img src="{SANDBOX}/mmbiz/{temporary}"><img src="{SANDBOX}/mmbiz/unknown"></section>'
        '<script>alert("script")</script><style>p{}</style><iframe src="https://evil.example"></iframe>'
        '<a href="javascript:alert(1)">一</a><a href="https://gonghui.example.com/a">二</a>'
        f'<a href="{SANDBOX}/s/published_1">三</a><svg onload="x()"></svg><p onmouseover=x>完</p>'
    )

    kept = (await desk.drafted(await desk.draft(desk.article(content=content))))[0]["content"]

    assert kept == (
        f'<section style="color:red">好<img src="{uploaded}" alt="a &gt; b">'
        f'<img src="{own}?wx_fmt=png"></section>'
        f'<a>一</a><a>二</a><a href="{SANDBOX}/s/published_1">三</a><p>完</p>'
    )


async def test_escapes_are_read_as_they_are_written(desk: Press) -> None:
    """Who lets a JSON library escape 中文 finds backslashes in the article, or a title that is too long."""
    escaped = json.dumps({"articles": [desk.article(title="停电", author="")]})
    assert "\\u505c" in escaped

    made = await desk.sends("draft/add", escaped)
    assert (await desk.drafted(made["media_id"]))[0]["title"] == "\\u505c\\u7535"

    six = json.dumps({"articles": [desk.article(title="冬季用电安全", author="")]})
    assert (await desk.sends("draft/add", six))["errcode"] == 45003
    backslash = json.dumps({"articles": [desk.article(title="C:\\users")]}, ensure_ascii=False)
    made = await desk.sends("draft/add", backslash)
    assert (await desk.drafted(made["media_id"]))[0]["title"] == "C:\\users"
    assert (await desk.sends("draft/add", "{"))["errcode"] == 47001
    assert (await desk.sends("draft/add", ""))["errcode"] == 44002


async def test_a_picture_message_has_one_to_twenty_pictures_and_plain_words(desk: Press) -> None:
    def pictures(count: int, **changes: Any) -> dict[str, Any]:
        listed = [{"image_media_id": desk.cover}] * count
        info = {"article_type": "newspic", "title": "运动会", "image_info": {"image_list": listed}}
        return {**info, "content": "<b>拔河</b> 1 &lt; 2", **changes}

    box = {"ratio": "16_9", "x1": "0", "y1": "0.1", "x2": "1", "y2": 0.9}
    literal = "&lt;img src=&quot;a&quot;&gt;\n1 &lt; 2"
    media_id = await desk.draft(
        pictures(20, cover_info={"crop_percent_list": [box]}, content=f"<b>拔河</b> {literal}")
    )
    kept = (await desk.drafted(media_id))[0]
    assert kept["content"] == '拔河 <img src="a">\n1 < 2'
    assert (kept["digest"], kept["thumb_media_id"]) == ('拔河 <img src="a"> 1 < 2', desk.cover)
    assert len(kept["image_info"]["image_list"]) == 20
    assert kept["cover_info"] == {"crop_percent_list": [box]}
    assert await desk.code("freepublish/submit", {"media_id": media_id}) == 0

    for article, code in (
        (pictures(0), 40215),
        (pictures(21), 40215),
        (pictures(1, image_info="a"), 40215),
        (pictures(1, image_info={"image_list": [{"image_media_id": "nope"}]}), 40007),
        (pictures(1, image_info={"image_list": ["nope"]}), 40007),
        (pictures(1, cover_info={"crop_percent_list": [{**box, "ratio": "4_3"}]}), 40097),
        (pictures(1, cover_info={"crop_percent_list": [{**box, "x2": "1.5"}]}), 40097),
        (pictures(1, cover_info={"crop_percent_list": "all"}), 40097),
    ):
        assert await desk.code("draft/add", {"articles": [article]}) == code


async def test_who_sends_a_draft_gets_pages_and_the_draft_is_gone(desk: Press) -> None:
    """What mass sending builds on."""
    world = desk.account.app.state.world
    media_id = await desk.draft(desk.article(), desk.article(title="触电急救"))
    assert [one["title"] for one in drafts.find(world, media_id) or []] == ["冬季用电安全", "触电急救"]

    sent = drafts.as_published(world, media_id, way=publications.SENT)

    assert sent.urls == [f"{SANDBOX}/s/{sent.article_id}_{number}" for number in (1, 2)]
    assert sent.cards()[1] == {
        "title": "触电急救",
        "description": "拔掉不用的插头。",
        "url": sent.urls[1],
        "picture": f"{SANDBOX}/mmbiz/{desk.cover}",
    }
    assert drafts.find(world, media_id) is None
    assert (await desk.call("freepublish/batchget", {"offset": 0, "count": 1}))["total_count"] == 0
    again = publications.by_data_id(world, sent.msg_data_id)
    assert again is not None
    assert again.urls == sent.urls
    assert {"draft", "article"} <= set(TABLES)
    await desk.account.platform.reset()
    assert publications.by_data_id(world, sent.msg_data_id) is None
