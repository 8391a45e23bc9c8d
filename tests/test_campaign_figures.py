"""What WeChat tells of articles that went out with campaigns: whose they are, once, whatever was lost."""

import io
from datetime import date

import openpyxl
import pytest
import sqlalchemy as sa

from app.jobs import staff_jobs
from app.jobs.publishing_figures import KINDS
from app.services import campaign_articles, campaign_figures, publishing_figures
from app.services import wechat_figures as fetching
from app.services.campaign_figures import Told
from app.services.coordination import account_id
from models import (
    AccountKind,
    Campaign,
    CampaignArticle,
    DeliveryState,
    MassOrder,
    Role,
    StaffJob,
    WeChatArticleFigure,
)
from models import WeChatTable as T
from sandbox.driver import Phone
from tests import test_campaign_articles, test_campaign_faults, test_campaigns
from tests.both_ends import Ends
from tests.console_kit import Worker, at_work
from tests.test_campaign_articles import BIG, SMALL, of_articles
from tests.test_campaigns import MASS, approved, campaigner, crowd, orders, stands
from tests.test_wechat_articles import does
from tests.test_wechat_articles import goes_on as publishing_goes_on
from tests.test_wechat_figures import fetch_all, fetcher, morning

opened, ends, on_postgres = test_campaigns.opened, test_campaigns.ends, test_campaign_faults.on_postgres


async def sent(ends: Ends, *keys: str) -> tuple[Campaign, list[str]]:
    """A campaign of these that has gone out, and where its articles are read."""
    number = await approved(ends, of_articles(*keys))
    await campaigner(ends).run()
    await test_campaign_articles.goes_on(ends)
    row, counts = await stands(ends, number)
    assert counts == {DeliveryState.ACCEPTED: 5}
    async with ends.house.database.reading() as session:
        return row, [place.url or "" for place, _ in await campaign_articles.list_of(session, row)]


async def told(ends: Ends, row: Campaign) -> dict[int, tuple[int, ...]]:
    """By place: reads, shares, favourites, likes, comments."""
    async with ends.house.database.reading() as session:
        found = await campaign_figures.by_article(session, row)
        summed = await campaign_figures.by_campaign(session, [row.id])
    names = ("reads", "shares", "favourites", "likes", "comments")
    assert all(
        getattr(summed.get(row.id, Told()), name) == sum(getattr(each, name) for each in found.values())
        for name in names
    )
    return {place: tuple(getattr(each, name) for name in names) for place, each in found.items()}


async def sheet(worker: Worker, day: date) -> list[list[str]]:
    """内容数据 of a day, as it is exported."""
    house = worker.ends.house
    await worker.does("/figures/export", since=str(day), until=str(day))
    await staff_jobs.run(house.database, house.clock, house.files, KINDS)
    async with house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob))).one()
    answer = await worker.sends(f"/jobs/{job.public_id}/file")
    found = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert found is not None
    return [[str(cell.value or "") for cell in line] for line in found.iter_rows()]


async def read_by_people(ends: Ends, phones: dict[str, Phone], first: str, second: str, alone: str) -> Phone:
    """What three of them do on their phones; the one who read and did nothing more."""
    li, wang, chen = phones["李建国"], phones["王强"], phones["陈静"]
    for each in (li, wang, chen, li):
        await each.reads_article(first)
    await li.reads_article(second)
    await wang.reads_article(alone)
    await li.shares_to_timeline(first)
    await li.keeps(first)
    await wang.keeps(first)
    await wang.likes(first)
    await li.keeps(second)
    # What was sent in WeChat's own console is nobody's.
    theirs = await ends.platform.ask("POST", "publications", {"articles": [{"title": "慰问一线"}]})
    await wang.reads_article(theirs["urls"][0])
    return chen


