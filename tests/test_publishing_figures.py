"""内容数据: every number exact against its rows, nothing of fewer than five people, the same as a sheet."""

import io
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.jobs import staff_jobs
from app.jobs.publishing_figures import KINDS
from app.services import audience_figures, publishing_figures
from app.services.attendance_figures import SMALL, Period
from app.services.audience_figures import TOO_FEW, Line, cells, pooled
from app.services.coordination import account_id
from models import (
    AccountKind,
    Article,
    ArticleCategory,
    ArticleClicks,
    ArticleFavourite,
    ArticleLike,
    ArticleReads,
    ArticleState,
    ArticleVisit,
    Campaign,
    CampaignDelivery,
    CampaignState,
    CampaignWay,
    DeliveryState,
    Follower,
    FollowerTag,
    Member,
    Role,
    Staff,
    StaffJob,
    StaffState,
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatCourse,
    WeChatFetch,
    WeChatFollowerDay,
    WeChatTable,
)
from tests import making
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, at_work, ends

__all__ = ["ends"]

D = DeliveryState
TODAY = civil_date(NOON)
KEY = "abcdefgh23456789"
NORTH, SOUTH, EAST = [f"黄陵供电公司工会/{name}/一班" for name in ("北区分工会", "南区分工会", "东区分工会")]


def on(days: int, now: datetime = NOON) -> date:
    return civil_date(now) - timedelta(days=days)


async def article(session: AsyncSession, title: str, now: datetime = NOON) -> Article:
    row = Article(title=title, category=ArticleCategory.UNION, blocks=[], state=ArticleState.PUBLISHED)
    row.published_at = row.created_at = row.updated_at = now - timedelta(days=9)
    session.add(row)
    await session.flush()
    return row


async def opened(session: AsyncSession, row: Article, day: date, total: int, **by: int) -> None:
    """So often in all; of these so often by each mark."""
    session.add(ArticleReads(article_id=row.id, day=day, count=total))
    for channel, count in by.items():
        mark = f"campaign-{KEY}" if channel == "campaign" else channel
        session.add(ArticleClicks(article_id=row.id, day=day, channel=mark, count=count))


async def sent(session: AsyncSession, people: list[tuple[int | None, DeliveryState]], now: datetime) -> None:
    staff = Staff(login="li", name="李娜", state=StaffState.ACTIVE, created_at=now)
    session.add(staff)
    await session.flush()
    facts: dict[str, Any] = {"public_id": KEY, "title": "冬训", "way": CampaignWay.MESSAGE, "text": "冬训"}
    row = Campaign(**facts, state=CampaignState.SENDING, writer_ids=[], owner_id=staff.id)
    row.created_at = row.updated_at = row.started_at = now - timedelta(days=2)
    session.add(row)
    await session.flush()
    for person, state in people:
        session.add(CampaignDelivery(campaign_id=row.id, person_id=person, state=state))
    await session.flush()


async def at_wechat(session: AsyncSession, row: Article, now: datetime) -> None:
    account = await account_id(session, "wx0000000000000001", AccountKind.OFFICIAL)
    ours = WeChatArticleFigure(account_id=account, msgid="1_1", article_id=row.id, title=row.title)
    strange = WeChatArticleFigure(account_id=account, msgid="2_1", title="转载的文章")
    session.add_all([ours, strange])
    await session.flush()
    session.add_all(
        [
            WeChatArticleDay(figure_id=ours.id, day=on(1, now), reads=30, shares=2, favourites=4),
            WeChatArticleDay(figure_id=ours.id, day=on(2, now), reads=12, shares=1, favourites=1),
            WeChatArticleDay(figure_id=ours.id, day=on(60, now), reads=500, shares=50, favourites=9),
            WeChatArticleDay(figure_id=strange.id, day=on(1, now), reads=7),
            WeChatFollowerDay(account_id=account, day=on(2, now), came=9, went=1, in_all=100),
            WeChatFollowerDay(account_id=account, day=on(1, now), came=3, went=2),
            WeChatFetch(account_id=account, what=WeChatTable.READS, day=on(1, now), fetched_on=on(0, now)),
            WeChatCourse(account_id=account, due_at=now, reason="微信没有回应，过一会儿再取"),
        ]
    )


