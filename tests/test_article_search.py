"""Articles are found by their words on both databases, whoever wrote, changed or took them down."""

import random
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import rich_text
from app.jobs import article_index as jobs
from app.knowledge import Hit, Index, Tip
from app.services import article_index, article_places, article_search, finding
from app.services import articles as published
from models import Article, ArticleCategory, ArticleGram, ArticleState
from tests.both_ends import Ends, both_ends, settings_for
from tests.shipped import answers
from tests.test_portal_pages import page


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def put(ends: Ends, title: str, text: str = "正文。", *, hours: int = 1, column: str = "union") -> int:
    """An article of so many hours ago; nothing has read it yet."""
    now = ends.house.clock.now()
    row = Article(title=title, category=ArticleCategory(column), state=ArticleState.PUBLISHED)
    row.blocks = rich_text.dump(rich_text.from_markdown(text))
    row.published_at = now - timedelta(hours=hours)
    row.created_at = row.updated_at = now
    async with ends.house.database.transaction() as session:
        session.add(row)
    return row.id


def titles(found: str) -> list[str]:
    rows = re.findall(r'class="weui-cell weui-cell_access hit".*?<b>(.*?)</b>', found, re.DOTALL)
    return [re.sub("</?mark>", "", row) for row in rows]


async def test_the_best_comes_first_then_the_newest_and_hits_stand_out(ends: Ends) -> None:
    await put(
        ends, "秋检收官", "塬上三天，工会送去热水。" + "巡线、消缺。" * 30 + "热水器接地也查了。", hours=1
    )
    await put(ends, "旧的热水器要接地", hours=90, column="safety")
    await put(ends, "新的热水器要接地", hours=2, column="safety")
    await put(ends, "羽毛球赛", hours=3)
    assert await jobs.run(ends.house.database) == 4

    found = await page(ends, "/search/news?q=热水器 接地")

    assert titles(found) == ["新的热水器要接地", "旧的热水器要接地", "秋检收官"]
    slips = await page(ends, "/search/news?q=热水气要接第")
    assert "没有一模一样的" in slips and "新的热水器要接地" in titles(slips)
    assert titles(await page(ends, "/search/news?q=量子纠缠")) == []
    assert "<mark>热水器</mark><mark>接地</mark>也查了" in found
    assert "…" in found
    assert titles(await page(ends, "/search/news?q=热水器&category=union")) == ["秋检收官"]
    assert "大家在看" not in found
    both = await page(ends, "/search?q=热水器")
    assert "新的<mark>热水器</mark>要接地" in both


async def test_what_changes_is_read_again_and_what_is_taken_down_is_gone_at_once(ends: Ends) -> None:
    number = await put(ends, "插座检查月")
    await jobs.run(ends.house.database)
    assert await jobs.run(ends.house.database) == 0

    async with ends.house.database.transaction() as session:
        row = await session.get_one(Article, number)
        row.title, row.blocks = "开关检查月", rich_text.dump(rich_text.from_markdown("查漏保。"))
    assert await jobs.run(ends.house.database) == 1

    assert titles(await page(ends, "/search/news?q=漏保")) == ["开关检查月"]
    assert titles(await page(ends, "/search/news?q=插座")) == []
    async with ends.house.database.transaction() as session:
        row = await session.get_one(Article, number)
        published.withdraw(session, row, by="王强", reason="写错了", now=ends.house.clock.now())
    assert titles(await page(ends, "/search/news?q=漏保")) == []


async def test_killed_in_the_middle_nothing_is_lost_and_all_can_be_made_anew(ends: Ends) -> None:
    for number in range(3):
        await put(ends, f"工会动态 {number}", hours=number + 1)
    with pytest.raises(RuntimeError):
        async with ends.house.database.transaction() as session:
            await article_index.catch_up(session)
            raise RuntimeError("killed")
    assert titles(await page(ends, "/search/news?q=工会动态")) == []

    await jobs.run(ends.house.database, 1)
    assert len(titles(await page(ends, "/search/news?q=工会动态"))) == 3

    async with ends.house.database.transaction() as session:
        await article_index.forget_all(session)
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(ArticleGram.id))) == 0
    assert await jobs.run(ends.house.database) == 3
    assert titles(await page(ends, "/search/news?q=动态"))[0] == "工会动态 0"


async def test_pages_follow_one_another_without_a_gap(ends: Ends) -> None:
    for number in range(13):
        await put(ends, f"安全月 {number:02d}", hours=number + 1)
    await jobs.run(ends.house.database)

    first, second = (
        await page(ends, "/search/news?q=安全月"),
        await page(ends, "/search/news?q=安全月&page=2"),
    )

    assert titles(first) + titles(second) == [f"安全月 {number:02d}" for number in range(13)]
    assert "找到 13 篇" in first
    assert "后一页" in first
    assert "后一页" not in second


@pytest.mark.parametrize(
    "typed",
    [
        "OR AND NEAR(",
        '"',
        "' OR 1=1 --",
        "title:工会",
        "%25_\\",
        "*",
        "。，！",
        "工%00会",
        "工" * 3000,
        "a" * 9000,
    ],
)
async def test_any_text_is_answered_calmly(ends: Ends, typed: str) -> None:
    await put(ends, "工会动态", "a b")
    await jobs.run(ends.house.database)

    found = await page(ends, f"/search/news?q={typed}")

    assert "最新文章" in found or titles(found) == ["工会动态"]


def test_sets_of_places_are_what_was_put_in_and_weigh_alike() -> None:
    dice = random.Random(7)
    for size in (1, 5, 300, 4000):
        places = {dice.randrange(article_places.SEGMENT) for _ in range(size)}
        row = article_places.pack(article_places.of(places))
        assert set(article_places.each(article_places.unpack(row))) == places
        assert (
            min(article_places.each(article_places.unpack(row, 3)))
            == min(places) + 3 * article_places.SEGMENT
        )
    sets = [(article_places.of(dice.sample(range(500), 60)), dice.randrange(1, 20)) for _ in range(30)]
    worth = {place: sum(w for bits, w in sets if bits >> place & 1) for place in range(500)}
    chosen = article_places.weighed(sets, 40)
    assert len(set(chosen)) == 40
    assert min(worth[place] for place in chosen) >= max(worth[p] for p in worth if p not in chosen)


async def test_slips_are_forgiven_as_well_as_in_the_knowledge_search(ends: Ends) -> None:
    """Tips as articles, asked for by their titles with one character wrong: who finds more of them?"""
    tips = [entry for entry in answers().entries if isinstance(entry, Tip)]
    index, dice, now = Index(tips), random.Random(20261130), ends.house.clock.now()
    for tip in tips:
        await put(ends, tip.title, "\n\n".join(tip.prose), column="safety")
    await jobs.run(ends.house.database)

    ours = theirs = 0
    async with ends.house.database.reading() as session:
        for tip in tips:
            at = dice.randrange(len(tip.title))
            typed = f"{tip.title[:at]}{dice.choice('的一是在不了有和人这')}{tip.title[at + 1 :]}"
            terms = finding.Sought.parse(typed).terms
            found = (await article_search.search(session, terms, now, limit=3)).found
            ours += tip.title in [each.title for each in found]
            result = index.search(typed)
            known = (
                (result.entry, *result.also)[:3]
                if isinstance(result, Hit)
                else getattr(result, "entries", ())
            )
            theirs += tip in known

    assert ours >= theirs, (ours, theirs, len(tips))
    assert ours >= 0.95 * len(tips)
