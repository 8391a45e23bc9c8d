"""The topic website: columns, what is hot and related, feeds, and what search engines are told."""

import gzip
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services import articles, columns, library
from models import ArticleCategory, ArticleReads
from tests.both_ends import Ends, both_ends, settings_for
from tests.conftest import NOON
from tests.shipped import answers
from tests.test_article_readers import article
from tests.test_portal_pages import ATOM, HTML, first_link, page, publish, write

MOST_KB = 150
PLACES = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def test_hot_is_what_was_read_most_in_thirty_days(session: AsyncSession) -> None:
    titles = ("今天看了两次", "今天看了五次", "上个月看了九十次", "没有人看")
    rows = [await article(session, title) for title in titles]
    rows[1].category = ArticleCategory.POLICY
    today = civil_date(NOON)
    for row, day, count in (
        (rows[0], today, 2),
        (rows[1], today, 1),
        (rows[1], today - timedelta(days=29), 4),
        (rows[2], today - timedelta(days=30), 90),
    ):
        session.add(ArticleReads(article_id=row.id, day=day, count=count))
    await session.flush()

    hot = await articles.list_hot(session, NOON, 10)
    assert [each.title for each in hot] == ["今天看了五次", "今天看了两次"]
    policy = await articles.list_hot(session, NOON, 10, category=ArticleCategory.POLICY)
    assert [each.title for each in policy] == ["今天看了五次"]
    assert await articles.list_hot(session, NOON, 10, skip=2) == []
    assert await articles.list_hot(session, NOON - timedelta(minutes=1), 10) == []  # not public yet


async def test_related_are_those_whose_titles_have_most_in_common(session: AsyncSession) -> None:
    titles = ("冬季线路特巡", "职工体检安排", "冬季用电特巡", "羽毛球赛", "又一次冬季线路特巡")
    rows = [await article(session, title) for title in titles]
    rows[4].category = ArticleCategory.SAFETY

    related = [each.title for each in await articles.list_related(session, rows[0], NOON)]

    assert related == ["冬季用电特巡", "羽毛球赛", "职工体检安排"]


async def test_each_column_leads_to_what_there_is(ends: Ends, tmp_path: Path) -> None:
    write(tmp_path / "news", "winter")
    write(tmp_path / "news", "policy", title="陕西省工会劳动法律监督条例解读", category="policy")
    write(tmp_path / "news", "rights", title="工资拖欠怎么维权", category="rights")
    await publish(ends, tmp_path / "news")

    home = await page(ends, "/")
    for column in columns.COLUMNS:
        assert f'href="{column.address}"' in home
        shown = await page(ends, column.address)
        for name, to in column.beside:
            assert f'href="{to}"' in shown
            assert name in shown
            await page(ends, to)
    policy = await page(ends, "/news?category=policy")
    assert "劳动法律监督条例" in policy
    assert "立冬特巡" not in policy
    assert 'href="/news/feed.atom?category=policy"' in policy

    await page(ends, first_link(policy, "/news"))
    assert "30 天里还没有人看过" in await page(ends, "/news?category=policy&order=hot")
    await ends.house.rounds.once()
    hot = await page(ends, "/news?order=hot")
    assert "劳动法律监督条例" in hot
    assert "立冬特巡" not in hot
    assert (await ends.web.get("/news?order=cold", headers=HTML)).status_code == 404

    feed = ElementTree.fromstring((await ends.web.get("/news/feed.atom?category=rights")).content)
    assert feed.findtext(f"{ATOM}title") == "供电工会：维权指南"
    assert [each.findtext(f"{ATOM}title") for each in feed.iter(f"{ATOM}entry")] == ["工资拖欠怎么维权"]
    whole = ElementTree.fromstring((await ends.web.get("/news/feed.atom")).content)
    assert len(list(whole.iter(f"{ATOM}entry"))) == 3


async def test_search_engines_find_every_public_page_and_no_other(ends: Ends, tmp_path: Path) -> None:
    write(tmp_path / "news", "winter")
    tomorrow = (ends.house.clock.now() + timedelta(days=2)).date().isoformat()
    write(tmp_path / "news", "soon", title="明天的新闻", day=tomorrow)
    await publish(ends, tmp_path / "news")
    async with ends.house.database.transaction() as session:
        await library.load(session, answers(), ends.house.clock.now())
    await ends.house.refresh()
    robots = await ends.web.get("/robots.txt")
    assert robots.headers["content-type"].startswith("text/plain")
    closed = re.findall(r"^Disallow: (.+)$", robots.text, re.MULTILINE)
    (map_at,) = re.findall(r"^Sitemap: (.+)$", robots.text, re.MULTILINE)

    found = await ends.web.get(map_at)
    assert found.headers["content-type"] == "application/xml"
    places = [str(each.text) for each in ElementTree.fromstring(found.content).iter(f"{PLACES}loc")]
    root = map_at.removesuffix("/sitemap.xml")
    paths = [each.removeprefix(root) for each in places]
    assert len(set(paths)) == len(paths)
    assert len([each for each in paths if each.startswith("/news/")]) == 1
    assert any(each.startswith("/tips/") for each in paths)
    assert any(each.startswith("/laws/") for each in paths)
    assert not [each for each in paths if any(each.startswith(start) for start in closed)]
    few = [path for path in paths if not path.startswith(("/tips/", "/laws/"))]
    for path in few:
        answer = await ends.web.get(path, headers=HTML)
        assert answer.status_code == 200, path
        assert "noindex" not in answer.text, path

    one = await page(ends, next(each for each in paths if each.startswith("/news/")))
    for words in ('property="og:title"', 'property="article:published_time"', 'rel="canonical"', "46 公里"):
        assert words in one


async def test_a_first_visit_is_light(ends: Ends, tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / "news", f"n{number}", title=f"第{number}期动态", day=f"2026-10-{number + 1:02d}")
    await publish(ends, tmp_path / "news")
    one = first_link(await page(ends, "/news"), "/news")

    for path in ("/", "/news", one):
        async with ends.web.stream("GET", path, headers=HTML | {"Accept-Encoding": "gzip"}) as answer:
            packed = b"".join([each async for each in answer.aiter_raw()])
        shown = gzip.decompress(packed).decode()
        total = len(packed)
        for asset in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', shown)):
            async with ends.web.stream("GET", asset, headers={"Accept-Encoding": "gzip"}) as answer:
                assert answer.status_code == 200
                total += sum([len(each) async for each in answer.aiter_raw()])
        print(f"{path}: {total / 1024:.1f} KB")
        assert total < MOST_KB * 1024
