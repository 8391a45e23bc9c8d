"""Articles that begin and end by themselves, say from whom they were taken over, are found by their tags."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import shanghai
from app.services import articles, content_forms, wechat_articles, wechat_markup
from models import Article, ArticleMove, ArticleState, ContentKind
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, at_work, ends
from tests.test_console_content import ARTICLE, li, written, zhang

__all__ = ["at_work", "ends", "li", "zhang"]


def moment(ends: Ends, hours: float) -> str:
    """As a browser's field has it."""
    return f"{shanghai(ends.house.clock.now() + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


async def published(ends: Ends, zhang: Worker, li: Worker, **filled: Any) -> str:
    path = await written(zhang, "article", **filled)
    await li.does(f"{path}/approve", version="2")
    return path


async def listed_in(ends: Ends, path: str) -> set[str]:
    """Where on the portal it is linked to, once the search has read what is new."""
    await ends.house.rounds.once()
    places = ("/news", "/news/feed.atom", "/sitemap.xml", "/", "/search?q=书屋")
    link = f"/news/{path.rsplit('/', 1)[1]}"
    return {place for place in places if link in (await ends.web.get(place)).text}


async def test_it_begins_and_ends_by_itself_and_then_says_that_it_is_over(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    path = await published(
        ends, zhang, li, publish_at=moment(ends, 1), expires_at=moment(ends, 3), title="职工书屋试开放三小时"
    )
    public = f"/news/{path.rsplit('/', 1)[1]}"
    seen: list[tuple[int, bool, bool]] = []
    for hours in (0.0, 1.5, 2.0, -1.0, -2.0, 3.0):  # back too: somebody put the clock right
        await ends.moves_time(hours=hours)
        page, listed = await ends.web.get(public), await ends.web.get("/news")
        seen.append((page.status_code, "试开放" in listed.text, "已经到期" in page.text))

    waits, shown, over = (404, False, False), (200, True, False), (410, False, True)
    assert seen == [waits, shown, over, shown, waits, over]
    await ends.moves_time(hours=24)
    assert await listed_in(ends, path) == set()
    for worker in (zhang, li):
        await worker.signs_in()
    words = await zhang.reads(path)
    assert "已下线" in words and "改好再发布" in words and "really-withdraw" not in await li.reads(path)
    assert "试开放" in await zhang.reads("/content?state=expired")
    assert "试开放" not in await zhang.reads("/content?state=published")
    late = await zhang.sends(
        f"{path}/edit", do="submit", version="", **(ARTICLE | {"expires_at": moment(ends, -1)})
    )
    assert late.status_code == 422 and "下线时间应晚于" in late.text

    again = ARTICLE | {"title": "职工书屋再开放", "expires_at": moment(ends, 48)}
    await zhang.does(f"{path}/edit", do="submit", version="", **again)
    await li.does(f"{path}/approve", version="2")
    assert (await ends.web.get(public)).status_code == 200
    async with ends.house.database.reading() as session:
        moves = (await session.scalars(sa.select(ArticleMove).order_by(ArticleMove.id))).all()
    assert [(move.from_state, move.to_state) for move in moves] == [
        (None, ArticleState.PUBLISHED),
        (ArticleState.EXPIRED, ArticleState.PUBLISHED),
    ]


async def test_a_live_page_ends_when_it_was_said_though_a_later_text_waits(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    path = await published(ends, zhang, li, expires_at=moment(ends, 2))
    public = f"/news/{path.rsplit('/', 1)[1]}"
    later = ARTICLE | {"summary": "改到晚上开门。", "expires_at": moment(ends, 40)}
    await zhang.does(f"{path}/edit", do="submit", version="", **later)
    assert "每天中午开门" in (await ends.web.get("/news/feed.atom")).text

    await ends.moves_time(hours=3)
    assert (await ends.web.get(public)).status_code == 410
    told = await ends.web.get(f"/api/v1{public}")
    assert told.status_code == 410 and "已经到期" in told.text
    await li.signs_in()
    await li.does(f"{path}/approve", version="2")

    assert (await ends.web.get(public)).status_code == 200


async def test_query_and_row_agree_at_every_moment(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await published(ends, zhang, li, publish_at=moment(ends, 1), expires_at=moment(ends, 2))
    key = path.rsplit("/", 1)[1]
    async with ends.house.database.reading() as session:
        row = await articles.get(session, key)
        assert row.published_at is not None and row.expires_at is not None
        second = timedelta(seconds=1)
        states: Sequence[tuple[Any, ArticleState]] = [
            (row.published_at - second, ArticleState.SCHEDULED),
            (row.published_at, ArticleState.PUBLISHED),
            (row.expires_at - second, ArticleState.PUBLISHED),
            (row.expires_at, ArticleState.EXPIRED),
        ]
        for now, state in states:
            public = await session.scalar(sa.select(Article.id).where(articles.is_public(now)))
            assert row.state_at(now) is state and (public is not None) is (state is ArticleState.PUBLISHED)
        assert "到期下线" in wechat_articles.lacks(row, row.expires_at)


async def test_source_and_tags_are_shown_and_lead_to_others_of_the_kind(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    given = {
        "source_name": "全国总工会",
        "source_link": "https://www.acftu.org/a?b=1&c=2",
        "tags": "书屋、阅读 100%",
    }
    wrong = await zhang.sends("/content/new?kind=article", do="submit", **(ARTICLE | given))
    assert wrong.status_code == 422 and "标签「100%」" in wrong.text
    path = await published(ends, zhang, li, **(given | {"tags": "书屋、阅读 VR"}))
    await published(ends, zhang, li, title="书屋里的新书", tags="新书")

    assert len(await listed_in(ends, path)) == 5
    page = (await ends.web.get(f"/news/{path.rsplit('/', 1)[1]}")).text
    assert "转载自：" in page and 'href="https://www.acftu.org/a?b=1&amp;c=2"' in page
    assert 'href="/news?tag=%E4%B9%A6%E5%B1%8B"' in page
    found = (await ends.web.get("/news?tag=书屋")).text
    assert "职工书屋开放了" in found and "书屋里的新书" not in found and "#书屋" in found
    assert "职工书屋开放了" in (await ends.web.get("/news?tag=VR&order=newest")).text
    for nothing in ("书", "%25", '"', "\\", "屋、阅"):
        assert "职工书屋开放了" not in (await ends.web.get("/news", params={"tag": nothing})).text
    async with ends.house.database.reading() as session:
        row = await articles.get(session, path.rsplit("/", 1)[1])
    assert wechat_markup.converted(row).content.endswith("转载自：全国总工会</p>")
    form = content_forms.of_article(row)
    assert form["tags"] == "书屋、阅读、VR" and form["source_link"] == given["source_link"]


WRONG: list[tuple[dict[str, str], str]] = [
    ({"tags": "一 二 三 四 五 六"}, "标签最多 5 个"),
    ({"tags": "<b>"}, "标签「<b>」"),
    ({"source_link": "https://a.cn"}, "写明转载自哪里"),
    ({"source_name": "工会", "source_link": "javascript:alert(1)"}, "应以 https:// 开头"),
    ({"source_name": "长" * 65}, "最多 64 个字"),
    ({"expires_at": "明天"}, "下线时间应是日期和时间"),
    ({"publish_at": "2026-12-02T08:00", "expires_at": "2026-12-02T08:00"}, "下线时间应晚于发布时间"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_cannot_be_is_refused_with_the_name_of_the_field(given: dict[str, str], said: str) -> None:
    filled = content_forms.empty(ContentKind.ARTICLE, "职工书屋开放了") | {
        "category": "notice",
        "summary": "每天中午开门。",
        "author": "公司工会",
        "blocks": [["paragraph", "开门。"]],
    }
    content_forms.article_of(filled, NOON)

    with pytest.raises(content_forms.NotWhole, match=said):
        content_forms.article_of(filled | given, NOON)
