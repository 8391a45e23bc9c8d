"""WeChat's own statistics: fetched day by day, each once, caught up, put right; refused and gone on with."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, shanghai
from app.jobs.wechat_figures import AT_ONCE, FigureFetcher
from app.services import wechat_figures
from app.services.coordination import account_id
from models import (
    AccountKind,
    Article,
    ArticleCategory,
    ArticleState,
    WeChatArticle,
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatArticleState,
    WeChatCourse,
    WeChatFetch,
    WeChatFollowerDay,
    WeChatTable,
)
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import ends
from tests.test_wechat_articles import does, goes_on, written

__all__ = ["ends"]

T = WeChatTable
READS, DETAIL = "/datacube/getarticleread", "/datacube/getarticletotaldetail"
TODAY = civil_date(NOON)
YESTERDAY = TODAY - timedelta(days=1)


def fetcher(ends: Ends) -> FigureFetcher:
    account_id = ends.house.accounts[AccountKind.OFFICIAL][0]
    return FigureFetcher(ends.house.database, ends.house.wechat.statistics, ends.house.clock, account_id)


async def morning(ends: Ends) -> date:
    """Nine o'clock of the next day; the day that is over."""
    now = shanghai(ends.house.clock.now())
    nine = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0)
    await ends.moves_time(seconds=(nine - now).total_seconds())
    return now.date()


async def all_of(ends: Ends, table: Any) -> Sequence[Any]:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(table).order_by(table.id))).all()


async def course(ends: Ends) -> WeChatCourse:
    (row,) = await all_of(ends, WeChatCourse)
    assert isinstance(row, WeChatCourse)
    return row


async def fetch_all(ends: Ends) -> int:
    """Rounds until nothing is left; how many days' figures came."""
    total, worker = 0, fetcher(ends)
    while done := await worker.run():
        total += done
    return total


async def calls(ends: Ends, path: str = "/datacube/") -> int:
    return len([each for each in await ends.platform.calls() if each["path"].startswith(path)])


async def test_a_day_is_told_the_next_morning_and_asked_for_once(ends: Ends) -> None:
    await ends.until_noon()
    li, wang = [await ends.platform.follower(name) for name in ("李娜", "王强")]
    key = await written(ends)
    await does(ends, key, "put")
    await goes_on(ends, key)
    await does(ends, key, "publish")
    url = (await goes_on(ends, key)).url or ""
    for each in (li, wang, li):
        await each.reads_article(url)
    await li.likes(url)
    await li.keeps(url)
    await li.shares_to_timeline(url)
    assert await fetcher(ends).run() == 0 and await calls(ends) == 0  # a new account: from tomorrow on
    day = await morning(ends)
    await li.reads_article(url)  # of the day after

    # Two processes at once.
    assert sorted(await asyncio.gather(fetcher(ends).run(), fetcher(ends).run())) == [0, AT_ONCE]
    await fetch_all(ends)

    (figure,) = await all_of(ends, WeChatArticleFigure)
    async with ends.house.database.reading() as session:
        assert figure.article_id == await session.scalar(
            sa.select(Article.id).where(Article.public_id == key)
        )
    assert (figure.title, figure.url, figure.published_on, figure.told_to) == ("冬训开始了", url, day, day)
    sums = (figure.reads, figure.shares, figure.likes, figure.favourites, figure.comments)
    assert sums == (2, 1, 1, 1, 0)
    assert [(each.day, each.reads, each.shares) for each in await all_of(ends, WeChatArticleDay)] == [
        (day, 2, 1)
    ]
    followers = {each.day: each for each in await all_of(ends, WeChatFollowerDay)}
    assert (followers[day].came, followers[day].went, followers[day].in_all) == (2, 0, 2)
    assert len(await all_of(ends, WeChatFetch)) == len(T) * wechat_figures.PUT_RIGHT
    asked = await calls(ends)
    assert await fetch_all(ends) == 0 and await calls(ends) == asked

    # The next morning: the new day, and the seven last anew.
    await morning(ends)
    assert await fetch_all(ends) == len(T) * wechat_figures.PUT_RIGHT
    (figure,) = await all_of(ends, WeChatArticleFigure)
    assert (figure.reads, figure.told_to) == (2, day + timedelta(days=1))
    assert [each.reads for each in await all_of(ends, WeChatArticleDay)] == [2, 1]