async def a_month(session: AsyncSession, now: datetime = NOON) -> tuple[Article, Article]:
    """Two articles of ours with all that happens to them; one campaign; people of three branches."""
    first, second = await article(session, "=冬训开始了", now), await article(session, "读书会", now)
    await opened(session, first, on(1, now), 20, campaign=6, weibo=3, share=2)
    await opened(session, first, on(2, now), 5, chat=2, wechat=1, webhook=1)
    await opened(session, first, on(40, now), 1000, weibo=400)
    await opened(session, second, on(1, now), 4)
    account = await account_id(session, "wx0000000000000001", AccountKind.OFFICIAL)
    people, followers = [], []
    for number, lineage in enumerate([NORTH] * 7 + [SOUTH] * 3 + [EAST] * 2):
        who = await making.person(session)
        await making.member(session, person_id=who.person_id, lineage=lineage, staff_number=f"S{number}")
        follower = Follower(account_id=account, openid=f"o{number}", person_id=who.person_id)
        session.add(follower)
        await session.flush()
        followers.append(follower.id)
        people.append(who)
    states = [D.DELIVERED] * 8 + [D.ACCEPTED, D.UNKNOWN, D.SKIPPED, D.FAILED]
    given = [(each.person_id, state) for each, state in zip(people, states, strict=True)]
    await sent(session, [*given, (None, D.DELIVERED), (None, D.QUEUED)], now)
    yesterday = now - timedelta(days=1)
    for number, each in enumerate(people):
        mark: dict[str, Any] = {"article_id": first.id, "person_id": each.person_id}
        if number < 3:
            session.add(ArticleLike(**mark, at=yesterday))
        if number < 2:
            session.add(ArticleFavourite(**mark, at=yesterday if number else now - timedelta(days=50)))
        if number < 6:
            session.add(ArticleVisit(**mark, first_at=yesterday, last_at=yesterday))
            session.add(FollowerTag(follower_id=followers[number], name="篮球", given_at=now))
        session.add(FollowerTag(follower_id=followers[number], name="gh-menu-1", given_at=now))
    await at_wechat(session, first, now)
    await session.flush()
    return first, second


