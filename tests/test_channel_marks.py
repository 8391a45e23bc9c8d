"""By which way an article was reached: marks in the links we give out, counted by day, and nobody kept."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.services import article_posts, campaign_words, campaigns
from app.services.campaign_words import Written
from app.services.channel_marks import Channel, marked, read
from app.services.permissions import Standing
from models import Article, ArticleClicks, ArticleReads, Campaign, CampaignWay, Role
from models.types import public_id
from tests.both_ends import OURS, Ends
from tests.console_kit import employ, ends, staff_row
from tests.test_wechat_articles import written

__all__ = ["ends"]

CAMPAIGN = "campaign-abcdefgh23456789"


@pytest.mark.parametrize(
    ("query", "channel"),
    [
        ({}, ""),
        ({"from": "weibo"}, "weibo"),
        ({"from": CAMPAIGN}, CAMPAIGN),
        ({"from": "campaign-<script>alert("}, ""),
        ({"from": "campaign-"}, ""),
        ({"from": "campaign"}, ""),
        ({"from": "wechat"}, ""),  # told by the mark of 阅读原文 only
        ({"from": "timeline"}, "share"),  # WeChat adds it to what was forwarded
        ({"wx": "k7m2p9q4r8s3t6vw"}, "wechat"),
        ({"wx": "k7m2p9q4r8s3t6vw", "from": "singlemessage"}, "share"),
        ({"from": 2000 * "x"}, ""),
    ],
)
def test_a_mark_is_one_of_ours_or_none(query: Mapping[str, str], channel: str) -> None:
    assert read(MappingProxyType(dict(query))) == channel


def test_an_address_is_marked_once_and_no_address_stays_none() -> None:
    assert marked("https://a.cn/news/1", Channel.WEIBO) == "https://a.cn/news/1?from=weibo"
    assert marked("https://a.cn/news?x=1", Channel.CHAT) == "https://a.cn/news?x=1&from=chat"
    assert marked("", Channel.CHAT) == ""


async def test_openings_are_counted_by_way_and_what_is_made_up_is_not(ends: Ends) -> None:
    key = await written(ends)
    zhao = await employ(ends, "赵敏", Role.EDITOR)
    staff = await staff_row(ends, zhao.login)
    async with ends.house.database.transaction() as session:
        chosen = Written("冬训", CampaignWay.MESSAGE, None, "冬训开始了。", key, None)
        by, now = Standing(staff.id, staff.name), ends.house.clock.now()
        row = await campaigns.create(session, chosen, by=by, now=now)
        article = (await session.scalars(sa.select(Article).where(Article.public_id == key))).one()
        said = campaign_words.words_of(row, article)
        mine = f"campaign-{row.public_id}"
        weibo = article_posts.weibo_text(article)
    assert f"{OURS}/news/{key}?from={mine}" in said
    assert weibo.endswith(f" {OURS}/news/{key}?from=weibo")
    assert article_posts.check_weibo(f"看看 {OURS}/news/{key}", article)  # by hand it needs no mark

    li = await ends.platform.follower("李娜")
    await li.says("工会动态")
    (card,) = (await li.reads())[-1]["content"]["articles"]
    assert card["url"] == f"{OURS}/news/{key}?from=chat"
    for query in ("", "?from=weibo", "?from=weibo", f"?from={mine}", "?from=chat", "?from=timeline"):
        page = await ends.web.get(f"/news/{key}{query}")
        assert page.status_code == 200 and "from=" not in page.text  # what it says of itself carries no mark
    for made_up in (f"?from=campaign-{public_id()}", "?from=radio", "?from="):
        assert (await ends.web.get(f"/news/{key}{made_up}")).status_code == 200
    assert (await ends.web.head(f"/news/{key}?from=weibo")).status_code == 200
    await ends.house.write_counts()
    await ends.house.write_counts()

    async with ends.house.database.reading() as session:
        found = (await session.scalars(sa.select(ArticleClicks).order_by(ArticleClicks.channel))).all()
        total = await session.scalar(sa.select(ArticleReads.count))
        assert await session.scalar(sa.select(sa.func.count(Campaign.id))) == 1
    assert {each.day for each in found} == {civil_date(ends.house.clock.now())}
    assert {each.channel: each.count for each in found} == {mine: 1, "chat": 1, "share": 1, "weibo": 2}
    assert total == 9