async def test_what_wechat_refuses_waits_and_goes_on_where_it_was(ends: Ends) -> None:
    await ends.until_noon()
    await ends.platform.follower("李娜")
    worker, now = fetcher(ends), ends.house.clock.now
    await worker.run()
    await morning(ends)
    await ends.platform.misbehaves(fail_next={"path": READS, "errcode": -1, "times": None})
    assert await worker.run() == 0
    row = await course(ends)
    assert row.reason == "微信没有回应，过一会儿再取" and row.tries == 1
    assert timedelta() < row.due_at - now() <= timedelta(minutes=1)
    asked = await calls(ends)
    assert await worker.run() == 0 and await calls(ends) == asked  # not before its time

    await ends.moves_time(seconds=70)
    assert await worker.run() == 0
    row = await course(ends)
    assert row.tries == 2 and row.due_at - now() > timedelta(minutes=4)
    await ends.platform.behaves()
    await ends.platform.ask("POST", "quota", {"path": DETAIL, "limit": 3})
    await ends.moves_time(seconds=400)
    while await worker.run():
        pass
    row = await course(ends)
    assert row.reason == "今天的调用次数用完了，明天接着取"
    assert civil_date(row.due_at) == civil_date(now()) + timedelta(days=1)
    before = len(await all_of(ends, WeChatFetch))
    await ends.platform.ask("POST", "quota", {"path": DETAIL, "limit": 5000})

    await ends.platform.ask("POST", "rights", {"statistics": False})
    await morning(ends)
    assert await worker.run() == 0
    row = await course(ends)
    assert "48001" in row.reason and row.due_at - now() > timedelta(hours=20)
    await ends.platform.ask("POST", "rights", {"statistics": True})

    # Three days nobody asked: all of them are caught up, and the followers of each are known.
    await ends.moves_time(hours=72)
    assert await worker.run() == AT_ONCE
    while await worker.run():
        pass
    days = {each.day for each in await all_of(ends, WeChatFetch) if each.what is T.FOLLOWERS}
    last = civil_date(now()) - timedelta(days=1)
    assert {last - timedelta(days=number) for number in range(11)} == days
    assert len(await all_of(ends, WeChatFetch)) > before and (await course(ends)).reason == ""


# --- rules, on both databases ------------------------------------------------------------------------------


async def kept(session: AsyncSession, account_id: int) -> list[tuple[str, date, int, int]]:
    chosen = sa.select(WeChatArticleFigure.msgid, WeChatArticleDay.day, WeChatArticleDay.reads)
    chosen = chosen.add_columns(WeChatArticleDay.shares).join(
        WeChatArticleDay, WeChatArticleDay.figure_id == WeChatArticleFigure.id
    )
    chosen = chosen.where(WeChatArticleFigure.account_id == account_id)
    rows = await session.execute(chosen.order_by(WeChatArticleFigure.msgid, WeChatArticleDay.day))
    return [tuple(row) for row in rows]  # type: ignore[misc]


def of(msgid: str, name: str, count: object) -> dict[str, Any]:
    return {"ref_date": str(YESTERDAY), "msgid": msgid, "detail": {name: count}}


