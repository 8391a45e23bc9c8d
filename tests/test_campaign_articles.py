"""群发 of WeChat articles: what was approved goes out, once, each order from a draft of its own."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import rich_text
from app.errors import DomainError
from app.jobs.walking import Walker
from app.services import articles, campaign_articles, campaign_words, campaigns, mass_orders
from app.services.content_forms import ReadyArticle
from models import (
    AccountKind,
    Article,
    ArticleCategory,
    ArticleState,
    CampaignState,
    CampaignWay,
    DeliveryState,
    Role,
    WalkKind,
    WeChatArticleState,
    WeChatBodyPicture,
)
from models.types import public_id
from sandbox.driver import Phone
from tests import test_article_media, test_campaign_faults, test_campaigns, test_wechat_articles
from tests.both_ends import Ends
from tests.console_kit import at_work
from tests.media_files import photo
from tests.test_campaigns import (
    MASS,
    Killed,
    approved,
    campaigner,
    crowd,
    crowd_left,
    orders,
    standing,
    stands,
)
from tests.test_campaigns import written as worded

opened, ends, on_postgres = test_campaigns.opened, test_campaigns.ends, test_campaign_faults.on_postgres
ADD = "/cgi-bin/draft/add"
D, S = DeliveryState, CampaignState
BIG, SMALL = "冬训开始了", "劳动合同到期怎么办"


async def published(
    ends: Ends, title: str = BIG, text: str = "分批参加。", *, key: str = "", until: datetime | None = None
) -> str:
    """An article of ours that is shown, or another text of it; its public id."""
    ready = ReadyArticle(
        ArticleCategory.UNION,
        title,
        "",
        "公司工会",
        rich_text.from_markdown(text),
        "",
        None,
        None,
        expires_at=until,
    )
    async with ends.house.database.transaction() as session:
        key = key or public_id()
        row = await articles.put(session, key, ready, by="李娜", now=ends.house.clock.now())
        return row.public_id


def of_articles(*keys: str, **given: Any) -> campaign_words.Written:
    return worded(CampaignWay.ARTICLE, text="", articles=keys, **given)


async def cards(phones: dict[str, Phone]) -> dict[str, list[str]]:
    """What each finds in the chat that came as articles, by titles."""
    return {
        name: [each["text"] for each in await phone.reads() if each["type"] == "news"]
        for name, phone in phones.items()
    }


def each(phones: dict[str, Phone], *titles: str) -> dict[str, list[str]]:
    return {name: list(titles) for name in phones}


async def goes_on(ends: Ends) -> None:
    """WeChat brings what it has begun to its end, and we hear of it."""
    await ends.moves_time(seconds=90)
    await campaigner(ends).run()
    await ends.settle()
    await campaigner(ends).run()
    await campaigner(ends).run()


async def drafts(ends: Ends) -> int:
    return await ends.house.wechat.drafts.count()


async def calls(ends: Ends) -> tuple[int, int]:
    """How often a draft was laid and an order given, as far as WeChat was reached."""
    paths = [call["path"] for call in await ends.platform.calls()]
    return paths.count(ADD), paths.count(MASS)


async def resumed(ends: Ends, number: str) -> None:
    wang = await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        await campaigns.resume(session, number, by=wang, now=ends.house.clock.now())


async def test_articles_go_out_in_their_order_and_everybody_has_them_once(ends: Ends) -> None:
    phones = await crowd(ends)
    big, small = await published(ends), await published(ends, SMALL)
    number = await approved(ends, of_articles(big, small))

    await campaigner(ends).run()
    row, counts = await stands(ends, number)
    assert (row.state, counts, row.text) == (S.SENDING, {D.ACCEPTED: 5}, f"《{BIG}》\n《{SMALL}》")
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.ACCEPTED: 5})
    assert await cards(phones) == each(phones, f"{BIG}\n{SMALL}")
    (order,) = await orders(ends)
    assert (order.sent, order.draft_id, order.draft_begun_at) == (5, None, None) and order.msg_data_id
    assert (await drafts(ends), await crowd_left(ends)) == (0, 3)
    async with ends.house.database.reading() as session:
        found = [place for place, _ in await campaign_articles.list_of(session, row)]
    assert [place.place for place in found] == [1, 2]
    read = await phones["李建国"].reads_article(found[0].url or "")
    assert BIG in str(read)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((), "请选头条"),
        (("a", "a"), "选了两次"),
        ("abcdefghi", "最多发 8 篇"),
        (("theirs",), "本来就在微信里"),
    ],
)
async def test_what_cannot_go_out_together_is_not_written_down(
    on_postgres: Ends, keys: Sequence[str], said: str
) -> None:
    ends = on_postgres
    theirs = await published(ends)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Article).values(address="https://mp.weixin.qq.com/s/a"))
    zhao = await standing(ends, "赵敏", Role.EDITOR)
    chosen = [theirs if each == "theirs" else each for each in keys]
    async with ends.house.database.transaction() as session:
        with pytest.raises(campaign_words.NotWhole, match=said):
            await campaigns.create(session, of_articles(*chosen), by=zhao, now=ends.house.clock.now())
        await session.rollback()


async def test_each_order_has_a_draft_of_its_own_and_none_is_given_before_all_lie_there(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    make = mass_orders.make

    async def by_two(*given: Any) -> bool:
        return await make(*given, most=3)

    monkeypatch.setattr(mass_orders, "make", by_two)
    await ends.platform.misbehaves(fail_next={"path": ADD, "errcode": -1})
    await campaigner(ends).run()
    assert await drafts(ends) == 0 and {order.asked_at for order in await orders(ends)} == {None}
    assert (await stands(ends, number))[1] == {D.QUEUED: 5}

    await ends.moves_time(seconds=600)
    await goes_on(ends)

    first, second = await orders(ends)
    assert (first.people, second.people) == (3, 2) and first.msg_id != second.msg_id
    assert (await stands(ends, number))[0].state is S.FINISHED and await drafts(ends) == 0
    assert await cards(phones) == each(phones, BIG)


@pytest.mark.parametrize("path", [ADD, MASS])
@pytest.mark.parametrize("dies", [True, False])
async def test_killed_or_without_an_answer_nothing_is_done_twice(
    on_postgres: Ends, path: str, dies: bool
) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    if dies:
        with pytest.MonkeyPatch.context() as patch:

            async def killed(*_: Any) -> None:
                raise Killed

            name = "app.services.campaign_drafts.held" if path == ADD else "app.services.mass_orders.held"
            patch.setattr(name, killed)
            with pytest.raises(Killed):
                await campaigner(ends).run()
        await campaigner(ends).run()  # another process: it is leased still
        assert (await calls(ends)) == ((1, 0) if path == ADD else (1, 1))
        real_now = ends.house.clock.real_now
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ends.house.clock, "real_now", lambda: real_now() + timedelta(minutes=6))
            await goes_on(ends)
    else:
        await ends.platform.misbehaves(drop_next=path)
        await campaigner(ends).run()
        await goes_on(ends)
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.ACCEPTED: 5})
    assert await cards(phones) == each(phones, BIG)
    assert (await drafts(ends), (await calls(ends))[0]) == (0, 1)


async def test_a_draft_deleted_at_wechat_is_laid_anew_where_nothing_was_sent(
    on_postgres: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45028})
    await campaigner(ends).run()
    row, counts = await stands(ends, number)
    assert (row.state, counts, await drafts(ends)) == (S.PAUSED, {D.QUEUED: 5}, 1)
    (order,) = await orders(ends)
    await ends.house.wechat.drafts.delete(order.draft_id or "")

    await ends.moves_time(hours=24)
    await resumed(ends, number)
    await campaigner(ends).run()
    assert (await orders(ends))[0].asked_at is None, "WeChat took nothing"
    await goes_on(ends)
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.ACCEPTED: 5})
    assert await cards(phones) == each(phones, BIG)


async def test_a_draft_that_has_gone_after_a_lost_answer_is_not_sent_again(on_postgres: Ends) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    await ends.platform.misbehaves(drop_next=MASS)
    await campaigner(ends).run()
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 40007})
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.UNKNOWN: 5})
    assert await cards(phones) == each(phones, BIG), "the lost call had sent it"


@pytest.mark.parametrize("turn", ["changed", "withdrawn", "expired"])
async def test_what_is_not_as_it_was_approved_does_not_go_out(on_postgres: Ends, turn: str) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    until = ends.house.clock.now() + timedelta(hours=1) if turn == "expired" else None
    key = await published(ends, until=until)
    later = await approved(ends, of_articles(key, send_at=ends.house.clock.now() + timedelta(hours=2)))
    begun = await approved(ends, of_articles(key))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45028})
    await campaigner(ends).run()
    assert (await stands(ends, begun))[0].state is S.PAUSED, "the quota; its draft lies there"

    if turn == "changed":
        await published(ends, text="改了日期。", key=key)
    elif turn == "withdrawn":
        async with ends.house.database.transaction() as session:
            await session.execute(sa.update(Article).values(state=ArticleState.WITHDRAWN))
    await ends.moves_time(hours=3)
    await resumed(ends, begun)
    await campaigner(ends).run()

    said = {"changed": "交去审批以后改过", "withdrawn": "只有审核通过", "expired": "已经到期下线"}[turn]
    back, stopped = (await stands(ends, later))[0], (await stands(ends, begun))[0]
    assert (back.state, stopped.state) == (S.DRAFT, S.PAUSED)
    assert said in back.reason and said in stopped.reason
    assert await cards(phones) == each(phones)
    if turn == "changed":  # as it was approved it may go on
        await published(ends, key=key)
        await resumed(ends, begun)
        await goes_on(ends)
        assert (await stands(ends, begun))[0].state is S.FINISHED
        assert await cards(phones) == each(phones, BIG)
    else:
        wang = await standing(ends, "王芳", Role.APPROVER)
        async with ends.house.database.transaction() as session:
            await campaigns.cancel(session, begun, "文章撤了", by=wang, now=ends.house.clock.now())
        await campaigner(ends).run()
        assert (await stands(ends, begun))[1] == {D.SKIPPED: 5}
        assert await drafts(ends) == 0, "its draft leaves the box"


async def test_a_text_that_changed_while_it_waited_is_not_approved(on_postgres: Ends) -> None:
    ends = on_postgres
    await crowd(ends, "李建国", "王强")
    key = await published(ends)
    zhao, wang = await standing(ends, "赵敏", Role.EDITOR), await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        row = await campaigns.create(session, of_articles(key), by=zhao, now=now)
        await campaigns.submit(session, row.public_id, version=row.version, by=zhao, now=now)
    await published(ends, text="改了日期。", key=key)
    async with ends.house.database.transaction() as session:
        with pytest.raises(DomainError, match="交去审批以后改过，和看过的不一样。请退回"):
            await campaigns.approve(session, row.public_id, version=row.version, by=wang, now=now)


async def test_what_went_out_with_a_campaign_is_nobody_elses_article(on_postgres: Ends) -> None:
    ends = on_postgres
    await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45028})
    await campaigner(ends).run()
    # A person publishes our draft in WeChat's console instead.
    (order,) = await orders(ends)
    await ends.house.wechat.publishing.submit(order.draft_id or "")
    await ends.settle()
    account_id = ends.house.accounts[AccountKind.OFFICIAL][0]
    walker = Walker(ends.house.database, ends.house.wechat, ends.house.clock, account_id)
    await walker.walk(WalkKind.ADOPTION)

    async with ends.house.database.reading() as session:
        assert list(await session.scalars(sa.select(Article.title))) == [BIG]
    assert (await stands(ends, number))[0].state is S.PAUSED


async def test_what_wechats_review_refuses_failed_and_leaves_no_draft(on_postgres: Ends) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    await ends.platform.misbehaves(mass_result={"status": "err(20013)"})
    await campaigner(ends).run()
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts, await drafts(ends)) == (S.FINISHED, {D.FAILED: 5}, 0)
    assert await cards(phones) == each(phones)


async def test_an_article_that_lies_at_wechat_by_itself_stays_there_and_lends_its_cover(
    on_postgres: Ends,
) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    key = await published(ends)
    await test_wechat_articles.does(ends, key, "put")
    own = await test_wechat_articles.goes_on(ends, key)
    images = (await ends.house.wechat.media.count_permanent()).images

    first = await approved(ends, of_articles(key))
    await campaigner(ends).run()
    await goes_on(ends)
    assert (await ends.house.wechat.media.count_permanent()).images == images, "no second cover"
    # Its cover is deleted in WeChat's console: the next campaign has one made anew.
    (draft,) = (await ends.house.wechat.drafts.get(own.media_id or "")).articles
    await ends.house.wechat.media.delete_permanent(str(draft.raw["thumb_media_id"]))
    second = await approved(ends, of_articles(key))
    await campaigner(ends).run()
    await goes_on(ends)

    assert [(await stands(ends, number))[0].state for number in (first, second)] == [S.FINISHED] * 2
    assert await cards(phones) == each(phones, BIG, BIG)
    stays = await test_wechat_articles.row_of(ends, key)
    assert (stays.state, stays.media_id) == (WeChatArticleState.DRAFT, own.media_id)
    assert (await drafts(ends), await crowd_left(ends)) == (1, 2)


async def test_a_busy_wechat_and_two_processes_cost_nobody_his_articles(on_postgres: Ends) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": -1})
    await asyncio.gather(campaigner(ends).run(), campaigner(ends).run())
    assert (await stands(ends, number))[1] == {D.QUEUED: 5} and await drafts(ends) == 1
    await ends.moves_time(seconds=90)
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45066})
    await asyncio.gather(campaigner(ends).run(), campaigner(ends).run())
    assert (await stands(ends, number))[1] == {D.QUEUED: 5}
    await ends.moves_time(seconds=90)
    await asyncio.gather(campaigner(ends).run(), campaigner(ends).run())
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.ACCEPTED: 5})
    assert await cards(phones) == each(phones, BIG)
    assert (await calls(ends))[0] == 1


async def test_called_off_while_its_draft_is_laid_nothing_goes_out_and_no_draft_stays(
    on_postgres: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, of_articles(await published(ends)))
    wang = await standing(ends, "王芳", Role.APPROVER)
    add = ends.house.wechat.drafts.add

    async def is_called_off(articles: Any) -> str:
        draft = await add(articles)
        async with ends.house.database.transaction() as session:
            await campaigns.cancel(session, number, "不发了", by=wang, now=ends.house.clock.now())
        await campaigner(ends).run()
        return draft

    monkeypatch.setattr(ends.house.wechat.drafts, "add", is_called_off)
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.CANCELLED, {D.SKIPPED: 5})
    assert await cards(phones) == each(phones) and await drafts(ends) == 0


async def test_the_pictures_of_an_article_are_brought_there_before_its_draft(on_postgres: Ends) -> None:
    ends = on_postgres
    phones = await crowd(ends, "李建国", "王强")
    zhang, li = await at_work(ends, "张伟", Role.EDITOR), await at_work(ends, "李娜", Role.APPROVER)
    form = await test_article_media.writing(zhang)
    gallery = await form.adds("gallery", *[photo(900 - 10 * number, 600) for number in range(7)])
    form.fields |= {f"m{gallery}-{number}-alt": f"第{number}张" for number in range(7)}
    key = await test_article_media.published(ends, form, li)

    number = await approved(ends, of_articles(await published(ends), key))
    await campaigner(ends).run()
    await goes_on(ends)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.ACCEPTED: 2})
    assert await cards(phones) == each(phones, f"{BIG}\n冬训的照片")
    async with ends.house.database.reading() as session:
        found = [place.url or "" for place, _ in await campaign_articles.list_of(session, row)]
        pictures = list(await session.scalars(sa.select(WeChatBodyPicture.address)))
    read = await phones["王强"].reads_article(found[1])
    assert len(pictures) == 7 and all(address in str(read) for address in pictures), read
    assert (await ends.house.wechat.media.count_permanent()).images == 2, "a cover each"
    assert (await calls(ends))[0] == 1
