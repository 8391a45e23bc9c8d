"""Articles as the sandbox's phone opens them: the page, what is tapped there, and what is counted."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sandbox.driver import Phone, Refusal
from tests.phone_page import phone_page, serving
from tests.sandbox_articles import SANDBOX, Press, press


@pytest.fixture
async def desk() -> AsyncIterator[Press]:
    async with press() as made:
        yield made


@pytest.fixture
async def li(desk: Press) -> Phone:
    return await desk.account.platform.follower("李建国")


def acts(desk: Press) -> list[tuple[str, str, str]]:
    """Whose, what and which way; in their order."""
    world = desk.account.app.state.world
    rows = world.db.all(
        "select name, act, way from article_act join person using (openid) "
        "where not undone order by article_act.id"
    )
    return [(row["name"], row["act"], row["way"]) for row in rows]


async def taps(desk: Press, url: str, act: str, **more: str) -> httpx.Response:
    form = {"act": act, **more}
    return await desk.account.http.post(url, data=form, follow_redirects=True)


async def test_a_published_article_opens_on_the_phone(desk: Press, li: Phone) -> None:
    picture = await desk.picture()
    content = f'<p style="color:#333">拔掉 <b>插头</b>。</p><img src="{picture}"><script>steal()</script>'
    article = desk.article(content=content, content_source_url="https://gonghui.example.com/a?b=1&c=2")
    (url,) = await desk.published(article)

    shown = await li.opens(url, desk.account.http)

    assert shown.status_code == 200
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    for words in ("冬季用电安全</h1>", "工会宣传部", "黄陵供电工会", "阅读 1", "<b>插头</b>", picture):
        assert words in shown.text, words
    assert "steal" not in shown.text
    source = await desk.account.http.get(f"{url}/source")
    assert source.headers["location"].startswith("/sandbox/open?who=")
    assert (
        "url=https%3A%2F%2Fgonghui.example.com%2Fa%3Fb%3D1%26c%3D2&manner=elsewhere"
        in source.headers["location"]
    )
    assert (await desk.account.http.get(picture)).content == b"bytes"
    assert acts(desk) == [("李建国", "read", "message"), ("李建国", "source", "")]
    desk.account.http.cookies.clear()
    outside = await desk.account.http.get(f"{url}/source")
    assert outside.headers["location"] == "https://gonghui.example.com/a?b=1&c=2"
    assert len(acts(desk)) == 2


async def test_reads_are_counted_by_person_and_way(desk: Press, li: Phone) -> None:
    (url,) = await desk.published(desk.article())
    browser = desk.account.http
    assert "阅读 0" in (await browser.get(url)).text  # no phone, nobody

    wang = await desk.account.platform.person("王秀兰")
    for manner in ("chat", "elsewhere", "timeline", "home", "full", "made up"):
        await wang.opens(url, browser, manner)
    await li.reads_article(url, way="timeline")

    assert acts(desk) == [
        *(("王秀兰", "read", way) for way in ("message", "friend", "timeline", "home", "other", "friend")),
        ("李建国", "read", "timeline"),
    ]
    with pytest.raises(Refusal, match="way 应为"):
        await li.reads_article(url, way="plane")
    with pytest.raises(Refusal, match="不是公众号文章"):
        await li.reads_article(f"{SANDBOX}/s/nope")


async def test_messages_and_menu_buttons_lead_to_what_was_published(desk: Press, li: Phone) -> None:
    urls = await desk.published(desk.article(), desk.article(title="触电急救"))
    article_id = (await desk.call("freepublish/batchget", {"offset": 0, "count": 1}))["item"][0]["article_id"]
    named = {"article_id": article_id}

    def message(**part: str) -> dict[str, Any]:
        return {"touser": li.openid, "msgtype": "mpnewsarticle", "mpnewsarticle": part}

    buttons = [
        {"type": "article_id", "name": "看图文", **named},
        {"type": "article_view_limited", "name": "打开图文", **named},
    ]
    await li.says("您好")
    assert await desk.code("message/custom/send", message(**named)) == 0
    assert await desk.code("message/custom/send", message(article_id="nope")) == 53600
    assert await desk.code("menu/create", {"button": buttons}) == 0
    path = f"people/{li.openid}/menu"
    await desk.account.platform.ask("POST", path, {"path": ["看图文"]})
    opened = await desk.account.platform.ask("POST", path, {"path": ["打开图文"]})

    news = [one["content"]["articles"] for one in await li.reads() if one["type"] == "news"]
    assert [[card["url"] for card in cards] for cards in news] == [urls, urls]
    assert opened["open"] == urls[0]

    await desk.call("freepublish/delete", {**named, "index": 1})
    assert (await desk.account.platform.ask("POST", path, {"path": ["打开图文"]}))["open"] == urls[1]
    await desk.call("freepublish/delete", {**named, "index": 0})
    assert await desk.code("message/custom/send", message(**named)) == 53600
    assert await desk.code("menu/create", {"button": buttons}) == 53600
    for name in ("看图文", "打开图文"):
        with pytest.raises(Refusal, match="没有发布过"):
            await desk.account.platform.ask("POST", path, {"path": [name]})


async def test_likes_and_favourites_are_tapped_and_taken_back(desk: Press, li: Phone) -> None:
    (url,) = await desk.published(desk.article())
    await li.opens(url, desk.account.http)

    liked = await taps(desk, url, "like")
    assert "已赞 1" in liked.text
    assert "阅读 1" in liked.text  # the page that comes again is no second reading
    wang = await desk.account.platform.person("王秀兰")
    assert await wang.likes(url)
    assert "已赞 2" in (await taps(desk, url, "keep")).text
    unliked = await taps(desk, url, "like")
    assert "赞 1" in unliked.text
    assert "已收藏" in unliked.text
    assert (await wang.likes(url), await wang.keeps(url)) == (False, True)
    kept = [("李建国", "read", "message"), ("李建国", "keep", ""), ("王秀兰", "keep", "")]
    assert acts(desk) == kept

    assert "没有这个操作" in (await taps(desk, url, "dance")).text
    strange = {"origin": "https://evil.example"}
    assert (await desk.account.http.post(url, data={"act": "like"}, headers=strange)).status_code == 403
    desk.account.http.cookies.clear()
    assert "请在微信客户端打开链接" in (await taps(desk, url, "like")).text
    assert acts(desk) == kept


async def test_an_article_is_shared_with_its_own_card(desk: Press, li: Phone) -> None:
    (url,) = await desk.published(desk.article(digest="四步就好"))
    wang = await desk.account.platform.follower("王秀兰")

    await li.shares(wang, url, title=url)
    await li.shares(wang, "https://gonghui.example.com/", title="首页")
    await li.shares_to_timeline(url)

    cards = [one["content"] for one in await wang.reads() if one["type"] == "link"]
    assert cards[0] == {
        "title": "冬季用电安全",
        "description": "四步就好",
        "picture": f"{SANDBOX}/mmbiz/{desk.cover}",
        "url": url,
        "from": "李建国",
    }
    assert (cards[1]["title"], cards[1]["description"]) == ("首页", "")
    assert acts(desk) == [("李建国", "share", "friend"), ("李建国", "share", "timeline")]


async def test_pages_of_articles_that_are_gone_say_so(desk: Press, li: Phone) -> None:
    first, second = await desk.published(desk.article(), desk.article(title="触电急救"))
    published = (await desk.call("freepublish/batchget", {"offset": 0, "count": 1}))["item"][0]

    await desk.call("freepublish/delete", {"article_id": published["article_id"], "index": 1})
    assert "该内容已被发布者删除" in (await li.opens(first, desk.account.http)).text
    assert "触电急救" in (await li.opens(second, desk.account.http)).text
    await desk.account.platform.ask("POST", "publications/ban", {"article_id": published["article_id"]})
    assert "此内容因违规无法查看" in (await li.opens(second, desk.account.http)).text
    assert "此内容因违规无法查看" in (await taps(desk, second, "like")).text
    with pytest.raises(Refusal, match="因违规无法查看"):
        await li.keeps(second)
    assert "链接已失效" in (await desk.account.http.get("/s/nope")).text
    assert acts(desk) == [("李建国", "read", "message")]


async def test_a_draft_can_be_looked_at_for_a_while(desk: Press, li: Phone) -> None:
    info = {"image_list": [{"image_media_id": desk.cover}]}
    words = {"article_type": "newspic", "image_info": info, "content": "拔河 1 &lt; 2\n加油"}
    media_id = await desk.draft(desk.article(), desk.article(**words))
    url = (await desk.drafted(media_id))[1]["url"]

    shown = await li.opens(url, desk.account.http)
    assert "拔河 1 &lt; 2\n加油" in shown.text
    assert f'<img src="{SANDBOX}/mmbiz/{desk.cover}"' in shown.text
    assert acts(desk) == []
    await desk.account.platform.moves_time(hours=13)
    assert "链接已过期" in (await li.opens(url, desk.account.http)).text
    for address in ("/s", "/s?tempkey=nope&idx=1&until=9", f"/s?tempkey={media_id}&idx=3&until=99999999999"):
        assert "链接已过期" in (await desk.account.http.get(address)).text


async def test_what_the_console_published_opens_is_listed_and_deleted(desk: Press, li: Phone) -> None:
    made: dict[str, Any] = await desk.account.platform.ask(
        "POST",
        "publications",
        {"articles": [{"title": "慰问一线", "content": "<p>送清凉</p><script>x</script>"}]},
    )

    shown = await li.opens(made["urls"][0], desk.account.http)

    assert "<p>送清凉</p>" in shown.text
    assert "<script" not in shown.text
    (listed,) = await desk.account.platform.ask("GET", "publications")
    assert listed["article_id"] == made["article_id"]
    names = ("title", "url", "gone", "reads", "likes", "comments")
    assert [listed["articles"][0][name] for name in names] == ["慰问一线", made["urls"][0], "", 1, 0, 0]
    await desk.account.platform.ask("POST", "publications/delete", {"article_id": made["article_id"]})
    (listed,) = await desk.account.platform.ask("GET", "publications")
    assert listed["articles"][0]["gone"] == "该内容已被发布者删除"
    for deed in ("delete", "ban"):
        with pytest.raises(Refusal, match="没有这篇文章"):
            await desk.account.platform.ask("POST", f"publications/{deed}", {"article_id": "nope"})
    assert (await desk.account.platform.ask("GET", "state"))["rights"]["comments"] is True


async def test_a_reader_finds_it_in_the_chat_likes_comments_and_sends_it_on(desk: Press, li: Phone) -> None:
    """In a browser, as a developer sees it."""
    app = desk.account.app
    world = app.state.world
    wang = await desk.account.platform.follower("王秀兰")
    async with serving(app, world.bus) as address:
        world.config = replace(world.config, api_url=address)
        picture = await desk.picture()
        content = f'<p>拔掉插头。</p><img src="{picture}">'
        (url,) = await desk.published(desk.article(content=content, need_open_comment=1))
        card = {"title": "冬季用电安全", "description": "", "url": url, "picurl": picture}
        await li.says("您好")
        news = {"touser": li.openid, "msgtype": "news", "news": {"articles": [card]}}
        assert await desk.code("message/custom/send", news) == 0
        async with phone_page(f"{address}/?person={li.openid}") as page:
            await page.locator('[data-test="article"]').click()
            inside = page.frame_locator("#webview-frame")
            await inside.locator("h1").filter(has_text="冬季用电安全").wait_for()
            await inside.locator('[data-test="article-like"]').click()
            await inside.get_by_text("已赞 1").wait_for()
            await inside.locator('[data-test="article-comment"]').fill("好文")
            await inside.locator('[data-test="article-comment-send"]').click()
            await inside.get_by_text("仅自己可见").wait_for()
            assert await inside.locator('[data-test="article-reads"]').inner_text() == "阅读 1"
            await page.locator('[data-test="webview-more"]').click()
            await page.locator('[data-test="option-friend"]').click()
            await page.locator(f'[data-test="option-{wang.openid}"]').click()
            await page.get_by_text("已发送给王秀兰").wait_for()
            await page.locator('[data-test="webview-close"]').click()
            await page.locator('[data-test="person-select"]').select_option(wang.openid)
            await page.locator('[data-test="link-card"]').click()
            await inside.get_by_text("阅读 2").wait_for()
            await page.locator('[data-test="webview-close"]').click()
            await page.locator('[data-test="notices"]').click()
            await page.locator('[data-test="notices-articles"]').click()
            await page.locator('[data-test="home-article"]').filter(has_text="阅读 2　赞 1　留言 1").click()
            await inside.get_by_text("阅读 3").wait_for()
        ways = [("李建国", "read", "message"), ("李建国", "like", ""), ("李建国", "share", "friend")]
        assert acts(desk) == [*ways, ("王秀兰", "read", "friend"), ("王秀兰", "read", "home")]
