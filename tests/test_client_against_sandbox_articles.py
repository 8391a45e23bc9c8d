"""The client against the sandbox: comments under articles, and statistics of what happened there."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.wechat.api.comments import CommentKind
from app.wechat.api.drafts import Article, Comments
from app.wechat.api.mass import Articles
from app.wechat.api.media import MediaKind
from app.wechat.api.statistics import Table
from app.wechat.errors import AlreadyDone, ContentRefused, NotAllowed, OurMistake, TryLater
from tests.both_ends import WECHAT
from tests.client_in_sandbox import PNG, Joined, joined, refused


@pytest.fixture
async def ends() -> AsyncIterator[Joined]:
    async with joined(publish_seconds=0.0, api_url=WECHAT) as ends:
        yield ends


async def draft(ends: Joined) -> str:
    cover = (await ends.account.media.upload_permanent(MediaKind.IMAGE, "a.png", PNG)).media_id
    article = Article("冬季用电", "<p>拔插头</p>", cover, comments=Comments.ANYBODY)
    return await ends.account.drafts.add([article])


async def test_comments_are_read_elected_answered_and_deleted(ends: Joined) -> None:
    receipt = await ends.account.publishing.submit(await draft(ends))
    await ends.world.settle()
    (article,) = (await ends.account.publishing.status(receipt.publish_id)).articles
    li, wang = [await ends.platform.follower(name) for name in ("李建国", "王秀兰")]
    number, comments = receipt.msg_data_id, ends.account.comments
    first = await li.comments(article.url, "学到了")
    second = await wang.comments(article.url, "好")

    await ends.account.comments.elect(number, first)
    await ends.account.comments.reply(number, first, "谢谢")
    page = await ends.account.comments.list(number, kind=CommentKind.ELECTED)
    assert page.total == 1
    assert [(one.comment_id, one.openid, one.text, one.reply) for one in page.comments] == [
        (first, li.openid, "学到了", "谢谢")
    ]
    assert (await ends.account.comments.list(number, begin=0, count=1)).comments[0].comment_id == second
    await refused(comments.reply(number, first, "再谢"), AlreadyDone, 88005)
    await ends.account.comments.delete_reply(number, first)
    await ends.account.comments.unelect(number, first)
    await ends.account.comments.delete(number, second)
    assert [one.elected for one in (await ends.account.comments.list(number)).comments] == [False]
    await refused(comments.elect(number, second), OurMistake, 88008)
    await refused(comments.list(number, 7), OurMistake, 88001)
    await ends.account.comments.close(number)
    await ends.account.comments.open(number)
    await ends.platform.ask("POST", "rights", {"comments": False})
    await refused(comments.list(number), NotAllowed, 88000)


async def test_a_banned_article_has_no_comments_any_more(ends: Joined) -> None:
    receipt = await ends.account.publishing.submit(await draft(ends))
    await ends.world.settle()
    told = await ends.account.publishing.status(receipt.publish_id)
    await ends.platform.ask("POST", "publications/ban", {"article_id": told.article_id})

    await refused(ends.account.comments.list(receipt.msg_data_id), ContentRefused, 88002)


async def test_yesterday_s_figures_are_ready_after_eight(ends: Joined) -> None:
    li, wang = [await ends.platform.follower(name) for name in ("李建国", "王秀兰")]
    sent = await ends.account.mass.to_openids(
        [li.openid, wang.openid], Articles(await draft(ends)), client_msg_id="a"
    )
    await ends.world.settle()
    url = (await li.reads())[-1]["content"]["articles"][0]["url"]
    await li.opens(url, ends.browser)
    today = ends.world.clock.today()
    await refused(ends.account.statistics.rows(Table.FOLLOWERS, today), OurMistake, 61501)
    while ends.world.clock.today() == today:
        await ends.platform.moves_time(hours=1)
    await refused(ends.account.statistics.rows(Table.FOLLOWERS, today), TryLater, 61503)
    await ends.platform.moves_time(hours=9)

    followers = await ends.account.statistics.rows(Table.FOLLOWERS, today - timedelta(6), today)
    assert sum(int(row["new_user"]) for row in followers) == 2
    (article,) = await ends.account.statistics.rows(Table.ARTICLES, today)
    assert article["msgid"] == f"{sent.msg_data_id}_1"
    assert article["detail_list"][0]["read_user"] == 1
    assert article["detail_list"][0]["read_delivery_rate"] == 0.5
    with pytest.raises(OurMistake):
        await ends.account.statistics.rows(Table.ARTICLES, today, today + timedelta(1))
    await ends.platform.ask("POST", "rights", {"statistics": False})
    await refused(ends.account.statistics.rows(Table.ACCOUNT, today), NotAllowed, 48001)