async def test_every_number_is_exact(session: AsyncSession) -> None:
    first, second = await a_month(session)
    period = publishing_figures.period_of("", "", NOON)
    assert period == Period(on(29), TODAY)

    found = await publishing_figures.read(session, period)

    assert len(found.days) == 30 and found.days[-1] == (TODAY, publishing_figures.Reads())
    by_day = {day: publishing_figures.read_cells(reads) for day, reads in found.days}
    assert by_day[on(1)] == [24, 13, 6, 0, 2, 3, 0]
    assert by_day[on(2)] == [5, 1, 0, 3, 0, 0, 1]
    assert publishing_figures.read_cells(found.total) == [29, 14, 6, 3, 2, 3, 1]
    lines = {line.title: publishing_figures.article_cells(line) for line in found.articles}
    assert list(lines) == [first.title, second.title, "转载的文章"]
    assert lines[first.title] == [25, 10, 6, 3, 2, 3, 1, 3, 1, 0, 42, 3, 5]
    assert lines[second.title] == [4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert lines["转载的文章"][-3:] == [7, 0, 0]
    (campaign,) = found.campaigns
    assert publishing_figures.campaign_cells(campaign) == [14, 11, 9, 6, 1, 1, None, None, None]
    assert (found.likes, found.favourites, found.comments, found.posts) == (3, 1, 0, 0)
    assert (found.wechat_reads, found.wechat_shares, found.wechat_favourites) == (49, 3, 5)
    assert found.told_to == on(1)
    assert found.followers == publishing_figures.Followers(12, 3, 100)

    day = await publishing_figures.read(session, Period(on(2), on(2)))
    assert publishing_figures.read_cells(day.total) == [5, 1, 0, 3, 0, 0, 1]
    assert [day.likes, day.wechat_reads, len(day.campaigns)] == [0, 12, 1]
    before = await publishing_figures.read(session, Period(date(2020, 1, 1), date(2020, 1, 1)))
    assert (before.total.total, before.articles, before.campaigns) == (0, [], [])


async def test_people_are_counted_by_branch_and_tag_and_never_fewer_than_five(session: AsyncSession) -> None:
    await a_month(session)
    period = publishing_figures.period_of("", "", NOON)

    branches = await audience_figures.by_branch(session, period)
    assert [(each.name, *cells(each)) for each in branches] == [
        ("黄陵供电公司工会 › 北区分工会", "7", "6"),  # of the south three, of the east nobody: too few
    ]
    tags = await audience_figures.by_tag(session, period)
    assert [(each.name, *cells(each)) for each in tags] == [("篮球", "6", "6")]

    # Two more of the east were told: together with the south they are five.
    told = sa.select(Member.person_id).where(Member.staff_number.in_(["S10", "S11"]))
    change = sa.update(CampaignDelivery).where(CampaignDelivery.person_id.in_(told))
    await session.execute(change.values(state=D.DELIVERED))
    assert [cells(each) for each in await audience_figures.by_branch(session, period)] == [
        ["7", "6"],
        ["5", TOO_FEW],
    ]


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ([("北", 9, 0), ("南", 5, 5)], ["北 9", "南 5"]),
        ([("北", 9, 9), ("南", 3, 2), ("东", 2, 4)], ["北 9", f"{SMALL} 5"]),
        ([("北", 9, 9), ("南", 2, 4)], ["北 9"]),
        ([], []),
    ],
)
def test_small_branches_are_put_together_or_left_out(
    groups: list[tuple[str, int, int]], shown: list[str]
) -> None:
    found = pooled(Line(*each) for each in groups)

    assert [f"{each.name} {each.told}" for each in found] == shown


def test_a_period_is_at_most_a_year() -> None:
    assert publishing_figures.period_of("2020-01-01", "2026-11-01", NOON).since == date(2025, 11, 1)
    assert publishing_figures.period_of("2026-11-01", "x", NOON) == Period(date(2026, 11, 1), TODAY)


async def test_the_page_and_the_sheet_say_the_same(ends: Ends) -> None:
    zhao: Worker = await at_work(ends, "赵敏", Role.EDITOR)
    async with ends.house.database.transaction() as session:
        await a_month(session, ends.house.clock.now())

    page = await zhao.reads("/figures")
    assert "内容数据" in page and "=冬训开始了" in page and "转载的文章" in page
    assert "北区分工会" in page and "南区分工会" not in page and "微信没有回应，过一会儿再取" in page
    assert "vendor/echarts.simple.min.js" in page and "<script>" not in page and "style=" not in page
    assert "这段时间没有群发" in await zhao.reads("/figures?since=2020-01-01&until=2020-01-02")
    assert "echarts" not in await zhao.reads("/content")  # nowhere else is it fetched
    door = await at_work(ends, "张伟", Role.CHECKER)
    assert (await door.gets("/figures")).status_code == 403
    await zhao.does("/figures/export", since="", until="")
    await staff_jobs.run(ends.house.database, ends.house.clock, ends.house.files, KINDS)

    async with ends.house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob))).one()
    answer = await zhao.sends(f"/jobs/{job.public_id}/file")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:8] == list(publishing_figures.DAY_HEADS)
    assert [row[1:8] for row in rows if row[0] == "合计"] == [["29", "14", "6", "3", "2", "3", "1"]]
    assert [row[1:14] for row in rows if row[0] == "=冬训开始了"] == [
        ["25", "10", "6", "3", "2", "3", "1", "3", "1", "0", "42", "3", "5"]
    ]
    assert [row[2:11] for row in rows if row[0] == "冬训"] == [["14", "11", "9", "6", "1", "1", "", "", ""]]
    assert [row[1:3] for row in rows if row[0].endswith("北区分工会")] == [["7", "6"]]
