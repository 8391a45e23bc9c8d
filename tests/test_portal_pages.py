"""Pages anybody may read: news, activities, tips; what is not public is as if it did not exist."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
import sqlalchemy as sa

from app.content_files import ContentMistakes
from app.jobs import article_index
from app.main import Service
from app.services import activities, article_files, articles, library
from models import Article, ArticleMove, ArticleReads, ArticleState
from tests import making
from tests.both_ends import Ends, both_ends, settings_for
from tests.shipped import answers

HTML = {"Accept": "text/html"}
ATOM = "{http://www.w3.org/2005/Atom}"

ARTICLE = """---
id: {name}
title: {title}
category: {category}
summary: 塬上三天，处理缺陷 11 处。
author: 公司工会
published_on: {day}
---

走了 **46 公里** <script>alert(1)</script>。
"""


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


def write(
    folder: Path, name: str, *, title: str = "立冬特巡", category: str = "union", day: str = "2026-11-20"
) -> None:
    folder.mkdir(exist_ok=True)
    words = ARTICLE.format(name=name, title=title, category=category, day=day)
    (folder / f"{name}.md").write_text(words, encoding="utf-8")


async def publish(ends: Ends, folder: Path) -> articles.Loaded:
    async with ends.house.database.transaction() as session:
        loaded = await articles.load(session, article_files.load(folder), ends.house.clock.now())
    await article_index.run(ends.house.database)
    return loaded


async def page(ends: Ends, path: str) -> str:
    answer = await ends.web.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def first_link(text: str, prefix: str) -> str:
    found = re.search(rf'href="({prefix}/[a-z0-9]{{16}})"', text)
    assert found, text
    return found[1]


# --- news --------------------------------------------------------------------------------------------------


async def test_an_article_is_listed_opened_and_counted(ends: Ends, tmp_path: Path) -> None:
    write(tmp_path / "news", "winter")
    await publish(ends, tmp_path / "news")

    assert "立冬特巡" in await page(ends, "/")
    address = first_link(await page(ends, "/news"), "/news")
    one = await page(ends, address)
    assert "阅读 1" in one
    assert "<strong>46 公里</strong>" in one
    assert "<script>alert" not in one
    assert '<meta property="og:title" content="立冬特巡">' in one

    await page(ends, address)
    await ends.house.rounds.once()
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(ArticleReads.count))).all() == [2]
    assert "阅读 3" in await page(ends, address)


async def test_categories_and_pages(ends: Ends, tmp_path: Path) -> None:
    for number in range(23):
        write(tmp_path / "news", f"n{number}", title=f"第{number}期动态", day=f"2026-10-{number + 1:02d}")
    write(tmp_path / "news", "notice", title="体检安排", category="notice")
    await publish(ends, tmp_path / "news")

    first, second = await page(ends, "/news"), await page(ends, "/news?page=2")
    assert "体检安排" in first
    assert "第22期动态" in first
    assert "第0期动态" not in first
    assert "较早的 ›" in first
    assert "第0期动态" in second
    assert "较早的" not in second
    notices = await page(ends, "/news?category=notice")
    assert "体检安排" in notices
    assert "第22期动态" not in notices
    assert "这里还没有文章" in await page(ends, "/news?category=people")


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=abc", "page=99999999999999999999", "category=x"]
)
async def test_addresses_with_nonsense_are_not_found(ends: Ends, query: str) -> None:
    answer = await ends.web.get(f"/news?{query}", headers=HTML)

    assert (answer.status_code, "没有这个页面" in answer.text) == (404, True)


async def test_what_is_for_tomorrow_is_not_there_today(ends: Ends, tmp_path: Path) -> None:
    tomorrow = (ends.house.clock.now() + timedelta(days=2)).date().isoformat()
    write(tmp_path / "news", "soon", title="明天的新闻", day=tomorrow)
    await publish(ends, tmp_path / "news")

    assert "明天的新闻" not in await page(ends, "/news")
    async with ends.house.database.reading() as session:
        address = await session.scalar(sa.select(Article.public_id))
    answer = await ends.web.get(f"/news/{address}", headers=HTML)
    assert (answer.status_code, "没有找到这篇文章" in answer.text) == (404, True)


async def test_the_feed_is_atom_that_readers_understand(ends: Ends, tmp_path: Path) -> None:
    write(tmp_path / "news", "winter", title="缺陷 <11> & 处理")
    await publish(ends, tmp_path / "news")

    answer = await ends.web.get("/news/feed.atom")

    assert answer.headers["content-type"].startswith("application/atom+xml")
    entry = ElementTree.fromstring(answer.text).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == "缺陷 <11> & 处理"
    assert "<strong>46 公里</strong>" in (entry.findtext(f"{ATOM}content") or "")
    updated = entry.findtext(f"{ATOM}updated") or ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", updated), updated


async def test_loading_again_changes_what_changed_and_withdraws_what_is_gone(
    ends: Ends, tmp_path: Path
) -> None:
    folder = tmp_path / "news"
    write(folder, "one")
    write(folder, "two")
    assert await publish(ends, folder) == articles.Loaded(2, 0, 0)
    assert await publish(ends, folder) == articles.Loaded(0, 0, 0)

    write(folder, "one", title="改过的标题")
    (folder / "two.md").unlink()
    assert await publish(ends, folder) == articles.Loaded(0, 1, 1)
    assert "改过的标题" in await page(ends, "/news")
    write(folder, "two")
    assert await publish(ends, folder) == articles.Loaded(0, 1, 0)

    async with ends.house.database.reading() as session:
        two = await session.scalar(sa.select(Article.id).where(Article.slug == "two"))
        moves = sa.select(ArticleMove.to_state).where(ArticleMove.article_id == two).order_by(ArticleMove.id)
        assert (await session.scalars(moves)).all() == [
            ArticleState.PUBLISHED,
            ArticleState.WITHDRAWN,
            ArticleState.PUBLISHED,
        ]


async def test_a_wrong_file_is_named_and_the_old_content_stays(ends: Ends, tmp_path: Path) -> None:
    folder = tmp_path / "news"
    write(folder, "one")
    await publish(ends, folder)
    write(folder, "two", category="gossip")
    (folder / "three.md").write_text(
        ARTICLE.format(name="three", title="有图片的文章", category="union", day="2026-11-20")
        + "\n![图](x.png)\n",
        encoding="utf-8",
    )

    with pytest.raises(ContentMistakes) as refused:
        await publish(ends, folder)

    assert [str(mistake) for mistake in refused.value.mistakes] == [
        "three.md 第 12 行：正文：文字里只能有加粗和链接，图片和代码不支持",
        "two.md 第 4 行：category：没有「gossip」这个栏目，"
        "可写：union、policy、rights、notice、safety、people",
    ]
    assert "立冬特巡" in await page(ends, "/news")


# --- activities --------------------------------------------------------------------------------------------


async def test_an_activity_says_when_where_and_whether_there_are_seats(ends: Ends) -> None:
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        made = await making.activity(
            session,
            "登山 <b>",
            capacity=3,
            starts_at=now + timedelta(days=9),
            opens_at=now - timedelta(hours=1),
        )

    assert "登山 &lt;b&gt;" in await page(ends, "/activities")
    one = await page(ends, f"/activities/{made.public_id}")
    assert "共 3，还有 3" in one
    assert "在公众号里回复「报名」就能报名" in one
    assert "登山 &lt;b&gt;" in await page(ends, "/")


async def test_drafts_have_no_page_and_called_off_ones_say_so(ends: Ends) -> None:
    now = ends.house.clock.now()
    times = {
        f"{name}_at": now + timedelta(days=n) for n, name in enumerate(("opens", "closes", "starts", "ends"))
    }
    async with ends.house.database.transaction() as session:
        draft = await activities.create(session, {"title": "未定", **times}, by="王强", now=now)
        gone = await making.activity(session, "冬泳", starts_at=now + timedelta(days=9))
        await activities.call_off(session, gone.public_id, by="王强", now=now)

    assert (await ends.web.get(f"/activities/{draft.public_id}", headers=HTML)).status_code == 404
    assert "冬泳" not in await page(ends, "/activities")
    assert "已取消" in await page(ends, f"/activities/{gone.public_id}")


# --- answers -----------------------------------------------------------------------------------------------


async def test_a_tip_puts_the_number_and_the_first_act_first(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await library.load(session, answers(), ends.house.clock.now())
    await ends.house.refresh()

    assert 'href="/tips/socket-sparks"' in await page(ends, "/tips")
    one = await page(ends, "/tips/socket-sparks")
    assert one.index("tel:119") < one.index("先做：") < one.index("接着这样做")
    answer = await ends.web.get("/tips/nothing", headers=HTML)
    assert (answer.status_code, "没有找到这一条" in answer.text) == (404, True)


async def test_a_law_answer_cites_the_law_and_leaves_the_last_word_to_lawyers(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await library.load(session, answers(), ends.house.clock.now())
    await ends.house.refresh()

    assert 'href="/laws/annual-leave"' in await page(ends, "/laws")
    one = await page(ends, "/laws/annual-leave")
    assert (
        one.index("年休假有几天")
        < one.index("《职工带薪年休假条例》")
        < one.index("以承办律师、仲裁机构的意见为准。")
    )
    assert "tel:12351" in one
    urgent = await page(ends, "/laws/electrical-accident")
    assert urgent.index("tel:120") < urgent.index('<p class="first">马上打 120')
    answer = await ends.web.get("/laws/nothing", headers=HTML)
    assert (answer.status_code, "没有找到这一条" in answer.text) == (404, True)


# --- before and after the service --------------------------------------------------------------------------


async def test_without_a_house_pages_say_that_we_are_coming_back(ends: Ends, tmp_path: Path) -> None:
    service = Service(settings_for(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://x") as web:
        answer = await web.get("/news", headers=HTML)
        assert (answer.status_code, "系统正在恢复" in answer.text) == (503, True)
        assert "正在恢复" in (await web.get("/")).text