async def test_what_people_did_with_a_campaigns_articles_stands_in_every_place(ends: Ends) -> None:
    phones = await crowd(ends)
    big, small = [await test_campaign_articles.published(ends, title) for title in (BIG, SMALL)]
    # The big one is published by itself, too.
    await does(ends, big, "put")
    await publishing_goes_on(ends, big)
    await does(ends, big, "publish")
    alone = (await publishing_goes_on(ends, big)).url or ""
    row, (first, second) = await sent(ends, big, small)
    zhao = await at_work(ends, "赵敏", Role.EDITOR)
    page = f"/campaigns/{row.public_id}"
    assert "还没有取到微信的统计" in await zhao.reads(page)

    chen = await read_by_people(ends, phones, first, second, alone)
    await fetcher(ends).run()  # a new account: from the next morning on
    day = await morning(ends)
    await chen.keeps(first)  # of the day after
    await fetch_all(ends)

    assert await told(ends, row) == {1: (3, 1, 2, 1, 0), 2: (1, 0, 1, 0, 0)}
    await fetch_all(ends)
    assert await told(ends, row) == {1: (3, 1, 2, 1, 0), 2: (1, 0, 1, 0, 0)}
    period = publishing_figures.period_of(str(day), str(day), ends.house.clock.now())
    async with ends.house.database.reading() as session:
        found = await publishing_figures.read(session, period)
    lines = {
        line.title: (line.wechat_reads, line.wechat_shares, line.wechat_favourites) for line in found.articles
    }
    assert lines == {BIG: (4, 1, 2), SMALL: (1, 0, 1), "慰问一线": (1, 0, 0)}
    assert (found.wechat_reads, found.wechat_shares, found.wechat_favourites) == (6, 1, 3)
    assert [publishing_figures.campaign_cells(each)[-3:] for each in found.campaigns] == [[4, 1, 3]]

    # The next morning every day is asked for anew: a day has what is new, the sums hold.
    await morning(ends)
    await fetch_all(ends)
    assert await told(ends, row) == {1: (3, 1, 3, 1, 0), 2: (1, 0, 1, 0, 0)}
    async with ends.house.database.reading() as session:
        assert (await publishing_figures.read(session, period)).wechat_favourites == 3

    await zhao.signs_in()
    words = await zhao.reads(page)
    assert 'data-test="told"' in words and f'<td>{SMALL}</td><td class="number">1</td>' in words
    assert f'<td>{BIG}</td><td class="number">3</td>' in words
    cells = await sheet(zhao, day)
    assert [line[11:14] for line in cells if line[0] == BIG] == [["4", "1", "2"]]
    assert [line[8:11] for line in cells if line[0] == row.title] == [["4", "1", "4"]]


@pytest.mark.parametrize("by", ["address", "title"])
async def test_an_order_whose_answer_was_lost_is_known_by_address_or_title(
    on_postgres: Ends, by: str
) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    key = await test_campaign_articles.published(ends)
    await ends.platform.misbehaves(drop_next=MASS)
    number = await approved(ends, of_articles(key))
    await campaigner(ends).run()
    await test_campaign_articles.goes_on(ends)
    await test_campaign_articles.goes_on(ends)
    (order,) = await orders(ends)
    assert order.msg_id and order.msg_data_id is None and order.sent == 5
    async with ends.house.database.reading() as session:
        row, _ = await stands(ends, number)
        ((place, _),) = await campaign_articles.list_of(session, row)
    await phones["王强"].reads_article(place.url or "")
    if by == "title":  # no event told where it stands
        async with ends.house.database.transaction() as session:
            await session.execute(sa.update(CampaignArticle).values(url=None))
    await fetcher(ends).run()
    await morning(ends)
    await fetch_all(ends)

    assert await told(ends, row) == {1: (1, 0, 0, 0, 0)}
    assert (await orders(ends))[0].msg_data_id


@pytest.mark.parametrize(
    ("msgid", "is_ours"),
    [("2247483650_2", True), ("2247483650_3", False), ("2247483651_1", False), ("9" * 60 + "_1", False)],
)
async def test_whose_a_statistic_is_tell_number_and_place(
    on_postgres: Ends, msgid: str, is_ours: bool
) -> None:
    ends = on_postgres
    await crowd(ends)
    keys = [await test_campaign_articles.published(ends, title) for title in (BIG, SMALL)]
    row, _ = await sent(ends, *keys)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(MassOrder).values(msg_data_id=2247483650))
        account = await account_id(session, ends.house.settings.wechat_app_id, AccountKind.OFFICIAL)
        now = ends.house.clock.now()
        day = publishing_figures.period_of("", "", now).until
        detail = {"stat_date": str(day), "read_user": 7, "share_user": 2, "collection_user": 1}
        read = {"msgid": msgid, "detail": {"read_user": 7}}
        for _ in range(2):
            await fetching.keep(session, account, T.READS, day, [read], now)
            whole = {
                "msgid": msgid,
                "title": "别的",
                "content_url": "https://mp/s/x",
                "detail_list": [detail],
            }
            await fetching.keep(session, account, T.ARTICLES, day, [whole], now)
        figure = (await session.scalars(sa.select(WeChatArticleFigure))).one()
        found = await publishing_figures.read(session, publishing_figures.period_of("", "", now))

    assert (figure.article_id is not None) is is_ours and found.wechat_reads == 7
    assert [line.title for line in found.articles if line.wechat_reads] == [SMALL if is_ours else "别的"]
    assert await told(ends, row) == ({2: (7, 2, 1, 0, 0)} if is_ours else {})