async def test_what_is_told_later_takes_the_place_of_what_was_told(session: AsyncSession) -> None:
    account = await account_id(session, "wx0000000000000001", AccountKind.OFFICIAL)
    first = [of("11_1", "read_user", 40), of("12_1", "read_user", 3), of("", "read_user", 9)]
    await wechat_figures.keep(session, account, T.READS, YESTERDAY, first, NOON)
    await wechat_figures.keep(session, account, T.SHARES, YESTERDAY, [of("11_1", "share_user", 4)], NOON)
    assert await kept(session, account) == [("11_1", YESTERDAY, 40, 4), ("12_1", YESTERDAY, 3, 0)]

    for _ in range(2):
        later = [of("11_1", "read_user", 44), of("13_2", "read_user", "many")]
        await wechat_figures.keep(session, account, T.READS, YESTERDAY, later, NOON)

    assert await kept(session, account) == [
        *(("11_1", YESTERDAY, 44, 4), ("12_1", YESTERDAY, 0, 0)),
        ("13_2", YESTERDAY, 0, 0),  # nobody knows what "many" is
    ]


async def test_whose_article_it_is(session: AsyncSession) -> None:
    account = await account_id(session, "wx0000000000000001", AccountKind.OFFICIAL)
    facts: dict[str, Any] = {"category": ArticleCategory.UNION, "blocks": [], "created_at": NOON}
    facts |= {"state": ArticleState.PUBLISHED, "published_at": NOON, "updated_at": NOON}
    ours, there, twin, other = [
        Article(title="读书会", **facts),
        Article(title="旧闻", source="A:0", address="https://mp.example.cn/s/a", **facts),
        Article(title="通知", source="B:0", address="https://mp.example.cn/s/b", **facts),
        Article(title="通知", source="C:0", address="https://mp.example.cn/s/c", **facts),
    ]
    session.add_all([ours, there, twin, other])
    await session.flush()
    session.add(
        WeChatArticle(
            account_id=account,
            article_id=ours.id,
            state=WeChatArticleState.PUBLISHED,
            msg_data_id=2247483650,
            by="李娜",
            created_at=NOON,
            changed_at=NOON,
        )
    )
    await session.flush()

    def told(msgid: str, title: str, url: str = "https://mp.example.cn/s/new") -> dict[str, Any]:
        return {"msgid": msgid, "title": title, "content_url": url, "detail_list": []}

    rows = [told("2247483650_1", "读书会"), told("2247483650_2", "读书会"), told("9_1", "旧闻")]
    rows += [told("8_1", "通知"), told("7_1", "改了名", "https://mp.example.cn/s/c"), told("x_1", "读书会")]
    await wechat_figures.keep(session, account, T.ARTICLES, YESTERDAY, rows, NOON)

    found = await session.execute(sa.select(WeChatArticleFigure.msgid, WeChatArticleFigure.article_id))
    assert dict(found.all()) == {
        "2247483650_1": ours.id,
        "2247483650_2": None,  # we publish one at a time
        "9_1": there.id,  # the only one of that title that was published there
        "8_1": None,  # two have it
        "7_1": other.id,
        "x_1": None,
    }


async def test_days_that_are_due(session: AsyncSession) -> None:
    account = await account_id(session, "wx0000000000000001", AccountKind.OFFICIAL)
    early = NOON.replace(hour=8, minute=5)
    assert wechat_figures.last_told(early) == TODAY - timedelta(days=2)
    assert wechat_figures.next_morning(early) == early + timedelta(minutes=5)
    found = await wechat_figures.due(session, account, NOON)
    assert len(found) == len(T) * wechat_figures.PUT_RIGHT and found[-1] == (T.FOLLOWERS_IN_ALL, YESTERDAY)

    month = [YESTERDAY - timedelta(days=number) for number in range(wechat_figures.BACK)]
    for day in month:
        for what in T:
            await wechat_figures.keep(session, account, what, day, [], NOON)
    old = {"msgid": "5_1", "title": "老文章", "content_url": "https://mp.example.cn/s/e", "detail_list": []}
    await wechat_figures.keep(session, account, T.ARTICLES, month[20], [old], NOON)
    assert await wechat_figures.due(session, account, NOON) == []

    found = await wechat_figures.due(session, account, NOON + timedelta(days=1))
    again = [TODAY - timedelta(days=number) for number in range(wechat_figures.PUT_RIGHT)]
    assert set(found) == {(what, day) for what in T for day in again} | {(T.ARTICLES, month[20])}
