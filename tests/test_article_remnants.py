"""An article that is over or taken down here: what stands elsewhere goes too, or waits for staff."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import article_remnants, articles, campaign_articles
from app.services.article_remnants import RemnantKind
from models import Article, ArticlePost, CampaignState, OutletKind, PostState, Role, WeChatArticleState
from sandbox.driver import Refusal
from tests import test_campaign_articles, test_outlets
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, at_work
from tests.menus_wechat import Crash
from tests.test_campaigns import approved, campaigner, crowd, orders, stands
from tests.test_console_wechat_articles import presses
from tests.test_outlets import Media, goes_round, opens
from tests.test_wechat_articles import Dying, at_wechat, does, goes_on, lease_ends, publisher, row_of

S = WeChatArticleState
OLD_TOKEN = 42001
SENT_DELETE = "/cgi-bin/message/mass/delete"
DELETE = "/cgi-bin/freepublish/delete"
TASK = "下线的文章在别处还看得到"
ends, media = test_outlets.ends, test_outlets.media


async def published(ends: Ends, until: datetime | None = None) -> str:
    """An article that stands here until then, and in the account; its public id."""
    key = await test_campaign_articles.published(ends, until=until)
    await does(ends, key, "put")
    await goes_on(ends, key)
    await does(ends, key, "publish")
    row = await goes_on(ends, key)
    assert (row.state, len((await at_wechat(ends))[1])) == (S.PUBLISHED, 1)
    return key


async def ended(ends: Ends) -> str:
    """One that has come to its end a moment ago."""
    key = await published(ends, ends.house.clock.now() + timedelta(hours=2))
    await ends.moves_time(hours=3)
    return key


async def left(ends: Ends, key: str) -> list[RemnantKind]:
    async with ends.house.database.reading() as session:
        found = await article_remnants.list_of(session, await articles.get(session, key), now(ends))
        assert await article_remnants.count(session, now(ends)) == bool(found)
    return [each.kind for each in found]


def now(ends: Ends) -> datetime:
    return ends.house.clock.now()


async def asked(ends: Ends) -> int:
    """How often WeChat was told to delete; not counted is what a token of before cost."""
    found = await ends.platform.calls()
    return len([call for call in found if call["path"] == DELETE and call["errcode"] != OLD_TOKEN])


async def test_with_its_end_it_goes_where_it_can_and_staff_see_to_the_rest(ends: Ends, media: Media) -> None:
    await ends.until_noon()
    phones = await crowd(ends, "李建国", "王强")
    for kind in OutletKind:
        await opens(ends, kind)
    await ends.moves_time(seconds=1)
    key = await published(ends, now(ends) + timedelta(hours=2))
    number = await approved(ends, test_campaign_articles.of_articles(key))
    await campaigner(ends).run()
    await test_campaign_articles.goes_on(ends)
    assert (await stands(ends, number))[0].state is CampaignState.FINISHED
    await goes_round(ends)
    assert await left(ends, key) == [] and media.events == ["published"]
    li: Worker = await at_work(ends, "李娜", Role.APPROVER)
    assert TASK not in await li.reads("/") and 'data-test="remnants"' not in await li.reads(
        f"/content/article/{key}"
    )

    await ends.moves_time(hours=3)
    assert await left(ends, key) == [*RemnantKind]
    for _ in range(2):
        row = await goes_on(ends, key)
        await goes_round(ends)

    assert (row.state, row.by, row.reason) == (S.WITHDRAWN, "自动", "文章到期下线。")
    assert (await at_wechat(ends), await asked(ends)) == ((0, []), 1)
    assert media.events == ["published", "withdrawn"]
    assert await left(ends, key) == [RemnantKind.SENT, RemnantKind.WEIBO]
    await li.signs_in()
    assert TASK in await li.reads("/") and test_campaign_articles.BIG in await li.reads(
        "/content?elsewhere=left"
    )
    page = await li.reads(f"/content/article/{key}")
    assert "群发「周五讲座」里的" in page and "要删请到微博上删除" in page and "已删除" in page
    assert 'data-test="delete-sent"' in page

    async with ends.house.database.reading() as session:
        posts = await session.scalars(sa.select(ArticlePost).where(ArticlePost.state == PostState.SENT))
        (weibo,) = [post for post in posts if post.remote_id]
    writer = await at_work(ends, "周涛", Role.EDITOR)
    assert (await writer.sends(f"/content/article/{key}/remnants/sent/{number}")).status_code == 403
    for _ in range(2):
        await li.does(f"/content/article/{key}/remnants/sent/{number}")
    assert await left(ends, key) == [RemnantKind.WEIBO]
    assert (await li.sends(f"/content/article/{key}/remnants/weibo/{number}")).status_code == 404
    await li.does(f"/content/article/{key}/remnants/weibo/{weibo.public_id}")
    assert await left(ends, key) == [] and TASK not in await li.reads("/")
    assert [act.subject for act in await acts_of(ends, "content.remnant")] == [key] * 3
    assert len(await phones["王强"].reads()) > 1  # the card stays in the chat


async def test_what_went_out_with_a_campaign_is_deleted_by_who_presses(ends: Ends) -> None:
    await ends.until_noon()
    phones = await crowd(ends, "李建国", "王强")
    big = await test_campaign_articles.published(ends)
    small = await test_campaign_articles.published(ends, test_campaign_articles.SMALL)
    number = await approved(ends, test_campaign_articles.of_articles(big, small))
    await campaigner(ends).run()
    await test_campaign_articles.goes_on(ends)
    async with ends.house.database.reading() as session:
        row, _ = await stands(ends, number)
        first, second = [place.url or "" for place, _ in await campaign_articles.list_of(session, row)]
    li = await at_work(ends, "李娜", Role.APPROVER)
    path = f"/content/article/{small}"
    early = await li.sends(f"{path}/sent/{number}/delete")
    assert early.status_code == 422 and "请先撤下" in early.text
    assert (await li.sends(f"{path}/remnants/sent/{number}")).status_code == 404, "it is shown"
    await li.does(f"{path}/withdraw", reason="要核对")
    assert await left(ends, small) == [RemnantKind.SENT]

    await ends.platform.misbehaves(fail_next={"path": SENT_DELETE, "errcode": -1, "times": None})
    await li.does(f"{path}/sent/{number}/delete")
    await ends.house.rounds.once()
    assert "请过几分钟再删一次" in await li.reads("/jobs") and await left(ends, small) == [RemnantKind.SENT]
    await ends.platform.behaves()
    # Its process is killed when WeChat has deleted it already.
    await ends.house.wechat.mass.delete((await orders(ends))[0].msg_id or 0, 2)
    for _ in range(2):
        await li.does(f"{path}/sent/{number}/delete")
    await ends.house.rounds.once()

    assert "已经删除：收到的卡片还在" in await li.reads("/jobs") and await left(ends, small) == []
    assert test_campaign_articles.BIG in str(await phones["王强"].reads_article(first)), "the other one stays"
    with pytest.raises(Refusal, match="已被发布者删除"):
        await phones["王强"].reads_article(second)
    assert (await li.sends(f"{path}/sent/{'0' * 16}/delete")).status_code == 404
    assert len(await acts_of(ends, "content.sent_delete")) == 3


@pytest.mark.parametrize("dies", [True, False])
async def test_killed_or_without_an_answer_it_is_deleted_all_the_same(ends: Ends, *, dies: bool) -> None:
    key = await ended(ends)
    if dies:
        with pytest.raises(Crash):
            await publisher(ends, Dying).run()
        await publisher(ends).run()  # another process: it is leased still
        assert (await row_of(ends, key)).state is S.WITHDRAWING and await asked(ends) == 1
        await lease_ends(ends)
    else:
        await ends.platform.misbehaves(drop_next={"path": DELETE, "after": True})
        await publisher(ends).run()
    await ends.moves_time(seconds=180)
    row = await goes_on(ends, key)
    assert (row.state, await at_wechat(ends), await left(ends, key)) == (S.WITHDRAWN, (0, []), [])


async def test_what_wechat_refuses_is_asked_once_and_is_for_staff_then(ends: Ends) -> None:
    key = await ended(ends)
    await ends.platform.misbehaves(fail_next={"path": DELETE, "errcode": 48001, "times": None})
    for _ in range(3):
        row = await goes_on(ends, key)
        await ends.moves_time(hours=1)

    assert (row.state, row.errcode, await asked(ends)) == (S.PUBLISHED, 48001, 1)
    assert await left(ends, key) == [RemnantKind.PUBLISHED]
    li = await at_work(ends, "李娜", Role.APPROVER)
    path = f"/content/article/{key}"
    assert "没有删除：" in await li.reads(path)
    await ends.platform.behaves()
    await presses(li, path, "withdraw", reason="到期了")
    assert await left(ends, key) == [] and (await at_wechat(ends))[1] == []


async def test_an_end_that_is_put_off_in_time_deletes_nothing(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await ended(ends)
    with monkeypatch.context() as patch:

        async def dies(_: Any) -> None:
            raise Crash

        patch.setattr(publisher(ends).__class__, "_claim", dies)
        with pytest.raises(Crash):
            await publisher(ends).run()
    row = await row_of(ends, key)
    assert (row.state, row.by) == (S.WITHDRAWING, "自动")

    until = now(ends) + timedelta(hours=2)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Article).values(expires_at=until))
    row = await goes_on(ends, key)
    assert (row.state, row.reason, await asked(ends)) == (S.PUBLISHED, "", 0)
    await ends.moves_time(hours=3)
    assert (await goes_on(ends, key)).state is S.WITHDRAWN


@pytest.mark.parametrize("too", [True, False])
async def test_who_takes_it_down_decides_about_wechat(ends: Ends, tmp_path: Path, *, too: bool) -> None:
    key = await published(ends)
    li = await at_work(ends, "李娜", Role.APPROVER)
    path = f"/content/article/{key}"
    assert 'data-test="withdraw-wechat"' in await li.reads(path)
    await li.does(f"{path}/withdraw", reason="要核对", **({"wechat": "yes"} if too else {}))
    for _ in range(2):
        row = await goes_on(ends, key)

    assert (await ends.web.get(f"/news/{key}")).status_code == 404
    if too:
        assert (row.state, row.by, row.reason, await left(ends, key)) == (S.WITHDRAWN, "李娜", "要核对", [])
        return
    assert (row.state, await left(ends, key)) == (S.PUBLISHED, [RemnantKind.PUBLISHED])
    await presses(li, path, "withdraw", reason="也不要了")
    assert (await row_of(ends, key)).state is S.WITHDRAWN and TASK not in await li.reads("/")
